//! Damping of one pool that flaps, with memory: each loss adds to a penalty that decays, as RFC 2439 does with routes.

use crate::limits::FOREVER;
use std::time::{Duration, Instant};

/// How pools that flap are damped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damping {
    /// In which time a penalty halves. Default 5 min.
    pub half_life: Duration,
    /// Above so many losses a pool is damped. Default 3.
    pub suppress: u32,
    /// Below so many it is preferred again; at least 1, and no more than `suppress`. Default 1.
    pub reuse: u32,
    /// How long after its last loss a pool is damped at most. Default 30 min.
    pub longest: Duration,
}

impl Default for Damping {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self { half_life: minutes(5), suppress: 3, reuse: 1, longest: minutes(30) }
    }
}

/// The losses that a pool is remembered for.
///
/// | penalty | loss | time |
/// |---|---|---|
/// | up to `suppress` | one more | halves in each `half_life` |
/// | above `suppress` | damped | not damped once it is below `reuse`, or `longest` after the last loss |
///
/// A damped pool still serves where no other does; that is for `steering`.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Damp {
    /// As it was at the last loss.
    penalty: f64,
    /// The last loss.
    lost: Option<Instant>,
    damped: bool,
}

impl Damp {
    /// A damp as it was remembered: the penalty of the last loss in thousandths.
    pub fn recalled(thousandths: u32, lost: Instant, damped: bool) -> Self {
        Self { penalty: f64::from(thousandths) / 1000.0, lost: Some(lost), damped }
    }

    /// The penalty of the last loss in thousandths, when that was, and whether the pool is damped; `None` where nothing is remembered.
    pub fn told(self) -> Option<(u32, Instant, bool)> {
        Some(((self.penalty * 1000.0) as u32, self.lost?, self.damped))
    }

    /// What is left of the penalty.
    pub fn penalty(self, now: Instant, by: &Damping) -> f64 {
        let age = self.lost.map_or(Duration::ZERO, |lost| now.saturating_duration_since(lost));
        self.penalty * (-age.as_secs_f64() / by.half_life.as_secs_f64()).exp2()
    }

    /// The pool is lost at `now`.
    #[must_use]
    pub fn lose(self, now: Instant, by: &Damping) -> Self {
        // More than it takes for the longest time would only be forgotten later.
        let most = (f64::from(by.reuse) * (by.longest.as_secs_f64() / by.half_life.as_secs_f64()).exp2())
            .max(f64::from(by.suppress) + 1.0);
        let penalty = (self.penalty(now, by) + 1.0).min(most);
        Self { penalty, lost: Some(now), damped: self.is_damped(now, Some(by)) || penalty > f64::from(by.suppress) }
    }

    /// When it ends to be damped; `None` where it is not.
    pub fn until(self, by: &Damping) -> Option<Instant> {
        let halves = (self.penalty / f64::from(by.reuse)).log2().max(0.0);
        let decay = by.half_life.as_secs_f64() * halves;
        let longest = by.longest.min(FOREVER);
        let wait = Duration::try_from_secs_f64(decay).unwrap_or(longest).min(longest);
        self.lost.filter(|_| self.damped).map(|lost| lost + wait)
    }

    /// Whether it is damped at `now`; never where nothing is.
    pub fn is_damped(self, now: Instant, by: Option<&Damping>) -> bool {
        by.and_then(|by| self.until(by)).is_some_and(|until| now < until)
    }

    /// The damp at `now`: what has ended stays ended.
    #[must_use]
    pub fn settle(self, now: Instant, by: Option<&Damping>) -> Self {
        Self { damped: self.is_damped(now, by), ..self }
    }
}

#[cfg(test)]
mod tests;
