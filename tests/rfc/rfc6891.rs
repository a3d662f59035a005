//! RFC 6891: EDNS(0).

use super::*;

#[test]
fn section_6_1_1_an_opt_is_answered_with_one() {
    let server = Serving::start();
    for name in ["contoso.com", "no.contoso.com", "example.net"] {
        assert!(server.ask(&plain(name, SOA)).edns.is_none(), "{name}");
        let edns = server.ask(&edns(name, SOA, &[])).edns.unwrap();
        assert_eq!((edns.version(), edns.max_payload()), (0, 1232), "{name}");
    }
}

#[test]
fn section_6_1_1_more_than_one_or_elsewhere_or_owned_is_a_format_error() {
    let server = Serving::start();
    let q = question("contoso.com", SOA);
    let owned = [&wire("a")[..], &OPT[1..]].concat();
    for (what, counts, body, with_opt) in [
        ("two", [1, 0, 0, 2], [&q[..], OPT, OPT], true),
        ("answer", [1, 1, 0, 0], [&q, OPT, &[]], false),
        ("authority", [1, 0, 1, 0], [&q, OPT, &[]], false),
        ("owned", [1, 0, 0, 1], [&q, &owned, &[]], false),
    ] {
        let answer = server.ask(&message([0, 0], counts, &body));
        assert_eq!((code(&answer), answer.edns.is_some(), answer.queries.len()), (FORMERR, with_opt, 1), "{what}");
    }
}

#[test]
fn section_6_1_2_unknown_options_are_ignored_and_not_repeated() {
    let server = Serving::start();
    let options: Vec<u8> = (65001..65051).flat_map(|code| option(code, b"abc")).collect();
    let answer = server.ask(&edns("contoso.com", SOA, &options));
    assert_eq!((code(&answer), answer.edns.unwrap().options().options.len()), (NOERROR, 0));
}

#[test]
fn section_6_1_2_a_cut_option_is_a_format_error() {
    let server = Serving::start();
    for options in [&[0][..], &[0, 3, 0], &[0, 3, 0, 1], &[0, 12, 0, 9, 0]] {
        let answer = server.ask(&edns("contoso.com", SOA, options));
        assert_eq!((code(&answer), answer.edns.is_some()), (FORMERR, true), "{options:?}");
    }
}

#[test]
fn section_6_1_3_other_versions_get_badvers_and_ours() {
    let server = Serving::start();
    for version in [1, 2, 255] {
        let asked =
            message([0, 0], [1, 0, 0, 1], &[&question("contoso.com", SOA), &opt(1232, [0, version, 0, 0], &[])]);
        for answer in [server.ask(&asked), server.ask_tcp(&asked)] {
            assert_eq!((code(&answer), answer.metadata.authoritative), (BADVERS, false), "{version}");
            assert_eq!((answer.edns.unwrap().version(), answer.answers.len()), (0, 0));
        }
    }
}

#[test]
fn section_6_1_4_flags_that_nobody_knows_are_clear_and_do_comes_back() {
    let server = Serving::start();
    for (sent, dnssec_ok) in [([0x7f, 0xff], false), ([0xff, 0xff], true), ([0x80, 0], true)] {
        let ttl = [0xff, 0, sent[0], sent[1]];
        let asked = message([0, 0], [1, 0, 0, 1], &[&question("contoso.com", SOA), &opt(1232, ttl, &[])]);
        let answer = server.ask(&asked);
        let flags = answer.edns.as_ref().unwrap().flags();
        assert_eq!((code(&answer), flags.dnssec_ok, flags.z), (NOERROR, dnssec_ok, 0), "{sent:x?}");
    }
}

#[test]
fn section_6_2_3_sizes_below_512_mean_512() {
    let server = Serving::start();
    for size in [0, 1, 511, 512, 65535] {
        let asked = message([0, 0], [1, 0, 0, 1], &[&question("sip.contoso.com", A), &opt(size, [0; 4], &[])]);
        let answer = server.ask(&asked);
        assert_eq!((code(&answer), answer.metadata.truncation, answer.answers.len()), (NOERROR, false, 2), "{size}");
    }
}

#[test]
fn section_7_an_answer_is_not_larger_because_the_question_is() {
    let server = Serving::start();
    let padding = option(12, &[0; 4096]);
    let [small, large] = [&[][..], &padding].map(|options| udp(server.at, &edns("contoso.com", SOA, options)).unwrap());
    assert_eq!(small.len(), large.len());
}
