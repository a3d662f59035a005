use super::*;
use crate::health::{Gate, PoolHolds, State};
use crate::steering::Standing;
use crate::testing::{POOLS, ZONE, service, topology};

/// A world in which seoul has come back, and is in its canary or not, and dublin is preferred; seoul's second endpoint is down.
fn snapshot(canary: bool) -> Snapshot {
    let topology = topology(&[ZONE, POOLS, &service("steering = \"failover\"")].concat());
    let row = |service: &crate::topology::Service| {
        let standings = service.pools.iter().map(|pool| {
            let is_back = topology.pool(pool.pool).name == "seoul";
            let mut endpoints = vec![State::Up; pool.endpoints.len()];
            if is_back {
                endpoints[1] = State::Down;
            }
            Standing {
                state: State::Up,
                gate: if is_back { Gate::Waiting { since: std::time::Instant::now() } } else { Gate::In },
                damped: None,
                canary: canary && is_back,
                suspect: false,
                endpoints: endpoints.into(),
                holds: PoolHolds::default(),
                spoiler: None,
            }
        });
        Arc::new(Row::render(service, standings.collect(), &vec![None; service.orders.list().len()]))
    };
    let table = Table::new(topology.services.iter().map(row));
    Snapshot { topology: topology.clone(), table, generation: 1 }
}

#[test]
fn a_pool_is_named_while_somebody_is_told_of_it_and_an_endpoint_with_it() {
    let named = |canary, pool: &str, endpoint: Option<&str>| {
        let snapshot = snapshot(canary);
        let pool = snapshot.topology.pools.iter().position(|known| known.name == pool).unwrap();
        snapshot.is_named(PoolId::at(pool), endpoint.map(|address| address.parse().unwrap()))
    };
    assert!(named(false, "dublin", None) && named(false, "dublin", Some("10.2.0.1")));
    assert!(!named(false, "seoul", None), "its own name is no service's answer");
    assert!(named(true, "seoul", None) && named(true, "seoul", Some("10.1.0.1")), "some clients try it");
    assert!(!named(true, "seoul", Some("10.1.0.2")));
    assert!(!named(true, "dublin", Some("10.1.0.1")));
}
