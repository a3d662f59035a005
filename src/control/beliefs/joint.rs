//! Services that are steered as one: a pool stands in each as it does in the one where it is worst, and the first of them
//! remembers gates, outages and last good choices for all. So all of them come to the same choice.

use super::Beliefs;
use super::memory::Memory;
use crate::health::{PoolHolds, State};
use crate::ids::{ServiceId, TargetId};
use crate::steering;
use crate::topology::{Endpoint, Proof};

/// How a pool stands in a service.
pub(super) struct Joint {
    /// In the service of its group where it is worst.
    pub(super) state: State,
    /// Those of the service itself.
    pub(super) endpoints: Box<[State]>,
    /// Whose state that is, where it is not the service's own.
    pub(super) spoiler: Option<ServiceId>,
    /// Whether probes that speak against it in one of them are being confirmed.
    pub(super) suspect: bool,
}

impl Beliefs {
    /// How the pool at that place of a service stands, if it is held so.
    pub(super) fn joint(&self, id: ServiceId, place: usize, holds: &PoolHolds) -> Joint {
        let verdict = |target: TargetId| self.judges[target.index()].verdict().state;
        // Members of a group have the same pools in the same order.
        let alone = |id: ServiceId| steering::pool_state(&self.topology.service(id).pools[place], holds, verdict);
        let (state, endpoints) = alone(id);
        let suspect = self.topology.steered_as_one(id).any(|id| self.is_suspect(id, place, holds));
        let others = self.topology.steered_as_one(id).filter(|&other| other != id);
        let (state, spoiler) = steering::worst_of(state, others.map(|other| (other, alone(other).0)));
        Joint { state, endpoints, spoiler, suspect }
    }

    /// Whether an endpoint of a pool that nobody holds may be about to be lost: it is with the last proof of its life, and a
    /// proof with the first of its targets.
    fn is_suspect(&self, id: ServiceId, place: usize, holds: &PoolHolds) -> bool {
        let judge = |target: &TargetId| &self.judges[target.index()];
        let is_suspect = |endpoint: &Endpoint| {
            let is_alive = |proof: &&Proof| proof.iter().all(|target| judge(target).verdict().state.is_alive());
            let mut alive = endpoint.proofs.iter().filter(is_alive).peekable();
            let is_doubtful = |proof: &Proof| proof.iter().any(|target| judge(target).is_suspect());
            alive.peek().is_some() && alive.all(is_doubtful)
        };
        let endpoints = &self.topology.service(id).pools[place].endpoints;
        endpoints.iter().filter(|endpoint| holds.endpoint(endpoint.address).is_none()).any(is_suspect)
    }

    /// What is remembered of a service's pools.
    pub(super) fn memory(&self, id: ServiceId) -> &Memory {
        &self.services[self.topology.lead(id).index()]
    }
}

#[cfg(test)]
mod tests;
