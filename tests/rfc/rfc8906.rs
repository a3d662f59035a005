//! RFC 8906 section 8: the tests of a server that gives an answer to every question.

use super::*;

/// A question for the zone's SOA with these flags and this OPT.
fn soa(flags: [u8; 2], opt: Option<Vec<u8>>) -> Vec<u8> {
    let count = u16::from(opt.is_some());
    message(flags, [1, 0, 0, count], &[&question("contoso.com", SOA), &opt.unwrap_or_default()])
}

/// RCODE, whether the SOA is there, AA and the OPT's version.
fn said(answer: &Message) -> (u16, bool, bool, Option<u8>) {
    let soa = types(&answer.answers) == [SOA];
    (code(answer), soa, answer.metadata.authoritative, answer.edns.as_ref().map(|edns| edns.version()))
}

#[test]
fn section_8_1_1_is_the_server_configured_for_the_zone() {
    assert_eq!(said(&Serving::start().ask(&soa([0, 0], None))), (NOERROR, true, true, None));
}

#[test]
fn section_8_1_2_unknown_types() {
    let server = Serving::start();
    for kind in [1000, 65400] {
        assert_eq!(said(&server.ask(&plain("contoso.com", kind))), (NOERROR, false, true, None), "{kind}");
    }
}

#[test]
fn section_8_1_3_header_bits() {
    let server = Serving::start();
    for (bit, flags) in [("CD", [0, 0x10]), ("AD", [0, 0x20]), ("reserved", [0, 0x40]), ("RD", [1, 0])] {
        let octets = udp(server.at, &soa(flags, None)).unwrap();
        assert_eq!(said(&read(&octets)), (NOERROR, true, true, None), "{bit}");
        assert_eq!(octets[3] & 0xe0, 0, "{bit}: no recursion, no reserved bit, nothing authentic");
    }
}

#[test]
fn section_8_1_4_unknown_opcodes() {
    let server = Serving::start();
    for opcode in [1, 2, 3, 4, 5, 6, 7, 15] {
        let bare = message([opcode << 3, 0], [0; 4], &[]);
        for answer in [server.ask(&bare), server.ask(&soa([opcode << 3, 0], None))] {
            assert_eq!(said(&answer), (NOTIMP, false, false, None), "{opcode}");
        }
    }
}

#[test]
fn section_8_1_5_tcp() {
    assert_eq!(said(&Serving::start().ask_tcp(&soa([0, 0], None))), (NOERROR, true, true, None));
}

#[test]
fn section_8_2_edns() {
    let server = Serving::start();
    let (unknown, several) =
        (option(100, b""), [option(3, b""), option(8, &[0, 1, 0, 0]), option(10, &[7; 8])].concat());
    let (good, bad) = ((NOERROR, true, true, Some(0)), (BADVERS, false, false, Some(0)));
    for (section, opt, expected) in [
        ("8.2.1 minimal", opt(1232, [0; 4], &[]), good),
        ("8.2.2 version", opt(1232, [0, 1, 0, 0], &[]), bad),
        ("8.2.3 unknown option", opt(1232, [0; 4], &unknown), good),
        ("8.2.4 unknown flag", opt(1232, [0, 0, 0, 0x40], &[]), good),
        ("8.2.5 version and flag", opt(1232, [0, 1, 0, 0x40], &[]), bad),
        ("8.2.6 version and option", opt(1232, [0, 1, 0, 0], &unknown), bad),
        ("8.2.7 small", opt(512, [0; 4], &[]), good),
        ("8.2.8 DO", opt(1232, [0, 0, 0x80, 0], &[]), good),
        ("8.2.9 version and DO", opt(1232, [0, 1, 0x80, 0], &[]), bad),
        ("8.2.10 several options", opt(1232, [0; 4], &several), good),
    ] {
        let answer = server.ask(&soa([0, 0], Some(opt)));
        assert_eq!(said(&answer), expected, "{section}");
        assert_eq!(answer.edns.as_ref().unwrap().flags().z, 0, "{section}");
        assert_eq!(option_of(&answer, 100), None, "{section}");
    }
}
