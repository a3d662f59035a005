//! `/api/v1/pools`: where each pool is, how it stands in the services that have it, and what is held of it.

use super::services::configured;
use super::status::{HoldShown, holds};
use super::{Problem, Shown};
use crate::control::moment;
use crate::health::{Gate, State as Belief};
use crate::limits::API_NAMES_MAX;
use crate::snapshot::Snapshot;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// Every pool.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Pools {
    generation: u64,
    pools: Vec<Pool>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Pool {
    pool: String,
    fqdn: Option<String>,
    country: Option<String>,
    /// Latitude and longitude, degrees.
    location: Option<[f64; 2]>,
    /// Holds on it and on its endpoints.
    holds: Vec<HoldShown>,
    /// How it stands in the first services that have it.
    services: Vec<InService>,
    /// How many services have it.
    services_total: usize,
}

#[derive(Debug, Serialize, ToSchema)]
struct InService {
    service: String,
    state: &'static str,
    waits_for_failback: bool,
    /// Whether it flaps, and so serves only where no other does.
    damped: bool,
    /// Whether a share of clients tries it before it is preferred by all.
    canary: bool,
    /// Whether probes that speak against it are being confirmed.
    suspect: bool,
    /// Endpoints that are up, and that there are.
    up: usize,
    endpoints: usize,
    /// How many of them must be up.
    min_healthy: usize,
    /// The regions whose clients are sent there first.
    regions: Vec<String>,
}

/// Every pool.
#[utoipa::path(
    get,
    path = "/api/v1/pools",
    responses((status = 200, description = "as asked", body = Pools))
)]
pub(super) async fn http(State(shown): State<Shown>) -> Result<Json<Pools>, Problem> {
    let report = shown.report().await?;
    let snapshot = shown.control.lake().load();
    let mut pools: Vec<Pool> = snapshot.topology.pools.iter().map(bare).collect();
    in_services(&snapshot, &mut pools);
    for hold in holds(&snapshot, &report, moment()) {
        let held = pools.iter_mut().find(|pool| pool.pool == hold.pool);
        held.into_iter().for_each(|pool| pool.holds.push(hold.clone()));
    }
    Ok(Json(Pools { generation: snapshot.generation, pools }))
}

fn bare(pool: &crate::topology::Pool) -> Pool {
    Pool {
        pool: pool.name.clone(),
        fqdn: pool.fqdn.as_ref().map(ToString::to_string),
        country: pool.country.map(|country| country.code().to_owned()),
        location: pool.point.map(|point| [point.latitude, point.longitude]),
        holds: Vec::new(),
        services: Vec::new(),
        services_total: 0,
    }
}

/// Says of each pool how it stands in services; in one walk over them.
fn in_services(snapshot: &Snapshot, pools: &mut [Pool]) {
    let topology = &snapshot.topology;
    for (id, service) in configured(topology) {
        let row = snapshot.row(id);
        for (place, (pool, standing)) in service.pools.iter().zip(&row.standings).enumerate() {
            let shown = &mut pools[pool.pool.index()];
            shown.services_total += 1;
            if shown.services.len() >= API_NAMES_MAX {
                continue;
            }
            let first = |order: &usize| row.choice(*order).picks.first().is_some_and(|pick| pick.pool == place);
            let regions = service.orders.of_regions().into_iter().filter(first);
            shown.services.push(InService {
                service: service.name.clone(),
                state: standing.state.word(),
                waits_for_failback: matches!(standing.gate, Gate::Waiting { .. }),
                damped: standing.damped.is_some(),
                canary: standing.canary,
                suspect: standing.suspect,
                up: standing.endpoints.iter().filter(|state| **state == Belief::Up).count(),
                endpoints: pool.endpoints.len(),
                min_healthy: pool.min_healthy,
                regions: regions.take(API_NAMES_MAX).map(|order| topology.order_label(service, order)).collect(),
            });
        }
    }
}
