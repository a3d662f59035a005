//! RFC 5936: whole zones (AXFR).

use super::signing::{LARGE, asking, key, large, own_key, primary, put, transferred};
use super::*;
use domain::tsig::Algorithm;
use hickory_proto::rr::{RData, Record};
use std::collections::BTreeSet;

const AXFR: u16 = 252;

/// Serials of the SOA records, and how many records there are besides.
fn versions(records: &[Record]) -> (Vec<u32>, usize) {
    let serial = |record: &Record| match &record.data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    };
    let serials: Vec<u32> = records.iter().filter_map(serial).collect();
    let others = records.len() - serials.len();
    (serials, others)
}

#[test]
fn section_2_2_the_soa_stands_first_and_last_and_everything_once_between() {
    let server = primary();
    let mut connection = Connection::open(server.at);
    let records = transferred(&mut connection, asking("static.example", AXFR, None), own_key()).unwrap();
    assert_eq!(
        owned(&records),
        [
            ("static.example", SOA),
            ("static.example", NS),
            ("web.static.example", A),
            ("back.static.example", CNAME),
            ("nothing.static.example", CNAME),
            ("static.example", SOA),
        ]
        .map(|(name, kind)| (name.to_owned(), kind))
    );
    assert_eq!(records.first(), records.last());
    // As it is answered one by one.
    assert_eq!(server.ask(&plain("static.example", SOA)).answers, records[..1]);
    assert_eq!(server.ask(&plain("web.static.example", A)).answers, records[2..3]);
}

#[test]
fn section_2_2_a_large_zone_comes_in_several_messages_over_tcp_whole() {
    let server = primary();
    let mut connection = Connection::open(server.at);
    for _ in 0..2 {
        let records = transferred(&mut connection, asking("large.example", AXFR, None), own_key()).unwrap();
        assert_eq!(versions(&records), (vec![1, 1], LARGE + 1));
        let distinct: BTreeSet<String> = records.iter().map(ToString::to_string).collect();
        assert_eq!(distinct.len(), LARGE + 2);
    }
    connection.ask(&plain("contoso.com", SOA));
}

#[test]
fn section_2_2_1_who_may_have_nothing_is_refused() {
    let server = primary();
    let ask = |name, key| {
        transferred(&mut Connection::open(server.at), asking(name, AXFR, None), key).map(|records| records.len())
    };
    let long = || key("long.example", Algorithm::Sha512, signing::SECRET);
    for (name, key, expected) in [
        ("static.example", own_key(), Ok(6)),
        ("keyed.example", long(), Ok(6)),
        // The address, the key, a zone that has no secondaries, a name that is no apex, a zone that is not ours.
        ("others.example", own_key(), Err(REFUSED)),
        ("keyed.example", own_key(), Err(REFUSED)),
        ("static.example", long(), Err(REFUSED)),
        ("contoso.com", own_key(), Err(REFUSED)),
        ("web.static.example", own_key(), Err(NOTAUTH)),
        ("elsewhere.example", own_key(), Err(NOTAUTH)),
    ] {
        assert_eq!(ask(name, key), expected, "{name}");
    }
    // Without a signature there is nothing, and nothing is told.
    for name in ["static.example", "others.example", "contoso.com", "web.static.example", "elsewhere.example"] {
        let answer = server.ask_tcp(&edns(name, AXFR, &[]));
        assert_eq!((code(&answer), answer.answers.len()), (REFUSED, 0), "{name}");
        assert_eq!(option_of(&answer, 15), Some(vec![0, 18]));
    }
}

#[test]
fn section_3_5_all_is_of_the_version_that_it_began_with() {
    let mut server = primary();
    let mut connection = Connection::open(server.at);
    let mut question = asking("large.example", AXFR, None);
    let mut sequence = domain::tsig::ClientSequence::request(own_key(), &mut question, signing::now()).unwrap();
    connection.say(question.as_slice());
    let mut records = Vec::new();
    let mut hear = |connection: &mut Connection<TcpStream>, records: &mut Vec<Record>| {
        let octets = connection.hear().unwrap();
        let mut message = domain::base::Message::from_octets(octets.clone()).unwrap();
        sequence.answer(&mut message, signing::now()).unwrap();
        records.extend(read(&octets).answers);
    };
    hear(&mut connection, &mut records);
    put(&server.scene, "large.zone", &large(2));
    server.reload("static.zone", zones::STATIC);
    let answer = server.ask(&plain("large.example", SOA));
    assert!(matches!(&answer.answers[0].data, RData::SOA(soa) if soa.serial == 2));
    while versions(&records).0.len() < 2 {
        hear(&mut connection, &mut records);
    }
    assert_eq!(versions(&records), (vec![1, 1], LARGE + 1));
    let mixed = records.iter().filter(|record| record.to_string().contains("version 2")).count();
    assert_eq!(mixed, 0);
    let records = transferred(&mut Connection::open(server.at), asking("large.example", AXFR, None), own_key());
    assert_eq!(versions(&records.unwrap()), (vec![2, 2], LARGE + 1));
}

#[test]
fn section_4_1_a_client_that_takes_nothing_harms_nobody() {
    let server = primary();
    let mut idle: Vec<Connection<TcpStream>> = (0..4).map(|_| Connection::open(server.at)).collect();
    for connection in &mut idle {
        let mut question = asking("large.example", AXFR, None);
        domain::tsig::ClientSequence::request(own_key(), &mut question, signing::now()).unwrap();
        connection.say(question.as_slice());
    }
    let mut connection = Connection::open(server.at);
    let records = transferred(&mut connection, asking("large.example", AXFR, None), own_key()).unwrap();
    assert_eq!(versions(&records), (vec![1, 1], LARGE + 1));
}

#[test]
fn section_4_2_over_udp_there_is_none() {
    let server = primary();
    let answer = signing::ask_signed(&server, asking("static.example", AXFR, None), own_key());
    assert_eq!((code(&answer), answer.answers.len()), (REFUSED, 0));
}
