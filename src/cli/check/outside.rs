//! `check --outside RESOLVER`: what the world is told by the zone above and by a resolver, beside what the configuration says.
//!
//! Here: who is asked what. `outside/judge` compares, and asks nobody. A resolver's own word comes first: where it is itself
//! a server of the zone above, its referral is the delegation, and is followed for names.

use super::ask::{self, Want, ask};
use super::live::{self, Findings};
use crate::cli::progress::Progress;
use crate::config::{Config, Delegation, codes};
use crate::federation::Shape;
use crate::limits::{OUTSIDE_AT_ONCE, OUTSIDE_DOMAINS_MAX, OUTSIDE_SERVERS_MAX, OUTSIDE_ZONES_MAX};
use crate::name::{Name, Prefix};
use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

mod judge;

/// A zone and its name servers, as the configuration has them.
#[derive(Clone)]
struct ZonePlan {
    apex: Name,
    /// Hosts with the addresses that the configuration gives; none for hosts of others.
    ns: BTreeMap<Name, BTreeSet<IpAddr>>,
}

/// Names of one service for one domain, and where they may lead.
#[derive(Clone)]
struct NamesPlan {
    service: String,
    /// SRV owners with their ports.
    srv: Vec<(Name, u16)>,
    /// What they may point at.
    targets: BTreeSet<Name>,
    /// Names with addresses, and which those may be.
    addresses: BTreeMap<Name, BTreeSet<IpAddr>>,
    /// Seconds.
    ttl: u32,
}

/// What is to be compared: known from the configuration, and lost when it is compiled.
#[derive(Clone, Default)]
pub(super) struct Plan {
    zones: Vec<ZonePlan>,
    names: Vec<NamesPlan>,
}

impl Plan {
    /// Of every zone, and of the first domains of every service.
    pub(super) fn of(config: &Config) -> Self {
        let zone = |zone: &crate::config::Zone| ZonePlan {
            apex: zone.apex.clone(),
            ns: zone.ns.iter().map(|ns| (ns.host.clone(), ns.addresses.iter().copied().collect())).collect(),
        };
        let mut zones: Vec<ZonePlan> = config.zones.iter().take(OUTSIDE_ZONES_MAX).map(zone).collect();
        let given: Vec<_> = zones.iter().flat_map(|zone| zone.ns.clone()).collect();
        // A host that stands in several sets has its addresses in one of them.
        for (host, addresses) in zones.iter_mut().flat_map(|zone| zone.ns.iter_mut()) {
            addresses
                .extend(given.iter().filter(|(other, _)| other == host).flat_map(|(_, given)| given.iter().copied()));
        }
        let mut plan = Self { zones, names: Vec::new() };
        config.services.iter().for_each(|service| plan.service(config, service));
        plan.zones.truncate(OUTSIDE_ZONES_MAX);
        plan
    }

    fn service(&mut self, config: &Config, service: &crate::config::Service) {
        let pools = || service.pools.iter().map(|&pool| &config.pools[pool]);
        let of_role = |pool: &crate::config::Pool| -> BTreeSet<IpAddr> {
            pool.endpoints
                .iter()
                .filter(|endpoint| endpoint.role == service.kind.role)
                .map(|endpoint| endpoint.address)
                .collect()
        };
        for domain in service.domains.iter().take(OUTSIDE_DOMAINS_MAX) {
            let under = |prefix: &Prefix| prefix.under(domain).ok();
            let mut addresses: BTreeMap<Name, BTreeSet<IpAddr>> = BTreeMap::new();
            let targets: BTreeSet<Name> = match service.shape {
                Shape::Address => service.owners.addresses.first().and_then(under).into_iter().collect(),
                Shape::Target | Shape::Ordered => pools().filter_map(|pool| pool.fqdn.clone()).collect(),
            };
            if service.shape == Shape::Address || service.owners.srv.is_empty() {
                let all: BTreeSet<IpAddr> = pools().flat_map(of_role).collect();
                addresses.extend(service.owners.addresses.iter().filter_map(under).map(|name| (name, all.clone())));
            } else {
                addresses.extend(pools().filter_map(|pool| Some((pool.fqdn.clone()?, of_role(pool)))));
            }
            let srv: Vec<(Name, u16)> =
                service.owners.srv.iter().filter_map(|(prefix, port)| Some((under(prefix)?, *port))).collect();
            if let Delegation::Names { ns, .. } = &service.delegation {
                let ns: BTreeMap<Name, BTreeSet<IpAddr>> =
                    ns.iter().map(|host| (host.clone(), BTreeSet::new())).collect();
                let owners = service.owners.srv.iter().map(|(prefix, _)| prefix).chain(&service.owners.addresses);
                self.zones.extend(owners.filter_map(under).map(|apex| ZonePlan { apex, ns: ns.clone() }));
            }
            let ttl = u32::try_from(service.ttl.as_secs()).unwrap_or(u32::MAX);
            self.names.push(NamesPlan { service: service.name.clone(), srv, targets, addresses, ttl });
        }
    }
}

/// What the zone above says of a zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    /// Who said it.
    by: String,
    /// Its name servers with the addresses that came beside them.
    ns: BTreeMap<Name, BTreeSet<IpAddr>>,
}

/// What one delegated server at one address says of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    host: Name,
    /// `None` where nobody knows its address.
    address: Option<IpAddr>,
    /// Why it is no server of that zone; `None` where it is one.
    fault: Option<String>,
}

/// What was seen of one zone.
struct Delegated {
    plan: ZonePlan,
    /// What the zone above says; the error where nobody could be asked, and none where it does not delegate.
    told: Result<Option<Told>, String>,
    words: Vec<Word>,
}

/// What was seen.
pub(super) struct Seen {
    by: SocketAddr,
    zones: Vec<Delegated>,
}

/// Who is asked.
#[derive(Clone, Copy)]
pub(super) struct From {
    /// The resolver, or a server of the zone above.
    pub(super) resolver: SocketAddr,
    /// Where the name servers of zones are asked.
    pub(super) port: u16,
}

/// Asks everybody, and compares.
pub(super) async fn look(plan: Plan, from: From, findings: &mut Findings<'_>) -> Seen {
    let progress = Progress::counting(format!("asking {}", from.resolver), plan.zones.len() + plan.names.len());
    if let Err(why) = ask(from.resolver, &Name::root(), RecordType::NS, Want::Found).await {
        let title = format!("{} does not answer: {why}", from.resolver);
        findings.add(codes::OUTSIDE_SILENT, title, "name a resolver that this host may ask, as --outside 9.9.9.9");
        return Seen { by: from.resolver, zones: Vec::new() };
    }
    let zones = live::each(plan.zones, OUTSIDE_AT_ONCE, &progress, move |zone| delegated(zone, from)).await;
    for zone in &zones {
        judge::delegation(&zone.plan, &zone.told, findings);
        judge::servers(&zone.plan, &zone.words, findings);
    }
    let looked_up = live::each(plan.names, OUTSIDE_AT_ONCE, &progress, move |names| look_up(names, from)).await;
    for (names, answers) in &looked_up {
        judge::names(names, answers, from.resolver, findings);
    }
    Seen { by: from.resolver, zones }
}

/// Asks the zone above for one zone, then each of the servers that it names.
async fn delegated(plan: ZonePlan, from: From) -> Delegated {
    let told = told(&plan.apex, from).await;
    let mut words = Vec::new();
    let servers = told.iter().flatten().flat_map(|told| &told.ns).take(OUTSIDE_SERVERS_MAX);
    for (host, glue) in servers {
        let mut addresses: BTreeSet<IpAddr> = glue.clone();
        if addresses.is_empty() {
            addresses = found(host, from.resolver).await;
        }
        if addresses.is_empty() {
            words.push(Word { host: host.clone(), address: None, fault: Some("nobody knows its address".to_owned()) });
        }
        for address in addresses {
            let answer = ask(SocketAddr::new(address, from.port), &plan.apex, RecordType::SOA, Want::Own).await;
            words.push(Word { host: host.clone(), address: Some(address), fault: judge::lameness(&answer) });
        }
    }
    Delegated { plan, told, words }
}

/// What the zone above says of a zone: by the word of who is asked, or of the servers of the nearest zone above.
async fn told(apex: &Name, from: From) -> Result<Option<Told>, String> {
    let own = ask(from.resolver, apex, RecordType::NS, Want::Own).await?;
    if let Some(ns) = judge::referral(&own, apex) {
        return Ok(Some(Told { by: from.resolver.to_string(), ns }));
    }
    for above in std::iter::successors(apex.parent(), Name::parent) {
        let answer = ask(from.resolver, &above, RecordType::NS, Want::Found).await?;
        let hosts: Vec<Name> = answer.answers.iter().filter_map(ask::host).collect();
        for host in hosts.iter().take(OUTSIDE_SERVERS_MAX) {
            for address in found(host, from.resolver).await {
                let server = SocketAddr::new(address, from.port);
                let Ok(answer) = ask(server, apex, RecordType::NS, Want::Own).await else { continue };
                let by = format!("{host} ({address}), a server of {}", shown(&above));
                return Ok(judge::delegating(&answer, apex).map(|ns| Told { by, ns }));
            }
        }
        if !hosts.is_empty() {
            return Err(format!("no server of {} answers", shown(&above)));
        }
    }
    Err(format!("{} knows no zone above", from.resolver))
}

/// The addresses that a resolver finds.
pub(super) async fn found(host: &Name, resolver: SocketAddr) -> BTreeSet<IpAddr> {
    let mut addresses = BTreeSet::new();
    for kind in [RecordType::A, RecordType::AAAA] {
        let answer = ask(resolver, host, kind, Want::Found).await;
        addresses.extend(answer.iter().flat_map(|answer| &answer.answers).filter_map(ask::address));
    }
    addresses
}

/// What was answered to each name.
type Answers = Vec<(Name, RecordType, Result<Message, String>)>;

async fn look_up(plan: NamesPlan, from: From) -> (NamesPlan, Answers) {
    let mut answers = Answers::new();
    for (owner, _) in &plan.srv {
        answers.push((owner.clone(), RecordType::SRV, followed(owner, RecordType::SRV, from).await));
    }
    // What an SRV points at though it should not is looked at as well.
    let strangers = answers.iter().filter_map(|(.., answer)| answer.as_ref().ok()).flat_map(judge::srv);
    let strangers: Vec<Name> =
        strangers.map(|(target, ..)| target).filter(|name| !plan.addresses.contains_key(name)).collect();
    for name in plan.addresses.keys().chain(&strangers) {
        for kind in [RecordType::A, RecordType::AAAA] {
            answers.push((name.clone(), kind, followed(name, kind, from).await));
        }
    }
    (plan, answers)
}

/// What is found; who only refers to others, as a server of the zone above does, is followed once.
async fn followed(name: &Name, kind: RecordType, from: From) -> Result<Message, String> {
    let answer = ask(from.resolver, name, kind, Want::Found).await?;
    if answer.metadata.recursion_available || !answer.answers.is_empty() {
        return Ok(answer);
    }
    let refers = answer.authorities.iter().any(|record| ask::host(record).is_some());
    match answer.additionals.iter().filter(|_| refers).find_map(ask::address) {
        Some(address) => ask(SocketAddr::new(address, from.port), name, kind, Want::Own).await,
        None => Ok(answer),
    }
}

fn shown(name: &Name) -> String {
    if *name == Name::root() { "the root".to_owned() } else { name.to_string() }
}

impl Seen {
    /// For people.
    pub(super) fn table(&self) -> String {
        let header = ["zone", "name server", "address", "as seen from outside"].map(str::to_owned).to_vec();
        let mut rows = vec![header];
        for zone in &self.zones {
            let apex = zone.plan.apex.to_string();
            match &zone.told {
                Err(why) => rows.push(vec![apex, "-".to_owned(), "-".to_owned(), format!("unknown: {why}")]),
                Ok(None) => rows.push(vec![apex, "-".to_owned(), "-".to_owned(), "NOT DELEGATED".to_owned()]),
                Ok(Some(_)) => rows.extend(zone.words.iter().map(|word| {
                    let address = word.address.map_or("-".to_owned(), |address| address.to_string());
                    let state =
                        word.fault.as_ref().map_or("answers for it".to_owned(), |fault| format!("LAME: {fault}"));
                    vec![apex.clone(), word.host.to_string(), address, state]
                })),
            }
        }
        live::table(&rows)
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let zone = |zone: &Delegated| {
            let told = zone.told.as_ref().ok().and_then(Option::as_ref);
            let servers = zone
                .words
                .iter()
                .map(|word| json!({ "host": word.host.to_string(), "address": word.address, "fault": word.fault }));
            json!({
                "zone": zone.plan.apex.to_string(),
                "delegated": zone.told.as_ref().ok().map(Option::is_some),
                "told_by": told.map(|told| &told.by),
                "servers": servers.collect::<Vec<_>>(),
            })
        };
        json!({ "asked": self.by.to_string(), "zones": self.zones.iter().map(zone).collect::<Vec<_>>() })
    }
}
