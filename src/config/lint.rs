//! Advice: what is allowed and probably not meant. Every warning says why and what to do, and has a page in `docs/lints`.
//!
//! Here: services and pools by themselves; `lint/port` has ports, `lint/stored` the records of master files. Not here: what only
//! the world can tell (`cli/check`).

use super::codes;
use super::pool;
use super::reader::Field;
use super::refer::{Drafts, References};
use super::report::Report;
use super::service::{self, Steering};
use super::source::At;
use super::view;
use crate::federation::{self, Kind, Shape};
use crate::limits;
use crate::name::Name;
use std::collections::HashSet;
use std::time::Duration;

mod pair;
mod port;
mod stored;

/// Warns.
pub(super) fn advise(drafts: &Drafts, references: &References, report: &Report) {
    stored::advise(drafts, report);
    pair::services(&drafts.services, report);
    for ((service, pools), check) in drafts.services.iter().zip(&references.services).zip(&references.checks) {
        let pools: Vec<At<&pool::Draft>> =
            pools.iter().map(|at| At { value: &drafts.pools[at.value], span: at.span }).collect();
        std::iter::once(&service.ttl)
            .chain(service.views.iter().map(|view| &view.ttl))
            .for_each(|ttl| long_ttl(ttl, report));
        single_pool(service, report);
        ordered(service, report);
        port::advise(service, check.map(|i| &drafts.checks[i].1), report);
        targets(service, &pools, report);
    }
    unplaced(drafts, references, report);
    // A reference in error would make what it means look unused.
    if !report.has_errors() {
        unused(drafts, references, report);
    }
}

fn long_ttl(ttl: &Field<Duration>, report: &Report) {
    if let Some(ttl) = ttl.at().filter(|ttl| ttl.value > limits::TTL_ADVISED) {
        let title = format!("peers keep a dead pool for up to {}", humantime::format_duration(ttl.value));
        let help = "write \"30s\", or at most \"5m\": a failover ends only when the last cached answer has expired";
        report.add(ttl.span, codes::LONG_TTL, title, "a long time to live", help);
    }
}

fn single_pool(service: &service::Draft, report: &Report) {
    if let Some(pools) = service.pools.at().filter(|pools| pools.value.len() == 1) {
        let title = format!("the service {} has one pool alone", service.name.value);
        let help = "add a second pool: when this one is lost there is nowhere to send clients";
        report.add(pools.span, codes::SINGLE_POOL, title, "", help);
    }
}

/// The kind whose habits the peers of a service have: that of its own, or of an SRV name that it took from another.
fn habits(service: &service::Draft) -> Option<&'static Kind> {
    let kind = *service.kind.get()?;
    let owner = service.srv.get().and_then(|srv| srv.owner.get());
    let taken = owner.and_then(|owner| known(owner.labels()));
    Some(taken.map_or(kind, |(kind, _)| kind))
}

/// The kind and the port that belong to the first two labels of an owner.
fn known<'a>(mut labels: impl Iterator<Item = &'a [u8]>) -> Option<(&'static Kind, u16)> {
    federation::of_srv(labels.next()?, labels.next()?)
}

/// federation.md 1.1 and 3.2: an Access Edge takes one SRV record, and some homeservers the first.
fn ordered(service: &service::Draft, report: &Report) {
    let stops = habits(service).filter(|kind| !kind.peers.walk);
    let shape = service.shape.at().filter(|shape| shape.value == Shape::Ordered);
    if let Some((kind, shape)) = stops.zip(shape) {
        let title = format!("{} take the first SRV record and stop", kind.summary);
        let help = "use shape = \"address\" or \"target\": the further records are never tried";
        report.add(shape.span, codes::ORDERED_FEDERATION, title, "", help);
    }
}

/// federation.md 1.1 and 1.6: partners and clients of Lync match the SRV target strictly with the domain.
fn targets(service: &service::Draft, pools: &[At<&pool::Draft>], report: &Report) {
    let domains = &service.domains.names;
    let is_strict = habits(service).is_some_and(|kind| kind.peers.strict);
    if !is_strict || service.shape_or_default() == Shape::Address || domains.len() > limits::LINT_DOMAINS_MAX {
        return;
    }
    let domains: Vec<Name> = domains.iter().map(Name::from_wire).collect();
    for (pool, fqdn) in pools.iter().filter_map(|at| Some((at, at.value.fqdn.get()?))) {
        let strange: Vec<&Name> = domains.iter().filter(|domain| !fqdn.is_within(domain)).collect();
        let Some(first) = strange.first() else { continue };
        let more = if strange.len() > 1 { format!(" and {} more", strange.len() - 1) } else { String::new() };
        let title = format!("the SRV target {fqdn} lies outside of the served domain {first}{more}");
        let help = "use shape = \"address\", or check that no peer matches the SRV target strictly with the domain";
        report.add(pool.span, codes::TARGET_OUTSIDE_DOMAIN, title, "", help);
    }
}

fn unplaced(drafts: &Drafts, references: &References, report: &Report) {
    let nearest = |service: &service::Draft| matches!(service.steering.get(), None | Some(Steering::Nearest));
    let used =
        drafts.services.iter().zip(&references.services).filter(|(service, pools)| nearest(service) && pools.len() > 1);
    let used: HashSet<usize> = used.flat_map(|(_, pools)| pools.iter().map(|at| at.value)).collect();
    let unplaced = drafts.pools.iter().enumerate().filter(|(i, pool)| used.contains(i) && pool.location.is_absent());
    for (_, pool) in unplaced {
        let title = format!("\"nearest\" cannot place the pool {}", pool.name.value);
        let help = "add location = \"KR\" or [latitude, longitude]: without one the pool comes last for every client";
        report.add(pool.name.span, codes::POOL_WITHOUT_LOCATION, title, "", help);
    }
}

fn unused(drafts: &Drafts, references: &References, report: &Report) {
    let in_views = references.views.iter().flatten().flat_map(|view| &view.pools);
    let pools: HashSet<usize> = references.services.iter().flatten().chain(in_views).map(|at| at.value).collect();
    for (_, pool) in drafts.pools.iter().enumerate().filter(|(i, _)| !pools.contains(i)) {
        let title = format!("no service uses the pool {}", pool.name.value);
        let help = "name it in the pools of a service, or remove it: it is neither checked nor answered";
        report.add(pool.name.span, codes::UNUSED_POOL, title, "", help);
    }
    view::unused(drafts, report);
    let checks: HashSet<usize> = references.checks.iter().copied().flatten().collect();
    for (_, (name, _)) in drafts.checks.iter().enumerate().filter(|(i, _)| !checks.contains(i)) {
        let title = format!("no service uses the check {}", name.value);
        let help = format!("write check = \"{}\" in a service, or remove it", name.value);
        report.add(name.span, codes::UNUSED_CHECK, title, "", help);
    }
}
