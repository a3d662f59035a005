//! Pools of one service that flap: each loss is remembered, and who is lost too often serves only where no other does.
//!
//! Damped is a pool in a service and not a target: what sends partners to and fro is a pool, and a target that flaps beside others
//! that live moves nobody.

use super::Beliefs;
use super::memory::Memory;
use crate::health::{Damping, Gate, Held};
use crate::steering::Standing;
use crate::topology::{Service, Topology};
use std::time::{Duration, Instant};

/// A pool that began or ended to be damped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flap {
    /// The service.
    pub service: String,
    /// The pool.
    pub pool: String,
    /// For how long from now on, if nothing more happens; `None` where it has ended.
    pub damped: Option<Duration>,
}

/// Counts losses, says in the standings who is damped, and gives what began or ended. A pool that an operator holds is lost to
/// nobody, and one that is held up is not damped.
pub(super) fn follow(
    topology: &Topology,
    service: &Service,
    memory: &mut Memory,
    standings: &mut [Standing],
    now: Instant,
    by: &Damping,
) -> Vec<Flap> {
    let mut flaps = Vec::new();
    let places = service.pools.iter().zip(&memory.gates).zip(&mut memory.damps).zip(standings);
    for (((place, gate), damp), standing) in places {
        let was_damped = damp.told().is_some_and(|(.., damped)| damped);
        let is_lost = matches!(standing.gate, Gate::Out { .. }) && !matches!(gate, Gate::Out { .. });
        *damp = damp.settle(now, Some(by));
        if is_lost && standing.holds.held().is_none() {
            *damp = damp.lose(now, by);
        }
        let until = damp.until(by);
        if until.is_some() != was_damped {
            let (service, pool) = (service.name.clone(), topology.pool(place.pool).name.clone());
            flaps.push(Flap { service, pool, damped: until.map(|until| until.saturating_duration_since(now)) });
        }
        standing.damped = until.filter(|_| standing.holds.held() != Some(Held::Up));
    }
    flaps
}

impl Beliefs {
    /// What began or ended to be damped since this was asked last.
    pub fn take_flaps(&mut self) -> Vec<Flap> {
        std::mem::take(&mut self.flaps)
    }
}

#[cfg(test)]
mod tests;
