//! Whole zones for secondaries: who may have one (AXFR, RFC 5936; IXFR answered as that, RFC 1995 section 4), and its messages one
//! by one.
//!
//! Only who signs with the zone's key from one of its addresses gets anything. The messages are made as they are taken, each of at
//! most about `TRANSFER_MESSAGE`; all are of the zone as it was when the first was asked for, which is held alone and not with the
//! snapshot. Not here: signatures (`tsig`), the connection.

use super::guard::Guard;
use super::packet::Packet;
use super::tsig::Seal;
use super::{Peer, Transport};
use crate::answer::records::{SOA_NAME, SOA_TIMERS};
use crate::limits::{TRANSFER_MESSAGE, TRANSFERS_MAX};
use crate::name::Name;
use crate::rrtype;
use crate::snapshot::Snapshot;
use crate::topology::{Addresses, Records, Topology, Transfer, Zone};
use hickory_proto::op::ResponseCode;
use std::borrow::Cow;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Class IN.
const IN: u16 = 1;
/// The farthest octet to which a pointer leads (RFC 1035 section 4.1.4).
const POINTER_MAX: usize = 0x3fff;

/// The places of transfers.
#[derive(Debug)]
pub(super) struct Transfers(Arc<Semaphore>);

/// What a question for a whole zone gets.
pub(super) enum Granted {
    /// Nothing, and why.
    No(ResponseCode),
    /// The zone's SOA alone: the client has it, or asked over UDP.
    Soa(Arc<Zone>),
    /// All of it.
    All(Place),
}

/// A zone that is to be transferred.
pub(super) struct Place {
    zone: Arc<Zone>,
    _place: OwnedSemaphorePermit,
}

impl Transfers {
    /// None is under way.
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(TRANSFERS_MAX)))
    }

    /// Judges a question for the zone of a lower-cased name. Who may not have a zone does not hear whether there is one.
    pub(super) fn judge(
        &self,
        snapshot: &Snapshot,
        name: &[u8],
        packet: &Packet<'_>,
        seal: Option<&Seal>,
        peer: &Peer,
    ) -> Granted {
        let incremental = packet.asked() == Some([rrtype::IXFR, IN]);
        if !incremental && (packet.asked() != Some([rrtype::AXFR, IN]) || peer.transport == Transport::Udp) {
            // RFC 5936 section 4.2: over UDP there is no such thing.
            return Granted::No(ResponseCode::Refused);
        }
        let zone = match zone(&snapshot.topology, name) {
            Some(zone) if may(&zone, seal, peer.address) => zone,
            // RFC 5936 section 2.2.1; to strangers nothing is told.
            None if seal.and_then(Seal::key).is_some() => return Granted::No(ResponseCode::NotAuth),
            _ => {
                tracing::debug!(client = %peer.address, "a transfer is refused: no such zone for this address and key");
                return Granted::No(ResponseCode::Refused);
            }
        };
        if incremental {
            let Some(theirs) = packet.serial else { return Granted::No(ResponseCode::FormErr) };
            // RFC 1995 section 2, with the arithmetic of RFC 1982.
            if peer.transport == Transport::Udp || zone.serial.wrapping_sub(theirs).cast_signed() <= 0 {
                return Granted::Soa(zone);
            }
        }
        match self.0.clone().try_acquire_owned() {
            Ok(place) => Granted::All(Place { zone, _place: place }),
            Err(_) => Granted::No(ResponseCode::ServFail),
        }
    }
}

/// The zone whose apex has this name.
fn zone(topology: &Topology, name: &[u8]) -> Option<Arc<Zone>> {
    let found = topology.names.find(name).filter(|found| found.apex_at == 0)?;
    Some(topology.zones[found.zone.index()].clone())
}

fn may(zone: &Zone, seal: Option<&Seal>, client: SocketAddr) -> bool {
    let (Some(transfer), Some(key)) = (&zone.transfer, seal.and_then(Seal::key)) else { return false };
    let client = client.ip().to_canonical();
    transfer.key == *key && transfer.to.iter().any(|prefix| prefix.contains(&client))
}

/// How the messages of one transfer begin, and who signs them.
pub(super) struct Letterhead {
    /// Id and flags.
    pub(super) head: [u8; 4],
    /// The question, which the first message repeats.
    pub(super) question: Vec<u8>,
    /// The OPT of each message, or nothing.
    pub(super) opt: Vec<u8>,
    /// Signs.
    pub(super) seal: Seal,
    /// Knows the time.
    pub(super) guard: Arc<Guard>,
    /// Who asked.
    pub(super) client: SocketAddr,
}

/// The messages of one transfer. Dropping it gives it up.
pub(super) struct Messages {
    place: Place,
    letterhead: Letterhead,
    /// The next set, and how many of its records were said.
    next: (usize, usize),
    messages: usize,
    records: usize,
}

impl Messages {
    /// All of a zone, from its beginning.
    pub(super) fn new(place: Place, letterhead: Letterhead) -> Self {
        Self { place, letterhead, next: (0, 0), messages: 0, records: 0 }
    }

    /// How many octets of records one message may have.
    fn room(&self) -> usize {
        TRANSFER_MESSAGE.saturating_sub(self.letterhead.opt.len() + self.letterhead.seal.length())
    }

    fn report(&self, how: &str) {
        let (Self { messages, records, .. }, zone) = (self, &self.place.zone);
        let (apex, serial) = (zone.apex.as_ref().map_or_else(String::new, ToString::to_string), zone.serial);
        tracing::info!(zone = apex, client = %self.letterhead.client, serial, messages, records, "a transfer {how}");
    }
}

impl Iterator for Messages {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let zone = self.place.zone.clone();
        self.next.0.le(&last(&zone)).then_some(())?;
        let mut message = Message::new(&self.letterhead, self.messages == 0);
        let room = self.room();
        // The first set that is not said whole ends the message.
        while let Some(set) = set(&zone, self.next.0) {
            let before = message.count;
            let whole = message.push(&set, self.next.1, room);
            self.records += usize::from(message.count - before);
            if !whole {
                self.next.1 += usize::from(message.count - before);
                break;
            }
            self.next = (self.next.0 + 1, 0);
        }
        self.messages += 1;
        let mut octets = message.finish(&self.letterhead.opt);
        self.letterhead.seal.sign(&mut octets, self.letterhead.guard.now().unix);
        if self.next.0 > last(&zone) {
            self.report("is made");
        }
        Some(octets)
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        if self.next.0 <= last(&self.place.zone) {
            self.report("was cut short");
        }
    }
}

/// Records of one name and type.
struct Set<'z> {
    owner: &'z [u8],
    kind: u16,
    ttl: u32,
    data: Vec<Cow<'z, [u8]>>,
}

/// The place of the last set, which is the SOA again (RFC 5936 section 2.2).
fn last(zone: &Zone) -> usize {
    2 + 2 * hosts(zone).len() + zone.records.as_ref().map_or(0, Records::len)
}

fn hosts(zone: &Zone) -> &[(Name, Addresses)] {
    zone.transfer.as_ref().map_or(&[], |Transfer { hosts, .. }| hosts)
}

/// The set at a place: SOA, NS, each name server's A and AAAA, the records of the file, SOA.
fn set(zone: &Zone, at: usize) -> Option<Set<'_>> {
    let apex = zone.apex.as_ref()?.wire();
    let end = last(zone);
    let hosts = hosts(zone);
    let soa_ttl = zone.soa.as_ref().map_or(zone.ttl, |soa| soa.ttl);
    let made = |owner, kind, ttl, data: Vec<Vec<u8>>| {
        Some(Set { owner, kind, ttl, data: data.into_iter().map(Into::into).collect() })
    };
    match at {
        at if at == 0 || at == end => made(apex, rrtype::SOA, soa_ttl, vec![soa(zone, apex)]),
        1 => made(apex, rrtype::NS, zone.ttl, zone.ns.iter().map(|ns| ns.wire().to_vec()).collect()),
        at if at < 2 + 2 * hosts.len() => {
            let (host, addresses) = &hosts[(at - 2) / 2];
            if at % 2 == 0 {
                let data = addresses.v4.iter().map(|ip| ip.octets().to_vec());
                made(host.wire(), rrtype::A, zone.ttl, data.collect())
            } else {
                let data = addresses.v6.iter().map(|ip| ip.octets().to_vec());
                made(host.wire(), rrtype::AAAA, zone.ttl, data.collect())
            }
        }
        at => {
            let (owner, set) = zone.records.as_ref()?.at(at - 2 - 2 * hosts.len())?;
            Some(Set { owner, kind: set.kind, ttl: set.ttl, data: set.data().map(Into::into).collect() })
        }
    }
}

/// The data of the zone's SOA.
fn soa(zone: &Zone, apex: &[u8]) -> Vec<u8> {
    let (names, numbers) = match &zone.soa {
        Some(soa) => (
            [soa.mname.wire(), soa.rname.wire()].concat(),
            [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum],
        ),
        None => {
            let [refresh, retry, expire] = SOA_TIMERS.map(i32::cast_unsigned);
            let mname = zone.ns.first().map_or(apex, Name::wire);
            ([mname, SOA_NAME, apex].concat(), [zone.serial, refresh, retry, expire, zone.negative_ttl])
        }
    };
    [names, numbers.map(u32::to_be_bytes).concat()].concat()
}

/// A message that grows.
struct Message {
    octets: Vec<u8>,
    count: u16,
    /// Where each name and what it ends in was said last.
    names: HashMap<Box<[u8]>, u16>,
}

impl Message {
    fn new(letterhead: &Letterhead, first: bool) -> Self {
        let mut octets = Vec::with_capacity(TRANSFER_MESSAGE);
        octets.extend(letterhead.head);
        octets.extend([0, u8::from(first), 0, 0, 0, 0, 0, u8::from(!letterhead.opt.is_empty())]);
        if first {
            octets.extend(&letterhead.question);
        }
        Self { octets, count: 0, names: HashMap::new() }
    }

    /// Says the records of a set but the first `said`; whether all of them, for which the message may grow to `room`, or beyond by
    /// one record where it has none yet.
    fn push(&mut self, set: &Set<'_>, said: usize, room: usize) -> bool {
        for data in set.data.iter().skip(said) {
            let before = self.octets.len();
            self.record(set, data);
            if self.octets.len() > room && self.count > 0 {
                self.octets.truncate(before);
                return false;
            }
            self.count += 1;
        }
        true
    }

    fn record(&mut self, set: &Set<'_>, data: &[u8]) {
        self.name(set.owner);
        self.octets.extend(set.kind.to_be_bytes());
        self.octets.extend([0, 1]);
        self.octets.extend(set.ttl.to_be_bytes());
        let at = self.octets.len();
        self.octets.extend([0, 0]);
        self.data(set.kind, data);
        // Data fit where they were read from.
        let length = (self.octets.len() - at - 2) as u16;
        self.octets[at..at + 2].copy_from_slice(&length.to_be_bytes());
    }

    /// Names are compressed in the types of RFC 1035 alone (RFC 3597 section 4).
    fn data(&mut self, kind: u16, data: &[u8]) {
        let names = match kind {
            rrtype::NS | rrtype::CNAME | rrtype::PTR => 0..1,
            rrtype::MX => 2..3,
            rrtype::SOA => 0..2,
            _ => 0..0,
        };
        let (front, mut rest) = data.split_at(if kind == rrtype::MX { data.len().min(2) } else { 0 });
        self.octets.extend(front);
        for _ in names {
            let Some(length) = name_length(rest) else { break };
            let (name, behind) = rest.split_at(length);
            self.name(name);
            rest = behind;
        }
        self.octets.extend(rest);
    }

    /// A name, of which as much as possible is a pointer.
    fn name(&mut self, wire: &[u8]) {
        let mut rest = wire;
        while rest.len() > 1 {
            if let Some(&at) = self.names.get(rest) {
                self.octets.extend((0xc000 | at).to_be_bytes());
                return;
            }
            let at = self.octets.len();
            if at <= POINTER_MAX {
                self.names.insert(rest.into(), at as u16);
            }
            let (label, behind) = rest.split_at(1 + usize::from(rest[0]));
            self.octets.extend(label);
            rest = behind;
        }
        self.octets.push(0);
    }

    fn finish(mut self, opt: &[u8]) -> Vec<u8> {
        self.octets.extend(opt);
        self.octets[6..8].copy_from_slice(&self.count.to_be_bytes());
        self.octets
    }
}

/// Octets of the name in front.
fn name_length(data: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let label = usize::from(*data.get(at)?);
        at += 1 + label;
        if label == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests;
