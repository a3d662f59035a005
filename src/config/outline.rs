//! What is remembered of a configuration once it is compiled: everything but the names of domains.
//!
//! A million names would be held twice, here and in the topology, and once more of each while a reload compares two lists. A
//! fingerprint of eight octets says as well which came and went. Two names of a list share one once in 10^7 lists of a million,
//! and all that could then be wrong is a number in a log line.

use super::Config;
use crate::name::NameList;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A configuration without its domain lists, and their fingerprints.
#[derive(Debug)]
pub struct Outline {
    pub(super) config: Config,
    /// Of each service, in the order of the configuration.
    pub(super) lists: Vec<Fingerprints>,
}

impl Outline {
    /// Keeps what is remembered and frees the rest.
    pub fn of(mut config: Config) -> Self {
        let list = |service: &mut super::Service| Fingerprints::of(&std::mem::take(&mut service.domains));
        let lists = config.services.iter_mut().map(list).collect();
        Self { config, lists }
    }

    /// The configuration; its services' domain lists are empty.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How many domains all services have.
    pub fn domains(&self) -> usize {
        self.lists.iter().map(|list| list.sorted.len()).sum()
    }
}

/// What tells two lists of names apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fingerprints {
    sorted: Box<[u64]>,
    /// Of the list as a whole, its order included.
    whole: u64,
}

impl Fingerprints {
    fn of(list: &NameList) -> Self {
        let mut whole = DefaultHasher::new();
        let print = |name: &[u8]| {
            name.hash(&mut whole);
            let mut one = DefaultHasher::new();
            one.write(name);
            one.finish()
        };
        let mut sorted: Box<[u64]> = list.iter().map(print).collect();
        sorted.sort_unstable();
        Self { sorted, whole: whole.finish() }
    }

    /// How many names of this list were not in `old`, and how many of `old` are not in this; `None` where the lists are equal.
    pub(super) fn since(&self, old: &Self) -> Option<(usize, usize)> {
        (self != old).then(|| (missing(&old.sorted, &self.sorted), missing(&self.sorted, &old.sorted)))
    }
}

/// How many of `wanted` are not in `list`; both are sorted.
fn missing(list: &[u64], wanted: &[u64]) -> usize {
    let mut list = list.iter().peekable();
    let mut is_missing = |print: &u64| {
        while list.next_if(|have| *have < print).is_some() {}
        list.next_if_eq(&print).is_none()
    };
    wanted.iter().filter(|print| is_missing(print)).count()
}
