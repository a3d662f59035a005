//! RFC 4592: empty non-terminals. There are no wildcards.

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
