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
