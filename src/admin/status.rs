//! `/api/v1/status`: how the pools stand, who is sent where, what is held; on one snapshot, with verdicts as they are now.

use super::shown::Readiness;
use super::{Problem, Shown};
use crate::control::{Lingers, Report, moment};
use crate::health::{Gate, Hold, Moment, Subject, Verdict};
use crate::ids::ServiceId;
use crate::limits::{STATUS_SERVICES_MAX, STATUS_TARGETS_MAX};
use crate::snapshot::{Row, Snapshot};
use crate::steering::{Basis, Standing};
use crate::topology::{Face, Service, TargetSpec};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;
use utoipa::ToSchema;

/// What a choice rests on that a gate keeps on pools which do not live.
const TOLD_BEFORE: &str = "what was told before";

/// Everything that an operator sees at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Status {
    version: &'static str,
    generation: u64,
    ready: bool,
    /// Why it is not ready, or what to look at though it is.
    remarks: Vec<String>,
    holds: Vec<HoldShown>,
    services: Vec<ServiceStatus>,
    /// Services beyond those shown.
    services_left_out: usize,
    targets: Vec<TargetShown>,
    /// Targets beyond those shown.
    targets_left_out: usize,
}

/// A hold as it is told.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct HoldShown {
    subject: String,
    pub(super) pool: String,
    #[schema(value_type = Option<String>)]
    endpoint: Option<IpAddr>,
    state: &'static str,
    reason: String,
    author: String,
    made: u64,
    until: Option<u64>,
    /// Whether some clients are still told of it, though it is held away, since nothing else is live.
    named: bool,
    /// When the last answer that named what is held away expires, seconds since 1970; null where none is left.
    named_until: Option<u64>,
    /// Whether the configuration has what is held.
    applies: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct ServiceStatus {
    service: String,
    pools: Vec<PoolShown>,
    choices: Vec<ChoiceShown>,
}

/// How a pool stands in a service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PoolShown {
    pool: String,
    state: &'static str,
    held: Option<&'static str>,
    waits_for_failback: bool,
    /// Whether it flaps, and so serves only where no other does.
    damped: bool,
    /// Whether a share of clients tries it before it is preferred by all.
    canary: bool,
    /// Whether probes that speak against it are being confirmed: answers that name it have `suspect_ttl`.
    suspect: bool,
    endpoints: Vec<EndpointShown>,
}

#[derive(Debug, Serialize, ToSchema)]
struct EndpointShown {
    #[schema(value_type = String)]
    address: IpAddr,
    state: &'static str,
    held: Option<&'static str>,
}

/// Where the clients of a region are sent.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct ChoiceShown {
    pub(super) region: String,
    pub(super) pools: Vec<String>,
    /// What that rests on.
    pub(super) basis: &'static str,
    /// Whether they are kept there until a gate lets them go elsewhere.
    pub(super) kept: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct TargetShown {
    #[schema(value_type = String)]
    address: SocketAddr,
    check: &'static str,
    state: &'static str,
    since: Option<u64>,
    why: Option<String>,
}

/// Everything that an operator sees at a glance.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    responses((status = 200, description = "as asked", body = Status))
)]
pub(super) async fn http(State(shown): State<Shown>) -> Result<Json<Status>, Problem> {
    let report = shown.report().await?;
    Ok(Json(status(&shown.control.lake().load(), &report, shown.readiness(Instant::now()))))
}

fn status(snapshot: &Snapshot, report: &Report, readiness: Readiness) -> Status {
    let topology = &snapshot.topology;
    let configured = || topology.services.iter().enumerate().filter(|(_, service)| service.face == Face::Configured);
    let services = configured().take(STATUS_SERVICES_MAX);
    let target = |(spec, verdict, since): &(Arc<TargetSpec>, Verdict, Option<u64>)| target(spec, verdict, *since);
    Status {
        version: env!("CARGO_PKG_VERSION"),
        generation: snapshot.generation,
        ready: readiness.ready,
        remarks: readiness.remarks,
        holds: holds(snapshot, report, moment()),
        services: services.map(|(i, service)| service_shown(snapshot, ServiceId::at(i), service)).collect(),
        services_left_out: configured().count().saturating_sub(STATUS_SERVICES_MAX),
        targets: report.targets.iter().take(STATUS_TARGETS_MAX).map(target).collect(),
        targets_left_out: report.targets.len().saturating_sub(STATUS_TARGETS_MAX),
    }
}

/// Every hold.
pub(super) fn holds(snapshot: &Snapshot, report: &Report, now: Moment) -> Vec<HoldShown> {
    let lingers = |subject: &Subject| report.lingers.iter().find(|(held, _)| held == subject).map(|(_, how)| *how);
    let applies = |subject: &Subject| snapshot.topology.pools.iter().any(|pool| pool.name == subject.pool);
    let hold = |(subject, hold, until): &(Subject, Arc<Hold>, Option<u64>)| HoldShown {
        subject: subject.to_string(),
        pool: subject.pool.clone(),
        endpoint: subject.endpoint,
        state: hold.held.word(),
        reason: hold.grounds.reason.clone(),
        author: hold.grounds.author.clone(),
        made: hold.made,
        until: *until,
        named: lingers(subject) == Some(Lingers::Named),
        named_until: lingers(subject).and_then(|lingers| named_until(lingers, now)),
        applies: applies(subject),
    };
    report.holds.iter().map(hold).collect()
}

/// When the last answer expires that names what is told no longer, seconds since 1970.
pub(super) fn named_until(lingers: Lingers, now: Moment) -> Option<u64> {
    match lingers {
        // Who looks at that second finds it gone.
        Lingers::Until(until) if until > now.at => Some(now.unix_ms_of(until).div_ceil(1000)),
        _ => None,
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

fn service_shown(snapshot: &Snapshot, id: ServiceId, service: &Service) -> ServiceStatus {
    ServiceStatus {
        service: service.name.clone(),
        pools: pools(snapshot, id, service),
        choices: choices(snapshot, id, service),
    }
}

/// How a service's pools stand.
pub(super) fn pools(snapshot: &Snapshot, id: ServiceId, service: &Service) -> Vec<PoolShown> {
    let pool = |(place, standing): (usize, &Standing)| PoolShown {
        pool: snapshot.topology.pool(service.pools[place].pool).name.clone(),
        state: standing.state.word(),
        held: standing.holds.held().map(|held| held.word()),
        waits_for_failback: matches!(standing.gate, Gate::Waiting { .. }),
        damped: standing.damped.is_some(),
        canary: standing.canary,
        suspect: standing.suspect,
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
    snapshot.row(id).standings.iter().enumerate().map(pool).collect()
}

/// Who is sent where, each region once.
pub(super) fn choices(snapshot: &Snapshot, id: ServiceId, service: &Service) -> Vec<ChoiceShown> {
    let mut told = BTreeSet::new();
    let mut choices = Vec::new();
    let row = snapshot.row(id);
    for order in 0..service.orders.list().len() {
        let choice = choice(snapshot, id, service, order);
        let trial = row.is_tried(order).then(|| trial(snapshot, id, service, order));
        for choice in std::iter::once(choice).chain(trial) {
            if told.insert((choice.region.clone(), choice.pools.clone(), choice.kept)) {
                choices.push(choice);
            }
        }
    }
    choices
}

/// Where those clients of one order are sent who try a pool in its canary.
fn trial(snapshot: &Snapshot, id: ServiceId, service: &Service, order: usize) -> ChoiceShown {
    let share = service.canary.map_or(0.0, |canary| f64::from(canary.share) / 100.0);
    let all = region(snapshot, service, order);
    shown(snapshot, id, service, (order, true), format!("{all}, {share} % in canary"))
}

/// Where the clients of one order are sent.
pub(super) fn choice(snapshot: &Snapshot, id: ServiceId, service: &Service, order: usize) -> ChoiceShown {
    shown(snapshot, id, service, (order, false), region(snapshot, service, order))
}

fn region(snapshot: &Snapshot, service: &Service, order: usize) -> String {
    let is_of_region = service.orders.of_regions().contains(&order);
    if is_of_region { snapshot.topology.order_label(service, order) } else { "by weight".to_owned() }
}

fn shown(
    snapshot: &Snapshot,
    id: ServiceId,
    service: &Service,
    (order, tries): (usize, bool),
    region: String,
) -> ChoiceShown {
    let row = snapshot.row(id);
    let name = |place: usize| snapshot.topology.pool(service.pools[place].pool).name.clone();
    let pools = row.choice_of(order, tries).picks.iter().map(|pick| name(pick.pool)).collect();
    ChoiceShown { region, pools, basis: basis(row, order, tries), kept: row.is_kept(order, tries) }
}

/// What the choice for clients of an order, those who try a pool in its canary or the others, rests on now. Where they are kept, what it
/// rested on once says nothing of that.
pub(super) fn basis(row: &Row, order: usize, tries: bool) -> &'static str {
    let choice = row.choice_of(order, tries);
    let lives = || choice.picks.first().is_some_and(|pick| row.standings[pick.pool].state.is_alive());
    match row.is_kept(order, tries) {
        true if lives() => Basis::Proven.word(),
        true => TOLD_BEFORE,
        false => choice.basis.word(),
    }
}
