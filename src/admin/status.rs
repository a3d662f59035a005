//! `/api/v1/status`: how the pools stand, who is sent where, what is held; on one snapshot, with verdicts as they are now.

use super::{Readiness, Shown};
use crate::control::Report;
use crate::health::{Gate, Hold, Subject, Verdict};
use crate::ids::ServiceId;
use crate::limits::{STATUS_SERVICES_MAX, STATUS_TARGETS_MAX};
use crate::snapshot::Snapshot;
use crate::steering::Standing;
use crate::topology::{Face, Service, TargetSpec};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Everything that an operator sees at a glance.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    version: &'static str,
    generation: u64,
    ready: bool,
    /// Why it is not ready, or what to look at though it is.
    remarks: Vec<String>,
    holds: Vec<HoldShown>,
    services: Vec<ServiceShown>,
    /// Services beyond those shown.
    services_left_out: usize,
    targets: Vec<TargetShown>,
    /// Targets beyond those shown.
    targets_left_out: usize,
}

#[derive(Debug, Serialize)]
struct HoldShown {
    subject: String,
    pool: String,
    endpoint: Option<IpAddr>,
    state: &'static str,
    reason: String,
    author: String,
    made: u64,
    until: Option<u64>,
    /// Whether the configuration has what is held.
    applies: bool,
}

#[derive(Debug, Serialize)]
struct ServiceShown {
    service: String,
    pools: Vec<PoolShown>,
    choices: Vec<ChoiceShown>,
}

#[derive(Debug, Serialize)]
struct PoolShown {
    pool: String,
    state: &'static str,
    held: Option<&'static str>,
    waits_for_failback: bool,
    endpoints: Vec<EndpointShown>,
}

#[derive(Debug, Serialize)]
struct EndpointShown {
    address: IpAddr,
    state: &'static str,
    held: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct ChoiceShown {
    region: String,
    pools: Vec<String>,
    basis: &'static str,
}

#[derive(Debug, Serialize)]
struct TargetShown {
    address: SocketAddr,
    check: &'static str,
    state: &'static str,
    since: Option<u64>,
    why: Option<String>,
}

pub(super) async fn http(State(shown): State<Shown>) -> Result<Json<Status>, (StatusCode, String)> {
    let report = shown.control.report().await;
    let report = report.map_err(|stopped| (StatusCode::SERVICE_UNAVAILABLE, format!("{stopped}\n")))?;
    Ok(Json(status(&shown.control.lake().load(), &report, shown.readiness())))
}

fn status(snapshot: &Snapshot, report: &Report, readiness: Readiness) -> Status {
    let topology = &snapshot.topology;
    let configured = || topology.services.iter().enumerate().filter(|(_, service)| service.face == Face::Configured);
    let services = configured().take(STATUS_SERVICES_MAX);
    let applies = |hold: &HoldShown| topology.pools.iter().any(|pool| pool.name == hold.pool);
    let hold = |(subject, hold, until): &(Subject, Arc<Hold>, Option<u64>)| {
        let shown = HoldShown {
            subject: subject.to_string(),
            pool: subject.pool.clone(),
            endpoint: subject.endpoint,
            state: hold.held.word(),
            reason: hold.grounds.reason.clone(),
            author: hold.grounds.author.clone(),
            made: hold.made,
            until: *until,
            applies: false,
        };
        HoldShown { applies: applies(&shown), ..shown }
    };
    let target = |(spec, verdict, since): &(Arc<TargetSpec>, Verdict, Option<u64>)| target(spec, verdict, *since);
    Status {
        version: env!("CARGO_PKG_VERSION"),
        generation: snapshot.generation,
        ready: readiness.ready,
        remarks: readiness.remarks,
        holds: report.holds.iter().map(hold).collect(),
        services: services.map(|(i, service)| service_shown(snapshot, ServiceId::at(i), service)).collect(),
        services_left_out: configured().count().saturating_sub(STATUS_SERVICES_MAX),
        targets: report.targets.iter().take(STATUS_TARGETS_MAX).map(target).collect(),
        targets_left_out: report.targets.len().saturating_sub(STATUS_TARGETS_MAX),
    }
}

fn target(spec: &TargetSpec, verdict: &Verdict, since: Option<u64>) -> TargetShown {
    TargetShown {
        address: spec.address,
        check: spec.kind().word(),
        state: verdict.state.word(),
        since,
        why: verdict.why.as_ref().map(ToString::to_string),
    }
}

fn service_shown(snapshot: &Snapshot, id: ServiceId, service: &Service) -> ServiceShown {
    let topology = &snapshot.topology;
    let row = snapshot.row(id);
    let name = |place: usize| topology.pool(service.pools[place].pool).name.clone();
    let pool = |(place, standing): (usize, &Standing)| PoolShown {
        pool: name(place),
        state: standing.state.word(),
        held: standing.holds.held().map(|held| held.word()),
        waits_for_failback: matches!(standing.gate, Gate::Waiting { .. }),
        endpoints: service.pools[place]
            .endpoints
            .iter()
            .zip(&standing.endpoints)
            .map(|(endpoint, state)| EndpointShown {
                address: endpoint.address,
                state: state.word(),
                held: standing.holds.endpoint(endpoint.address).map(|hold| hold.held.word()),
            })
            .collect(),
    };
    let own = service.orders.of_regions();
    let label = |order: usize| {
        if own.contains(&order) { topology.order_label(service, order) } else { "by weight".to_owned() }
    };
    let mut told = BTreeSet::new();
    let mut choices = Vec::new();
    for (order, choice) in row.choices().enumerate() {
        let pools: Vec<String> = choice.picks.iter().map(|pick| name(pick.pool)).collect();
        if told.insert((label(order), pools.clone())) {
            choices.push(ChoiceShown { region: label(order), pools, basis: choice.basis.word() });
        }
    }
    ServiceShown { service: service.name.clone(), pools: row.standings.iter().enumerate().map(pool).collect(), choices }
}
