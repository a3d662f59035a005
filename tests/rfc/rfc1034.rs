//! RFC 1034: zones, classes and operations.

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
