//! Who is who: whether a client proved its address by a cookie, and whether one that did not gets its answer.
//!
//! The clock, the drawn secret and the lock around the pure parts: `cookie` and `limit`. Each fast lane has a limiter of its own,
//! for which nobody waits; the lock is for what they decline.

use super::cookie::{Jar, WHOLE};
use super::limit::{Class, Limiter, Verdict};
use crate::config::{CookieSecret, Dns};
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Cookies and limits of one server.
#[derive(Debug)]
pub(super) struct Guard {
    jar: Jar,
    limiter: Option<Mutex<Limiter<RandomState>>>,
    started: Instant,
}

/// A moment, as cookies and limits count time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Seconds since 1970, modulo 2^32.
    unix: u32,
    /// Since the start.
    pub(super) uptime: Duration,
}

/// A client's COOKIE option, judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cookie {
    /// Whether its server cookie proves the client's address.
    pub(super) valid: bool,
    /// Whether it has a server cookie at all.
    pub(super) whole: bool,
    /// What the answer's option says.
    pub(super) fresh: [u8; WHOLE],
}

impl Guard {
    pub(super) fn new(dns: &Dns) -> Self {
        let limiter = limiter(dns, 1).map(Mutex::new);
        Self { jar: Jar::new(&dns.cookie_secrets, drawn()), limiter, started: Instant::now() }
    }

    /// The time.
    pub(super) fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() as u32;
        Now { unix, uptime: self.started.elapsed() }
    }

    /// Judges a COOKIE option.
    pub(super) fn cookie(&self, sent: &[u8], client: IpAddr, now: Now) -> Option<Cookie> {
        let fresh = self.jar.fresh(sent, client, now.unix)?;
        Some(Cookie { valid: self.jar.is_valid(sent, client, now.unix), whole: sent.len() > 8, fresh })
    }

    /// Whether an answer over UDP is sent to a client without a valid cookie.
    pub(super) fn limit(&self, client: IpAddr, class: Class, now: Now) -> Verdict {
        let Some(limiter) = &self.limiter else { return Verdict::Pass };
        // A rate that a panic left half counted is still a rate.
        limiter.lock().unwrap_or_else(PoisonError::into_inner).judge(client, class, now.uptime)
    }
}

/// A limiter for one of so many lanes, among which the system spreads a network's questions; `None` where nothing is limited.
pub(super) fn limiter(dns: &Dns, lanes: usize) -> Option<Limiter<RandomState>> {
    dns.rate_limit.as_ref().map(|limit| Limiter::new(limit, lanes, RandomState::new()))
}

/// A secret that nobody knows: two hashes under keys from the operating system.
fn drawn() -> CookieSecret {
    let keyed = RandomState::new();
    let halves = [keyed.hash_one(0), keyed.hash_one(1)].map(u64::to_ne_bytes);
    let mut secret = [0; 16];
    secret.iter_mut().zip(halves.concat()).for_each(|(to, from)| *to = from);
    CookieSecret(secret)
}
