//! `/api/v1/endpoints`: what is believed of each probed address, since when and why, with what was seen of it lately; a page
//! at a time.

use super::params::{Page, Params};
use super::{Problem, Shown};
use crate::control::Seen;
use crate::health::Verdict;
use crate::ids::TargetId;
use crate::limits::{API_NAMES_MAX, HISTORIES_ASKED_MAX};
use crate::topology::{Face, TargetSpec, Topology};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::ToSchema;

const _: () = assert!(crate::limits::API_PAGE_MAX <= HISTORIES_ASKED_MAX, "a page's histories are asked for at once");

/// A page of endpoints, each once for each check.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Endpoints {
    generation: u64,
    /// How many there are in all.
    total: usize,
    /// Where the next page begins.
    next: Option<usize>,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Endpoint {
    #[schema(value_type = String)]
    address: IpAddr,
    port: u16,
    check: &'static str,
    /// The pools that have it.
    pools: Vec<String>,
    /// The first services whose answers depend on it.
    services: Vec<String>,
    services_total: usize,
    state: &'static str,
    /// Since when, seconds since 1970.
    since: Option<u64>,
    /// The failure that decided.
    why: Option<String>,
    /// When its certificate ends, seconds since 1970.
    certificate_not_after: Option<i64>,
    /// What was seen of it lately, oldest first.
    observations: Vec<Observation>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Observation {
    /// Milliseconds since 1970.
    at: u64,
    /// What was found: "pass", or the sort of failure.
    outcome: &'static str,
    /// From the first packet to the end, milliseconds.
    took_ms: f64,
    detail: Option<String>,
}

/// A page of endpoints, each once for each check.
#[utoipa::path(
    get,
    path = "/api/v1/endpoints",
    params(Page),
    responses((status = 200, description = "as asked", body = Endpoints))
)]
pub(super) async fn http(State(shown): State<Shown>, Params(page): Params<Page>) -> Result<Json<Endpoints>, Problem> {
    let report = shown.report().await?;
    let snapshot = shown.control.lake().load();
    let (first, _) = page.bounds()?;
    let (page, next) = page.cut(report.targets.iter())?;
    let asked: Vec<Arc<TargetSpec>> = page.iter().map(|(spec, ..)| spec.clone()).collect();
    let histories = shown.control.histories(asked).await.map_err(Problem::stopping)?;
    let users: Vec<Users> =
        page.iter().zip(first..).map(|((spec, ..), place)| users(&snapshot.topology, spec, place)).collect();
    let endpoints = page.into_iter().zip(histories).zip(users).map(|(((spec, verdict, since), seen), users)| {
        let certificate = shown.certificates.not_after(spec);
        endpoint(spec, verdict, *since, &seen, users, certificate)
    });
    let endpoints = endpoints.collect();
    Ok(Json(Endpoints { generation: snapshot.generation, total: report.targets.len(), next, endpoints }))
}

/// Who has a target: pools and services.
#[derive(Default)]
struct Users {
    pools: BTreeSet<String>,
    services: Vec<String>,
    services_total: usize,
}

fn endpoint(
    spec: &TargetSpec,
    verdict: &Verdict,
    since: Option<u64>,
    seen: &[Seen],
    users: Users,
    certificate: Option<i64>,
) -> Endpoint {
    let observation = |seen: &Seen| Observation {
        at: seen.at_ms,
        outcome: seen.outcome.word(),
        took_ms: seen.took.as_secs_f64() * 1e3,
        detail: seen.detail().map(str::to_owned),
    };
    Endpoint {
        address: spec.address.ip(),
        port: spec.address.port(),
        check: spec.kind().word(),
        pools: users.pools.into_iter().collect(),
        services: users.services,
        services_total: users.services_total,
        state: verdict.state.word(),
        since,
        why: verdict.why.as_ref().map(ToString::to_string),
        certificate_not_after: certificate,
        observations: seen.iter().map(observation).collect(),
    }
}

/// Who has the target at that place of the topology; nobody where a reload has come in between.
fn users(topology: &Topology, spec: &Arc<TargetSpec>, place: usize) -> Users {
    let mut users = Users::default();
    if topology.targets.get(place) != Some(spec) {
        return users;
    }
    let target = TargetId::at(place);
    let services = topology.affected(target).iter().map(|&id| topology.service(id));
    for service in services.filter(|service| service.face == Face::Configured) {
        users.services_total += 1;
        if users.services.len() < API_NAMES_MAX {
            users.services.push(service.name.clone());
            let pools = service.pools.iter();
            let having = pools.filter(|pool| pool.endpoints.iter().any(|e| e.targets().any(|its| its == target)));
            users.pools.extend(having.map(|pool| topology.pool(pool.pool).name.clone()));
        }
    }
    users
}
