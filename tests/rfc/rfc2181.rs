//! RFC 2181: what the DNS specification meant.

use super::*;
use std::collections::BTreeSet;
use std::net::UdpSocket;

#[test]
fn section_4_an_answer_comes_from_the_address_and_port_that_were_asked() {
    let server = Serving::start();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(GENEROUS)).unwrap();
    socket.send_to(&plain("contoso.com", SOA), server.at).unwrap();
    assert_eq!(socket.recv_from(&mut [0; 512]).unwrap().1, server.at);
}

#[test]
fn section_5_2_the_records_of_a_set_have_one_ttl() {
    let server = Serving::start();
    for (name, kind) in [("sip.contoso.com", A), ("contoso.com", 2), ("_sipfederationtls._tcp.contoso.com", SRV)] {
        let ttls: BTreeSet<u32> = server.ask(&plain(name, kind)).answers.iter().map(|record| record.ttl).collect();
        assert_eq!(ttls.len(), 1, "{name}");
    }
}

#[test]
fn section_5_4_1_only_what_is_ours_is_authoritative() {
    let server = Serving::start();
    for (name, ours) in [("contoso.com", true), ("sip.contoso.com", true), ("no.contoso.com", true), ("com", false)] {
        assert_eq!(server.ask(&plain(name, SOA)).metadata.authoritative, ours, "{name}");
    }
}

#[test]
fn section_8_a_ttl_has_31_bits_and_is_not_zero() {
    let server = Serving::start();
    for (name, kind) in [("contoso.com", SOA), ("contoso.com", 2), ("sip.contoso.com", A), ("no.contoso.com", A)] {
        let answer = server.ask(&plain(name, kind));
        for record in answer.answers.iter().chain(&answer.authorities).chain(&answer.additionals) {
            assert!((1..1 << 31).contains(&record.ttl), "{record}");
        }
    }
}

#[test]
fn section_10_3_name_servers_and_targets_are_names_with_addresses_not_aliases() {
    let server = Serving::start();
    let srv = server.ask(&plain("_sipfederationtls._tcp.contoso.com", SRV));
    let target = srv.additionals[0].name.to_string();
    for (name, kind) in [("ns1.contoso.com", A), ("ns2.contoso.com", A), (&target, A)] {
        assert_eq!(types(&server.ask(&plain(name, kind)).answers).first(), Some(&A), "{name}");
    }
}

#[test]
fn section_11_a_label_may_have_any_octet_and_up_to_63_of_them() {
    let server = Serving::start();
    let label = [&[63][..], &[0; 63], &wire("contoso.com")].concat();
    let asked = message([0, 0], [1, 0, 0, 0], &[&label, &A.to_be_bytes(), &[0, 1]]);
    assert_eq!(code(&server.ask(&asked)), NXDOMAIN);
}

#[test]
fn section_5_a_set_is_answered_whole() {
    let server = Serving::hosting();
    assert_eq!(server.ask_tcp(&plain("big.contoso.com", TXT)).answers.len(), 20);
    let ttls: Vec<_> = server.ask(&plain("contoso.com", MX)).answers.iter().map(|record| record.ttl).collect();
    assert_eq!(ttls, [3600, 3600]);
    assert_eq!(server.ask(&plain("differ.contoso.com", A)).answers[0].ttl, 60);
}

#[test]
fn section_6_1_what_is_delegated_is_not_ours_to_deny() {
    let answer = Serving::hosting().ask(&plain("no.such.host.sub.contoso.com", A));
    assert_eq!((code(&answer), answer.metadata.authoritative), (NOERROR, false));
}

#[test]
fn section_10_1_an_alias_has_nothing_beside_it() {
    let answer = Serving::hosting().ask(&plain("dangling.contoso.com", CNAME));
    assert_eq!((types(&answer.answers), answer.authorities.len()), (vec![CNAME], 0));
}
