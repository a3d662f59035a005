//! RFC 2181: sets, authority, delegation.

use super::*;

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
