//! A resolution as the sections of a message: for the full lane and for explanations.

use super::{Body, Resolution, target_addresses};
use crate::answer::records;
use crate::ids::ZoneId;
use crate::limits::ADDITIONAL_RECORDS_MAX;
use crate::name::Name;
use crate::snapshot::Snapshot;
use crate::topology::Addresses;
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
        Body::Ns => name_servers(snapshot, zone, owner, wire, &mut reply),
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
    }
    reply
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
fn name_servers(snapshot: &Snapshot, (id, apex_at): (ZoneId, usize), owner: &DnsName, wire: &[u8], reply: &mut Reply) {
    let topology = &snapshot.topology;
    reply.answers = records::ns(topology.zone(id), &apex(owner, wire, apex_at));
    for server in &topology.zone(id).ns {
        let Some(found) = topology.names.find(server.wire()) else { continue };
        if let Some(host) = found.here.and_then(|here| here.host) {
            reply.add(server, &topology.hosts[host as usize], topology.zone(found.zone).ttl);
        }
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
