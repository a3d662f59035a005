//! Who is who: whether a client proved its address by a cookie, and whether one that did not gets its answer.
//!
//! The clock and the lock around the pure parts: `cookie` and `limit`. Each fast lane has a limiter of its own, for which nobody
//! waits; the lock is for what they decline.

use super::cookie::WHOLE;
use super::limit::{Class, Limiter, Verdict};
use super::settings::Settings;
use std::hash::RandomState;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What clients have used up of their limit, and the clock by which it comes back.
#[derive(Debug)]
pub(super) struct Guard {
    limiter: Mutex<Limiter<RandomState>>,
    started: Instant,
}

/// A moment, as cookies and limits count time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Seconds since 1970.
    pub(super) unix: u64,
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
    /// Nobody has used up anything.
    pub(super) fn new() -> Self {
        Self { limiter: Mutex::new(Limiter::new(1, RandomState::new())), started: Instant::now() }
    }

    /// The time.
    pub(super) fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Now { unix, uptime: self.started.elapsed() }
    }

    /// Whether an answer over UDP is sent to a client without a valid cookie.
    pub(super) fn limit(&self, settings: &Settings, client: IpAddr, class: Class, now: Now) -> Verdict {
        let Some(limit) = &settings.limit else { return Verdict::Pass };
        // A rate that a panic left half counted is still a rate.
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner).judge(limit, client, class, now.uptime)
    }
}

/// Judges a COOKIE option.
pub(super) fn cookie(settings: &Settings, sent: &[u8], client: IpAddr, now: Now) -> Option<Cookie> {
    // Cookies count modulo 2^32 (RFC 9018 section 4.3).
    let now = now.unix as u32;
    let fresh = settings.jar.fresh(sent, client, now)?;
    Some(Cookie { valid: settings.jar.is_valid(sent, client, now), whole: sent.len() > 8, fresh })
}
