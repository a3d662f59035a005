//! RFC 2308: negative answers.

use super::*;

#[test]
fn section_2_1_a_name_that_does_not_exist() {
    let server = Serving::start();
    let answer = server.ask(&plain("no.contoso.com", A));
    assert_eq!((code(&answer), answer.metadata.authoritative), (NXDOMAIN, true));
    assert_eq!((types(&answer.answers), types(&answer.authorities)), (vec![], vec![SOA]));
}

#[test]
fn section_2_2_a_name_without_such_records() {
    let server = Serving::start();
    for (name, kind) in [("sip.contoso.com", TXT), ("contoso.com", A), ("_sipfederationtls._tcp.contoso.com", A)] {
        let answer = server.ask(&plain(name, kind));
        assert_eq!((code(&answer), answer.metadata.authoritative), (NOERROR, true), "{name}");
        assert_eq!((types(&answer.answers), types(&answer.authorities)), (vec![], vec![SOA]), "{name}");
    }
}

#[test]
fn section_5_the_ttl_is_the_lesser_of_the_soa_and_its_minimum() {
    let server = Serving::start();
    let soa = server.ask(&plain("contoso.com", SOA)).answers.remove(0);
    let negative = server.ask(&plain("no.contoso.com", A)).authorities.remove(0);
    assert_eq!(soa.data, negative.data);
    assert_eq!((soa.ttl, negative.ttl), (3600, 60));
}

#[test]
fn section_2_1_at_the_end_of_a_chain_stands_the_soa_of_its_last_zone() {
    let server = Serving::hosting();
    for (name, kind, zone) in [
        ("www.contoso.com", TXT, "static.example"),
        ("nothing.static.example", A, "contoso.com"),
        ("dangling.contoso.com", A, "contoso.com"),
    ] {
        let answer = server.ask(&plain(name, kind));
        assert_eq!(owned(&answer.authorities), [(zone.to_owned(), SOA)], "{name}");
    }
}

#[test]
fn section_5_the_minimum_of_a_files_soa_counts() {
    assert_eq!(Serving::hosting().ask(&plain("no.static.example", A)).authorities[0].ttl, 300);
}
