//! `/api/v1/estimate`: how long it takes until partners of a dead pool come to another, for people and as JSON.
//!
//! Here: the form. Not here: how it is reckoned (`whatif::estimate`).

use super::{Problem, Shown};
use crate::limits::STATUS_SERVICES_MAX;
use crate::topology::Topology;
use crate::whatif::{Estimate, Fault, PeerEstimate, Span, estimates};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::fmt;
use std::time::Duration;
use utoipa::ToSchema;

/// How soon partners come to another pool, service by service.
#[derive(Debug, Serialize, ToSchema)]
pub struct Estimates {
    services: Vec<ServiceExpected>,
    services_left_out: usize,
}

#[derive(Debug, Serialize, ToSchema)]
struct ServiceExpected {
    service: String,
    kind: &'static str,
    /// From the fault to the verdict.
    found: ByFault,
    /// From the verdict to the last answer by the old one.
    published: SpanShown,
    /// How long resolvers keep an answer.
    ttl: SpanShown,
    peers: Vec<PeerExpected>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PeerExpected {
    peer: &'static str,
    /// How long it goes on with what it was told, beyond the TTL.
    keeps: SpanShown,
    /// From the fault to the first contact with another pool.
    whole: ByFault,
    /// What its habit is known from.
    source: &'static str,
}

/// By what happens to the pool.
#[derive(Debug, Serialize, ToSchema)]
struct ByFault {
    /// Its processes are killed: connections break, and new ones are refused.
    killed: SpanShown,
    /// New connections are refused.
    refused: SpanShown,
    /// It says nothing any more.
    silent: SpanShown,
}

/// How long something takes, seconds.
#[derive(Debug, Serialize, ToSchema)]
struct SpanShown {
    least: f64,
    /// `None` where nobody knows.
    most: Option<f64>,
}

/// How soon partners come to another pool, for every service that is probed.
#[utoipa::path(
    get,
    path = "/api/v1/estimate",
    responses((status = 200, description = "as asked", body = Estimates))
)]
pub(super) async fn http(State(shown): State<Shown>) -> Result<Json<Estimates>, Problem> {
    Ok(Json(Estimates::of(&shown.control.lake().load().topology)))
}

impl Estimates {
    /// What is to be expected of the services of a topology.
    pub fn of(topology: &Topology) -> Self {
        let mut all = estimates(topology);
        let services = all.by_ref().take(STATUS_SERVICES_MAX).map(service).collect();
        Self { services, services_left_out: all.count() }
    }
}

fn service(estimate: Estimate) -> ServiceExpected {
    let Estimate { service, kind, found, published, ttl, peers } = estimate;
    let peers = peers.into_iter().map(peer).collect();
    ServiceExpected { service, kind, found: by_fault(found), published: span(published), ttl: span(ttl), peers }
}

fn peer(PeerEstimate { peer, keeps, whole }: PeerEstimate) -> PeerExpected {
    PeerExpected { peer: peer.name, keeps: span(keeps), whole: by_fault(whole), source: peer.source }
}

fn by_fault([killed, refused, silent]: [Span; Fault::WORDS.len()]) -> ByFault {
    ByFault { killed: span(killed), refused: span(refused), silent: span(silent) }
}

fn span(span: Span) -> SpanShown {
    SpanShown { least: span.least.as_secs_f64(), most: span.most.map(|most| most.as_secs_f64()) }
}

impl fmt::Display for SpanShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.most {
            None => write!(f, "{} or more", words(self.least)),
            Some(most) if most == self.least => f.write_str(&words(most)),
            Some(most) => write!(f, "{} to {}", words(self.least), words(most)),
        }
    }
}

/// Seconds for people, to a tenth where they are few.
fn words(seconds: f64) -> String {
    let whole = Duration::from_secs(seconds.round() as u64);
    match seconds {
        0.0 => "0".to_owned(),
        little if little < 0.1 => format!("{:.0} ms", (little * 1000.0).ceil()),
        some if some < 60.0 => format!("{} s", (some * 10.0).round() / 10.0),
        _ => humantime::format_duration(whole).to_string(),
    }
}

impl fmt::Display for Estimates {
    /// Markdown, so that it can be a part of an operator's own pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, service) in self.services.iter().enumerate() {
            write!(f, "{}{service}", if i == 0 { "" } else { "\n" })?;
        }
        if self.services_left_out > 0 {
            writeln!(f, "\nand {} more services", self.services_left_out)?;
        }
        Ok(())
    }
}

impl fmt::Display for ServiceExpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, kind, found, published, ttl, peers } = self;
        writeln!(f, "### {service} ({kind})\n")?;
        writeln!(f, "Published {published} after the verdict; resolvers keep an answer {ttl}.\n")?;
        writeln!(f, "| | killed | refused | silent | keeps beyond the TTL | known from |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        writeln!(f, "| found | {} | {} | {} | | checks |", found.killed, found.refused, found.silent)?;
        for PeerExpected { peer, keeps, whole, source } in peers {
            let ByFault { killed, refused, silent } = whole;
            writeln!(f, "| {peer} | {killed} | {refused} | {silent} | {keeps} | {source} |")?;
        }
        Ok(())
    }
}
