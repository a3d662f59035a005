//! RFC 7828: edns-tcp-keepalive.

use super::*;
use edgesteer::limits::STREAM_IDLE;

fn keepalive(data: &[u8]) -> Vec<u8> {
    edns("contoso.com", SOA, &option(KEEPALIVE, data))
}

#[test]
fn section_3_2_1_a_client_that_says_a_time_is_not_understood_and_stays_connected() {
    let server = Serving::start();
    let mut connection = Connection::open(server.at);
    for data in [&[0, 50][..], &[0], &[0, 0, 0]] {
        assert_eq!(code(&connection.ask(&keepalive(data))), FORMERR, "{data:?}");
    }
    assert_eq!(code(&connection.ask(&keepalive(&[]))), NOERROR);
}

#[test]
fn section_3_2_2_it_means_nothing_over_udp() {
    let server = Serving::start();
    for data in [&[][..], &[0, 50], &[0]] {
        let answer = server.ask(&keepalive(data));
        assert_eq!((code(&answer), option_of(&answer, KEEPALIVE)), (NOERROR, None), "{data:?}");
    }
}

#[test]
fn section_3_3_2_who_asks_is_told_for_how_long_a_connection_is_kept() {
    let server = Serving::start();
    let mut connection = Connection::open(server.at);
    assert_eq!(option_of(&connection.ask(&edns("contoso.com", SOA, &[])), KEEPALIVE), None, "unasked");
    let tenths = (STREAM_IDLE.as_millis() / 100) as u16;
    for name in ["contoso.com", "no.contoso.com", "example.net"] {
        let answer = connection.ask(&edns(name, SOA, &option(KEEPALIVE, &[])));
        assert_eq!(option_of(&answer, KEEPALIVE), Some(tenths.to_be_bytes().to_vec()), "{name}");
    }
}

#[test]
fn section_3_4_a_connection_that_is_about_to_end_has_no_time_left() {
    let server = Serving::start();
    let mut connection = Connection::open(server.at);
    // It says one record more than it has: nobody knows where the next message begins.
    let mut garbage = keepalive(&[]);
    garbage[11] += 1;
    let answer = connection.ask(&garbage);
    assert_eq!((code(&answer), option_of(&answer, KEEPALIVE)), (FORMERR, Some(vec![0, 0])));
    assert_eq!(connection.hear(), None);
}
