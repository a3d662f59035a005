//! `/api/v1/services`: what each service stands for, how its pools stand and who is sent where; a page at a time. Domains are
//! listed on their own pages.

use super::explain::tied;
use super::params::{Named, Page, Params};
use super::status::{ChoiceShown, PoolShown, choices, pools};
use super::{Problem, Shown};
use crate::ids::ServiceId;
use crate::snapshot::Snapshot;
use crate::topology::{Face, Service, Topology};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of services.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Services {
    generation: u64,
    /// How many there are in all.
    total: usize,
    /// Where the next page begins.
    next: Option<usize>,
    services: Vec<ServiceShown>,
}

/// A service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServiceShown {
    /// Its name; `NAME@VIEW` is what it is to a view.
    service: String,
    kind: &'static str,
    /// How many domains it serves.
    domains: usize,
    /// The first few of them.
    first_domains: Vec<String>,
    /// Of its records, seconds.
    ttl: u32,
    /// The same while a pool that is told is suspect or drained, seconds.
    suspect_ttl: u32,
    /// How long a lost pool must be up again before it is preferred, seconds; null waits for a release.
    failback: Option<u64>,
    /// The services that choose the same pool, itself among them; empty without a group.
    group: Vec<String>,
    /// Who tries such a pool before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<CanaryShown>,
    pools: Vec<PoolShown>,
    choices: Vec<ChoiceShown>,
}

/// Who tries a lost pool before it is preferred by all.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CanaryShown {
    /// How long the pool must have been up before, seconds.
    after: u64,
    /// Which share of client networks.
    share: f64,
}

/// A service of a snapshot.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct One {
    generation: u64,
    #[serde(flatten)]
    service: ServiceShown,
}

/// A page of a service's domains.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Domains {
    service: String,
    /// How many there are in all.
    total: usize,
    /// Where the next page begins.
    next: Option<usize>,
    domains: Vec<String>,
}

/// A page of services.
#[utoipa::path(
    get,
    path = "/api/v1/services",
    params(Page),
    responses((status = 200, description = "as asked", body = Services))
)]
pub(super) async fn list(State(shown): State<Shown>, Params(page): Params<Page>) -> Result<Json<Services>, Problem> {
    let snapshot = shown.control.lake().load();
    let (services, next) = page.cut(configured(&snapshot.topology))?;
    Ok(Json(Services {
        generation: snapshot.generation,
        total: configured(&snapshot.topology).count(),
        next,
        services: services.into_iter().map(|(id, service)| service_shown(&snapshot, id, service)).collect(),
    }))
}

/// One service.
#[utoipa::path(
    get,
    path = "/api/v1/services/{service}",
    params(("service" = String, Path, description = "The name of a service")),
    responses((status = 200, description = "as asked", body = One))
)]
pub(super) async fn one(State(shown): State<Shown>, Named(name): Named<String>) -> Result<Json<One>, Problem> {
    let snapshot = shown.control.lake().load();
    let (id, service) = find(&snapshot.topology, Some(&name))?;
    Ok(Json(One { generation: snapshot.generation, service: service_shown(&snapshot, id, service) }))
}

/// A page of a service's domains.
#[utoipa::path(
    get,
    path = "/api/v1/services/{service}/domains",
    params(("service" = String, Path, description = "The name of a service"), Page),
    responses((status = 200, description = "as asked", body = Domains))
)]
pub(super) async fn domains(
    State(shown): State<Shown>,
    Named(name): Named<String>,
    Params(page): Params<Page>,
) -> Result<Json<Domains>, Problem> {
    let snapshot = shown.control.lake().load();
    let topology = &snapshot.topology;
    let (id, service) = find(topology, Some(&name))?;
    let (from, limit) = page.bounds()?;
    let (domains, next) = topology.names.domains(own(topology, id), from, limit);
    let domains = domains.iter().map(ToString::to_string).collect();
    Ok(Json(Domains { service: name, total: service.domains, next, domains }))
}

/// The services of the configuration, also what they are to views.
pub(super) fn configured(topology: &Topology) -> impl Iterator<Item = (ServiceId, &Service)> {
    let all = topology.services.iter().enumerate().map(|(i, service)| (ServiceId::at(i), service));
    all.filter(|(_, service)| service.face == Face::Configured)
}

/// The service of a name, or the first.
pub(super) fn find<'t>(topology: &'t Topology, name: Option<&str>) -> Result<(ServiceId, &'t Service), Problem> {
    let found = configured(topology).find(|(_, service)| name.is_none_or(|name| service.name == name));
    let name = name.unwrap_or_default();
    found.ok_or_else(|| {
        Problem::unknown(format!("there is no service {name:?}"), "GET /api/v1/services tells which there are")
    })
}

/// The service that names point at: for what a service is to a view, the service itself.
fn own(topology: &Topology, id: ServiceId) -> ServiceId {
    let stands_for = |service: &Service| service.views.iter().any(|(_, seen)| *seen == id);
    configured(topology).find(|(_, service)| stands_for(service)).map_or(id, |(own, _)| own)
}

fn service_shown(snapshot: &Snapshot, id: ServiceId, service: &Service) -> ServiceShown {
    ServiceShown {
        service: service.name.clone(),
        kind: service.kind,
        domains: service.domains,
        first_domains: service.first_domains.iter().map(ToString::to_string).collect(),
        ttl: service.ttl,
        suspect_ttl: service.suspect_ttl,
        failback: service.failback.map(|wait| wait.as_secs()),
        group: tied(&snapshot.topology, service),
        canary: service
            .canary
            .map(|canary| CanaryShown { after: canary.after.as_secs(), share: f64::from(canary.share) / 10_000.0 }),
        pools: pools(snapshot, id, service),
        choices: choices(snapshot, id, service),
    }
}
