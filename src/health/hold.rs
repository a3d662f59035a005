//! Holds: what an operator decided against the verdicts, why, and until when.
//!
//! A hold is matched by identity, the pool's name and the endpoint's address, and so outlives reloads and restarts. Not
//! here: what an answer makes of it (`steering`), where it is kept (`state`).

use crate::limits::HOLD_REASON_MAX;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

/// What a hold makes of a pool or an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Held {
    /// It serves, whatever probes say.
    Up,
    /// It does not serve, whatever probes say.
    Down,
    /// No new peers: it serves only where nothing else that lives does.
    Drain,
}

impl Held {
    /// All of them with their words.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("up", Self::Up), ("down", Self::Down), ("drain", Self::Drain)];

    /// The word for people and programs.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, held)| *held == self).map_or("", |(word, _)| word)
    }

    /// The hold of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, held)| *held)
    }

    /// Whether it keeps peers away.
    pub fn keeps_away(self) -> bool {
        self != Self::Up
    }
}

/// What is held: a pool, or one of its endpoints in every role.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// The pool's name in the configuration.
    pub pool: String,
    /// The endpoint's address; `None` means the pool.
    pub endpoint: Option<IpAddr>,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.endpoint {
            Some(endpoint) => write!(f, "{}/{endpoint}", self.pool),
            None => f.write_str(&self.pool),
        }
    }
}

impl FromStr for Subject {
    type Err = BadSubject;

    /// Reads `POOL` or `POOL/ADDRESS`.
    fn from_str(text: &str) -> Result<Self, BadSubject> {
        let (pool, endpoint) = match text.split_once('/') {
            Some((pool, address)) => (pool, Some(address.parse().map_err(|_| BadSubject(text.to_owned()))?)),
            None => (text, None),
        };
        // The same characters as the configuration allows: the name stands in URLs.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if pool.is_empty() || !pool.chars().all(plain) {
            return Err(BadSubject(text.to_owned()));
        }
        Ok(Self { pool: pool.to_owned(), endpoint })
    }
}

/// A text that names neither a pool nor an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no pool: write POOL, or POOL/ADDRESS for one endpoint")]
pub struct BadSubject(String);

/// Why something was done and by whom; neither is ever empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grounds {
    /// Why.
    pub reason: String,
    /// Who says so. Nobody proves it yet.
    pub author: String,
}

impl Grounds {
    /// Grounds of a person or program. Every change of state has some.
    ///
    /// # Errors
    /// Where one is empty, longer than `HOLD_REASON_MAX` characters or holds control characters, as line breaks.
    pub fn new(reason: &str, author: &str) -> Result<Self, BadGrounds> {
        let usable = |what, text: &str| match text.trim() {
            "" => Err(BadGrounds::Empty(what)),
            text if text.chars().count() > HOLD_REASON_MAX => Err(BadGrounds::Long(what)),
            text if text.chars().any(char::is_control) => Err(BadGrounds::Control(what)),
            text => Ok(text.to_owned()),
        };
        Ok(Self { reason: usable("reason", reason)?, author: usable("author", author)? })
    }
}

/// Why grounds are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadGrounds {
    /// Nothing is said.
    #[error("the {0} is empty: whoever reads this at night must know why")]
    Empty(&'static str),
    /// Too much is said.
    #[error("the {0} is longer than {max} characters", max = HOLD_REASON_MAX)]
    Long(&'static str),
    /// It would break the line that says it.
    #[error("the {0} holds control characters")]
    Control(&'static str),
}

/// An operator's override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What it makes of its subject.
    pub held: Held,
    /// Why, and who says so.
    pub grounds: Grounds,
    /// When it was made, seconds since 1970.
    pub made: u64,
    /// When it ends by itself; `None` at a release alone.
    pub ends: Option<Instant>,
}

/// The holds on one pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolHolds {
    /// On the whole of it.
    pub pool: Option<Arc<Hold>>,
    /// On its endpoints.
    pub endpoints: Box<[(IpAddr, Arc<Hold>)]>,
}

impl PoolHolds {
    /// What the pool as a whole is held at.
    pub fn held(&self) -> Option<Held> {
        self.pool.as_ref().map(|hold| hold.held)
    }

    /// The hold on an endpoint.
    pub fn endpoint(&self, address: IpAddr) -> Option<&Arc<Hold>> {
        self.endpoints.iter().find(|(held, _)| *held == address).map(|(_, hold)| hold)
    }
}

/// All holds, by what they hold; also those on what the configuration does not have at present.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holds(BTreeMap<Subject, Arc<Hold>>);

impl Holds {
    /// Puts a hold in the place of the one that its subject has.
    pub fn put(&mut self, subject: Subject, hold: Hold) {
        self.0.insert(subject, Arc::new(hold));
    }

    /// Takes a hold away.
    pub fn take(&mut self, subject: &Subject) -> Option<Arc<Hold>> {
        self.0.remove(subject)
    }

    /// The hold on a subject.
    pub fn get(&self, subject: &Subject) -> Option<&Arc<Hold>> {
        self.0.get(subject)
    }

    /// Every hold with its subject, in the order of the subjects.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Subject, &Arc<Hold>)> {
        self.0.iter()
    }

    /// The holds on a pool.
    pub fn of_pool(&self, pool: &str) -> PoolHolds {
        let own = || self.0.iter().filter(|(subject, _)| subject.pool == pool);
        PoolHolds {
            pool: own().find(|(subject, _)| subject.endpoint.is_none()).map(|(_, hold)| hold.clone()),
            endpoints: own().filter_map(|(subject, hold)| Some((subject.endpoint?, hold.clone()))).collect(),
        }
    }

    /// When the next hold ends.
    pub fn next_end(&self) -> Option<Instant> {
        self.0.values().filter_map(|hold| hold.ends).min()
    }

    /// Takes out the holds that have ended by `now`.
    pub fn expire(&mut self, now: Instant) -> Vec<(Subject, Arc<Hold>)> {
        let has_ended = |(_, hold): &(_, Arc<Hold>)| hold.ends.is_some_and(|ends| ends <= now);
        let (ended, stay) = std::mem::take(&mut self.0).into_iter().partition::<Vec<_>, _>(has_ended);
        self.0 = stay.into_iter().collect();
        ended
    }
}

impl FromIterator<(Subject, Hold)> for Holds {
    fn from_iter<I: IntoIterator<Item = (Subject, Hold)>>(holds: I) -> Self {
        Self(holds.into_iter().map(|(subject, hold)| (subject, Arc::new(hold))).collect())
    }
}

#[cfg(test)]
mod tests;
