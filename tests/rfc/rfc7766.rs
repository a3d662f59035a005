//! RFC 7766: DNS over TCP.

use super::*;
use std::collections::BTreeSet;
use std::net::Shutdown;

/// Questions with ids of their own.
fn questions(ids: std::ops::Range<u16>) -> impl Iterator<Item = Vec<u8>> {
    ids.map(|id| [&id.to_be_bytes()[..], &plain("contoso.com", SOA)[2..]].concat())
}

fn ids_heard<S: Read + Write>(connection: &mut Connection<S>, count: usize) -> BTreeSet<u16> {
    let heard = (0..count).map(|_| connection.hear().expect("an answer, not the end"));
    heard.map(|octets| u16::from_be_bytes([octets[0], octets[1]])).collect()
}

#[test]
fn section_5_tcp_is_answered_whether_or_not_udp_was_asked_first() {
    let server = Serving::start();
    assert_eq!(types(&server.ask_tcp(&plain("contoso.com", SOA)).answers), [SOA]);
}

#[test]
fn section_6_2_1_a_connection_lasts_for_more_than_one_question() {
    let server = Serving::start();
    let mut connection = Connection::open(server.at);
    for name in ["contoso.com", "no.contoso.com", "example.net", "contoso.com"] {
        connection.ask(&plain(name, SOA));
    }
}

#[test]
fn section_6_2_1_1_questions_may_be_asked_before_answers_are_there() {
    let server = Serving::start();
    let mut connection = Connection::open(server.at);
    questions(0..200).for_each(|question| connection.say(&question));
    assert_eq!(ids_heard(&mut connection, 200), (0..200).collect());
}

#[test]
fn section_6_2_3_an_idle_connection_is_closed_and_a_busy_one_is_not_for_that() {
    let server = Serving::start();
    let [mut idle, mut busy] = [(); 2].map(|()| Connection::open(server.at));
    idle.ask(&plain("contoso.com", SOA));
    let mut asked = 0;
    idle.0.set_nonblocking(true).unwrap();
    eventually("the idle one is closed", || {
        busy.ask(&plain("contoso.com", SOA));
        asked += 1;
        (idle.0.read(&mut [0]).ok() == Some(0)).then_some(())
    });
    assert!(asked > 1);
    busy.ask(&plain("contoso.com", SOA));
}

#[test]
fn section_6_2_4_what_was_asked_before_the_client_ended_is_answered() {
    let server = Serving::start();
    let mut connection = Connection::open(server.at);
    questions(0..10).for_each(|question| connection.say(&question));
    connection.0.shutdown(Shutdown::Write).unwrap();
    assert_eq!(ids_heard(&mut connection, 10), (0..10).collect());
    assert_eq!(connection.hear(), None, "our side ends too");
}

#[test]
fn section_7_answers_have_the_ids_and_questions_that_were_asked() {
    let server = Serving::start();
    let mut connection = Connection::open(server.at);
    let names = ["contoso.com", "sip.contoso.com", "no.contoso.com"];
    names.iter().for_each(|name| connection.say(&plain(name, A)));
    let heard: BTreeSet<String> =
        names.iter().map(|_| read(&connection.hear().unwrap()).queries[0].name().to_string()).collect();
    assert_eq!(heard, names.iter().map(|name| format!("{name}.")).collect());
}

#[test]
fn section_8_the_length_and_the_message_come_in_one_piece_and_may_be_sent_in_two() {
    let server = Serving::start();
    let mut connection = Connection::open(server.at);
    for octets in [plain("contoso.com", SOA).len().to_be_bytes()[6..].to_vec(), plain("contoso.com", SOA)] {
        connection.0.write_all(&octets).unwrap();
    }
    // A segment that is there in part alone would be shorter than it says.
    let mut first = [0; 512];
    let length = connection.0.read(&mut first).unwrap();
    assert_eq!(usize::from(u16::from_be_bytes([first[0], first[1]])), length - 2);
}
