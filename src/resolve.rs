//! (snapshot, question, client) to what this question gets. Pure; every lane and every explanation calls it.
//!
//! Here: which zone, whether the name exists, which answer, the ECS scope, what a zone's file has
//! (`stored`), and the same as records (`reply`). Not here: octets.

use crate::answer::{Answer, Target};
use crate::ids::{RegionId, ServiceId, ViewId, ZoneId};
use crate::limits::ALIASES_MAX;
use crate::name;
use crate::rrtype;
use crate::snapshot::{Row, Snapshot};
use crate::topology::{Addresses, Dependence, Found, Here, Service, Set, SrvOwner, Topology, network_length};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub mod reply;
pub mod stored;

/// A question of class IN.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The asked name in lower-cased wire form.
    pub name: &'q [u8],
    /// The asked type.
    pub kind: Asked,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The address that the question came from, whatever its client subnet option says: it chooses the view.
    pub source: IpAddr,
    /// The address that steers: that of a believed client subnet, else the source.
    pub steers: IpAddr,
}

impl From<IpAddr> for Client {
    /// A client that asks for itself.
    fn from(source: IpAddr) -> Self {
        Self { source, steers: source }
    }
}

/// The types that steering or a zone itself can answer, and all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A.
    A,
    /// AAAA.
    Aaaa,
    /// SRV.
    Srv,
    /// SOA.
    Soa,
    /// NS.
    Ns,
    /// DS.
    Ds,
    /// ANY: answered with one RRset (RFC 8482 section 4.1).
    Any,
    /// Any other type, which only a file can have.
    Other(u16),
}

impl Asked {
    const KNOWN: [(u16, Self); 7] = [
        (rrtype::A, Self::A),
        (rrtype::AAAA, Self::Aaaa),
        (rrtype::SRV, Self::Srv),
        (rrtype::SOA, Self::Soa),
        (rrtype::NS, Self::Ns),
        (rrtype::DS, Self::Ds),
        (rrtype::ANY, Self::Any),
    ];
    /// The types that can be explained, for messages.
    pub const LIST: &str = "a record type, as A, SRV, MX or TYPE65280";

    /// The type of a number.
    pub fn of(number: u16) -> Self {
        Self::KNOWN.iter().find(|(known, _)| *known == number).map_or(Self::Other(number), |(_, kind)| *kind)
    }

    /// The type's number.
    pub fn number(self) -> u16 {
        match self {
            Self::Other(number) => number,
            known => Self::KNOWN.iter().find(|(_, kind)| *kind == known).map_or(0, |(number, _)| *number),
        }
    }

    /// Reads a type's mnemonic in either case, or `TYPE` with a number.
    pub fn parse(text: &str) -> Option<Self> {
        rrtype::parse(text).map(Self::of)
    }

    /// The type's mnemonic, or `TYPE` with its number.
    pub fn word(self) -> Cow<'static, str> {
        rrtype::word(self.number())
    }
}

/// What a question gets.
#[derive(Clone, Copy, Debug)]
pub struct Resolution<'s> {
    /// The answer.
    pub body: Body<'s>,
    /// The zone and where in the asked name its apex begins; `None` where the answer is REFUSED.
    pub zone: Option<(ZoneId, usize)>,
    /// How the answer came about, where a service decided it.
    pub decision: Option<Decision>,
    /// The view that the client is in.
    pub view: Option<ViewId>,
    /// The ECS scope for the client's address: every client in so wide a prefix gets the same (RFC 7871 section 7.2.1).
    pub scope: u8,
    /// Who asked.
    pub client: Client,
}

/// Who decided an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The service.
    pub service: ServiceId,
    /// The client's region.
    pub region: RegionId,
    /// Which of the service's orders it gets.
    pub order: usize,
    /// Whether it tries a pool in its canary.
    pub tries: bool,
}

/// The content of an answer.
#[derive(Clone, Copy, Debug)]
pub enum Body<'s> {
    /// Not in our zones.
    Refused,
    /// The name does not exist.
    NoName,
    /// The name exists without such records.
    NoData,
    /// The zone's SOA.
    Soa,
    /// The zone's NS set.
    Ns,
    /// Addresses with their TTL.
    A(&'s [Ipv4Addr], u32),
    /// Addresses with their TTL.
    Aaaa(&'s [Ipv6Addr], u32),
    /// SRV records.
    Srv {
        /// The service that says them.
        service: &'s Service,
        /// What it says.
        answer: &'s Answer,
        /// The owner's port.
        port: u16,
        /// Where in the asked name the domain begins, which fills the target's hole.
        domain_at: usize,
    },
    /// Records of the zone's file.
    Set(Stored<'s>),
    /// An alias of the zone's file; `follow` says what it leads to.
    Alias {
        /// The CNAME.
        stored: Stored<'s>,
        /// What was asked.
        kind: Asked,
        /// How many more aliases may be followed.
        left: u8,
    },
    /// The name is delegated away, or lies below one that is (RFC 1034 section 4.3.2 step 3b).
    Referral {
        /// Where in the asked name the delegated one begins.
        cut_at: usize,
        /// Its NS set.
        servers: Set<'s>,
    },
}

/// Records of a zone's file that answer.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'s> {
    /// The records.
    pub set: Set<'s>,
    /// Where in the asked name the closest encloser begins, where a wildcard below it answers (RFC 4592 section 3.3.1).
    pub wildcard: Option<usize>,
}

/// Resolves a question for a client.
pub fn resolve<'s>(snapshot: &'s Snapshot, question: Question<'_>, client: Client) -> Resolution<'s> {
    within(snapshot, question, client, ALIASES_MAX)
}

/// The same, for whoever knows already what the names of that snapshot know of the asked one.
pub fn resolve_found<'s>(
    snapshot: &'s Snapshot,
    question: Question<'_>,
    found: Option<Found>,
    client: Client,
) -> Resolution<'s> {
    of_found(snapshot, question, found, client, ALIASES_MAX)
}

/// What an alias leads to; `None` where no more may be followed.
pub fn follow<'s>(
    snapshot: &'s Snapshot,
    target: &[u8],
    kind: Asked,
    client: Client,
    left: u8,
) -> Option<Resolution<'s>> {
    Some(within(snapshot, Question { name: target, kind }, client, left.checked_sub(1)?))
}

/// The same, following at most `left` aliases.
fn within<'s>(snapshot: &'s Snapshot, question: Question<'_>, client: Client, left: u8) -> Resolution<'s> {
    of_found(snapshot, question, snapshot.topology.names.find(question.name), client, left)
}

fn of_found<'s>(
    snapshot: &'s Snapshot,
    question: Question<'_>,
    found: Option<Found>,
    client: Client,
    left: u8,
) -> Resolution<'s> {
    let topology = &*snapshot.topology;
    let view = topology.views.of(client.source);
    let refused = Resolution { body: Body::Refused, zone: None, decision: None, view, scope: 0, client };
    let Some(found) = found else {
        return refused;
    };
    if question.kind == Asked::Ds
        && let Some(above) = parent_side(topology, question.name, &found)
    {
        let above = Resolution { body: Body::NoData, zone: Some(above), ..refused };
        return stored::answer(snapshot, question, above, true, left).unwrap_or(above);
    }
    let Found { zone, apex_at, here } = found;
    let in_zone = Resolution { zone: Some((zone, apex_at)), ..refused };
    let Some(here) = here else {
        let no_name = Resolution { body: Body::NoName, ..in_zone };
        return stored::answer(snapshot, question, no_name, false, left).unwrap_or(no_name);
    };
    // The order of the arms says which one RRset ANY gets (RFC 8482 section 4.1).
    let kind = question.kind;
    match (kind, here) {
        (Asked::Srv | Asked::Any, Here { srv: Some(SrvOwner { service, port, domain_at }), .. }) => {
            let say = |service, answer: &'s Answer| match answer.srv.is_empty() {
                true => Body::NoData,
                false => Body::Srv { service, answer, port, domain_at },
            };
            steered(snapshot, question, service, in_zone, say, left)
        }
        (Asked::A | Asked::Aaaa | Asked::Any, Here { address: Some(service), .. }) => {
            let say = |_, answer: &'s Answer| of_family(kind, &answer.addresses, answer.ttl);
            steered(snapshot, question, service, in_zone, say, left)
        }
        (Asked::A | Asked::Aaaa | Asked::Any, Here { host: Some(host), .. }) => {
            Resolution { body: of_family(kind, &topology.hosts[host as usize], topology.zone(zone).ttl), ..in_zone }
        }
        (Asked::Soa | Asked::Ns | Asked::Any, _) if apex_at == 0 => Resolution { body: at_apex(kind), ..in_zone },
        _ => {
            let no_data = Resolution { body: Body::NoData, ..in_zone };
            stored::answer(snapshot, question, no_data, true, left).unwrap_or(no_data)
        }
    }
}

/// What a service says to the client of `in_zone`. Where it says nothing, ANY gets what a file has beside it.
fn steered<'s>(
    snapshot: &'s Snapshot,
    question: Question<'_>,
    service: ServiceId,
    in_zone: Resolution<'s>,
    say: impl FnOnce(&'s Service, &'s Answer) -> Body<'s>,
    left: u8,
) -> Resolution<'s> {
    let id = snapshot.topology.seen_from(in_zone.view, service);
    let row = snapshot.row(id);
    let (decision, scope) = decide(&snapshot.topology, row, id, in_zone.client.steers);
    let answer = if decision.tries { &row.trial(decision.order).1 } else { row.answer(decision.order) };
    let body = say(snapshot.topology.service(id), answer);
    let said = Resolution { body, decision: Some(decision), scope, ..in_zone };
    match (question.kind, body) {
        (Asked::Any, Body::NoData) => stored::answer(snapshot, question, said, true, left)
            .map_or(said, |beside| Resolution { scope: beside.scope.max(scope), ..beside }),
        _ => said,
    }
}

/// The addresses of an SRV target with their TTL, as the target's own name has them in the same generation (RFC 2181 5.2:
/// one RRset, one TTL) for clients of the same view; `None` where we do not own that name.
pub fn target_addresses<'s>(
    snapshot: &'s Snapshot,
    view: Option<ViewId>,
    answer: &'s Answer,
    target: Target,
) -> Option<(&'s Addresses, u32)> {
    let answer = match target {
        Target::InDomain => answer,
        // One order is all that a pool's own name has.
        Target::Pool(pool) => {
            let topology = &snapshot.topology;
            snapshot.row(topology.seen_from(view, topology.pool(pool).own_name?)).answer(0)
        }
    };
    Some((&answer.addresses, answer.ttl))
}

/// The zone above an apex, where it is ours as well: DS belongs to the parent's side of a cut (RFC 4035 section 3.1.4.1).
fn parent_side(topology: &Topology, name: &[u8], found: &Found) -> Option<(ZoneId, usize)> {
    let parent = name::parent(name).filter(|_| found.apex_at == 0)?;
    let above = topology.names.find(parent)?;
    Some((above.zone, name.len() - parent.len() + above.apex_at))
}

fn at_apex(kind: Asked) -> Body<'static> {
    match kind {
        Asked::Soa | Asked::Any => Body::Soa,
        Asked::Ns => Body::Ns,
        _ => Body::NoData,
    }
}

fn of_family(kind: Asked, addresses: &Addresses, ttl: u32) -> Body<'_> {
    match kind {
        Asked::A | Asked::Any if !addresses.v4.is_empty() => Body::A(&addresses.v4, ttl),
        Asked::Aaaa | Asked::Any if !addresses.v6.is_empty() => Body::Aaaa(&addresses.v6, ttl),
        _ => Body::NoData,
    }
}

fn decide(topology: &Topology, row: &Row, id: ServiceId, client: IpAddr) -> (Decision, u8) {
    let service = topology.service(id);
    let orders = &service.orders;
    let client = client.to_canonical();
    let (region, scope) = topology.region_map.look_up(client);
    let order = orders.pick(region, client);
    let scope = match orders.dependence(region) {
        Dependence::Nothing => 0,
        Dependence::Region => scope,
        Dependence::Network => scope.max(network_length(client)),
    };
    let is_tried = row.is_tried(order);
    // Whoever does not try it must not be told that others around him are alike.
    let scope = if is_tried { scope.max(network_length(client)) } else { scope };
    let tries = is_tried && service.canary.is_some_and(|canary| canary.has(client));
    (Decision { service: id, region, order, tries }, scope)
}

#[cfg(test)]
mod tests;
