//! Worlds that are supposed: every endpoint alive, and some pools dead.

use crate::health::{Gate, PoolHolds, State};
use crate::ids::{PoolId, ServiceId, TargetId};
use crate::snapshot::{Row, Snapshot, Table};
use crate::steering::{Basis, Standing, pool_state, worst_of};
use crate::topology::{Service, ServicePool, Topology};
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

/// What would be true if everything lived and nobody held anything.
pub fn all_up(topology: &Arc<Topology>) -> Snapshot {
    let standing = |pool: &ServicePool| Standing {
        state: State::Up,
        gate: Gate::In,
        damped: None,
        canary: false,
        suspect: false,
        endpoints: vec![State::Up; pool.endpoints.len()].into(),
        holds: PoolHolds::default(),
        spoiler: None,
    };
    let row = |service: &Service| {
        let nobody_yet = vec![None; service.orders.list().len()];
        Arc::new(Row::render(service, service.pools.iter().map(standing).collect(), &nobody_yet))
    };
    let table = Table::new(topology.services.iter().map(row));
    Snapshot { topology: topology.clone(), table, generation: 1 }
}

/// What would be true if these pools died now and all else stayed as it is. An operator's holds go on: a pool that is held up is
/// answered, dead or not. An address that another pool shares dies there too.
pub fn without(snapshot: &Snapshot, lost: &[PoolId]) -> Snapshot {
    let topology = &snapshot.topology;
    let places = || topology.services.iter().flat_map(|service| &service.pools);
    let addresses = |pool: &ServicePool| pool.endpoints.iter().map(|endpoint| endpoint.address).collect::<Vec<_>>();
    let dead: HashSet<IpAddr> = places().filter(|pool| lost.contains(&pool.pool)).flat_map(addresses).collect();
    let mut table = snapshot.table.clone();
    let is_hit = |pool: &ServicePool| pool.endpoints.iter().any(|endpoint| dead.contains(&endpoint.address));
    for id in (0..topology.services.len()).map(ServiceId::at) {
        if topology.steered_as_one(id).any(|member| topology.service(member).pools.iter().any(is_hit)) {
            table.set(id, Arc::new(bereft(snapshot, id, &dead)));
        }
    }
    Snapshot { topology: topology.clone(), table, generation: snapshot.generation }
}

/// A service's row once these addresses are dead.
fn bereft(snapshot: &Snapshot, id: ServiceId, dead: &HashSet<IpAddr>) -> Row {
    let (topology, row) = (&snapshot.topology, snapshot.row(id));
    let service = topology.service(id);
    let alone = |id: ServiceId, place: usize| {
        let (pool, before) = (&topology.service(id).pools[place], &snapshot.row(id).standings[place]);
        let state_of = |target: TargetId| {
            let is_dead = dead.contains(&topology.targets[target.index()].address.ip());
            let own = pool.endpoints.iter().position(|endpoint| endpoint.targets().any(|its| its == target));
            if is_dead { State::Down } else { own.map_or(State::Unknown, |own| before.endpoints[own]) }
        };
        pool_state(pool, &before.holds, state_of)
    };
    let standing = |(place, before): (usize, &Standing)| {
        let (state, endpoints) = alone(id, place);
        let others = topology.steered_as_one(id).filter(|&other| other != id);
        let (state, spoiler) = worst_of(state, others.map(|other| (other, alone(other, place).0)));
        Standing { state, endpoints, spoiler, ..before.clone() }
    };
    let standings = row.standings.iter().enumerate().map(standing).collect();
    let last_good: Vec<Option<usize>> = row.choices().map(last_good).collect();
    Row::render(service, standings, &last_good)
}

/// The pool that clients were last sent to while one was proven alive, as far as their present answer tells.
fn last_good(choice: &crate::steering::Choice) -> Option<usize> {
    let knows = matches!(choice.basis, Basis::Proven | Basis::AllDown(crate::config::Rung::LastGood));
    choice.picks.first().filter(|_| knows).map(|pick| pick.pool)
}
