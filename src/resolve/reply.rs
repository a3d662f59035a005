//! A resolution as the sections of a message: for the full lane and for explanations.

use super::{Asked, Body, Client, Resolution, Stored, follow, stored, target_addresses};
use crate::answer::records;
use crate::ids::ZoneId;
use crate::limits::ADDITIONAL_RECORDS_MAX;
use crate::name::Name;
use crate::rrtype;
use crate::snapshot::Snapshot;
use crate::topology::{Addresses, Set};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name as DnsName, Record};

/// What a message says beside its question and OPT.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// RCODE.
    pub code: ResponseCode,
    /// AA.
    pub authoritative: bool,
    /// TC.
    pub truncated: bool,
    /// The answer section.
    pub answers: Vec<Record>,
    /// The authority section.
    pub authorities: Vec<Record>,
    /// The additional section without OPT.
    pub additionals: Vec<Record>,
    /// Whether the additional section is glue, without which the answer is of no use (RFC 9471 section 3).
    pub glue: bool,
}

impl Reply {
    /// A message without records.
    pub fn of(code: ResponseCode) -> Self {
        Self { code, ..Self::default() }
    }

    /// Adds the addresses of a name, both RRsets whole or neither, while there is room.
    fn add(&mut self, name: &Name, addresses: &Addresses, ttl: u32) {
        let count = addresses.v4.len() + addresses.v6.len();
        if self.additionals.len() + count <= ADDITIONAL_RECORDS_MAX {
            self.additionals.extend(records::addresses(&records::dns_name(name.wire()), addresses, ttl));
        }
    }

    /// Adds what a host's addresses resolved to, both RRsets whole or neither, while there is room.
    fn add_found(&mut self, host: &[u8], found: [Resolution<'_>; 2]) {
        let owner = records::dns_name(host);
        let records = found.iter().flat_map(|found| match found.body {
            Body::A(addresses, ttl) => records::a(&owner, addresses, ttl),
            Body::Aaaa(addresses, ttl) => records::aaaa(&owner, addresses, ttl),
            Body::Set(stored) => records::of_set(&owner, stored.set),
            _ => Vec::new(),
        });
        self.add_records(records.collect());
    }

    fn add_records(&mut self, records: Vec<Record>) {
        if self.additionals.len() + records.len() <= ADDITIONAL_RECORDS_MAX {
            self.additionals.extend(records);
        }
    }

    /// The same without what only saves the asker a question.
    pub fn without_additionals(self) -> Self {
        Self { additionals: Vec::new(), ..self }
    }

    /// What is said where no whole RRset fits: ask again over TCP (RFC 2181 section 9).
    pub fn cut(self) -> Self {
        Self { code: self.code, authoritative: self.authoritative, truncated: true, ..Self::default() }
    }
}

/// Says a resolution. `owner` is the name as it was asked, `wire` the same in lower case.
pub fn say(snapshot: &Snapshot, resolution: &Resolution<'_>, owner: &DnsName, wire: &[u8]) -> Reply {
    let Some(zone) = resolution.zone else {
        return Reply::of(ResponseCode::Refused);
    };
    let mut reply = Reply { authoritative: true, ..Reply::of(ResponseCode::NoError) };
    match resolution.body {
        Body::Refused => return Reply::of(ResponseCode::Refused),
        Body::NoName => {
            reply.code = ResponseCode::NXDomain;
            reply.authorities = soa(snapshot, zone, owner, wire, true);
        }
        Body::NoData => reply.authorities = soa(snapshot, zone, owner, wire, true),
        Body::Soa => reply.answers = soa(snapshot, zone, owner, wire, false),
        Body::Ns => name_servers(snapshot, zone, resolution.client, owner, wire, &mut reply),
        Body::A(addresses, ttl) => reply.answers = records::a(owner, addresses, ttl),
        Body::Aaaa(addresses, ttl) => reply.answers = records::aaaa(owner, addresses, ttl),
        Body::Srv { service, answer, port, domain_at } => {
            let domain = &wire[domain_at..];
            for &srv in &answer.srv {
                let name = records::target_name(&snapshot.topology, srv.target, service.target.as_ref(), domain);
                let Some(name) = name else { continue };
                reply.answers.push(records::srv(owner, srv, port, &name, answer.ttl));
                if let Some((addresses, ttl)) = target_addresses(snapshot, resolution.view, answer, srv.target) {
                    reply.add(&name, addresses, ttl);
                }
            }
        }
        Body::Set(Stored { set, .. }) => {
            reply.answers = records::of_set(owner, set);
            stored::beside(snapshot, set, resolution.client).for_each(|(host, found)| reply.add_found(host, found));
        }
        Body::Alias { stored, kind, left } => {
            alias(snapshot, stored.set, (kind, left), resolution.client, owner, &mut reply)
        }
        Body::Referral { cut_at, servers } => {
            refer(snapshot, zone.0, servers, resolution.client, &apex(owner, wire, cut_at), &mut reply)
        }
    }
    reply
}

/// The alias, then what it leads to as far as it is ours. The code is that of the end of the chain (RFC 6604 section 2.1), AA is
/// about the first owner (RFC 1035 section 4.1.1).
fn alias(
    snapshot: &Snapshot,
    set: Set<'_>,
    (kind, left): (Asked, u8),
    client: Client,
    owner: &DnsName,
    reply: &mut Reply,
) {
    reply.answers = records::of_set(owner, set);
    let Some(target) = set.targets().next() else { return };
    let Some(end) = follow(snapshot, target, kind, client, left).filter(|end| end.zone.is_some()) else { return };
    let mut rest = say(snapshot, &end, &records::dns_name(target), target);
    // A chain that comes back to where it was says nothing new.
    let looped = rest.answers.iter().position(|record| record.name == *owner).unwrap_or(rest.answers.len());
    rest.answers.truncate(looped);
    reply.answers.append(&mut rest.answers);
    *reply = Reply { answers: std::mem::take(&mut reply.answers), authoritative: true, ..rest };
}

/// The servers to which a name is delegated, with those addresses that only we can tell (RFC 1034 section 4.3.2 step 3b).
fn refer(snapshot: &Snapshot, zone: ZoneId, servers: Set<'_>, client: Client, cut: &DnsName, reply: &mut Reply) {
    reply.authoritative = false;
    reply.authorities = records::of_set(cut, servers);
    for host in servers.targets() {
        let glue = snapshot.topology.zone(zone).records.as_ref().and_then(|records| records.exact(host));
        let glue = glue.map(|node| [rrtype::A, rrtype::AAAA].map(|kind| node.set(kind)));
        let owner = records::dns_name(host);
        let sets = glue.into_iter().flatten().flatten();
        let records: Vec<Record> = sets.flat_map(|set| records::of_set(&owner, set)).collect();
        if records.is_empty() {
            reply.add_found(host, stored::addresses(snapshot, host, client));
        } else {
            reply.glue |= cut.zone_of(&owner);
            reply.add_records(records);
        }
    }
}

/// The apex of a zone, in the case in which it was asked.
fn apex(owner: &DnsName, wire: &[u8], apex_at: usize) -> DnsName {
    owner.trim_to(Name::from_wire(&wire[apex_at..]).labels().count())
}

fn soa(
    snapshot: &Snapshot,
    (zone, apex_at): (ZoneId, usize),
    owner: &DnsName,
    wire: &[u8],
    negative: bool,
) -> Vec<Record> {
    vec![records::soa(snapshot.topology.zone(zone), &apex(owner, wire, apex_at), negative)]
}

/// The NS set, with the addresses of those servers whose names we own.
fn name_servers(
    snapshot: &Snapshot,
    (id, apex_at): (ZoneId, usize),
    client: Client,
    owner: &DnsName,
    wire: &[u8],
    reply: &mut Reply,
) {
    let zone = snapshot.topology.zone(id);
    reply.answers = records::ns(zone, &apex(owner, wire, apex_at));
    for server in &zone.ns {
        reply.add_found(server.wire(), stored::addresses(snapshot, server.wire(), client));
    }
}

/// A response code's mnemonic (IANA DNS RCODEs) for people and metrics.
pub fn code_word(code: ResponseCode) -> &'static str {
    match code {
        ResponseCode::NoError => "NOERROR",
        ResponseCode::NXDomain => "NXDOMAIN",
        ResponseCode::Refused => "REFUSED",
        ResponseCode::FormErr => "FORMERR",
        ResponseCode::NotImp => "NOTIMP",
        ResponseCode::BADVERS => "BADVERS",
        _ => "OTHER",
    }
}
