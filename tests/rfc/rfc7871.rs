//! RFC 7871: client subnets.

use super::*;

fn answer(server: &Serving, name: &str, subnet: &[u8]) -> Vec<u8> {
    udp(server.at, &edns(name, A, &option(SUBNET, subnet))).unwrap()
}

#[test]
fn section_6_what_is_no_subnet_is_a_format_error() {
    let server = Serving::start();
    for (what, subnet) in [
        ("too many octets", &[0, 1, 24, 0, 198, 51, 100, 0][..]),
        ("too few octets", &[0, 1, 24, 0, 198, 51]),
        ("bits beyond the prefix", &[0, 1, 20, 0, 198, 51, 100]),
        ("a scope", &[0, 1, 24, 24, 198, 51, 100]),
        ("a prefix of 33", &[0, 1, 33, 0, 198, 51, 100, 0, 0]),
        ("family 3", &[0, 3, 0, 0]),
        ("family 0 with a prefix", &[0, 0, 8, 0, 10]),
        ("nothing", &[]),
        ("half", &[0, 1, 0]),
        ("IPv4 in IPv6 dress", &[0, 2, 104, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10]),
    ] {
        let answer = read(&answer(&server, "sip.contoso.com", subnet));
        assert_eq!((code(&answer), answer.edns.is_some(), answer.answers.len()), (FORMERR, true, 0), "{what}");
    }
    let two = option(SUBNET, &[0, 1, 0, 0]).repeat(2);
    assert_eq!(code(&server.ask(&edns("sip.contoso.com", A, &two))), FORMERR, "two subnets");
}

#[test]
fn section_7_1_2_a_hidden_client_is_answered_with_scope_0() {
    let server = Serving::start();
    // Family 0 hides the family as well; BIND answers it, and so do we.
    for hidden in [&[0, 1, 0, 0][..], &[0, 2, 0, 0], &[0, 0, 0, 0]] {
        let octets = answer(&server, "sip.contoso.com", hidden);
        assert!(octets.ends_with(&option(SUBNET, hidden)), "{hidden:?}: {octets:x?}");
        assert_eq!(octets[3] & 15, 0);
    }
}

#[test]
fn section_7_2_1_family_prefix_and_address_come_back() {
    let server = Serving::start();
    for subnet in [&[0, 1, 24, 0, 198, 51, 100][..], &[0, 1, 19, 0, 198, 51, 96], &[0, 2, 32, 0, 0x20, 1, 0xd, 0xb8]] {
        let octets = answer(&server, "sip.contoso.com", subnet);
        let told = octets.get(octets.len() - subnet.len()..).unwrap();
        assert_eq!((&told[..3], &told[4..]), (&subnet[..3], &subnet[4..]));
    }
    assert_eq!(option_of(&server.ask(&edns("sip.contoso.com", A, &[])), SUBNET), None, "unasked");
}

#[test]
fn section_7_2_1_what_depends_on_nobody_has_scope_0() {
    let server = Serving::start();
    for name in ["contoso.com", "no.contoso.com", "ns1.contoso.com", "example.net"] {
        let octets = answer(&server, name, &[0, 1, 24, 0, 198, 51, 100]);
        let subnet = option_of(&read(&octets), SUBNET).unwrap();
        assert_eq!(subnet, [0, 1, 24, 0, 198, 51, 100], "{name}");
    }
}

#[test]
fn section_7_2_1_the_scope_of_a_static_answer_is_0_unless_it_leads_to_a_steered_one() {
    let server = Serving::hosting();
    let scope = |name: &str, kind| {
        let subnet = option(SUBNET, &[0, 1, 24, 0, 87, 32, 0]);
        option_of(&server.ask(&edns(name, kind, &subnet)), SUBNET).unwrap()[3]
    };
    let steered = scope("sip.contoso.com", A);
    assert!(steered > 0);
    for (name, kind, expected) in [
        ("mail.contoso.com", A, 0),
        ("www.contoso.com", A, 0),
        ("www.sub.contoso.com", A, 0),
        ("to-sip.contoso.com", A, steered),
        ("contoso.com", MX, steered),
    ] {
        assert_eq!(scope(name, kind), expected, "{name}");
    }
}
