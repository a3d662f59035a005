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
/// | Unknown | degraded | Degraded, for the same reason |
/// | Unknown, Up, Degraded | `fall` failures in a row | Down |
/// | Down | `rise` signs of life in a row | Up where all were passes, else Degraded |
/// | Up | `fall` outcomes in a row that are no pass, the last of them degraded | Degraded |
/// | Degraded | `rise` passes in a row | Up |
/// | any | fewer, or of its own kind | unchanged |
/// | any | no evidence (we could not ask) | unchanged, and the row goes on |
/// | any | older than the one before it | unchanged: what is known is newer |
/// | any | stale | Unknown at once: the age that is still believed was waited for already |
///
/// So there are two rows: of life or death, and of service or none. An endpoint that now answers "what is behind me is gone" and now
/// does not answer is not well, though never so long dead that it is Down.
#[derive(Clone, Debug, PartialEq)]
pub struct Judge {
    verdict: Verdict,
    /// Signs of life, or failures.
    life: Run,
    /// Passes, or anything else.
    service: Run,
    first_sign: Option<Instant>,
    newest: Option<Instant>,
    seen: bool,
    suspect: bool,
}

/// Outcomes in a row that are alike.
#[derive(Clone, Debug, PartialEq, Default)]
struct Run {
    good: bool,
    length: u32,
    began: Option<Instant>,
}

impl Run {
    fn take(&mut self, good: bool, now: Instant) {
        if self.length == 0 || self.good != good {
            *self = Self { good, length: 0, began: Some(now) };
        }
        self.length = self.length.saturating_add(1);
    }
}

impl Default for Judge {
    fn default() -> Self {
        Self::recalled(Verdict::UNKNOWN)
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
        let (life, service) = (Run::default(), Run::default());
        Self { verdict, life, service, first_sign: None, newest: None, seen: false, suspect: false }
    }

    /// Whether an outcome speaks against its life or service, and neither `fall` of them nor `rise` passes in a row have settled that
    /// yet. So an endpoint that now passes and now does not is suspect all the while.
    pub fn is_suspect(&self) -> bool {
        self.suspect
    }

    /// When the outcomes in a row began that made the verdict: its first sign.
    pub fn first_sign(&self) -> Option<Instant> {
        self.first_sign
    }

    /// The same belief for a check that asks otherwise: what was seen in a row so far counts no more.
    #[must_use]
    pub fn begin_anew(&self) -> Self {
        Self::recalled(self.verdict.clone())
    }

    /// Lets go of what was seen in a row: evidence that is not to be believed, nor a reason to suspect. The belief stays.
    pub fn drop_evidence(&mut self) {
        (self.life, self.service, self.suspect) = (Run::default(), Run::default(), false);
    }

    /// Takes note that there was an outcome, which changes nothing.
    pub fn overlook(&mut self, outcome: &Outcome) {
        self.seen |= outcome.is_evidence();
    }

    /// Takes one outcome that ended at `now`; returns whether the state changed.
    pub fn observe(&mut self, outcome: &Outcome, now: Instant, thresholds: Thresholds) -> bool {
        if !outcome.is_evidence() || self.newest.is_some_and(|newest| now < newest) {
            return false;
        }
        (self.seen, self.newest) = (true, Some(now));
        if let Outcome::Stale(why) = outcome {
            return self.forget(why, now);
        }
        self.life.take(outcome.passed(), now);
        self.service.take(matches!(outcome, Outcome::Pass), now);
        let next = self.next(outcome, thresholds);
        self.suspect = self.suspects(next, thresholds.rise);
        let why = match outcome {
            Outcome::Fail(failure) => Some(failure.clone()),
            Outcome::Degraded(words) => Some(Failure { class: FailureClass::Unavailable, detail: words.clone() }),
            _ => None,
        };
        if next == self.verdict.state {
            self.explain(why);
            return false;
        }
        let is_of_service = next.is_alive() && self.verdict.state.is_alive();
        self.first_sign = if is_of_service { self.service.began } else { self.life.began };
        self.verdict = Verdict { state: next, since: Some(now), why };
        true
    }

    /// The table above.
    fn next(&self, outcome: &Outcome, Thresholds { fall, rise }: Thresholds) -> State {
        let Run { good: lives, length, .. } = self.life;
        let served = if self.service.good { self.service.length } else { 0 };
        let lacked = if self.service.good { 0 } else { self.service.length };
        match self.verdict.state {
            State::Unknown if served > 0 => State::Up,
            State::Unknown if lives => State::Degraded,
            State::Down if lives && served >= rise => State::Up,
            State::Down if lives && length >= rise => State::Degraded,
            State::Down => State::Down,
            _ if !lives && length >= fall => State::Down,
            State::Up if lacked >= fall && outcome.passed() => State::Degraded,
            State::Degraded if served >= rise => State::Up,
            same => same,
        }
    }

    /// Whether it is suspect in the state that an outcome left it in.
    fn suspects(&self, state: State, rise: u32) -> bool {
        let runs = if state == State::Up { &[&self.life, &self.service][..] } else { &[&self.life] };
        match state {
            State::Down | State::Unknown => false,
            _ if runs.iter().any(|run| !run.good) => true,
            _ => self.suspect && runs.iter().any(|run| run.length < rise),
        }
    }

    /// Says a belief that stays in newer words.
    fn explain(&mut self, why: Option<Failure>) {
        let is_news = match self.verdict.state {
            State::Up => false,
            // One that failed once may be well behind.
            State::Degraded => self.life.good,
            State::Down | State::Unknown => true,
        };
        if is_news && why.is_some() {
            self.verdict.why = why;
        }
    }

    /// Nothing is known any more; returns whether something was.
    fn forget(&mut self, why: &Arc<str>, now: Instant) -> bool {
        let was_known = self.verdict.state != State::Unknown;
        let since = if was_known { Some(now) } else { self.verdict.since };
        let why = Failure { class: FailureClass::Local, detail: why.clone() };
        (self.life, self.service, self.first_sign) = (Run::default(), Run::default(), Some(now));
        self.suspect = false;
        self.verdict = Verdict { state: State::Unknown, since, why: Some(why) };
        was_known
    }
}

/// When the next probe of a target is due: `confirm` apart while a change of mind is possible, else `interval`.
///
/// Detection is so bounded by `interval + fall x (confirm + timeout)` and not by `fall x interval`.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// Whether the last was a sign of life, and whether it was a pass.
    last: (bool, bool),
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
        let this = (outcome.passed(), matches!(outcome, Outcome::Pass));
        self.run = if self.run > 0 && this == self.last { self.run.saturating_add(1) } else { 1 };
        self.last = this;
        let settled = match outcome {
            Outcome::Pass => thresholds.rise,
            // It may be on its way down from health, or up from death.
            Outcome::Degraded(_) => thresholds.rise.max(thresholds.fall),
            _ => thresholds.fall,
        };
        if self.run >= settled { interval } else { confirm.min(interval) }
    }
}

#[cfg(test)]
mod tests;
