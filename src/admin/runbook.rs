//! `GET /api/v1/runbooks/{pool}`: what people must do when that pool is lost, with what DNS has done already and when.
//!
//! Several pools are named with commas between them; a Front End pool by its FQDN.

use super::params::Named;
use super::{Problem, Shown};
use crate::control::{self, Report};
use crate::federation::runbook::{self, Dns, Lost};
use crate::health::{Gate, Moment, State as Verdict};
use crate::ids::{PoolId, ServiceId};
use crate::snapshot::Snapshot;
use crate::topology::Face;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use std::net::IpAddr;

/// Since when they are lost, seconds since 1970, where one is.
const LOST_AT: HeaderName = HeaderName::from_static("edgesteer-lost-at");

/// What people must do when pools are lost; Markdown.
#[utoipa::path(
    get,
    path = "/api/v1/runbooks/{pools}",
    params(("pools" = String, Path, description = "Names of pools with commas between them")),
    responses((status = 200, description = "as asked", body = String, content_type = "text/markdown", headers(
        ("edgesteer-lost-at" = u64, description = "Since when they are lost, in seconds since 1970; absent while none is. Off by a second from one answer to the next")
    )))
)]
pub(super) async fn http(
    State(shown): State<Shown>,
    Named(pools): Named<String>,
) -> Result<impl IntoResponse, Problem> {
    let names: Vec<String> = pools.split(',').map(str::to_owned).collect();
    let report = shown.report().await?;
    let snapshot = shown.control.lake().load();
    let organisation = &snapshot.topology.organisation;
    let lost = organisation.find(&names).map_err(|unknown| {
        Problem::unknown(
            unknown.to_string(),
            "GET /api/v1/pools tells the Edge pools; name a Front End pool by its FQDN",
        )
    })?;
    let text = runbook::write(organisation, &lost, dns(&snapshot, &report, &lost));
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"));
    let lost_at = lost_at(&snapshot, &lost, control::moment()).map(|at| (LOST_AT, HeaderValue::from(at)));
    Ok((std::iter::once(kind).chain(lost_at).collect::<HeaderMap>(), text))
}

/// When the first of the services lost the first of these Edge pools, if one is without it still.
fn lost_at(snapshot: &Snapshot, lost: &Lost, now: Moment) -> Option<u64> {
    let services = snapshot.topology.services.iter().enumerate();
    let configured = services.filter(|(_, service)| service.face == Face::Configured);
    let standings =
        configured.flat_map(|(id, service)| service.pools.iter().zip(&snapshot.row(ServiceId::at(id)).standings));
    let shut =
        standings.filter(|(pool, _)| lost.edges.contains(&pool.pool.index())).filter_map(|(_, it)| match it.gate {
            Gate::Out { since } => Some(since),
            Gate::In | Gate::Waiting { .. } => None,
        });
    shut.min().map(|since| now.unix_of(since))
}

/// Whether any answer still names a lost Edge pool, and if not, since when it is lost.
fn dns(snapshot: &Snapshot, report: &Report, lost: &Lost) -> Dns {
    let generation = snapshot.generation;
    let is_named = lost.edges.iter().any(|&edge| snapshot.is_named(PoolId::at(edge), None));
    match since(snapshot, report, lost) {
        Some(at) if !is_named => Dns::Moved { at, generation },
        _ => Dns::Waiting { generation },
    }
}

/// When the last of what these pools are made of was lost or held away: then the answers moved.
fn since(snapshot: &Snapshot, report: &Report, lost: &Lost) -> Option<u64> {
    let topology = &snapshot.topology;
    let places = topology.services.iter().flat_map(|service| &service.pools);
    let addresses: Vec<IpAddr> = places
        .filter(|place| lost.edges.contains(&place.pool.index()))
        .flat_map(|place| place.endpoints.iter().map(|endpoint| endpoint.address))
        .collect();
    let down = report
        .targets
        .iter()
        .filter(|(target, verdict, _)| verdict.state == Verdict::Down && addresses.contains(&target.address.ip()));
    let is_lost = |pool: &str| lost.edges.iter().any(|&edge| topology.pools[edge].name == pool);
    let held = report.holds.iter().filter(|(subject, hold, _)| hold.held.keeps_away() && is_lost(&subject.pool));
    down.filter_map(|(_, _, since)| *since).chain(held.map(|(_, hold, _)| hold.made)).max()
}
