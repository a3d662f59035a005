//! `GET /api/v1/runbooks/{pool}`: what people must do when that pool is lost, with what DNS has done already and when.
//!
//! Several pools are named with commas between them; a Front End pool by its FQDN.

use super::params::Named;
use super::{Problem, Shown};
use crate::control::Report;
use crate::federation::runbook::{self, Dns, Lost};
use crate::health::State as Verdict;
use crate::ids::ServiceId;
use crate::snapshot::Snapshot;
use crate::topology::Face;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use std::net::IpAddr;

/// What people must do when pools are lost; Markdown.
#[utoipa::path(
    get,
    path = "/api/v1/runbooks/{pools}",
    params(("pools" = String, Path, description = "Names of pools with commas between them")),
    responses((status = 200, description = "as asked", body = String, content_type = "text/markdown"))
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
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text))
}

/// Whether any answer still names a lost Edge pool, and if not, since when it is lost.
fn dns(snapshot: &Snapshot, report: &Report, lost: &Lost) -> Dns {
    let generation = snapshot.generation;
    let is_named = lost.edges.iter().any(|&edge| is_named(snapshot, edge));
    match since(snapshot, report, lost) {
        Some(at) if !is_named => Dns::Moved { at, generation },
        _ => Dns::Waiting { generation },
    }
}

/// Whether some service sends somebody to this pool.
fn is_named(snapshot: &Snapshot, edge: usize) -> bool {
    let services = snapshot.topology.services.iter().enumerate();
    services.filter(|(_, service)| service.face == Face::Configured).any(|(id, service)| {
        let row = snapshot.row(ServiceId::at(id));
        row.choices().flat_map(|choice| &choice.picks).any(|pick| service.pools[pick.pool].pool.index() == edge)
    })
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
