//! Static records of a zone: RFC 1035 master files to RRsets without doubt.
//!
//! Here: words with their places (`lexer`), names (`name`), data by type (`data`, `svcb`, `loc`), whole files with what they
//! include (`read`), one zone's records together (`judge`) and beside everything else that is configured (`clash`).
//! Data are kept in wire form, with names in lower case.

mod clash;
pub(super) mod data;
mod judge;
mod lexer;
mod loc;
mod name;
mod read;
mod svcb;

use super::reader::Value;
use super::source::At;
use super::{RrSet, Soa};
use crate::name::Name;
use crate::rrtype;
use std::collections::BTreeMap;

pub(super) use clash::judge;

/// A record as it was written.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Within the zone; where the record leaves its owner out, the place is that of its first word.
    pub(super) owner: At<Name>,
    /// The type's number.
    pub(super) kind: At<u16>,
    /// Seconds.
    pub(super) ttl: u32,
    /// The data in wire form.
    pub(super) data: At<Box<[u8]>>,
}

impl Record {
    /// The name that the data end in, of the types that end in one that clients look up next (RFC 2181 section 10.3).
    pub(super) fn target(&self) -> Option<Name> {
        let skip = match self.kind.value {
            rrtype::NS | rrtype::CNAME | rrtype::PTR => 0,
            rrtype::MX => 2,
            rrtype::SRV => 6,
            _ => return None,
        };
        Some(Name::from_wire(&self.data.value[skip..]))
    }
}

/// The records of one zone, by owner.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// In the order of the file for each owner.
    pub(super) owners: BTreeMap<Name, Vec<Record>>,
}

/// Reads `records = "file"` of the zone `apex`; what is wrong in it is reported at its own lines.
pub(super) fn read(value: Value<'_>, apex: &Name, ttl: u32) -> Option<Draft> {
    let records = read::read(value, apex, ttl)?;
    let mut draft = Draft::default();
    for record in records {
        draft.owners.entry(record.owner.value.clone()).or_default().push(record);
    }
    judge::judge(&draft, apex, value.report);
    Some(draft)
}

impl Draft {
    /// The records of a type at a name.
    pub(super) fn at<'d>(&'d self, owner: &Name, kind: u16) -> impl Iterator<Item = &'d Record> + use<'d> {
        self.owners.get(owner).into_iter().flatten().filter(move |record| record.kind.value == kind)
    }

    /// The SOA of the file.
    pub(super) fn soa(&self, apex: &Name) -> Option<(Soa, &Record)> {
        let record = self.at(apex, rrtype::SOA).next()?;
        let data = &record.data.value;
        let mname = name::length(data)?;
        let rname = name::length(&data[mname..])?;
        let number = |i: usize| {
            let at = mname + rname + 4 * i;
            data.get(at..at + 4).and_then(|octets| octets.try_into().ok()).map(u32::from_be_bytes)
        };
        let soa = Soa {
            mname: Name::from_wire(&data[..mname]),
            rname: Name::from_wire(&data[mname..mname + rname]),
            serial: number(0)?,
            refresh: number(1)?,
            retry: number(2)?,
            expire: number(3)?,
            minimum: number(4)?,
            ttl: record.ttl,
        };
        Some((soa, record))
    }

    /// The RRsets without those that `beside` says in the configuration itself: SOA and NS of the apex, and addresses of name
    /// servers. In the order of owners; each has the least TTL of its records (RFC 2181 section 5.2).
    pub(super) fn finish(self, beside: impl Fn(&Name, u16) -> bool) -> Vec<RrSet> {
        let mut sets: Vec<RrSet> = Vec::new();
        for (owner, mut records) in self.owners {
            records.sort_by_key(|record| record.kind.value);
            for same in records.chunk_by(|a, b| a.kind.value == b.kind.value) {
                let kind = same[0].kind.value;
                if beside(&owner, kind) {
                    continue;
                }
                let ttl = same.iter().map(|record| record.ttl).min().unwrap_or_default();
                let data = same.iter().map(|record| record.data.value.clone()).collect();
                sets.push(RrSet { owner: owner.clone(), kind, ttl, data });
            }
        }
        sets
    }
}

#[cfg(test)]
mod tests;
