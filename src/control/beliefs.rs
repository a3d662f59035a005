//! What is believed of every target and pool; pure, time is an argument.
//!
//! Beliefs outlive a reload by identity: a target by its address and check, a pool by its name and its service's name.

use super::NoSuchPool;
use crate::health::{Gate, Judge, Outcome, State, Verdict};
use crate::ids::{ServiceId, TargetId};
use crate::limits::OUTAGE_SETTLES;
use crate::snapshot::Row;
use crate::steering::{self, Basis, Standing};
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
    /// For each order, the pool that its clients were sent to when one was last proven alive.
    last_good: Vec<Option<usize>>,
    outage: Outage,
}

/// The last time that a service had no pool left. Pools that were lost together come back together: none of their clients
/// has settled elsewhere, so those that return soon after the first are preferred at once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Outage {
    began: Option<Instant>,
    ended: Option<Instant>,
}

impl Outage {
    /// The outage after the service was seen at `now` with every pool down, or with one up.
    fn step(self, is_dark: bool, is_light: bool, now: Instant) -> Self {
        match (self.began, self.ended) {
            (_, Some(_)) | (None, None) if is_dark => Self { began: Some(now), ended: None },
            (Some(_), None) if is_light => Self { ended: Some(now), ..self },
            _ => self,
        }
    }

    /// Whether a pool that was lost then and returns now shared the outage.
    fn covers(self, lost: Instant, now: Instant) -> bool {
        let near = |a: Instant, b: Instant| a.max(b) - a.min(b) <= OUTAGE_SETTLES;
        self.began.is_some_and(|began| near(lost, began)) && self.ended.is_none_or(|ended| near(now, ended))
    }
}

impl Memory {
    /// Takes over what an older topology's service remembered of pools of the same name. An order that is new takes the last
    /// good pool of any: it is better than none.
    fn recall(
        &mut self,
        topology: &Topology,
        service: &Service,
        (old, old_service, was): (&Topology, &Service, &Self),
    ) {
        let place_now = |place: usize| {
            let name = &old.pool(old_service.pools[place].pool).name;
            service.pools.iter().position(|pool| topology.pool(pool.pool).name == *name)
        };
        for (place, &gate) in was.gates.iter().enumerate() {
            if let Some(now) = place_now(place) {
                self.gates[now] = gate;
            }
        }
        self.outage = was.outage;
        let label_then = |order: usize| old.order_label(old_service, order);
        let labels: HashMap<String, usize> = (0..was.last_good.len()).map(|order| (label_then(order), order)).collect();
        let any = was.last_good.iter().copied().flatten().next();
        for (order, last_good) in self.last_good.iter_mut().enumerate() {
            let same = labels.get(&topology.order_label(service, order));
            let then = same.and_then(|&order| was.last_good[order]).or(any);
            *last_good = then.and_then(place_now);
        }
    }
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
        let memory = |service: &Service| Memory {
            gates: vec![Gate::In; service.pools.len()],
            last_good: vec![None; service.orders.list().len()],
            outage: Outage::default(),
        };
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
        // A check that merely asks otherwise, as with another first domain, begins with what was believed of the address,
        // unless its old checks contradicted one another.
        let mut by_address: HashMap<_, Vec<&Judge>> = HashMap::new();
        for (spec, id) in &old.ids {
            by_address.entry((spec.address, spec.kind())).or_default().push(&old.judges[id.index()]);
        }
        let agreed = |judges: &Vec<&Judge>| {
            let state = judges[0].verdict().state;
            judges.iter().all(|judge| judge.verdict().state == state).then(|| judges[0].begin_anew())
        };
        for (spec, id) in &self.ids {
            let same = old.ids.get(spec).map(|before| old.judges[before.index()].clone());
            let like = || by_address.get(&(spec.address, spec.kind())).and_then(agreed);
            self.judges[id.index()] = same.or_else(like).unwrap_or_default();
        }
        self.unseen = self.judges.iter().filter(|judge| !judge.has_observed()).count();
        let by_name: HashMap<&str, usize> =
            old.topology.services.iter().enumerate().map(|(i, service)| (service.name.as_str(), i)).collect();
        for (service, memory) in self.topology.services.iter().zip(&mut self.services) {
            if let Some(&before) = by_name.get(service.name.as_str()) {
                let was = (&*old.topology, &old.topology.services[before], &old.services[before]);
                memory.recall(&self.topology, service, was);
            }
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

    /// How many targets were never observed.
    pub fn unseen(&self) -> usize {
        self.unseen
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
                let returns = match (gate, state) {
                    (Gate::Out { since }, State::Up) => memory.outage.covers(*since, now),
                    _ => false,
                };
                let gate = if returns { Gate::In } else { gate.step(state, now, service.failback) };
                Standing { state, gate, endpoints }
            })
            .collect();
        let is = |state| move |standing: &Standing| standing.state == state;
        memory.outage =
            memory.outage.step(standings.iter().all(is(State::Down)), standings.iter().any(is(State::Up)), now);
        // With no preferred pool up, partners go to a waiting one. They are there then: its wait has lost its meaning, and
        // going on with it would send them away once more.
        if !standings.iter().any(|s| s.state == State::Up && s.gate == Gate::In) {
            standings.iter_mut().filter(|s| s.state == State::Up).for_each(|s| s.gate = s.gate.release());
        }
        memory.gates = standings.iter().map(|standing| standing.gate).collect();
        self.ripening.extend(memory.gates.iter().filter_map(|gate| gate.ripe_at(service.failback)).map(|at| (at, id)));
        let row = Row::render(service, standings, &memory.last_good);
        for (last_good, choice) in memory.last_good.iter_mut().zip(row.choices()) {
            if choice.basis == Basis::Proven {
                *last_good = choice.picks.first().map(|pick| pick.pool);
            }
        }
        row
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
