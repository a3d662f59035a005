//! Believe or doubt: probe outcomes to verdicts, and when a pool that was lost may be preferred again.
//!
//! Here: `Outcome` and `Verdict`, the judge of one target (`judge`), the gate of one pool in one service (`gate`), what its flapping costs it (`damp`), what an
//! operator decided against all of it (`hold`), whether we doubt ourselves (`doubt`), and the two clocks (`moment`).
//! Not here: who probes, and what follows from a verdict (`steering`). Pure: time is an argument, a failed probe is data.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

mod damp;
mod doubt;
mod gate;
mod hold;
mod judge;
mod moment;

pub use damp::{Damp, Damping};
pub use doubt::{Doubt, Suspicion};
pub use gate::Gate;
pub use hold::{BadGrounds, BadSubject, Grounds, Held, Hold, Holds, PoolHolds, Subject};
pub use judge::{Judge, Pace, Thresholds};
pub use moment::Moment;

/// What one probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint proved that it serves.
    Pass,
    /// It lives, and says itself that what is behind it does not, as SIP 504. A sign of life as good as a pass, and no
    /// sign of service. The words are for people.
    Degraded(Arc<str>),
    /// Nobody knows any more: what was told of the endpoint is too old to be believed, one way or the other.
    Stale(Arc<str>),
    /// It did not prove that it serves.
    Fail(Failure),
}

impl Outcome {
    /// A failure of this class.
    pub fn fail(class: FailureClass, detail: impl Into<Arc<str>>) -> Self {
        Self::Fail(Failure { class, detail: detail.into() })
    }

    /// Whether the endpoint lives, degraded or not.
    pub fn passed(&self) -> bool {
        matches!(self, Self::Pass | Self::Degraded(_))
    }

    /// Whether it says anything of the endpoint: a probe that we could not even send does not.
    pub fn is_evidence(&self) -> bool {
        !matches!(self, Self::Fail(Failure { class: FailureClass::Local, .. }))
    }

    /// The word in metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Degraded(_) => "degraded",
            Self::Stale(_) => "stale",
            Self::Fail(failure) => failure.class.word(),
        }
    }
}

/// Why a probe failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What sort of failure it is.
    pub class: FailureClass,
    /// What was seen, in a few words for people.
    pub detail: Arc<str>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

/// The sorts of probe failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureClass {
    /// The connection was refused.
    Refused,
    /// The connection was closed or reset before the answer.
    Closed,
    /// No route, or a local rule forbids it.
    Unreachable,
    /// The deadline passed.
    Timeout,
    /// The TLS handshake failed for another reason than the certificate.
    Tls,
    /// The certificate does not hold: chain, name or time.
    Certificate,
    /// What came back is not the protocol.
    Protocol,
    /// The protocol's own word for "not available", as SIP 503.
    Unavailable,
    /// We could not ask, as without a free file descriptor: no evidence of anything.
    Local,
}

impl FailureClass {
    /// The word in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Closed => "closed",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::Certificate => "certificate",
            Self::Protocol => "protocol",
            Self::Unavailable => "unavailable",
            Self::Local => "local",
        }
    }
}

/// What is believed of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It serves.
    Up,
    /// It lives, and says itself that what is behind it does not.
    Degraded,
    /// It does not serve.
    Down,
    /// Nothing is known yet: neither up nor down.
    Unknown,
}

impl State {
    /// All states with their words.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("up", Self::Up), ("degraded", Self::Degraded), ("down", Self::Down), ("unknown", Self::Unknown)];

    /// Whether it is proven alive, however well it serves.
    pub fn is_alive(self) -> bool {
        matches!(self, Self::Up | Self::Degraded)
    }

    /// How bad it is for whoever is sent there. Unknown is worse than degraded, which is proven alive.
    pub fn badness(self) -> u8 {
        match self {
            Self::Up => 0,
            Self::Degraded => 1,
            Self::Unknown => 2,
            Self::Down => 3,
        }
    }

    /// The state of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, state)| *state)
    }

    /// The word for people and programs.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, state)| *state == self).map_or("", |(word, _)| word)
    }
}

/// What is believed of a target, since when and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The belief.
    pub state: State,
    /// When it was formed; `None` while nothing was ever known.
    pub since: Option<Instant>,
    /// What decided where the state is not `Up`, or the newest failure while it is `Unknown`.
    pub why: Option<Failure>,
}

impl Verdict {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { state: State::Unknown, since: None, why: None };
}
