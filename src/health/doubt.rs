//! Doubt of oneself: whether what is seen says more of us than of what is looked at.

use crate::limits::{DOUBT_ALIKE_MAX, DOUBT_REFERENCES_MAX};
use std::time::{Duration, Instant};

/// What makes us doubt ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// Third parties do not answer, nor does most of what we probe: our own uplink.
    References,
    /// Pools that have nothing to do with one another fail as one.
    Alike,
}

impl Suspicion {
    /// The words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::References => "no reference answers, nor do most pools: our own uplink seems to be lost",
            Self::Alike => "most pools fail at once, which is more likely our own fault than theirs",
        }
    }

    /// How long the doubt lasts at most. What seems to be our fault may be an outage of all that is real; with proof of ours, we
    /// may take longer.
    fn longest(self) -> Duration {
        match self {
            Self::References => DOUBT_REFERENCES_MAX,
            Self::Alike => DOUBT_ALIKE_MAX,
        }
    }
}

/// Whether we doubt ourselves.
///
/// | doubt | suspicion | no suspicion | longest time |
/// |---|---|---|---|
/// | Clear | In | Clear | |
/// | In | In | Clear | Spent |
/// | Spent | Spent | Clear | |
///
/// A doubt that is spent does not come again by itself: what was taken for our fault lasts so long that it is judged as what it
/// seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Doubt {
    /// What is seen is believed.
    #[default]
    Clear,
    /// Verdicts stay as they are.
    In {
        /// Why.
        why: Suspicion,
        /// Since when.
        since: Instant,
    },
    /// What is seen is believed, although it is still suspicious.
    Spent {
        /// When the doubt began.
        since: Instant,
    },
}

impl Doubt {
    /// The doubt after what is suspicious at `now`.
    pub fn step(self, suspicion: Option<Suspicion>, now: Instant) -> Self {
        match (self, suspicion) {
            (_, None) => Self::Clear,
            (Self::Clear, Some(why)) => Self::In { why, since: now },
            (Self::In { since, .. }, Some(_)) if self.ends_at().is_some_and(|end| now >= end) => Self::Spent { since },
            (same, Some(_)) => same,
        }
    }

    /// When it ends by itself.
    pub fn ends_at(self) -> Option<Instant> {
        match self {
            Self::In { why, since } => Some(since + why.longest()),
            _ => None,
        }
    }

    /// Why verdicts stay as they are; `None` where they do not.
    pub fn why(self) -> Option<Suspicion> {
        match self {
            Self::In { why, .. } => Some(why),
            _ => None,
        }
    }

    /// When it began, also that which is spent.
    pub fn since(self) -> Option<Instant> {
        match self {
            Self::Clear => None,
            Self::In { since, .. } | Self::Spent { since } => Some(since),
        }
    }
}

#[cfg(test)]
mod tests;
