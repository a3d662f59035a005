//! RFC 8482: ANY.

use super::*;

#[test]
fn section_4_1_any_gets_one_rrset() {
    let server = Serving::start();
    for (name, expected) in [
        ("contoso.com", SOA),
        ("sip.contoso.com", A),
        ("ns1.contoso.com", A),
        ("_sipfederationtls._tcp.contoso.com", SRV),
    ] {
        for answer in [server.ask(&plain(name, ANY)), server.ask_tcp(&plain(name, ANY))] {
            let types = types(&answer.answers);
            assert!(!types.is_empty() && types.iter().all(|kind| *kind == expected), "{name}: {types:?}");
            assert!(!answer.metadata.truncation);
        }
    }
}

#[test]
fn section_4_1_where_there_is_nothing_any_gets_nothing() {
    let server = Serving::start();
    for (name, expected) in [("no.contoso.com", NXDOMAIN), ("_tcp.contoso.com", NOERROR), ("example.net", REFUSED)] {
        let answer = server.ask(&plain(name, ANY));
        assert_eq!((code(&answer), answer.answers.len()), (expected, 0), "{name}");
    }
}
