//! What of the beliefs outlives a restart: verdicts while they are fresh, lost pools and last good choices at any age.

use super::Beliefs;
use crate::health::{Damp, Gate, Judge, Moment, State, Verdict};
use crate::ids::ServiceId;
use crate::limits::STATE_FRESH;
use crate::state::{Past, PastDamp, PastGate, PastService, PastVerdict};
use crate::topology::TargetSpec;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

impl Beliefs {
    /// What is believed now, for the next process.
    pub fn past(&self, now: Moment) -> Past {
        let verdict = |(spec, judge): (&Arc<TargetSpec>, &Judge)| {
            let verdict = judge.verdict();
            PastVerdict {
                address: spec.address,
                check: spec.kind().word().to_owned(),
                names: names(spec),
                state: verdict.state.word().to_owned(),
                since: verdict.since.map_or(now.unix, |since| now.unix_of(since)),
            }
        };
        Past {
            said: now.unix,
            verdicts: self.topology.targets.iter().zip(&self.judges).map(verdict).collect(),
            services: (0..self.services.len()).filter_map(|i| self.past_service(i, now)).collect(),
        }
    }

    fn past_service(&self, index: usize, now: Moment) -> Option<PastService> {
        let (service, memory) = (&self.topology.services[index], self.memory(ServiceId::at(index)));
        let pool_name = |place: usize| self.topology.pool(service.pools[place].pool).name.clone();
        let gate = |(place, gate): (usize, &Gate)| {
            let (waits, since) = match *gate {
                Gate::In => return None,
                Gate::Out { since } => (false, since),
                Gate::Waiting { since } => (true, since),
            };
            Some(PastGate { pool: pool_name(place), waits, since: now.unix_of(since) })
        };
        let gates: Vec<PastGate> = memory.gates.iter().enumerate().filter_map(gate).collect();
        let damp = |(place, damp): (usize, &Damp)| {
            let (penalty, lost, damped) = damp.told()?;
            Some(PastDamp { pool: pool_name(place), penalty, lost: now.unix_of(lost), damped })
        };
        let damps: Vec<PastDamp> = memory.damps.iter().enumerate().filter_map(damp).collect();
        // While a pool is proven alive, it is the last good one by the first look at the verdicts.
        let lost = memory.is_lost.then(|| memory.last_good.iter().enumerate()).into_iter().flatten();
        let last_good: Vec<(String, String)> = lost
            .filter_map(|(order, place)| Some((self.topology.order_label(service, order), pool_name((*place)?))))
            .collect();
        let is_new = gates.is_empty() && last_good.is_empty() && damps.is_empty();
        (!is_new).then(|| PastService { name: service.name.clone(), gates, damps, last_good })
    }

    /// Takes over what an earlier process believed. Verdicts that are older than `STATE_FRESH` say nothing of now; a pool that was
    /// lost is still one that was lost.
    pub fn recall(&mut self, past: &Past, now: Moment) {
        // A clock that was set back leaves the age open.
        if past.said <= now.unix && now.age(past.said) <= STATE_FRESH {
            self.recall_verdicts(past, now);
        }
        let by_name: HashMap<&str, &PastService> = past.services.iter().map(|s| (s.name.as_str(), s)).collect();
        for (i, service) in self.topology.services.iter().enumerate() {
            let memory = &mut self.services[self.topology.lead(ServiceId::at(i)).index()];
            let Some(was) = by_name.get(service.name.as_str()) else { continue };
            let place = |name: &str| service.pools.iter().position(|p| self.topology.pool(p.pool).name == name);
            for gate in &was.gates {
                let since = now.before(now.age(gate.since));
                let then = if gate.waits { Gate::Waiting { since } } else { Gate::Out { since } };
                place(&gate.pool).into_iter().for_each(|place| memory.gates[place] = then);
            }
            for damp in &was.damps {
                let then = Damp::recalled(damp.penalty, now.before(now.age(damp.lost)), damp.damped);
                place(&damp.pool).into_iter().for_each(|place| memory.damps[place] = then);
            }
            for (order, last_good) in memory.last_good.iter_mut().enumerate() {
                let label = self.topology.order_label(service, order);
                let same = was.last_good.iter().find(|(then, _)| *then == label);
                let then = same.or_else(|| was.last_good.first()).and_then(|(_, pool)| place(pool));
                *last_good = then.or(*last_good);
            }
        }
    }

    fn recall_verdicts(&mut self, past: &Past, now: Moment) {
        let mut by_check: HashMap<(SocketAddr, &str, &str), Vec<&PastVerdict>> = HashMap::new();
        for verdict in &past.verdicts {
            by_check.entry((verdict.address, &verdict.check, &verdict.names)).or_default().push(verdict);
        }
        for (i, spec) in self.topology.targets.iter().enumerate() {
            let names = names(spec);
            let Some(same) = by_check.get(&(spec.address, spec.kind().word(), names.as_str())) else { continue };
            // Checks of one address that contradicted one another, also by not knowing, say nothing of a check like both.
            let agree = same.iter().all(|other| other.state == same[0].state);
            let state = same[0].state().filter(|state| agree && *state != State::Unknown);
            let since = now.before(now.age(same[0].since));
            if let Some(state) = state {
                self.judges[i] = Judge::recalled(Verdict { state, since: Some(since), why: None });
            }
        }
        self.unseen = self.judges.iter().filter(|judge| !judge.is_informed()).count();
    }
}

/// The names that a check says, which with its address and kind are its identity.
fn names(spec: &TargetSpec) -> String {
    format!("{} {}", spec.server_name, spec.domain)
}

#[cfg(test)]
mod tests;
