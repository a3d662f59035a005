//! RFC 5001: which server answered.

use super::*;

const NSID: u16 = 3;

#[test]
fn section_2_1_it_is_told_to_who_asks_for_it() {
    let server = Serving::with("nsid = \"gtm1.seoul\"");
    for (name, data) in
        [("contoso.com", &b""[..]), ("no.contoso.com", b""), ("example.net", b""), ("contoso.com", b"x")]
    {
        let asked = edns(name, SOA, &option(NSID, data));
        for answer in [server.ask(&asked), server.ask_tcp(&asked)] {
            assert_eq!(option_of(&answer, NSID), Some(b"gtm1.seoul".to_vec()), "{name}");
        }
    }
}

#[test]
fn section_2_2_it_is_not_told_unasked() {
    let server = Serving::with("nsid = \"gtm1.seoul\"");
    assert_eq!(option_of(&server.ask(&edns("contoso.com", SOA, &[])), NSID), None);
    assert_eq!(server.ask(&plain("contoso.com", SOA)).edns, None);
}

#[test]
fn section_3_1_what_is_told_is_the_operators_choice() {
    let server = Serving::start();
    assert_eq!(option_of(&server.ask(&edns("contoso.com", SOA, &option(NSID, b""))), NSID), None);
}
