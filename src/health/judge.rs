//! One target's judge: outcomes in a row to a verdict, and the spacing of the next probe.

use super::{Failure, FailureClass, Outcome, State, Verdict};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many outcomes in a row change a mind; both at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Thresholds {
    /// Failed probes in a row before Down.
    pub fall: u32,
    /// Passed probes in a row before Up.
    pub rise: u32,
}

/// The verdict of one target and the run of equal outcomes that may change it.
///
/// | state | outcome | then |
/// |---|---|---|
/// | Unknown | pass | Up: it is proven alive, and there is no belief to overturn |
/// | Unknown, Up | `fall` failures in a row | Down |
/// | Down | `rise` passes in a row | Up |
/// | any | fewer, or of its own kind | unchanged |
/// | any | no evidence (we could not ask) | unchanged, and the row goes on |
/// | any | stale | Unknown at once: the age that is still believed was waited for already |
///
/// A degraded endpoint lives: to the judge it is a pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Judge {
    verdict: Verdict,
    run: Run,
    seen: bool,
}

#[derive(Clone, Debug, PartialEq, Default)]
struct Run {
    passed: bool,
    length: u32,
    began: Option<Instant>,
}

impl Default for Judge {
    fn default() -> Self {
        Self { verdict: Verdict::UNKNOWN, run: Run::default(), seen: false }
    }
}

impl Judge {
    /// What is believed now.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Whether anything is known: a probe has ended, or a belief was carried over.
    pub fn is_informed(&self) -> bool {
        self.seen || self.verdict.state != State::Unknown
    }

    /// A judge that believes what was believed before a restart.
    pub fn recalled(verdict: Verdict) -> Self {
        Self { verdict, run: Run::default(), seen: false }
    }

    /// When the present run of equal outcomes began: the first sign of what became the verdict.
    pub fn first_sign(&self) -> Option<Instant> {
        self.run.began
    }

    /// The same belief for a check that asks otherwise: what was seen in a row so far counts no more.
    #[must_use]
    pub fn begin_anew(&self) -> Self {
        Self { verdict: self.verdict.clone(), run: Run::default(), seen: false }
    }

    /// Takes one outcome that ended at `now`; returns whether the state changed.
    pub fn observe(&mut self, outcome: &Outcome, now: Instant, thresholds: Thresholds) -> bool {
        if !outcome.is_evidence() {
            return false;
        }
        self.seen = true;
        if let Outcome::Stale(why) = outcome {
            return self.forget(why, now);
        }
        let passed = outcome.passed();
        if self.run.length == 0 || self.run.passed != passed {
            self.run = Run { passed, length: 0, began: Some(now) };
        }
        self.run.length = self.run.length.saturating_add(1);
        let next = match (self.verdict.state, passed) {
            (State::Unknown, true) => State::Up,
            (State::Down, true) if self.run.length >= thresholds.rise => State::Up,
            (State::Unknown | State::Up, false) if self.run.length >= thresholds.fall => State::Down,
            (same, _) => same,
        };
        let failure = match outcome {
            Outcome::Fail(failure) => Some(failure.clone()),
            _ => None,
        };
        if next == self.verdict.state {
            if next != State::Up {
                self.verdict.why = failure.or(self.verdict.why.take());
            }
            return false;
        }
        self.verdict = Verdict { state: next, since: Some(now), why: failure };
        true
    }

    /// Nothing is known any more; returns whether something was.
    fn forget(&mut self, why: &Arc<str>, now: Instant) -> bool {
        let was_known = self.verdict.state != State::Unknown;
        let since = if was_known { Some(now) } else { self.verdict.since };
        let why = Failure { class: FailureClass::Local, detail: why.clone() };
        self.run = Run::default();
        self.verdict = Verdict { state: State::Unknown, since, why: Some(why) };
        was_known
    }
}

/// When the next probe of a target is due: `confirm` apart while a change of mind is possible, else `interval`.
///
/// Detection is so bounded by `interval + fall x (confirm + timeout)` and not by `fall x interval`.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    passed: bool,
    run: u32,
}

impl Pace {
    /// Takes one outcome and says how long after it the next probe is due.
    pub fn after(
        &mut self,
        outcome: &Outcome,
        thresholds: Thresholds,
        interval: Duration,
        confirm: Duration,
    ) -> Duration {
        if !outcome.is_evidence() {
            return confirm.min(interval);
        }
        if matches!(outcome, Outcome::Stale(_)) {
            self.run = 0;
            return interval;
        }
        let passed = outcome.passed();
        self.run = if self.run > 0 && passed == self.passed { self.run.saturating_add(1) } else { 1 };
        self.passed = passed;
        let settled = if passed { thresholds.rise } else { thresholds.fall };
        if self.run >= settled { interval } else { confirm.min(interval) }
    }
}

#[cfg(test)]
mod tests;
