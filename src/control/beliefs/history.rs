//! What was seen of each target lately, for people: the last few observations, newest last.
//!
//! Nothing is decided by it. A history belongs to one target and outlives a reload with it, not a restart.

use super::Beliefs;
use crate::health::{Moment, Outcome};
use crate::limits::{HISTORIES_ASKED_MAX, HISTORY_LENGTH};
use crate::topology::TargetSpec;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One observation, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When the outcome was certain, milliseconds since 1970.
    pub at_ms: u64,
    /// From the probe's first packet to then.
    pub took: Duration,
    /// What was found, with its words.
    pub outcome: Outcome,
}

impl Seen {
    /// What was seen, in a few words for people; `None` where there is nothing to say of it.
    pub fn detail(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Pass => None,
            Outcome::Degraded(words) | Outcome::Stale(words) => Some(words),
            Outcome::Fail(failure) => Some(&failure.detail),
        }
    }
}

/// The last observations of one target.
#[derive(Clone, Debug, Default)]
pub(super) struct History(VecDeque<Past>);

#[derive(Clone, Debug)]
struct Past {
    ended: Instant,
    /// Microseconds: no probe takes an hour.
    took: u32,
    outcome: Outcome,
}

impl History {
    fn note(&mut self, outcome: &Outcome, took: Duration, ended: Instant) {
        if self.0.len() >= HISTORY_LENGTH {
            self.0.pop_front();
        }
        self.0.reserve_exact(HISTORY_LENGTH.saturating_sub(self.0.len()));
        let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        self.0.push_back(Past { ended, took, outcome: outcome.clone() });
    }

    fn told(&self, now: Moment) -> Vec<Seen> {
        let seen = |past: &Past| Seen {
            at_ms: now.unix_ms_of(past.ended),
            took: Duration::from_micros(past.took.into()),
            outcome: past.outcome.clone(),
        };
        self.0.iter().map(seen).collect()
    }
}

impl Beliefs {
    /// Remembers one observation, whatever is believed of it. A target of an older topology is ignored.
    pub fn remember(&mut self, spec: &Arc<TargetSpec>, outcome: &Outcome, took: Duration, ended: Instant) {
        if let Some(target) = self.ids.get(spec) {
            self.histories[target.index()].note(outcome, took, ended);
        }
    }

    /// What was seen lately of these targets, oldest first, one list for each; of no more than `HISTORIES_ASKED_MAX`. A target that
    /// is no longer probed has none.
    pub fn histories(&self, targets: &[Arc<TargetSpec>], now: Moment) -> Vec<Vec<Seen>> {
        let told = |spec| self.ids.get(spec).map(|id| self.histories[id.index()].told(now)).unwrap_or_default();
        targets.iter().take(HISTORIES_ASKED_MAX).map(told).collect()
    }
}

#[cfg(test)]
mod tests;
