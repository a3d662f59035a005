//! RFC 1035: names, messages, transports.

use super::*;

#[test]
fn section_2_3_3_names_are_found_in_any_case_and_come_back_as_written() {
    let server = Serving::start();
    let lower = server.ask(&plain("sip.contoso.com", A));
    let mixed = server.ask(&plain("SiP.ConTOSO.cOm", A));
    assert_eq!(lower.answers.len(), mixed.answers.len());
    assert!(!mixed.answers.is_empty() && mixed.answers.iter().all(|r| r.name.to_string() == "SiP.ConTOSO.cOm."));
}

#[test]
fn section_2_3_4_names_have_at_most_255_octets() {
    let server = Serving::start();
    let label = "a".repeat(63);
    // 3 x 64 octets, the last label, and 13 of contoso.com.
    for (last, expected) in [(49, NXDOMAIN), (50, FORMERR)] {
        let name = format!("{label}.{label}.{label}.{}.contoso.com", "b".repeat(last));
        let answer = server.ask(&plain(&name, A));
        assert_eq!((wire(&name).len() > 255, code(&answer)), (expected == FORMERR, expected));
    }
}

#[test]
fn section_3_1_labels_hold_any_octet() {
    let server = Serving::start();
    let odd = [&b"\x03\x00.\xff"[..], &wire("contoso.com"), &[0, 1, 0, 1]].concat();
    let octets = udp(server.at, &message([0, 0], [1, 0, 0, 0], &[&odd])).unwrap();
    assert_eq!((code(&read(&octets)), &octets[12..12 + odd.len()]), (NXDOMAIN, &odd[..]));
}

#[test]
fn section_4_1_1_the_header_of_an_answer() {
    let server = Serving::start();
    // All flags but QR, opcode 0, and an RCODE: RD and CD come back, AA is ours, the others are clear.
    for (sent, expected) in [([0x00, 0x00], [0x84, 0x00]), ([0x01, 0x00], [0x85, 0x00]), ([0x07, 0xff], [0x85, 0x10])] {
        let octets = udp(server.at, &message(sent, [1, 0, 0, 0], &[&question("contoso.com", SOA)])).unwrap();
        assert_eq!(octets[2..4], expected, "{sent:x?}");
    }
}

#[test]
fn section_4_1_4_a_question_cannot_be_compressed() {
    let server = Serving::start();
    for name in [&[0xc0, 12][..], &[0xc0, 0], &[0xc0, 14], &[1, b'a', 0xc0, 12], &[0x40, 0], &[0x80, 0]] {
        let answer = server.ask(&message([0, 0], [1, 0, 0, 0], &[name, &[0, 1, 0, 1]]));
        assert_eq!((code(&answer), answer.queries.len()), (FORMERR, 0), "{name:?}");
    }
}

#[test]
fn section_4_2_both_transports_say_the_same() {
    let server = Serving::start();
    for (name, kind) in [("contoso.com", SOA), ("sip.contoso.com", A), ("no.contoso.com", A), ("example.net", A)] {
        let question = plain(name, kind);
        assert_eq!(server.ask(&question), server.ask_tcp(&question), "{name}");
    }
}

#[test]
fn section_5_1_a_master_file_is_served_beside_what_is_steered() {
    let server = Serving::hosting();
    for (name, kind, count) in [
        ("contoso.com", MX, 2),
        ("contoso.com", TXT, 1),
        ("contoso.com", NS, 2),
        ("mail.contoso.com", AAAA, 1),
        ("sip.contoso.com", TXT, 1),
        ("web.static.example", A, 1),
        ("static.example", NS, 1),
    ] {
        let answer = server.ask(&plain(name, kind));
        assert_eq!((code(&answer), answer.metadata.authoritative), (NOERROR, true), "{name}");
        assert_eq!(types(&answer.answers), vec![kind; count], "{name}");
    }
    let soa = server.ask(&plain("static.example", SOA)).answers.remove(0).to_string();
    assert_eq!(
        soa,
        "static.example. 10800 IN SOA ns1.contoso.com. host\\.master.static.example. 2026112401 7200 900 1209600 300"
    );
}

#[test]
fn section_5_1_an_escaped_dot_is_no_border_of_labels() {
    let server = Serving::hosting();
    let label = [&b"\x07odd.dot"[..], &wire("contoso.com"), &[0, 1, 0, 1]].concat();
    let answer = server.ask(&message([0, 0], [1, 0, 0, 0], &[&label]));
    assert_eq!((code(&answer), answer.answers.len()), (NOERROR, 1));
    assert_eq!(code(&server.ask(&plain("odd.dot.contoso.com", A))), NXDOMAIN);
}

#[test]
fn section_4_2_1_what_fits_no_datagram_comes_over_tcp() {
    let server = Serving::hosting();
    let cut = server.ask(&plain("big.contoso.com", TXT));
    assert_eq!((cut.metadata.truncation, cut.answers.len()), (true, 0));
    let whole = server.ask_tcp(&plain("big.contoso.com", TXT));
    assert_eq!((whole.metadata.truncation, whole.answers.len()), (false, 20));
}
