//! RFC 1034: zones, classes and operations, aliases and delegations.

use super::*;

#[test]
fn section_3_6_other_classes_have_no_data_of_ours() {
    let server = Serving::start();
    for class in [0u16, 3, 4, 254, 255, 65280] {
        let asked = [&wire("contoso.com")[..], &SOA.to_be_bytes(), &class.to_be_bytes()].concat();
        let answer = server.ask(&message([0, 0], [1, 0, 0, 0], &[&asked]));
        assert_eq!(
            (code(&answer), answer.answers.len(), answer.metadata.authoritative),
            (REFUSED, 0, false),
            "{class}"
        );
    }
}

#[test]
fn section_3_7_inverse_queries_and_other_operations_are_not_implemented() {
    let server = Serving::start();
    for opcode in [1, 2, 4, 5] {
        let answer = server.ask(&message([opcode << 3, 0], [1, 0, 0, 0], &[&question("contoso.com", SOA)]));
        assert_eq!(code(&answer), NOTIMP, "{opcode}");
    }
}

#[test]
fn section_3_7_1_additional_records_are_addresses_of_names_in_the_answer() {
    let server = Serving::start();
    let answer = server.ask(&plain("contoso.com", 2));
    assert_eq!(types(&answer.answers), [2, 2]);
    assert!(!answer.additionals.is_empty());
    for record in &answer.additionals {
        let named = answer.answers.iter().any(|ns| ns.data.to_string() == record.name.to_string());
        assert!(named, "{record}");
    }
}

#[test]
fn section_4_2_1_a_zone_has_one_soa_and_its_name_servers_at_its_apex() {
    let server = Serving::start();
    assert_eq!(types(&server.ask(&plain("contoso.com", SOA)).answers), [SOA]);
    for name in ["sip.contoso.com", "ns1.contoso.com"] {
        for kind in [SOA, 2] {
            let answer = server.ask(&plain(name, kind));
            assert_eq!((code(&answer), answer.answers.len(), types(&answer.authorities)), (NOERROR, 0, vec![SOA]));
        }
    }
}

#[test]
fn section_4_3_1_recursion_is_not_offered_and_the_wish_comes_back() {
    let answer = Serving::start().ask(&message([1, 0], [1, 0, 0, 0], &[&question("example.net", A)]));
    let flags = &answer.metadata;
    assert_eq!((code(&answer), flags.recursion_desired, flags.recursion_available), (REFUSED, true, false));
    // No way up either: a referral to the root is bait for forged questions.
    assert!(answer.authorities.is_empty() && answer.additionals.is_empty());
}

#[test]
fn section_3_6_2_aliases_are_followed_within_our_zones() {
    let server = Serving::hosting();
    let own = |name: &str, kind| (name.to_owned(), kind);
    for (name, expected) in [
        ("www.contoso.com", vec![own("www.contoso.com", CNAME), own("web.static.example", A)]),
        (
            "there.contoso.com",
            vec![own("there.contoso.com", CNAME), own("back.static.example", CNAME), own("mail.contoso.com", A)],
        ),
        ("outside.contoso.com", vec![own("outside.contoso.com", CNAME)]),
        ("loop1.contoso.com", vec![own("loop1.contoso.com", CNAME), own("loop2.contoso.com", CNAME)]),
    ] {
        let answer = server.ask(&plain(name, A));
        assert_eq!((code(&answer), answer.metadata.authoritative), (NOERROR, true), "{name}");
        assert_eq!(owned(&answer.answers), expected, "{name}");
    }
}

#[test]
fn section_3_6_2_an_alias_itself_is_not_followed() {
    let server = Serving::hosting();
    for kind in [CNAME, ANY] {
        assert_eq!(types(&server.ask(&plain("www.contoso.com", kind)).answers), [CNAME]);
    }
}

#[test]
fn section_3_6_2_an_alias_of_a_steered_name_says_what_that_says() {
    let server = Serving::hosting();
    let steered = server.ask(&plain("sip.contoso.com", A));
    let alias = server.ask(&plain("to-sip.contoso.com", A));
    assert_eq!(types(&alias.answers)[0], CNAME);
    assert_eq!(alias.answers[1..], steered.answers);
}

#[test]
fn section_3_6_2_a_chain_ends() {
    let server = Serving::hosting();
    let answer = server.ask_tcp(&plain("chain00.contoso.com", A));
    assert_eq!((code(&answer), answer.answers.len()), (NOERROR, 13));
    // From nearer to its end, the end is told.
    assert_eq!(code(&server.ask_tcp(&plain("chain15.contoso.com", A))), NXDOMAIN);
}

#[test]
fn section_4_2_1_a_delegated_name_is_referred_to_its_servers_with_glue() {
    let server = Serving::hosting();
    for (name, kind) in
        [("sub.contoso.com", A), ("sub.contoso.com", NS), ("a.Host.Sub.contoso.com", TXT), ("ns.sub.contoso.com", A)]
    {
        let answer = server.ask(&plain(name, kind));
        assert_eq!((code(&answer), answer.metadata.authoritative), (NOERROR, false), "{name}");
        assert!(answer.answers.is_empty(), "{name}");
        assert!(
            answer.authorities.iter().all(|ns| ns.name.to_string().eq_ignore_ascii_case("sub.contoso.com.")),
            "{name}"
        );
        assert_eq!(types(&answer.authorities), [NS, NS], "{name}");
        assert_eq!(owned(&answer.additionals), [("ns.sub.contoso.com".to_owned(), A)], "{name}");
    }
}

#[test]
fn section_4_3_2_an_alias_into_a_delegated_zone_ends_in_a_referral() {
    let answer = Serving::hosting().ask(&plain("to-sub.contoso.com", A));
    assert_eq!((types(&answer.answers), types(&answer.authorities)), (vec![CNAME], vec![NS, NS]));
    assert!(answer.metadata.authoritative);
}

#[test]
fn section_3_3_mail_and_service_hosts_come_with_their_addresses() {
    let server = Serving::hosting();
    let sip = server.ask(&plain("sip.contoso.com", A)).answers.len();
    for (name, kind, hosts) in [("contoso.com", MX, 2 + sip), ("_sip._udp.contoso.com", SRV, 2 + sip)] {
        let answer = server.ask(&plain(name, kind));
        assert_eq!(answer.answers.len(), 2, "{name}");
        assert_eq!(answer.additionals.len(), hosts, "{name}: {:?}", answer.additionals);
    }
}

#[test]
fn section_4_2_1_ds_of_a_delegated_name_is_ours_as_rfc_4035_section_3_1_4_1_has_it() {
    let server = Serving::hosting();
    let answer = server.ask(&plain("sub.contoso.com", DS));
    assert_eq!((answer.metadata.authoritative, types(&answer.answers)), (true, vec![DS]));
    let none = server.ask(&plain("many.contoso.com", DS));
    assert_eq!((none.metadata.authoritative, types(&none.authorities)), (true, vec![SOA]));
}
