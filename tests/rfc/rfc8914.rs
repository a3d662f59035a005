//! RFC 8914: extended errors.

use super::*;

const EXTENDED_ERROR: u16 = 15;

/// RCODE and INFO-CODE.
fn said(answer: &Message) -> (u16, Option<Vec<u8>>) {
    (code(answer), option_of(answer, EXTENDED_ERROR))
}

#[test]
fn section_4_why_a_question_is_refused() {
    let server = Serving::start();
    for (what, name, kind, expected) in [
        ("4.21: not authoritative", "example.net", A, (REFUSED, Some(vec![0, 20]))),
        ("4.19: zone transfers are prohibited", "contoso.com", 252, (REFUSED, Some(vec![0, 18]))),
        ("RFC 9824: NXNAME cannot be asked for", "contoso.com", 128, (FORMERR, Some(vec![0, 30]))),
        ("nothing is wrong", "contoso.com", SOA, (NOERROR, None)),
        ("a missing name is no error", "no.contoso.com", A, (NXDOMAIN, None)),
    ] {
        let asked = edns(name, kind, &[]);
        for answer in [server.ask(&asked), server.ask_tcp(&asked)] {
            assert_eq!(said(&answer), expected, "{what}");
        }
    }
}

#[test]
fn section_4_22_what_is_not_supported() {
    let server = Serving::start();
    let asked = message([0x10, 0], [1, 0, 0, 1], &[&question("contoso.com", SOA), OPT]);
    assert_eq!(said(&server.ask(&asked)), (NOTIMP, Some(vec![0, 21])));
}

#[test]
fn section_3_who_sends_no_opt_is_told_nothing() {
    let server = Serving::start();
    assert_eq!(server.ask(&plain("example.net", A)).edns, None);
    let told = server.ask(&edns("contoso.com", SOA, &option(EXTENDED_ERROR, &[0, 20])));
    assert_eq!(said(&told), (NOERROR, None), "what the question says of errors means nothing");
}
