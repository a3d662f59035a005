//! Who is who: whether a client proved its address by a cookie; and the clock of the pure parts, `cookie` and `limit`.

use super::cookie::WHOLE;
use super::settings::Settings;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock by which cookies age and limits come back.
#[derive(Debug)]
pub(super) struct Guard {
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
    /// It starts now.
    pub(super) fn new() -> Self {
        Self { started: Instant::now() }
    }

    /// The time.
    pub(super) fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Now { unix, uptime: self.started.elapsed() }
    }
}

/// Judges a COOKIE option.
pub(super) fn cookie(settings: &Settings, sent: &[u8], client: IpAddr, now: Now) -> Option<Cookie> {
    // Cookies count modulo 2^32 (RFC 9018 section 4.3).
    let now = now.unix as u32;
    let fresh = settings.jar.fresh(sent, client, now)?;
    Some(Cookie { valid: settings.jar.is_valid(sent, client, now), whole: sent.len() > 8, fresh })
}
