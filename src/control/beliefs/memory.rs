//! What one service remembers of its pools: gates, last good choices, the last outage.

use super::canary;
use crate::health::{Damp, Damping, Gate};
use crate::limits::OUTAGE_SETTLES;
use crate::topology::{Service, Topology};
use std::collections::HashMap;
use std::time::Instant;

/// What a service remembers of its pools.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Memory {
    /// One for each of the service's pools.
    pub(super) gates: Vec<Gate>,
    /// How much each of them flaps.
    pub(super) damps: Vec<Damp>,
    /// Whether each of them is in its canary, as it was told.
    pub(super) canaries: Vec<bool>,
    /// For each order, the pool that its clients were sent to when one was last proven alive.
    pub(super) last_good: Vec<Option<usize>>,
    /// The last time that no pool was left.
    pub(super) outage: Outage,
    /// Whether some order's choice rests on no pool that is proven alive.
    pub(super) is_lost: bool,
}

/// The last time that a service had no pool left. Pools that were lost together come back together: none of their clients
/// has settled elsewhere, so those that return soon after the first are preferred at once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Outage {
    began: Option<Instant>,
    ended: Option<Instant>,
}

impl Outage {
    /// The outage after the service was seen at `now` with every pool down, or with one up.
    pub(super) fn step(self, is_dark: bool, is_light: bool, now: Instant) -> Self {
        match (self.began, self.ended) {
            (_, Some(_)) | (None, None) if is_dark => Self { began: Some(now), ended: None },
            (Some(_), None) if is_light => Self { ended: Some(now), ..self },
            _ => self,
        }
    }

    /// Whether a pool that was lost then and returns now shared the outage.
    pub(super) fn covers(self, lost: Instant, now: Instant) -> bool {
        let near = |a: Instant, b: Instant| a.max(b) - a.min(b) <= OUTAGE_SETTLES;
        self.began.is_some_and(|began| near(lost, began)) && self.ended.is_none_or(|ended| near(now, ended))
    }
}

impl Memory {
    /// Nothing has happened yet.
    pub(super) fn of(service: &Service) -> Self {
        Self {
            gates: vec![Gate::In; service.pools.len()],
            damps: vec![Damp::default(); service.pools.len()],
            canaries: vec![false; service.pools.len()],
            last_good: vec![None; service.orders.list().len()],
            outage: Outage::default(),
            is_lost: true,
        }
    }

    /// When time alone will change something.
    pub(super) fn ripe_at<'a>(
        &'a self,
        service: &'a Service,
        damping: Option<&'a Damping>,
    ) -> impl Iterator<Item = Instant> + 'a {
        let gates = self.gates.iter().filter_map(|gate| gate.ripe_at(service.failback));
        let waits = self.gates.iter().zip(&self.canaries).filter(|(_, is_in_canary)| !**is_in_canary);
        let canaries = waits.filter_map(|(gate, _)| canary::begins(*gate, service.canary));
        gates
            .chain(canaries)
            .chain(damping.into_iter().flat_map(|by| self.damps.iter().filter_map(|damp| damp.until(by))))
    }

    /// Takes over what an older topology's service remembered of pools of the same name; for a group it is called for each member,
    /// so what is not as new goes before what is. An order that is new takes the last
    /// good pool of any: it is better than none.
    pub(super) fn take_over(
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
                if gate != Gate::In {
                    self.gates[now] = gate;
                }
                if was.damps[place] != Damp::default() {
                    self.damps[now] = was.damps[place];
                }
                self.canaries[now] |= was.canaries[place] && service.canary.is_some();
            }
        }
        self.outage = was.outage;
        let label_then = |order: usize| old.order_label(old_service, order);
        let labels: HashMap<String, usize> = (0..was.last_good.len()).map(|order| (label_then(order), order)).collect();
        let any = was.last_good.iter().copied().flatten().next();
        for (order, last_good) in self.last_good.iter_mut().enumerate() {
            let same = labels.get(&topology.order_label(service, order));
            let then = same.and_then(|&order| was.last_good[order]).or(any);
            *last_good = then.and_then(place_now).or(*last_good);
        }
    }
}
