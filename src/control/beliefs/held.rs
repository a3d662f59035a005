//! Holds as they touch beliefs: which services a hold concerns, what it would leave of them, what its end does.

use super::Beliefs;
use crate::control::Report;
use crate::health::{Damp, Gate, Hold, Holds, Judge, Moment, PoolHolds, State, Subject};
use crate::ids::ServiceId;
use crate::topology::{Face, Service, ServicePool, TargetSpec};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// A command named what the configuration does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchSubject {
    /// No such pool.
    #[error("there is no pool \"{0}\"")]
    Pool(String),
    /// The pool has no such endpoint.
    #[error("the pool \"{}\" has no endpoint {}", .0.pool, .0.endpoint.map_or_else(String::new, |e| e.to_string()))]
    Endpoint(Subject),
}

/// The service that would be left with the fewest active pools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its name.
    pub service: String,
    /// How many of its pools would be active.
    pub active: usize,
}

impl Beliefs {
    /// All holds.
    pub fn holds(&self) -> &Holds {
        &self.holds
    }

    /// Puts other holds in the place of all.
    pub fn set_holds(&mut self, holds: Holds) {
        self.holds = holds;
        self.index_holds();
    }

    fn index_holds(&mut self) {
        self.pool_holds = self.topology.pools.iter().map(|pool| self.holds.of_pool(&pool.name)).collect();
    }

    /// Whether the configuration has it.
    ///
    /// # Errors
    /// What it lacks.
    pub fn find(&self, subject: &Subject) -> Result<(), NoSuchSubject> {
        let Some(pool) = self.topology.pools.iter().position(|pool| pool.name == subject.pool) else {
            return Err(NoSuchSubject::Pool(subject.pool.clone()));
        };
        let has = |address| {
            let pools = self.topology.services.iter().flat_map(|service| &service.pools);
            pools.filter(|p| p.pool.index() == pool).flat_map(|p| &p.endpoints).any(|e| e.address == address)
        };
        match subject.endpoint {
            Some(address) if !has(address) => Err(NoSuchSubject::Endpoint(subject.clone())),
            _ => Ok(()),
        }
    }

    /// Holds a subject; returns the services that want rendering.
    pub fn hold(&mut self, subject: Subject, hold: Hold) -> BTreeSet<ServiceId> {
        let services = self.using(&subject.pool);
        self.holds.put(subject, hold);
        self.index_holds();
        services
    }

    /// Takes a hold away and lets the pool be preferred again at once, whatever it waited for; returns the hold, and the
    /// services that want rendering because something was taken away there.
    pub fn release(&mut self, subject: &Subject) -> (Option<Arc<Hold>>, BTreeSet<ServiceId>) {
        let hold = self.holds.take(subject);
        self.index_holds();
        let mut services = if hold.is_some() { self.using(&subject.pool) } else { BTreeSet::new() };
        if subject.endpoint.is_some() {
            return (hold, services);
        }
        let damping = self.topology.damping.as_ref();
        for (i, (service, memory)) in self.topology.services.iter().zip(&mut self.services).enumerate() {
            let id = ServiceId::at(i);
            for at in memory.ripe_at(service, damping) {
                self.ripening.remove(&(at, id));
            }
            // What a group remembers, its first service does.
            for ((place, gate), damp) in service.pools.iter().zip(&mut memory.gates).zip(&mut memory.damps) {
                // A pool that is lost and was not held comes back by its failback.
                let freed = if hold.is_some() { Gate::In } else { gate.release() };
                let is_meant = self.topology.pool(place.pool).name == subject.pool;
                if !is_meant || freed == *gate && damp.told().is_none_or(|(.., damped)| !damped) {
                    continue;
                }
                // An operator knows that it is over.
                (*gate, *damp) = (freed, Damp::default());
                services.extend(self.topology.steered_as_one(id));
            }
            self.ripening.extend(memory.ripe_at(service, damping).map(|at| (at, id)));
        }
        (hold, services)
    }

    /// Takes out the holds that have ended by `now`, and the services that want rendering. A pool whose hold ends by itself
    /// comes back as a lost pool does: by its failback.
    pub fn expire(&mut self, now: Instant) -> (Vec<(Subject, Arc<Hold>)>, BTreeSet<ServiceId>) {
        let ended = self.holds.expire(now);
        if ended.is_empty() {
            return (ended, BTreeSet::new());
        }
        self.index_holds();
        let services = ended.iter().flat_map(|(subject, _)| self.using(&subject.pool)).collect();
        (ended, services)
    }

    /// Where a hold, or the end of one, would leave fewer active pools than it found: the service with the fewest. Active is what
    /// partners may be sent to: not down, and not held away.
    pub fn would_leave(&self, subject: &Subject, hold: Option<&Hold>) -> Option<Left> {
        let mut holds = self.holds.clone();
        match hold {
            Some(hold) => holds.put(subject.clone(), hold.clone()),
            None => drop(holds.take(subject)),
        }
        let supposed = holds.of_pool(&subject.pool);
        let configured = |id: &ServiceId| self.topology.service(*id).face == Face::Configured;
        let loss = |id: ServiceId| {
            let active = self.active(id, subject, &supposed);
            let now = self.active(id, subject, &self.holds.of_pool(&subject.pool));
            (active < now).then(|| Left { service: self.topology.service(id).name.clone(), active })
        };
        self.using(&subject.pool).into_iter().filter(configured).filter_map(loss).min_by_key(|left| left.active)
    }

    /// How many of a service's pools are active if the subject's pool is held so.
    fn active(&self, id: ServiceId, subject: &Subject, supposed: &PoolHolds) -> usize {
        let is_active = |(place, pool): &(usize, &ServicePool)| {
            let is_meant = self.topology.pool(pool.pool).name == subject.pool;
            let holds = if is_meant { supposed } else { &self.pool_holds[pool.pool.index()] };
            let state = self.joint(id, *place, holds).state;
            state != State::Down && !holds.held().is_some_and(|held| held.keeps_away())
        };
        self.topology.service(id).pools.iter().enumerate().filter(is_active).count()
    }

    /// Every verdict and every hold; how far what is held has left the answers is not known here.
    pub fn report(&self, now: Moment) -> Report {
        let target = |(spec, judge): (&Arc<TargetSpec>, &Judge)| {
            let verdict = judge.verdict().clone();
            let since = verdict.since.map(|since| now.unix_of(since));
            (spec.clone(), verdict, since)
        };
        let end = |hold: &Hold| hold.ends.map(|ends| now.unix_of(ends));
        Report {
            lingers: Vec::new(),
            targets: self.topology.targets.iter().zip(&self.judges).map(target).collect(),
            holds: self.holds.iter().map(|(subject, hold)| (subject.clone(), hold.clone(), end(hold))).collect(),
        }
    }

    /// The services with this pool, its own name included.
    fn using(&self, pool: &str) -> BTreeSet<ServiceId> {
        let uses = |service: &Service| service.pools.iter().any(|p| self.topology.pool(p.pool).name == pool);
        let services = self.topology.services.iter().enumerate().filter(|(_, service)| uses(service));
        services.map(|(i, _)| ServiceId::at(i)).collect()
    }
}

#[cfg(test)]
mod tests;
