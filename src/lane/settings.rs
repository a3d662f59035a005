//! What of DNS itself a reload may change: who we say we are, the secrets of cookies, the limit of clients that ask too much,
//! upstreams.
//!
//! One immutable value behind one pointer, which a lane reads once for each message: no message is judged by two. Not here:
//! what clients have used up of their limit, which outlives a reload (`guard`).

use super::cookie::Jar;
use super::forward::Forwarder;
use super::limit::Limit;
use super::tsig::Key;
use crate::config::{CookieSecret, Dns};
use arc_swap::{ArcSwap, Cache, Guard};
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The settings of one reload.
#[derive(Debug)]
pub(super) struct Settings {
    /// Who we say we are.
    pub(super) dns: Dns,
    /// By which keys questions may be signed.
    pub(super) keys: Vec<Arc<Key>>,
    /// Whose cookies are good.
    pub(super) jar: Jar,
    /// The limit of UDP answers; `None` is no limit.
    pub(super) limit: Option<Limit>,
    /// Whom we ask for what is not ours; `None` is nobody.
    pub(super) forwarder: Option<Arc<Forwarder>>,
}

/// The settings that are in force. A lane may keep what it read for as long as it likes.
#[derive(Debug)]
pub(super) struct Shared {
    current: Arc<ArcSwap<Settings>>,
    /// Settings that a fast lane may still hold, which must not be the one to free them.
    retired: Mutex<Vec<Arc<Settings>>>,
    /// Makes cookies where no secret is configured: a reload must not take them from their clients.
    drawn: CookieSecret,
}

impl Shared {
    pub(super) fn new(dns: &Dns) -> Self {
        let drawn = drawn();
        let current = Arc::new(ArcSwap::from_pointee(Settings::new(dns, drawn, None)));
        Self { current, retired: Mutex::default(), drawn }
    }

    /// What is in force now.
    pub(super) fn read(&self) -> Guard<Arc<Settings>> {
        self.current.load()
    }

    /// For a fast lane, which keeps what it read.
    pub(super) fn reader(&self) -> Reader {
        Reader(Cache::new(self.current.clone()))
    }

    /// Puts others in force.
    pub(super) fn replace(&self, dns: &Dns) {
        let forwarder = self.current.load().forwarder.clone();
        let old = self.current.swap(Arc::new(Settings::new(dns, self.drawn, forwarder)));
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.retain(|settings| Arc::strong_count(settings) > 1);
        retired.push(old);
    }
}

/// Reads the settings often, by one thread; it never frees any.
#[derive(Debug)]
pub(super) struct Reader(Cache<Arc<ArcSwap<Settings>>, Arc<Settings>>);

impl Reader {
    /// What is in force now.
    pub(super) fn load(&mut self) -> &Settings {
        self.0.load()
    }
}

impl Settings {
    /// What upstreams said is kept where nothing of the resolver changes.
    fn new(dns: &Dns, drawn: CookieSecret, old: Option<Arc<Forwarder>>) -> Self {
        let same = |config| old.filter(|forwarder| forwarder.is_of(config));
        let forwarder = dns.resolver.as_ref();
        let forwarder = forwarder.map(|config| same(config).unwrap_or_else(|| Arc::new(Forwarder::new(config))));
        let limit = dns.rate_limit.as_ref().map(Limit::new);
        let keys = dns.tsig.iter().map(|key| Arc::new(Key::new(key))).collect();
        Self { dns: dns.clone(), keys, jar: Jar::new(&dns.cookie_secrets, drawn), limit, forwarder }
    }
}

impl Settings {
    /// Whom we ask for a client at this address.
    pub(super) fn forwarder_for(&self, source: IpAddr) -> Option<&Forwarder> {
        self.forwarder.as_deref().filter(|forwarder| forwarder.allows(source))
    }
}

/// A secret that nobody knows: two hashes under keys from the operating system.
fn drawn() -> CookieSecret {
    let keyed = RandomState::new();
    let halves = [keyed.hash_one(0), keyed.hash_one(1)].map(u64::to_ne_bytes);
    let mut secret = [0; 16];
    secret.iter_mut().zip(halves.concat()).for_each(|(to, from)| *to = from);
    CookieSecret(secret)
}

#[cfg(test)]
mod tests;
