use super::*;
use crate::name::Prefix;

#[test]
fn every_table_is_whole() {
    for kind in KINDS {
        assert_eq!(find(kind.name), Some(*kind));
        assert!(!kind.summary.is_empty() && !kind.shapes.is_empty(), "{}", kind.name);
        assert_eq!(kind.names_from_config, kind.srv.is_empty() && kind.addresses.is_empty(), "{}", kind.name);
        for owner in kind.srv.iter().map(|s| s.prefix).chain(kind.addresses.iter().copied()) {
            assert!(Prefix::parse(owner).is_ok(), "{owner}");
        }
    }
}

#[test]
fn every_word_is_found_again() {
    for (word, kind) in CheckKind::WORDS {
        assert_eq!(kind.word(), *word);
    }
}

#[test]
fn every_peer_comes_for_kinds_that_exist_and_its_habit_has_a_source() {
    for peer in PEERS {
        assert!(peer.kinds.iter().all(|kind| find(kind).is_some()), "{peer:?}");
        assert!(!peer.source.is_empty(), "{peer:?}");
    }
    for kind in KINDS {
        assert_eq!(peers(kind.name).next().map(|peer| peer.keeps), Some(Keeps::Ttl), "{}", kind.name);
    }
}

#[test]
fn an_srv_owner_leads_to_its_kind_and_port() {
    let cases = [
        (["_sipfederationtls", "_tcp"], Some(("sip-federation", 5061))),
        (["_sip", "_tls"], Some(("sip-remote-access", 443))),
        (["_xmpp-server", "_tcp"], Some(("xmpp", 5269))),
        (["_xmpps-server", "_tcp"], Some(("xmpp", 5270))),
        (["_matrix", "_tcp"], Some(("matrix", 8448))),
        (["_ldap", "_tcp"], None),
        (["_sip", "_tcp"], None),
    ];
    for ([service, protocol], expected) in cases {
        let found = of_srv(service.as_bytes(), protocol.as_bytes()).map(|(kind, port)| (kind.name, port));
        assert_eq!(found, expected, "{service}.{protocol}");
    }
}
