//! Answers as hickory's records: for the full lane and for explanations.

use super::{SrvTarget, Target};
use crate::name::{Name, Prefix};
use crate::rrtype;
use crate::topology::{Addresses, Set, Topology, Zone};
use hickory_proto::rr::rdata::{A, AAAA, NS, NULL, SOA, SRV};
use hickory_proto::rr::{Name as DnsName, RData, Record, RecordType};
use hickory_proto::serialize::binary::BinDecodable as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// SOA REFRESH, RETRY and EXPIRE: the usual proportions for secondaries and checkers (RFC 1912 2.2).
pub const SOA_TIMERS: [i32; 3] = [7200, 900, 1_209_600];
/// The first label of SOA RNAME, the rest of which is the apex, in wire form.
pub const SOA_NAME: &[u8] = b"\x0ahostmaster";

/// A wire name in hickory's type. Names that we hold are well formed, so this cannot fail.
pub fn dns_name(wire: &[u8]) -> DnsName {
    let labels = crate::name::Name::from_wire(wire);
    let mut name = DnsName::from_labels(labels.labels()).unwrap_or_else(|_| DnsName::root());
    name.set_fqdn(true);
    name
}

/// A records.
pub fn a(owner: &DnsName, addresses: &[Ipv4Addr], ttl: u32) -> Vec<Record> {
    addresses.iter().map(|&v4| Record::from_rdata(owner.clone(), ttl, RData::A(A(v4)))).collect()
}

/// AAAA records.
pub fn aaaa(owner: &DnsName, addresses: &[Ipv6Addr], ttl: u32) -> Vec<Record> {
    addresses.iter().map(|&v6| Record::from_rdata(owner.clone(), ttl, RData::AAAA(AAAA(v6)))).collect()
}

/// A and AAAA records.
pub fn addresses(owner: &DnsName, addresses: &Addresses, ttl: u32) -> Vec<Record> {
    let mut records = a(owner, &addresses.v4, ttl);
    records.extend(aaaa(owner, &addresses.v6, ttl));
    records
}

/// The records of a set from a file. Types whose names may be compressed (RFC 3597 section 4) are hickory's own; the data of
/// all others are said octet for octet as they are held.
pub fn of_set(owner: &DnsName, set: Set<'_>) -> Vec<Record> {
    let kind = RecordType::from(set.kind);
    let unknown = |data: &[u8]| RData::Unknown { code: kind, rdata: NULL::with(data.to_vec()) };
    let known = [rrtype::A, rrtype::AAAA, rrtype::NS, rrtype::CNAME, rrtype::PTR, rrtype::MX, rrtype::TXT, rrtype::SRV];
    let data =
        |data| known.contains(&set.kind).then(|| read(set.kind, data)).flatten().unwrap_or_else(|| unknown(data));
    set.data().map(|octets| Record::from_rdata(owner.clone(), set.ttl, data(octets))).collect()
}

/// Data in wire form in hickory's type.
fn read(kind: u16, data: &[u8]) -> Option<RData> {
    let length = u16::try_from(data.len()).ok()?;
    // The root, the type, class IN, a TTL and the length, as in a message.
    let head = [&[0], &kind.to_be_bytes()[..], &[0, 1, 0, 0, 0, 0], &length.to_be_bytes()];
    Record::from_bytes(&[&head.concat(), data].concat()).ok().map(|record| record.data)
}

/// A record for people: what it holds octet for octet is read where hickory can.
pub fn text(record: &Record) -> String {
    match &record.data {
        RData::Unknown { code, rdata } => {
            let data = read((*code).into(), &rdata.anything).unwrap_or_else(|| record.data.clone());
            Record::from_rdata(record.name.clone(), record.ttl, data).to_string()
        }
        _ => record.to_string(),
    }
}

/// The name that an SRV record names: the hole filled with the asked domain, or the pool's FQDN.
pub fn target_name(topology: &Topology, target: Target, hole: Option<&Prefix>, domain: &[u8]) -> Option<Name> {
    match target {
        Target::InDomain => hole.and_then(|prefix| prefix.under(domain).ok()),
        Target::Pool(pool) => topology.pool(pool).fqdn.clone(),
    }
}

/// One SRV record; weight 0 (RFC 2782: "when there isn't any server selection to do").
pub fn srv(owner: &DnsName, srv: SrvTarget, port: u16, target: &Name, ttl: u32) -> Record {
    let data = SRV::new(srv.priority, 0, port, dns_name(target.wire()));
    Record::from_rdata(owner.clone(), ttl, RData::SRV(data))
}

/// The SOA of a zone. In a negative answer its TTL is the lesser of its own and MINIMUM (RFC 2308 section 3).
pub fn soa(zone: &Zone, apex: &DnsName, negative: bool) -> Record {
    let origin = apex.clone();
    if let Some(soa) = &zone.soa {
        let ttl = if negative { soa.ttl.min(soa.minimum) } else { soa.ttl };
        let [refresh, retry, expire] = [soa.refresh, soa.retry, soa.expire].map(u32::cast_signed);
        let (mname, rname) = (dns_name(soa.mname.wire()), dns_name(soa.rname.wire()));
        let data = SOA::new(mname, rname, soa.serial, refresh, retry, expire, soa.minimum);
        return Record::from_rdata(origin, ttl, RData::SOA(data));
    }
    let mname = zone.ns.first().map_or_else(|| origin.clone(), |ns| dns_name(ns.wire()));
    let rname = origin.prepend_label(&SOA_NAME[1..]).unwrap_or_else(|_| origin.clone());
    let [refresh, retry, expire] = SOA_TIMERS;
    let ttl = if negative { zone.ttl.min(zone.negative_ttl) } else { zone.ttl };
    let data = SOA::new(mname, rname, zone.serial, refresh, retry, expire, zone.negative_ttl);
    Record::from_rdata(origin, ttl, RData::SOA(data))
}

/// The NS set of a zone.
pub fn ns(zone: &Zone, apex: &DnsName) -> Vec<Record> {
    let record = |ns: &Name| Record::from_rdata(apex.clone(), zone.ttl, RData::NS(NS(dns_name(ns.wire()))));
    zone.ns.iter().map(record).collect()
}
