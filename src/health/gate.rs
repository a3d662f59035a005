//! One pool in one service: whether it is preferred, and after a loss, when it may be preferred again.

use super::State;
use crate::limits::FOREVER;
use std::time::{Duration, Instant};

/// Where a pool stands in a service after what happened to it.
///
/// | gate | pool becomes Down or Degraded | pool becomes Up | time | release |
/// |---|---|---|---|---|
/// | In | Out | In | | |
/// | Out | Out | Waiting (In where the wait is zero) | | |
/// | Waiting | Out | Waiting | In after the wait | In |
///
/// A degraded pool is lost as a dead one is: where another serves better its partners go there, and are not to be fetched back at the
/// first sign of health. Unknown moves nothing: it is neither up nor down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Gate {
    /// Preferred in its turn.
    #[default]
    In,
    /// Lost: dead, or alive without serving.
    Out {
        /// When.
        since: Instant,
    },
    /// Up again, not yet preferred.
    Waiting {
        /// When it came up again.
        since: Instant,
    },
}

impl Gate {
    /// The gate after the pool's state was seen to be `state` at `now`. `wait` is how long a pool stays up before it is
    /// preferred again; `None` waits for a release.
    pub fn step(self, state: State, now: Instant, wait: Option<Duration>) -> Self {
        match (self, state) {
            (Self::Out { .. }, State::Down | State::Degraded) => self,
            (_, State::Down | State::Degraded) => Self::Out { since: now },
            (Self::Out { .. }, State::Up) => Self::Waiting { since: now }.ripen(now, wait),
            (gate, _) => gate.ripen(now, wait),
        }
    }

    /// When waiting will end by itself; `None` where time changes nothing.
    pub fn ripe_at(self, wait: Option<Duration>) -> Option<Instant> {
        match (self, wait) {
            (Self::Waiting { since }, Some(wait)) => since.checked_add(wait.min(FOREVER)),
            _ => None,
        }
    }

    /// What the end of its wait makes of it, by an operator or for want of another pool: it is preferred at once.
    pub fn release(self) -> Self {
        match self {
            Self::Waiting { .. } => Self::In,
            gate => gate,
        }
    }

    fn ripen(self, now: Instant, wait: Option<Duration>) -> Self {
        match self.ripe_at(wait) {
            Some(ripe) if now >= ripe => Self::In,
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests;
