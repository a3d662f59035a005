//! What is believed of every target and pool; pure, time is an argument.
//!
//! Here: verdicts and how they become rows. In rooms of their own: what a service remembers (`memory`), of whom flaps (`damp`), who is tried (`canary`), of groups (`joint`), an operator's
//! overrides (`held`), what outlives a restart (`past`), what people are told was seen (`history`), and whether any of it is credible
//! (`witness`). Beliefs outlive a reload by identity: a target by its address and
//! check, a pool by its name and its service's name.

use crate::health::{Gate, Held, Holds, Judge, Outcome, PoolHolds, State, Suspicion, Verdict};
use crate::ids::{ServiceId, TargetId};
use crate::snapshot::Row;
use crate::steering::{Basis, Standing};
use crate::topology::{Face, ServicePool, TargetSpec, Topology};
use history::History;
use joint::Joint;
use memory::{Memory, Outage};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;
use witness::Witness;

mod canary;
mod damp;
mod held;
mod history;
mod joint;
mod memory;
mod past;
mod witness;

pub use canary::{Step, Trial};
pub use damp::Flap;
pub use held::{Left, NoSuchSubject};
pub use history::Seen;

/// Verdicts of targets, gates of pools, and when time alone will change one.
#[derive(Debug)]
pub struct Beliefs {
    topology: Arc<Topology>,
    ids: HashMap<Arc<TargetSpec>, TargetId>,
    judges: Vec<Judge>,
    histories: Vec<History>,
    unseen: usize,
    witness: Witness,
    /// The last time that we doubted ourselves.
    doubted: Outage,
    is_doubting: bool,
    /// What began or ended to be damped and was not told yet.
    flaps: Vec<Flap>,
    /// Whose canary began or ended and was not told yet.
    trials: Vec<Trial>,
    /// Targets that began or ended to be suspect, and whose services were not rendered yet.
    suspicions: BTreeSet<TargetId>,
    /// Of a group the first service's is that of all.
    services: Vec<Memory>,
    ripening: BTreeSet<(Instant, ServiceId)>,
    holds: Holds,
    /// The same by pool of the topology.
    pool_holds: Vec<PoolHolds>,
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
        Self {
            ids: topology.targets.iter().enumerate().map(|(i, spec)| (spec.clone(), TargetId::at(i))).collect(),
            judges: vec![Judge::default(); topology.targets.len()],
            histories: vec![History::default(); topology.targets.len()],
            unseen: topology.targets.len(),
            witness: Witness::new(&topology),
            doubted: Outage::default(),
            is_doubting: false,
            flaps: Vec::new(),
            trials: Vec::new(),
            suspicions: BTreeSet::new(),
            services: topology.services.iter().map(Memory::of).collect(),
            ripening: BTreeSet::new(),
            holds: Holds::default(),
            pool_holds: vec![PoolHolds::default(); topology.pools.len()],
            topology,
        }
    }

    /// What they are about.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Moves what is known onto another topology; what that does not have is forgotten.
    pub fn reseat(&mut self, topology: Arc<Topology>) {
        let mut old = std::mem::replace(self, Self::new(topology));
        self.set_holds(std::mem::take(&mut old.holds));
        // A check that merely asks otherwise, as with another first domain, begins with what was believed of the address,
        // unless its old checks contradicted one another.
        let mut by_address: HashMap<_, Vec<TargetId>> = HashMap::new();
        for (i, spec) in old.topology.targets.iter().enumerate() {
            by_address.entry((spec.address, spec.kind())).or_default().push(TargetId::at(i));
        }
        let agreed = |ids: &Vec<TargetId>| {
            let state = |id: &TargetId| old.judges[id.index()].verdict().state;
            ids.iter().all(|id| state(id) == state(&ids[0])).then_some(ids[0])
        };
        let mut kin = Vec::new();
        for (i, spec) in self.topology.targets.iter().enumerate() {
            let same = old.ids.get(spec).copied();
            let like = || by_address.get(&(spec.address, spec.kind())).and_then(agreed);
            let Some(was) = same.or_else(like) else { continue };
            kin.push((was, TargetId::at(i)));
            let judge = &old.judges[was.index()];
            self.judges[i] = if same.is_some() { judge.clone() } else { judge.begin_anew() };
            if same.is_some() {
                self.histories[i] = std::mem::take(&mut old.histories[was.index()]);
            }
        }
        self.witness.take_over(&old.witness, kin);
        (self.doubted, self.is_doubting) = (old.doubted, old.is_doubting);
        self.unseen = self.judges.iter().filter(|judge| !judge.is_informed()).count();
        let by_name: HashMap<&str, usize> =
            old.topology.services.iter().enumerate().map(|(i, service)| (service.name.as_str(), i)).collect();
        for (i, service) in self.topology.services.iter().enumerate() {
            if let Some(&before) = by_name.get(service.name.as_str()) {
                let was = (&*old.topology, &old.topology.services[before], old.memory(ServiceId::at(before)));
                let lead = self.topology.lead(ServiceId::at(i));
                self.services[lead.index()].take_over(&self.topology, service, was);
            }
        }
    }

    /// Takes one outcome that ended at `now`; tells a change of verdict. A target of an older topology is ignored. While we doubt
    /// ourselves there is no change.
    pub fn observe(&mut self, spec: &Arc<TargetSpec>, outcome: &Outcome, now: Instant) -> Option<Change> {
        self.witness.refer(spec, outcome, now);
        let Some(&target) = self.ids.get(spec) else {
            self.doubt_or_not(now);
            return None;
        };
        let is_alive = self.judges[target.index()].verdict().state.is_alive();
        self.witness.see(target, outcome, is_alive, now);
        self.doubt_or_not(now);
        let judge = &mut self.judges[target.index()];
        if self.witness.doubt().why().is_some() {
            let was_unseen = !judge.is_informed();
            judge.overlook(outcome);
            self.unseen -= usize::from(was_unseen && judge.is_informed());
            return None;
        }
        let (was_unseen, was_suspect) = (!judge.is_informed(), judge.is_suspect());
        let changed = judge.observe(outcome, now, spec.thresholds);
        if judge.is_suspect() != was_suspect {
            self.suspicions.insert(target);
        }
        self.unseen -= usize::from(was_unseen && judge.is_informed());
        changed.then(|| Change {
            target,
            verdict: judge.verdict().clone(),
            first_sign: judge.first_sign().unwrap_or(now),
        })
    }

    /// Takes out the targets that began or ended to be suspect since this was asked last: their services want rendering.
    pub fn take_suspicions(&mut self) -> BTreeSet<TargetId> {
        std::mem::take(&mut self.suspicions)
    }

    /// Why verdicts stay as they are; `None` while what is seen is believed.
    pub fn doubt(&self) -> Option<Suspicion> {
        self.witness.doubt().why()
    }

    /// Follows the witness. What was seen before a doubt or in it counts no more: nothing is applied late, all is judged anew.
    fn doubt_or_not(&mut self, now: Instant) {
        let (is, was) = (self.witness.doubt().why().is_some(), self.is_doubting);
        if is != was {
            self.is_doubting = is;
            self.doubted = self.doubted.step(is, !is, now);
            for (i, judge) in self.judges.iter_mut().enumerate() {
                if judge.is_suspect() {
                    self.suspicions.insert(TargetId::at(i));
                }
                judge.drop_evidence();
            }
        }
    }

    /// How many targets were never observed.
    pub fn unseen(&self) -> usize {
        self.unseen
    }

    /// The row of a service as it must be at `now`.
    pub fn render(&mut self, id: ServiceId, now: Instant) -> Row {
        self.render_after(id, |_| false, now)
    }

    /// The same after a row in which clients are kept at the pools, places in the service, of which `keeps` is true.
    pub fn render_after(&mut self, id: ServiceId, keeps: impl Fn(usize) -> bool, now: Instant) -> Row {
        let mut standings = self.standings(id, now);
        let (service, lead) = (self.topology.service(id), self.topology.lead(id));
        let memory = &mut self.services[lead.index()];
        let damping = self.topology.damping.as_ref();
        for ripe in memory.ripe_at(service, damping) {
            self.ripening.remove(&(ripe, lead));
        }
        if let (Some(by), Face::Configured) = (damping, service.face) {
            self.flaps.extend(damp::follow(&self.topology, service, memory, &mut standings, now, by));
        }
        let is_dark = standings.iter().all(|standing| standing.state == State::Down);
        memory.outage = memory.outage.step(is_dark, standings.iter().any(|s| s.state.is_alive()), now);
        release_who_must_serve(&mut standings);
        release_who_was_not_left(&mut standings, keeps);
        self.trials.extend(canary::follow(&self.topology, service, memory, &mut standings, now));
        memory.gates = standings.iter().map(|standing| standing.gate).collect();
        self.ripening.extend(memory.ripe_at(service, damping).map(|at| (at, lead)));
        let row = Row::render(service, standings, &memory.last_good);
        memory.is_lost = row.choices().any(|choice| choice.basis != Basis::Proven);
        for (last_good, choice) in memory.last_good.iter_mut().zip(row.choices()) {
            if choice.basis == Basis::Proven {
                *last_good = choice.picks.first().map(|pick| pick.pool);
            }
        }
        row
    }

    /// How each of a service's pools stands at `now`, by itself.
    fn standings(&self, id: ServiceId, now: Instant) -> Box<[Standing]> {
        let service = self.topology.service(id);
        let memory = self.memory(id);
        let standing = |(place, (pool, &gate)): (usize, (&ServicePool, &Gate))| {
            let holds = self.pool_holds[pool.pool.index()].clone();
            let Joint { state, endpoints, spoiler, suspect } = self.joint(id, place, &holds);
            let returns = match (gate, state) {
                (Gate::Out { since }, State::Up) => {
                    [memory.outage, self.doubted].iter().any(|outage| outage.covers(since, now))
                }
                _ => false,
            };
            let gate = match holds.held() {
                Some(Held::Up) => Gate::In,
                // Its partners leave it as they leave a lost pool, and come back as to one.
                Some(Held::Down | Held::Drain) => gate.step(State::Down, now, service.failback),
                None if returns => Gate::In,
                None => gate.step(state, now, service.failback),
            };
            Standing { state, gate, damped: None, canary: false, suspect, endpoints, holds, spoiler }
        };
        service.pools.iter().zip(&memory.gates).enumerate().map(standing).collect()
    }

    /// Every row, in the order of the services.
    pub fn render_all(&mut self, now: Instant) -> Vec<Row> {
        (0..self.services.len()).map(|i| self.render(ServiceId::at(i), now)).collect()
    }

    /// When time alone will next change a gate or end a hold.
    pub fn next_ripe(&self) -> Option<Instant> {
        let gate = self.ripening.first().map(|&(at, _)| at);
        gate.into_iter().chain(self.holds.next_end()).chain(self.witness.doubt().ends_at()).min()
    }

    /// Takes out the services whose gates time has changed by `now`; they want rendering.
    pub fn ripe(&mut self, now: Instant) -> BTreeSet<ServiceId> {
        self.witness.weigh(now);
        self.doubt_or_not(now);
        let mut ripe = BTreeSet::new();
        while let Some(&(at, service)) = self.ripening.first().filter(|(at, _)| *at <= now) {
            self.ripening.remove(&(at, service));
            ripe.extend(self.topology.steered_as_one(service));
        }
        ripe
    }
}

/// With no preferred pool up, partners go to a waiting one. They are there then: its wait has lost its meaning, and going on
/// with it would send them away once more. A damped pool is not preferred.
fn release_who_must_serve(standings: &mut [Standing]) {
    if !standings.iter().any(|s| s.state == State::Up && s.gate == Gate::In && s.damped.is_none()) {
        standings.iter_mut().filter(|s| s.state == State::Up).for_each(|s| s.gate = s.gate.release());
    }
}

/// Clients who were kept at a pool until it was up again are there still: to wait for its failback would send them away from it.
fn release_who_was_not_left(standings: &mut [Standing], keeps: impl Fn(usize) -> bool) {
    let kept =
        standings.iter_mut().enumerate().filter(|(place, standing)| standing.state == State::Up && keeps(*place));
    kept.for_each(|(_, standing)| standing.gate = standing.gate.release());
}

#[cfg(test)]
mod tests;
