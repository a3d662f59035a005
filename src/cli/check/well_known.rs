//! What `https://DOMAIN/.well-known/matrix/server` says, beside a service of the kind "matrix": homeservers read it before any SRV.
//!
//! A file that is absent or cannot be read is no finding: homeservers then go on to the SRV, which is ours.

use super::live::{self, Findings};
use super::outside;
use crate::cli::progress::Progress;
use crate::config::{Ask, Config, TlsOptions, Verify, codes};
use crate::federation::CheckKind;
use crate::limits::{OUTSIDE_AT_ONCE, OUTSIDE_DOMAINS_MAX, REACH_TIMEOUT};
use crate::name::Name;
use crate::probe::{Fetched, fetch};
use crate::topology::TargetSpec;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Where homeservers look (Matrix server-server API, "Resolving server names").
const PATH: &str = "/.well-known/matrix/server";
/// At which port.
const PORT: u16 = 443;

/// One domain of a service.
#[derive(Clone)]
struct Domain {
    service: String,
    domain: Name,
    /// Names whose addresses follow the chosen pool.
    steered: BTreeSet<Name>,
}

/// What is to be fetched: known from the configuration, and lost when it is compiled.
#[derive(Default)]
pub(super) struct Plan {
    domains: Vec<Domain>,
}

impl Plan {
    /// Of the first domains of every service whose kind is checked as Matrix is.
    pub(super) fn of(config: &Config) -> Self {
        let is_matrix = |service: &&crate::config::Service| {
            service.kind.check.as_ref().is_some_and(|check| check.kind == CheckKind::Matrix)
        };
        let domains = config.services.iter().filter(is_matrix).flat_map(|service| {
            let first = service.domains.iter().take(OUTSIDE_DOMAINS_MAX);
            first.map(move |domain| Domain {
                service: service.name.clone(),
                domain: Name::from_wire(domain),
                steered: service.owners.addresses.iter().filter_map(|prefix| prefix.under(domain).ok()).collect(),
            })
        });
        Self { domains: domains.collect() }
    }
}

/// Fetches and judges; names are looked up by that resolver, or by this host's own.
pub(super) async fn look(plan: Plan, resolver: Option<SocketAddr>, findings: &mut Findings<'_>) {
    let progress = Progress::counting(format!("fetching {PATH}"), plan.domains.len());
    let fetched = live::each(plan.domains, OUTSIDE_AT_ONCE, &progress, move |domain| async move {
        let said = said(&domain.domain, resolver).await;
        (domain, said)
    });
    let fetched = fetched.await;
    drop(progress);
    let all: BTreeSet<Name> = fetched.iter().map(|(domain, _)| domain.domain.clone()).collect();
    for (domain, said) in fetched {
        if let Some(delegated) = said.as_ref().and_then(delegated) {
            judge(&domain, &delegated, &all, findings);
        }
    }
}

/// What the first address that answers says.
async fn said(domain: &Name, resolver: Option<SocketAddr>) -> Option<Fetched> {
    let addresses: Vec<IpAddr> = match resolver {
        Some(resolver) => outside::found(domain, resolver).await.into_iter().collect(),
        None => live::own_resolver(domain).await.ok()?,
    };
    for address in addresses {
        if let Ok(fetched) = fetch(Arc::new(target(address, domain)), PATH).await {
            return Some(fetched);
        }
    }
    None
}

/// Whether its certificate holds is not the question: it is not ours.
fn target(address: IpAddr, domain: &Name) -> TargetSpec {
    TargetSpec {
        server_name: domain.clone(),
        domain: domain.clone(),
        tls: TlsOptions { verify: Verify::None, ..TlsOptions::default() },
        ..TargetSpec::nameless(SocketAddr::new(address, PORT), Ask::Tls, REACH_TIMEOUT)
    }
}

/// Where a file delegates to.
#[derive(Debug, PartialEq, Eq)]
struct Delegated {
    host: String,
    port: Option<u16>,
}

fn delegated(fetched: &Fetched) -> Option<Delegated> {
    let told: serde_json::Value = serde_json::from_slice(&fetched.body).ok().filter(|_| fetched.status == 200)?;
    let server = told.get("m.server")?.as_str()?.to_ascii_lowercase();
    // An IPv6 address stands in brackets, and has colons of its own.
    let split = server.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    let (host, port) = match split {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (server.as_str(), None),
    };
    Some(Delegated { host: host.to_owned(), port })
}

fn judge(domain: &Domain, delegated: &Delegated, all: &BTreeSet<Name>, findings: &mut Findings<'_>) {
    let Domain { service, domain, steered } = domain;
    let host = Name::parse(&delegated.host).ok();
    let is_steered = host.as_ref().is_some_and(|host| steered.contains(host));
    let is_served = host.as_ref().is_some_and(|host| all.contains(host));
    let shown = &delegated.host;
    match delegated.port {
        Some(port) if is_steered => {
            let title = format!(
                "https://{domain}{PATH} says {shown}:{port}: with a port no SRV is looked up; its address is steered all the same"
            );
            let help =
                format!("leave the port out if {port} is 8448, or know that the SRV names of {service} have no effect");
            findings.add(codes::WELL_KNOWN_PORT, title, help);
        }
        Some(port) => {
            let title = format!(
                "https://{domain}{PATH} says {shown}:{port}: with a port no SRV is looked up, and nothing of {service} steers {shown}"
            );
            let help =
                format!("let it say a name that {service} steers, as \"m.server\": \"{}\"", first(steered, domain));
            findings.add(codes::WELL_KNOWN_PORT, title, help);
        }
        None if !is_steered && !is_served => {
            let title = format!("https://{domain}{PATH} delegates to {shown}, which {service} does not steer");
            let help =
                format!("add {shown} to the domains of {service}, or let the file say \"{}\"", first(steered, domain));
            findings.add(codes::WELL_KNOWN_ELSEWHERE, title, help);
        }
        None => {}
    }
}

fn first<'a>(steered: &'a BTreeSet<Name>, domain: &'a Name) -> &'a Name {
    steered.first().unwrap_or(domain)
}

#[cfg(test)]
mod tests;
