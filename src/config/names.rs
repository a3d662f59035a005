//! Owner names: each lies where we may answer for it, fits, and means one thing.
//!
//! A million domains are compared by their wire form and without building their owner names, except those in error and
//! those of a domain outside every zone.

use super::codes;
use super::lists::Domains;
use super::records;
use super::refer::Drafts;
use super::report::Report;
use super::service;
use super::source::{At, Span};
use super::transfer;
use crate::name::{NAME_MAX, Name, Prefix, parent};
use crate::rrtype::{A, AAAA, SRV};
use hashbrown::HashTable;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

/// Judges every owner name and every name server.
pub(super) fn judge(drafts: &Drafts, report: &Report) {
    let services: Vec<Owned<'_>> = drafts.services.iter().map(Owned::new).collect();
    let zones: HashSet<&[u8]> = drafts.zones.iter().map(|zone| zone.apex.value.wire()).collect();
    for service in &services {
        places(service, &zones, report);
    }
    clashes(drafts, &services, report);
    shared_owners(&services, report);
    name_servers(drafts, &services, &zones, report);
    records::judge(drafts, &services, &zones, report);
    transfer::judge(drafts, &services, &zones, report);
}

/// A service's owner names: each of `prefixes` in front of each of `domains`.
pub(super) struct Owned<'a> {
    /// The service.
    pub(super) draft: &'a service::Draft,
    /// The domains that it serves.
    pub(super) domains: &'a Domains,
    /// Sorted, each once.
    pub(super) prefixes: Vec<Prefix>,
    /// Prefixes with the types that are steered there.
    pub(super) kinds: Vec<(Prefix, &'static [u16])>,
}

impl<'a> Owned<'a> {
    fn new(draft: &'a service::Draft) -> Self {
        let owners = draft.owners();
        let srv = owners.srv.into_iter().map(|(prefix, _)| (prefix, &[SRV][..]));
        let kinds: Vec<_> = srv.chain(owners.addresses.into_iter().map(|prefix| (prefix, &[A, AAAA][..]))).collect();
        let prefixes = kinds.iter().map(|(prefix, _)| prefix.clone()).collect::<HashSet<_>>().into_iter().collect();
        let mut owned = Self { draft, domains: &draft.domains, prefixes, kinds };
        owned.prefixes.sort();
        owned
    }

    /// The place of the domain in front of which a prefix makes the name `wire`.
    pub(super) fn find(&self, wire: &[u8]) -> Option<usize> {
        let domains = self.prefixes.iter().filter_map(|prefix| wire.strip_prefix(prefix.wire()));
        domains.filter(|domain| !domain.is_empty()).find_map(|domain| self.domains.find(domain))
    }
}

/// Every owner name fits into 255 octets and lies in a zone, or is one.
fn places(service: &Owned<'_>, zones: &HashSet<&[u8]>, report: &Report) {
    let longest = service.prefixes.iter().map(|prefix| prefix.wire().len()).max().unwrap_or(0);
    let by_names = service.draft.by_names();
    for (i, domain) in service.domains.names.iter().enumerate() {
        if longest + domain.len() > NAME_MAX {
            let title = format!("an owner name under {} is longer than 255 octets", Name::from_wire(domain));
            let help = "remove the domain: no DNS name is so long (RFC 1035 2.3.4)";
            report.add(service.domains.span(i), codes::OWNER_TOO_LONG, title, "", help);
        } else if !by_names && !is_within(domain, zones) {
            outside(service, i, domain, zones, report);
        }
    }
}

fn outside(service: &Owned<'_>, place: usize, domain: &[u8], zones: &HashSet<&[u8]>, report: &Report) {
    let owners = service.prefixes.iter().filter_map(|prefix| prefix.under(domain).ok());
    let homeless: Vec<Name> = owners.filter(|owner| !is_within(owner.wire(), zones)).collect();
    let Some(first) = homeless.first().filter(|_| !report.flooded(codes::OWNER_OUTSIDE_ZONES)) else { return };
    let names = homeless.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    let lies = if homeless.len() == 1 { "lies" } else { "lie" };
    let help = format!(
        "add [zone.\"{}\"], or [zone.\"{first}\"] for each name that is delegated on its own, or delegation = \"names\"",
        Name::from_wire(domain)
    );
    report.add(service.domains.span(place), codes::OWNER_OUTSIDE_ZONES, format!("{names} {lies} in no zone"), "", help);
}

fn is_within(wire: &[u8], zones: &HashSet<&[u8]>) -> bool {
    suffixes(wire).any(|name| zones.contains(name))
}

/// Whether a name is one that is delegated on its own, or lies below.
fn is_below_owner(wire: &[u8], services: &[Owned<'_>]) -> bool {
    let mut by_names = services.iter().filter(|service| service.draft.by_names());
    by_names.any(|service| suffixes(wire).any(|name| service.find(name).is_some()))
}

/// The name itself and every name above it, without the root.
pub(super) fn suffixes(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(Some(wire), |name| parent(name)).filter(|name| name.len() > 1)
}

/// Names that have addresses of their own, and apexes, are no steered owner names. There are few of them, so each is
/// looked up among the owner names and not the reverse.
fn clashes(drafts: &Drafts, services: &[Owned<'_>], report: &Report) {
    let mut fixed: BTreeMap<&Name, &str> = hosts(drafts).map(|(host, _)| (host.value, "a name server")).collect();
    let fqdns: Vec<&At<Name>> = drafts.pools.iter().filter_map(|pool| pool.fqdn.at()).collect();
    for fqdn in fqdns.iter().filter(|fqdn| fixed.contains_key(&fqdn.value)) {
        let title = format!("{} is the FQDN of a pool and a name server", fqdn.value);
        report.add(fqdn.span, codes::NAME_CLASH, title, "", "give the pool a name of its own");
    }
    for fqdn in
        fqdns.iter().filter(|fqdn| parent(fqdn.value.wire()).is_some_and(|above| is_below_owner(above, services)))
    {
        let title = format!("the FQDN {} lies below a name that is delegated on its own", fqdn.value);
        report.add(fqdn.span, codes::NAME_CLASH, title, "", "give the pool a name outside of the delegated names");
    }
    fixed.extend(fqdns.iter().map(|fqdn| (&fqdn.value, "the FQDN of a pool")));
    for service in services {
        for (name, what) in &fixed {
            clash(service, name, what, report);
        }
        for zone in drafts.zones.iter().filter(|_| service.draft.by_names()) {
            clash(service, &zone.apex.value, "the apex of a [zone]", report);
        }
    }
}

fn clash(service: &Owned<'_>, name: &Name, what: &str, report: &Report) {
    if let Some(place) = service.find(name.wire()) {
        let title = format!("{name} is an owner name of the service {} and {what}", service.draft.name.value);
        let help = "rename the other, or leave this domain out: one name cannot have two meanings";
        report.add(service.domains.span(place), codes::NAME_CLASH, title, "serving this domain", help);
    }
}

/// Name servers with their addresses, of zones and of names that are delegated one by one.
pub(super) fn hosts(drafts: &Drafts) -> impl Iterator<Item = (At<&Name>, &[IpAddr])> {
    let of_zones = drafts.zones.iter().filter_map(|zone| zone.ns.get()).flatten();
    let of_zones = of_zones.map(|at| (At { value: &at.value.host, span: at.span }, at.value.addresses.as_slice()));
    let of_names = drafts.services.iter().filter(|service| service.by_names()).filter_map(|service| service.ns.get());
    of_zones.chain(of_names.flatten().map(|at| (at.as_ref(), &[][..])))
}

/// A name server within our own names needs addresses, and only there are they published.
fn name_servers(drafts: &Drafts, services: &[Owned<'_>], zones: &HashSet<&[u8]>, report: &Report) {
    let mut addressed: HashSet<&Name> = HashSet::new();
    addressed.extend(hosts(drafts).filter(|(_, addresses)| !addresses.is_empty()).map(|(host, _)| host.value));
    let in_files = |name: &Name| drafts.zones.iter().any(|zone| zone.publishes(name));
    for (host, addresses) in hosts(drafts) {
        let name = host.value;
        let in_zone = is_within(name.wire(), zones);
        if in_zone && !addressed.contains(name) && !in_files(name) {
            let title = format!("the name server {name} lies in one of our zones and has no address");
            let help =
                "give its addresses in the ns table of a [zone], as ns = { \"ns1.example.com\" = [\"192.0.2.53\"] }";
            report.add(host.span, codes::NS_WITHOUT_ADDRESS, title, "", help);
        } else if !in_zone && is_below_owner(name.wire(), services) {
            let title = format!("the name server {name} lies below a name that it is to serve");
            let help = "choose a host outside of the delegated names: there is no place for its addresses";
            report.add(host.span, codes::NS_WITHOUT_ADDRESS, title, "", help);
        } else if !in_zone && !addresses.is_empty() {
            let title = format!("the addresses of {name} are not published");
            let help = "write [] instead: the zone in which the host lies has its addresses, and it is not ours";
            report.add(host.span, codes::NS_ADDRESS_UNPUBLISHED, title, "not in one of our zones", help);
        }
    }
}

/// No owner name belongs to two services. Equal prefixes are compared by domain; where one prefix begins with another,
/// the rest moves to the domain: `x.y` before `d` is `x` before `y.d`.
fn shared_owners(services: &[Owned<'_>], report: &Report) {
    let mut groups: BTreeMap<&Prefix, Vec<usize>> = BTreeMap::new();
    for (i, service) in services.iter().enumerate() {
        service.prefixes.iter().for_each(|prefix| groups.entry(prefix).or_default().push(i));
    }
    let mut told = HashSet::new();
    let mut tell = |prefix: &Prefix, domain: &[u8], here: (usize, Span), there: (usize, Span)| {
        let Ok(owner) = prefix.under(domain) else { return };
        if told.insert((here.1, there.0)) && !report.flooded(codes::DUPLICATE_OWNER) {
            let names = [here.0, there.0].map(|i| &services[i].draft.name.value);
            let title = format!("{owner} is served by two services, {} and {}", names[0], names[1]);
            report.repeated(here.1, there.1, codes::DUPLICATE_OWNER, title, "leave the domain out of one of them");
        }
    };
    for (prefix, members) in groups.iter().filter(|(_, members)| members.len() > 1) {
        equal_domains(members, services, |domain, here, there| tell(prefix, domain, here, there));
    }
    for (long, short) in nested(&groups) {
        let rest = &long.wire()[short.wire().len()..];
        for &i in &groups[long] {
            for (place, domain) in services[i].domains.names.iter().enumerate() {
                let moved = [rest, domain].concat();
                for &j in groups[short].iter().filter(|&&j| j != i) {
                    if let Some(other) = services[j].domains.find(&moved) {
                        let (here, there) = (services[i].domains.span(place), services[j].domains.span(other));
                        tell(long, domain, (i, here), (j, there));
                    }
                }
            }
        }
    }
}

/// Pairs of prefixes of which the second begins the first.
fn nested<'a>(groups: &BTreeMap<&'a Prefix, Vec<usize>>) -> Vec<(&'a Prefix, &'a Prefix)> {
    let prefixes: Vec<&'a Prefix> = groups.keys().copied().collect();
    let pairs = prefixes.iter().flat_map(|&long| prefixes.iter().map(move |&short| (long, short)));
    pairs.filter(|(long, short)| long != short && long.wire().starts_with(short.wire())).collect()
}

/// Calls `tell` for every domain that a second service of `members` has.
fn equal_domains(members: &[usize], services: &[Owned<'_>], mut tell: impl FnMut(&[u8], (usize, Span), (usize, Span))) {
    let hasher = RandomState::new();
    let wire = |&(service, place): &(usize, u32)| services[service].domains.names.get(place as usize);
    let total = members.iter().map(|&i| services[i].domains.names.len()).sum();
    let mut seen: HashTable<(usize, u32)> = HashTable::with_capacity(total);
    for &i in members {
        for (place, domain) in services[i].domains.names.iter().enumerate() {
            let hash = hasher.hash_one(domain);
            match seen.find(hash, |entry| wire(entry) == domain) {
                Some(&(j, first)) => {
                    let (here, there) = (services[i].domains.span(place), services[j].domains.span(first as usize));
                    tell(domain, (i, here), (j, there));
                }
                None => {
                    seen.insert_unique(hash, (i, place as u32), |entry| hasher.hash_one(wire(entry)));
                }
            }
        }
    }
}
