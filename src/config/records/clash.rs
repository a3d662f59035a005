//! Static records beside everything else that is configured: other zones, steered names, name servers, aliases of all files.
//!
//! A steered name wins nothing and loses nothing: what both say is an error at the file's line.

use super::judge::{cut_of, cuts};
use super::{Draft, Record};
use crate::config::codes;
use crate::config::names::{Owned, hosts, suffixes};
use crate::config::refer::Drafts;
use crate::config::report::Report;
use crate::config::zone;
use crate::name::{Name, Prefix};
use crate::rrtype::{self, A, AAAA, CNAME, DS, MX, NS, SRV};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// Everything that records can meet.
struct World<'a> {
    services: &'a [Owned<'a>],
    apexes: &'a HashSet<&'a [u8]>,
    fqdns: HashSet<&'a Name>,
    /// Name servers with the addresses that the configuration publishes.
    hosts: HashMap<&'a Name, Vec<IpAddr>>,
    files: HashMap<&'a [u8], File<'a>>,
    report: &'a Report,
}

/// The records of one zone with what is looked up in them often.
struct File<'a> {
    zone: &'a zone::Draft,
    draft: &'a Draft,
    cuts: HashSet<&'a [u8]>,
    /// Owners and the names between them and the apex.
    names: HashSet<&'a [u8]>,
}

/// Judges the records of every zone.
pub(in crate::config) fn judge(drafts: &Drafts, services: &[Owned<'_>], apexes: &HashSet<&[u8]>, report: &Report) {
    let files: HashMap<&[u8], File<'_>> = drafts.zones.iter().filter_map(File::new).collect();
    if files.is_empty() {
        return;
    }
    let mut published: HashMap<&Name, Vec<IpAddr>> = HashMap::new();
    for (host, addresses) in hosts(drafts).filter(|(_, addresses)| !addresses.is_empty()) {
        published.entry(host.value).or_default().extend(addresses);
    }
    let fqdns = drafts.pools.iter().filter_map(|pool| pool.fqdn.get()).collect();
    let world = World { services, apexes, fqdns, hosts: published, files, report };
    for zone in &drafts.zones {
        let Some(file) = world.files.get(zone.apex.value.wire()) else { continue };
        apex(file, report);
        world.owners(file);
        world.steered_below_cuts(file);
        world.targets(file);
    }
}

impl<'a> File<'a> {
    fn new(zone: &'a zone::Draft) -> Option<(&'a [u8], Self)> {
        let (draft, apex) = (zone.records.get()?, &zone.apex.value);
        let within = |name: &&[u8]| name.len() >= apex.wire().len();
        let names = draft.owners.keys().flat_map(|owner| suffixes(owner.wire())).filter(within).collect();
        Some((apex.wire(), Self { zone, draft, cuts: cuts(draft, apex), names }))
    }

    /// The owner of the records that answer for a name: itself, or the wildcard above it (RFC 4592 section 3.3.1).
    fn answering(&self, name: &Name) -> Option<Name> {
        if self.names.contains(name.wire()) {
            return Some(name.clone());
        }
        let encloser = suffixes(name.wire()).find(|above| self.names.contains(above))?;
        let source = Name::from_wire(&[b"\x01*", encloser].concat());
        self.draft.owners.contains_key(&source).then_some(source)
    }
}

/// What the file and the configuration say of the apex must be one thing.
fn apex(file: &File<'_>, report: &Report) {
    let (zone, apex) = (file.zone, &file.zone.apex.value);
    let tell = |record: &Record, title: String, help: &str| {
        report.add(record.kind.span, codes::APEX_CLASH, title, "", help);
    };
    if let Some((soa, record)) = file.draft.soa(apex) {
        for (key, given, said) in
            [("ttl", zone.ttl.get(), soa.ttl), ("negative_ttl", zone.negative_ttl.get(), soa.minimum)]
        {
            if given.is_some_and(|given| given.as_secs() != u64::from(said)) {
                let title = format!("\"{key}\" of the zone {apex} contradicts its SOA, which says {said} seconds");
                tell(record, title, "leave the key out of the [zone], or the SOA out of the file");
            }
        }
    }
    let Some(given) = zone.ns.get() else { return };
    let said: Vec<&Record> = file.draft.at(apex, NS).collect();
    for ns in &said {
        let host = ns.target();
        if !given.iter().any(|server| Some(&server.value.host) == host.as_ref()) {
            let title = format!("\"ns\" of the zone {apex} does not have this name server");
            tell(ns, title, "make both sets equal, or leave \"ns\" out of the [zone]");
        }
    }
    let lacks = |server: &&Name| !said.iter().any(|ns| ns.target().as_ref() == Some(*server));
    if let (Some(ns), Some(host)) = (said.first(), given.iter().map(|server| &server.value.host).find(lacks)) {
        let title = format!("the NS records of {apex} lack {host}, which \"ns\" of the [zone] has");
        tell(ns, title, "make both sets equal, or leave the NS records out of the file");
    }
}

impl World<'_> {
    fn owners(&self, file: &File<'_>) {
        for (owner, records) in &file.draft.owners {
            if self.elsewhere(file, owner, records) {
                continue;
            }
            self.steered(owner, records, &file.zone.apex.value);
            self.name_server(owner, records);
        }
    }

    /// Whether the name belongs to a deeper zone of ours; all but the delegation itself and glue is reported.
    fn elsewhere(&self, file: &File<'_>, owner: &Name, records: &[Record]) -> bool {
        let by_name = |name: &[u8]| self.services.iter().any(|s| s.draft.by_names() && s.find(name).is_some());
        let Some(zone) = suffixes(owner.wire()).find(|name| self.apexes.contains(name) || by_name(name)) else {
            return false;
        };
        if zone == file.zone.apex.value.wire() {
            return false;
        }
        let glue =
            |record: &Record| matches!(record.kind.value, A | AAAA) && cut_of(owner.wire(), &file.cuts).is_some();
        let delegation = |record: &Record| zone == owner.wire() && matches!(record.kind.value, NS | DS);
        if let Some(stray) = records.iter().find(|record| !glue(record) && !delegation(record)) {
            let title = format!("{owner} lies in {}, which is a zone of its own here", Name::from_wire(zone));
            let help = "move the record into that zone; only its NS and DS stand here";
            self.report.add(stray.owner.span, codes::RECORD_OUTSIDE_ZONE, title, "", help);
        }
        true
    }

    /// A record of a type that is steered at this name, or one that allows nothing beside it.
    fn steered(&self, owner: &Name, records: &[Record], apex: &Name) {
        let (mut kinds, mut by) = (Vec::new(), String::new());
        for service in self.services.iter().filter(|service| !service.draft.by_names()) {
            for (prefix, served) in &service.kinds {
                if is_owner(service, prefix, owner) {
                    kinds.extend(*served);
                    by = format!("the service {}", service.draft.name.value);
                }
            }
        }
        if self.fqdns.contains(owner) {
            kinds.extend([A, AAAA]);
            by = "the health of the pool that has this FQDN".to_owned();
        }
        if kinds.is_empty() {
            return;
        }
        let clashes = |kind: u16| kinds.contains(&kind) || kind == CNAME || (kind == NS && owner != apex);
        if let Some(record) = records.iter().find(|record| clashes(record.kind.value)) {
            let mut words: Vec<_> = kinds.iter().map(|&kind| rrtype::word(kind)).collect();
            words.dedup();
            let title = format!("{owner} is steered: its {} come from {by}", words.join(" and "));
            let help = "remove the record, or leave the name to the file and take it out of what is steered";
            self.report.add(record.kind.span, codes::RECORD_CLASH, title, "", help);
        }
    }

    /// Addresses of a name server that the configuration gives as well must be the same.
    fn name_server(&self, owner: &Name, records: &[Record]) {
        let Some(given) = self.hosts.get(owner) else { return };
        let address = |record: &Record| match (record.kind.value, &*record.data.value) {
            (A, &[a, b, c, d]) => Some(IpAddr::from([a, b, c, d])),
            (AAAA, data) => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
            _ => None,
        };
        let said: Vec<IpAddr> = records.iter().filter_map(address).collect();
        let stray = records.iter().find(|record| match address(record) {
            Some(ip) => !given.contains(&ip) || !given.iter().all(|ip| said.contains(ip)),
            None => matches!(record.kind.value, CNAME | NS),
        });
        if let Some(record) = stray {
            let title = format!("{owner} is a name server whose addresses the configuration gives, and they differ");
            let help = "write the same addresses, or [] behind the name server in \"ns\" and let the file say them";
            self.report.add(record.kind.span, codes::RECORD_CLASH, title, "", help);
        }
    }

    /// What is delegated away cannot be steered by us.
    fn steered_below_cuts(&self, file: &File<'_>) {
        let cuts = &file.cuts;
        if cuts.is_empty() {
            return;
        }
        let lost = |name: &[u8]| {
            let border = suffixes(name).find(|name| self.apexes.contains(name) || cuts.contains(name))?;
            (!self.apexes.contains(border)).then(|| Name::from_wire(border))
        };
        let tell = |cut: &Name, what: String| {
            let Some(ns) = file.draft.at(cut, NS).next() else { return };
            let title = format!("{cut} is delegated away, and {what} lies in it");
            let help = "remove the NS records, or take the name out of what is steered";
            self.report.add(ns.kind.span, codes::RECORD_CLASH, title, "", help);
        };
        let published = self.hosts.keys().chain(&self.fqdns);
        published
            .filter_map(|name| Some((name, lost(name.wire())?)))
            .for_each(|(name, cut)| tell(&cut, name.to_string()));
        for service in self.services.iter().filter(|service| !service.draft.by_names()) {
            let what = format!("what the service {} steers", service.draft.name.value);
            if let Some(cut) = service.domains.names.iter().find_map(lost) {
                tell(&cut, what.clone());
            }
            for cut in cuts.iter().filter(|cut| !self.apexes.contains(*cut)) {
                // The cut may go through the labels in front of a domain, as _tcp.example.com.
                let mut tails = service.prefixes.iter().flat_map(tails);
                let through = |tail: Prefix| {
                    cut.strip_prefix(tail.wire()).is_some_and(|rest| service.domains.find(rest).is_some())
                };
                if tails.any(through) {
                    tell(&Name::from_wire(cut), what.clone());
                }
            }
        }
    }

    /// MX, SRV and NS point at names with addresses and never at aliases (RFC 2181 section 10.3, RFC 2782).
    fn targets(&self, file: &File<'_>) {
        for record in file.draft.owners.values().flatten().filter(|r| matches!(r.kind.value, MX | SRV | NS)) {
            let Some(target) = record.target().filter(|target| *target != Name::root()) else { continue };
            let home = suffixes(target.wire()).find(|name| self.apexes.contains(name));
            let Some(home) = home.and_then(|apex| self.files.get(apex)) else { continue };
            let Some(answering) = home.answering(&target).filter(|_| cut_of(target.wire(), &home.cuts).is_none())
            else {
                self.addressless(record, &target, home);
                continue;
            };
            let mut alias = home.draft.at(&answering, CNAME);
            if let Some(alias) = alias.next().filter(|_| answering == target || !self.has_address(&target)) {
                let title =
                    format!("{target} is an alias, and {} must not point at one", rrtype::word(record.kind.value));
                let help = "name the host that the alias leads to (RFC 2181 10.3)";
                self.report.repeated(record.data.span, alias.kind.span, codes::ALIASED_TARGET, title, help);
            } else if [A, AAAA].iter().all(|&kind| home.draft.at(&answering, kind).next().is_none()) {
                self.addressless(record, &target, home);
            }
        }
    }

    fn addressless(&self, record: &Record, target: &Name, home: &File<'_>) {
        if cut_of(target.wire(), &home.cuts).is_some() || self.has_address(target) {
            return;
        }
        let title = format!("{target} has no address in our zone {}", home.zone.apex.value);
        let help = "add its A or AAAA records, or name another host: clients get no further from here";
        let code = if record.kind.value == NS { codes::NS_WITHOUT_ADDRESS } else { codes::TARGET_WITHOUT_ADDRESS };
        self.report.add(record.data.span, code, title, "", help);
    }

    /// Whether the configuration itself gives a name addresses.
    fn has_address(&self, name: &Name) -> bool {
        let steered = |service: &Owned<'_>| {
            service.kinds.iter().any(|(prefix, kinds)| kinds.contains(&A) && is_owner(service, prefix, name))
        };
        self.hosts.contains_key(name) || self.fqdns.contains(name) || self.services.iter().any(steered)
    }
}

fn is_owner(service: &Owned<'_>, prefix: &Prefix, name: &Name) -> bool {
    name.wire().strip_prefix(prefix.wire()).is_some_and(|domain| service.domains.find(domain).is_some())
}

/// A prefix and what is left of it without its first labels, down to one label.
fn tails(prefix: &Prefix) -> impl Iterator<Item = Prefix> {
    std::iter::successors(Some(prefix.clone()), Prefix::without_first).filter(|tail| !tail.wire().is_empty())
}
