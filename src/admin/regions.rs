//! `/api/v1/regions`: which pool the clients of each country are sent to by one service, for a map of the world.
//!
//! A country stands for a client at its point in the country database; overrides, partners and coordinates may tell single
//! clients otherwise, as `/api/v1/explain` shows. It costs one look per country, so nothing is kept.

use super::params::Params;
use super::services::find;
use super::status::{ChoiceShown, choice};
use super::{Problem, Shown};
use crate::ids::{RegionId, ServiceId};
use crate::snapshot::Snapshot;
use crate::topology::{Dependence, Service};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    /// The service; without it, the first.
    service: Option<String>,
}

/// Where the world is sent by one service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Regions {
    generation: u64,
    service: String,
    /// Where clients are sent, with the countries whose clients those are.
    choices: Vec<Destination>,
    /// Where clients of unknown place are sent.
    elsewhere: Option<ChoiceShown>,
    /// Countries in which no client is known.
    nobody: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Destination {
    #[serde(flatten)]
    choice: ChoiceShown,
    /// ISO 3166 codes.
    countries: Vec<String>,
}

/// Where each country is sent by one service.
#[utoipa::path(
    get,
    path = "/api/v1/regions",
    params(Of),
    responses((status = 200, description = "as asked", body = Regions))
)]
pub(super) async fn http(
    State(shown): State<Shown>,
    Params(Of { service }): Params<Of>,
) -> Result<Json<Regions>, Problem> {
    let snapshot = shown.control.lake().load();
    let (id, service) = find(&snapshot.topology, service.as_deref())?;
    let mut countries: BTreeMap<Option<usize>, Vec<String>> = BTreeMap::new();
    let mut nobody = Vec::new();
    for (country, region) in &snapshot.topology.countries {
        let code = country.code().to_owned();
        match region {
            Some(region) => countries.entry(order(service, *region)).or_default().push(code),
            None => nobody.push(code),
        }
    }
    let shown = |order: Option<usize>| match order {
        Some(order) => choice(&snapshot, id, service, order),
        None => by_weight(&snapshot, id, service),
    };
    let destination = |(order, countries)| Destination { choice: shown(order), countries };
    Ok(Json(Regions {
        generation: snapshot.generation,
        service: service.name.clone(),
        elsewhere: snapshot.topology.regions.first().map(|_| shown(order(service, RegionId(0)))),
        choices: countries.into_iter().map(destination).collect(),
        nobody,
    }))
}

/// Which order the clients of a region get; `None` where their network decides.
fn order(service: &Service, region: RegionId) -> Option<usize> {
    let anybody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    (service.orders.dependence(region) != Dependence::Network).then(|| service.orders.pick(region, anybody))
}

/// Where the clients are sent whose network decides: all pools that any of them is sent to.
fn by_weight(snapshot: &Snapshot, id: ServiceId, service: &Service) -> ChoiceShown {
    let mut all = ChoiceShown::default();
    for order in service.orders.of_slots() {
        let ChoiceShown { region, pools, basis, kept } = choice(snapshot, id, service, order);
        let new: Vec<String> = pools.into_iter().filter(|pool| !all.pools.contains(pool)).collect();
        all.pools.extend(new);
        (all.region, all.basis) = (region, basis);
        all.kept |= kept;
    }
    all
}
