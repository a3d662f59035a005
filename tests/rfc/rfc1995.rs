//! RFC 1995: changes of zones (IXFR), which are answered with all of them.

use super::signing::{LARGE, ask_signed, asking, own_key, primary, transferred};
use super::*;

const IXFR: u16 = 251;

#[test]
fn section_2_over_udp_and_to_who_has_it_the_soa_is_the_answer() {
    let server = primary();
    // The file's serial is 2026112401; RFC 1982 says which of two is the newer.
    for (theirs, whole) in [(2026112401, false), (2026112402, false), (2026112400, true), (4173596050, true)] {
        let answer = ask_signed(&server, asking("static.example", IXFR, Some(theirs)), own_key());
        assert_eq!((code(&answer), types(&answer.answers)), (NOERROR, vec![SOA]), "{theirs} over UDP");
        assert!(answer.metadata.authoritative);
        let mut connection = Connection::open(server.at);
        let records = transferred(&mut connection, asking("static.example", IXFR, Some(theirs)), own_key()).unwrap();
        assert_eq!(records.len(), if whole { 6 } else { 1 }, "{theirs} over TCP");
    }
}

#[test]
fn section_3_a_question_says_what_its_client_has() {
    let server = primary();
    let answer = ask_signed(&server, asking("static.example", IXFR, None), own_key());
    assert_eq!((code(&answer), answer.answers.len()), (FORMERR, 0));
}

#[test]
fn section_4_the_answer_is_the_whole_zone() {
    let server = primary();
    let mut connection = Connection::open(server.at);
    let records = transferred(&mut connection, asking("large.example", IXFR, Some(0)), own_key()).unwrap();
    assert_eq!(records.len(), LARGE + 3);
    assert_eq!((types(&records[..2]), records.first()), (vec![SOA, NS], records.last()));
}

#[test]
fn who_may_not_have_the_zone_gets_nothing() {
    let server = primary();
    let soa = [&wire("static.example")[..], &[0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0], &[0; 20]].concat();
    let unsigned = message([0, 0], [1, 0, 1, 0], &[&question("static.example", IXFR), &soa]);
    for answer in [server.ask(&unsigned), server.ask_tcp(&unsigned)] {
        assert_eq!((code(&answer), answer.answers.len()), (REFUSED, 0));
    }
    let answer = ask_signed(&server, asking("others.example", IXFR, Some(0)), own_key());
    assert_eq!((code(&answer), answer.answers.len()), (REFUSED, 0));
}
