//! RFC 3597: types that nobody knew.

use super::*;

#[test]
fn section_5_an_unknown_type_is_a_type() {
    let server = Serving::start();
    for kind in [0, 99, 1000, 65280, 65535] {
        for (name, expected) in [("sip.contoso.com", NOERROR), ("no.contoso.com", NXDOMAIN), ("example.net", REFUSED)] {
            let answer = server.ask(&plain(name, kind));
            assert_eq!((code(&answer), answer.answers.len()), (expected, 0), "{name} {kind}");
            assert_eq!(u16::from(answer.queries[0].query_type()), kind);
        }
    }
}

#[test]
fn section_5_data_of_an_unknown_type_come_as_they_were_written() {
    let octets = udp(Serving::hosting().at, &plain("new.contoso.com", 65280)).unwrap();
    assert_eq!(octets[octets.len() - 5..], [0, 3, 0xab, 0xcd, 0xef]);
    assert_eq!(types(&read(&octets).answers), [65280]);
}

#[test]
fn section_4_names_in_types_after_rfc_1035_are_not_compressed() {
    let octets = udp(Serving::hosting().at, &plain("_sip._udp.contoso.com", SRV)).unwrap();
    let target = [&[0, 1, 0, 0, 0x13, 0xc4][..], &wire("mail.contoso.com")].concat();
    assert!(octets.windows(target.len()).any(|window| window == target), "{octets:?}");
}
