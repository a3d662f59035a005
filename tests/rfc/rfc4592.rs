//! RFC 4592: empty non-terminals and wildcards.

use super::*;

#[test]
fn section_2_2_2_an_empty_non_terminal_exists() {
    let server = Serving::start();
    for kind in [A, SRV, TXT, ANY] {
        let answer = server.ask(&plain("_tcp.contoso.com", kind));
        assert_eq!((code(&answer), answer.answers.len()), (NOERROR, 0), "{kind}");
        assert_eq!(types(&answer.authorities), [SOA]);
    }
}

#[test]
fn section_2_1_1_an_asterisk_is_a_label() {
    let server = Serving::start();
    for name in ["*.contoso.com", "*.sip.contoso.com", "a.*.contoso.com"] {
        assert_eq!(code(&server.ask(&plain(name, A))), NXDOMAIN, "{name}");
    }
}

#[test]
fn section_3_3_1_a_wildcard_answers_below_the_closest_encloser() {
    let server = Serving::hosting();
    for (name, kind, expected) in [
        ("any.wild.contoso.com", TXT, Ok(TXT)),
        ("a.b.wild.contoso.com", TXT, Ok(TXT)),
        ("*.wild.contoso.com", TXT, Ok(TXT)),
        ("any.wild.contoso.com", ANY, Ok(MX)),
        ("any.wild.contoso.com", A, Err(NOERROR)),
        // The name exists, or one between it and the wildcard's parent does.
        ("host.wild.contoso.com", TXT, Err(NOERROR)),
        ("a.host.wild.contoso.com", TXT, Err(NXDOMAIN)),
        ("wild.contoso.com", TXT, Err(NOERROR)),
        ("any.ent.contoso.com", A, Err(NXDOMAIN)),
        ("any.a.ent.contoso.com", A, Ok(A)),
    ] {
        let answer = server.ask(&plain(name, kind));
        match expected {
            Ok(kind) => assert_eq!(owned(&answer.answers), [(name.to_owned(), kind)], "{name}"),
            Err(expected) => {
                assert_eq!((code(&answer), answer.answers.len()), (expected, 0), "{name} {kind}");
                assert_eq!(types(&answer.authorities), [SOA], "{name}");
            }
        }
    }
}

#[test]
fn section_3_3_3_a_wildcard_may_be_an_alias() {
    let answer = Serving::hosting().ask(&plain("any.alias.contoso.com", A));
    let names = ["any.alias.contoso.com", "mail.contoso.com"].map(str::to_owned);
    assert_eq!(owned(&answer.answers), names.into_iter().zip([CNAME, A]).collect::<Vec<_>>());
}

#[test]
fn section_2_2_1_steered_names_exist_and_no_wildcard_speaks_for_them() {
    let server = Serving::hosting();
    for (name, expected) in [
        ("other._tcp.contoso.com", Ok(())),
        ("_sipfederationtls._tcp.contoso.com", Err(NOERROR)),
        ("below._sipfederationtls._tcp.contoso.com", Err(NXDOMAIN)),
    ] {
        let answer = server.ask(&plain(name, TXT));
        let got = if types(&answer.answers) == [TXT] { Ok(()) } else { Err(code(&answer)) };
        assert_eq!(got, expected, "{name}");
    }
}
