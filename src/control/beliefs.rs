//! What is believed of every target and pool; pure, time is an argument.
//!
//! Beliefs outlive a reload by identity: a target by its address and check, a pool by its name and its service's name.

use super::NoSuchPool;
use crate::health::{Gate, Judge, Outcome, State, Verdict};
use crate::ids::{ServiceId, TargetId};
use crate::snapshot::Row;
use crate::steering::{self, Standing};
use crate::topology::{Service, TargetSpec, Topology};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

/// Verdicts of targets, gates of pools, and when time alone will change one.
#[derive(Debug)]
pub struct Beliefs {
    topology: Arc<Topology>,
    ids: HashMap<Arc<TargetSpec>, TargetId>,
    judges: Vec<Judge>,
    unseen: usize,
    services: Vec<Memory>,
    ripening: BTreeSet<(Instant, ServiceId)>,
}

/// What a service remembers of its pools.
#[derive(Clone, Debug, Default, PartialEq)]
struct Memory {
    gates: Vec<Gate>,
    last_good: Option<usize>,
}

/// A verdict that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Whose.
    pub target: TargetId,
    /// To what.
    pub verdict: Verdict,
    /// When the first of the outcomes that decided was seen.
    pub first_sign: Instant,
}

impl Beliefs {
    /// Nothing is known of anything.
    pub fn new(topology: Arc<Topology>) -> Self {
        let memory = |service: &Service| Memory { gates: vec![Gate::In; service.pools.len()], last_good: None };
        Self {
            ids: topology.targets.iter().enumerate().map(|(i, spec)| (spec.clone(), TargetId::at(i))).collect(),
            judges: vec![Judge::default(); topology.targets.len()],
            unseen: topology.targets.len(),
            services: topology.services.iter().map(memory).collect(),
            ripening: BTreeSet::new(),
            topology,
        }
    }

    /// What they are about.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Moves what is known onto another topology; what that does not have is forgotten.
    pub fn reseat(&mut self, topology: Arc<Topology>) {
        let old = std::mem::replace(self, Self::new(topology));
        for (spec, id) in &self.ids {
            if let Some(before) = old.ids.get(spec) {
                self.judges[id.index()] = old.judges[before.index()].clone();
            }
        }
        self.unseen = self.judges.iter().filter(|judge| !judge.has_observed()).count();
        let pools = |topology: &Topology, service: &Service| -> Vec<String> {
            service.pools.iter().map(|p| topology.pool(p.pool).name.clone()).collect()
        };
        let by_name: HashMap<&str, usize> =
            old.topology.services.iter().enumerate().map(|(i, service)| (service.name.as_str(), i)).collect();
        for (service, memory) in self.topology.services.iter().zip(&mut self.services) {
            let Some(&before) = by_name.get(service.name.as_str()) else { continue };
            let old_pools = pools(&old.topology, &old.topology.services[before]);
            let now_pools = pools(&self.topology, service);
            let remembered = &old.services[before];
            for (gate, name) in memory.gates.iter_mut().zip(&now_pools) {
                if let Some(place) = old_pools.iter().position(|old| old == name) {
                    *gate = remembered.gates[place];
                }
            }
            let last_good = remembered.last_good.map(|place| &old_pools[place]);
            memory.last_good = last_good.and_then(|name| now_pools.iter().position(|now| now == name));
        }
    }

    /// Takes one outcome that ended at `now`; tells a change of verdict. A target of an older topology is ignored.
    pub fn observe(&mut self, spec: &Arc<TargetSpec>, outcome: &Outcome, now: Instant) -> Option<Change> {
        let &target = self.ids.get(spec)?;
        let judge = &mut self.judges[target.index()];
        let was_unseen = !judge.has_observed();
        let changed = judge.observe(outcome, now, spec.thresholds);
        self.unseen -= usize::from(was_unseen && judge.has_observed());
        changed.then(|| Change {
            target,
            verdict: judge.verdict().clone(),
            first_sign: judge.first_sign().unwrap_or(now),
        })
    }

    /// Whether every target was observed at least once.
    pub fn first_round_done(&self) -> bool {
        self.unseen == 0
    }

    /// The row of a service as it must be at `now`.
    pub fn render(&mut self, id: ServiceId, now: Instant) -> Row {
        let service = self.topology.service(id);
        let memory = &mut self.services[id.index()];
        let verdict = |target: TargetId| self.judges[target.index()].verdict().state;
        let mut standings: Box<[Standing]> = service
            .pools
            .iter()
            .zip(&memory.gates)
            .map(|(pool, gate)| {
                let (state, endpoints) = steering::pool_state(pool, verdict);
                if let Some(ripe) = gate.ripe_at(service.failback) {
                    self.ripening.remove(&(ripe, id));
                }
                Standing { state, gate: gate.step(state, now, service.failback), endpoints }
            })
            .collect();
        // With no preferred pool up, partners go to a waiting one. They are there then: its wait has lost its meaning, and
        // going on with it would send them away once more.
        if !standings.iter().any(|s| s.state == State::Up && s.gate == Gate::In) {
            standings.iter_mut().filter(|s| s.state == State::Up).for_each(|s| s.gate = s.gate.release());
        }
        memory.gates = standings.iter().map(|standing| standing.gate).collect();
        self.ripening.extend(memory.gates.iter().filter_map(|gate| gate.ripe_at(service.failback)).map(|at| (at, id)));
        let up = standings.iter().position(|standing| standing.state == State::Up);
        memory.last_good = up.or(memory.last_good);
        Row::render(service, standings, memory.last_good)
    }

    /// Every row, in the order of the services.
    pub fn render_all(&mut self, now: Instant) -> Vec<Row> {
        (0..self.services.len()).map(|i| self.render(ServiceId::at(i), now)).collect()
    }

    /// When time alone will next change a gate.
    pub fn next_ripe(&self) -> Option<Instant> {
        self.ripening.first().map(|&(at, _)| at)
    }

    /// Takes out the services whose gates time has changed by `now`; they want rendering.
    pub fn ripe(&mut self, now: Instant) -> BTreeSet<ServiceId> {
        let mut ripe = BTreeSet::new();
        while let Some(&(at, service)) = self.ripening.first().filter(|(at, _)| *at <= now) {
            self.ripening.remove(&(at, service));
            ripe.insert(service);
        }
        ripe
    }

    /// Ends a pool's wait in every service; returns the services in which it waited, which want rendering.
    ///
    /// # Errors
    /// Where there is no such pool.
    pub fn release(&mut self, pool: &str) -> Result<BTreeSet<ServiceId>, NoSuchPool> {
        if !self.topology.pools.iter().any(|p| p.name == pool) {
            return Err(NoSuchPool(pool.to_owned()));
        }
        let mut released = BTreeSet::new();
        for (i, (service, memory)) in self.topology.services.iter().zip(&mut self.services).enumerate() {
            for (place, gate) in service.pools.iter().zip(&mut memory.gates) {
                if self.topology.pool(place.pool).name != pool || gate.release() == *gate {
                    continue;
                }
                if let Some(ripe) = gate.ripe_at(service.failback) {
                    self.ripening.remove(&(ripe, ServiceId::at(i)));
                }
                *gate = gate.release();
                released.insert(ServiceId::at(i));
            }
        }
        Ok(released)
    }
}

#[cfg(test)]
mod tests;
