//! Until when resolvers may keep answers that name what is no longer told; pure, time is an argument.
//!
//! Whoever drains a pool waits for the last such answer to expire. It was given at the latest when the change was published, and
//! lives for its TTL from then. What holds make of pools is not here (`beliefs`).

use crate::health::{Holds, Moment, Subject};
use crate::ids::{PoolId, ServiceId};
use crate::snapshot::{Row, Snapshot};
use crate::steering::{Choice, Pick};
use crate::topology::{Face, Service, Topology};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

/// How far a pool or an endpoint has left the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lingers {
    /// Some clients are still told of it: nothing else is live.
    Named,
    /// Nobody is told of it any more; the last answer that named it expires then.
    Until(Instant),
    /// No answer that named it is left.
    Gone,
}

/// What answers of the past still name.
#[derive(Debug, Default)]
pub(super) struct Linger {
    /// When the last answer that named it expires, of what was told and then was not.
    until: HashMap<Subject, Instant>,
    /// What an operator keeps away and waits for; `None` while it is still told.
    awaited: BTreeMap<Subject, Option<Instant>>,
}

impl Linger {
    /// What a process begins with that publishes this snapshot first: the one before it may have told of anything until now. Holds that
    /// are older than what it told are no longer awaited.
    pub(super) fn begin(snapshot: &Snapshot, holds: &Holds, now: Moment) -> Self {
        let mut linger = Self::default();
        for (subject, hold) in holds.iter().filter(|(_, hold)| hold.held.keeps_away()) {
            let Some(ttl) = longest_ttl(&snapshot.topology, subject) else { continue };
            if now.age(hold.made) < ttl {
                now.at.checked_add(ttl).into_iter().for_each(|until| linger.lingers_until(subject, until));
            }
            linger.await_leave(snapshot, subject, now.at);
        }
        linger
    }

    /// A service says at `now` something else than before. `snapshot` is the new truth.
    pub(super) fn changed(&mut self, snapshot: &Snapshot, service: &Service, (old, new): (&Row, &Row), now: Instant) {
        let Some(until) = expiry(service, now) else { return };
        let mut left = BTreeSet::new();
        let (all, trials) = (old.choices().zip(new.choices()), old.trials().zip(new.trials()));
        for (old, new) in all.chain(trials).filter(|(old, new)| old.picks != new.picks) {
            left.extend(parts(old).filter(|part| !parts(new).any(|stays| stays == *part)));
        }
        for subject in left.into_iter().map(|part| subject(&snapshot.topology, service, part)) {
            self.lingers_until(&subject, until);
            if self.awaited.contains_key(&subject) && !is_named(snapshot, &subject) {
                self.awaited.insert(subject.clone(), self.until.get(&subject).copied());
            }
        }
    }

    /// Another topology takes the place of this snapshot's: all that it says may be kept for as long as it says.
    pub(super) fn replaced(&mut self, before: &Snapshot, now: Instant) {
        self.until.retain(|_, until| *until > now);
        let services = before.topology.services.iter().enumerate();
        for (i, service) in services.filter(|(_, service)| service.face == Face::Configured) {
            let Some(until) = expiry(service, now) else { continue };
            let row = before.row(ServiceId::at(i));
            let told: BTreeSet<Part> = row.choices().chain(row.trials()).flat_map(parts).collect();
            told.into_iter().for_each(|part| self.lingers_until(&subject(&before.topology, service, part), until));
        }
    }

    /// Another topology is published: what is awaited and was told until now may have left with the one before.
    pub(super) fn revise(&mut self, snapshot: &Snapshot, now: Instant) {
        let told = self.awaited.iter().filter(|(_, until)| until.is_none());
        for subject in told.map(|(subject, _)| subject.clone()).collect::<Vec<_>>() {
            self.await_leave(snapshot, &subject, now);
        }
    }

    /// An operator keeps a subject away: says how far it has left the answers at `now`, and remembers to say when it has.
    pub(super) fn await_leave(&mut self, snapshot: &Snapshot, subject: &Subject, now: Instant) -> Lingers {
        let lingers = self.of(snapshot, subject, now);
        match lingers {
            Lingers::Named => self.awaited.insert(subject.clone(), None),
            Lingers::Until(until) => self.awaited.insert(subject.clone(), Some(until)),
            Lingers::Gone => self.awaited.remove(subject),
        };
        lingers
    }

    /// It is kept away no longer.
    pub(super) fn forget(&mut self, subject: &Subject) {
        self.awaited.remove(subject);
    }

    /// How far a subject has left the answers.
    pub(super) fn of(&self, snapshot: &Snapshot, subject: &Subject, now: Instant) -> Lingers {
        match self.until.get(subject).filter(|until| **until > now) {
            _ if is_named(snapshot, subject) => Lingers::Named,
            Some(&until) => Lingers::Until(until),
            None => Lingers::Gone,
        }
    }

    /// How far each subject that is held away has left the answers, for people.
    pub(super) fn of_all(&self, snapshot: &Snapshot, holds: &Holds, now: Moment) -> Vec<(Subject, Lingers)> {
        let away = holds.iter().filter(|(_, hold)| hold.held.keeps_away());
        away.map(|(subject, _)| (subject.clone(), self.of(snapshot, subject, now.at))).collect()
    }

    /// When the next subject that is awaited will have left.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.awaited.values().copied().flatten().min()
    }

    /// Takes out the awaited subjects of which no answer is left at `now`.
    pub(super) fn due(&mut self, snapshot: &Snapshot, now: Instant) -> Vec<Subject> {
        let is_due = |until: &Option<Instant>| until.is_some_and(|until| until <= now);
        let due: Vec<Subject> =
            self.awaited.iter().filter(|(_, until)| is_due(until)).map(|(s, _)| s.clone()).collect();
        let mut left = Vec::new();
        for subject in due {
            // It may have been told again meanwhile, and may have been left once more since.
            if self.await_leave(snapshot, &subject, now) == Lingers::Gone {
                left.push(subject);
            }
        }
        left
    }

    fn lingers_until(&mut self, subject: &Subject, until: Instant) {
        match self.until.get_mut(subject) {
            Some(known) => *known = until.max(*known),
            None => drop(self.until.insert(subject.clone(), until)),
        }
    }
}

/// When what a service says at `now` expires; nothing for pools' own names, which follow what names them.
fn expiry(service: &Service, now: Instant) -> Option<Instant> {
    (service.face == Face::Configured).then(|| now.checked_add(Duration::from_secs(service.ttl.into()))).flatten()
}

/// A pool by its place in a service, and one of its endpoints or the whole.
type Part = (usize, Option<usize>);

/// The pools and endpoints that a choice names.
fn parts(choice: &Choice) -> impl Iterator<Item = Part> + '_ {
    let endpoints =
        |pick: &Pick| pick.endpoints.iter().map(|&endpoint| Some(endpoint)).chain([None]).collect::<Vec<_>>();
    choice.picks.iter().flat_map(move |pick| endpoints(pick).into_iter().map(|endpoint| (pick.pool, endpoint)))
}

fn subject(topology: &Topology, service: &Service, (place, endpoint): Part) -> Subject {
    let place = &service.pools[place];
    let endpoint = endpoint.map(|endpoint| place.endpoints[endpoint].address);
    Subject { pool: topology.pool(place.pool).name.clone(), endpoint }
}

/// Whether some client is told of a subject.
fn is_named(snapshot: &Snapshot, subject: &Subject) -> bool {
    let pool = snapshot.topology.pools.iter().position(|pool| pool.name == subject.pool);
    pool.is_some_and(|pool| snapshot.is_named(PoolId::at(pool), subject.endpoint))
}

/// The longest TTL with which answers name a subject's pool.
fn longest_ttl(topology: &Topology, subject: &Subject) -> Option<Duration> {
    let has = |service: &&Service| service.pools.iter().any(|place| topology.pool(place.pool).name == subject.pool);
    let configured = topology.services.iter().filter(|service| service.face == Face::Configured);
    configured.filter(has).map(|service| Duration::from_secs(service.ttl.into())).max()
}

#[cfg(test)]
mod tests;
