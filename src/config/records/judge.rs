//! Whether the records of one zone make sense together.

use super::{Draft, Record};
use crate::config::codes;
use crate::config::report::Report;
use crate::limits;
use crate::name::{Name, parent};
use crate::rrtype::{self, A, AAAA, CNAME, DS, NS, SOA};
use std::collections::{HashMap, HashSet};

/// Judges every owner by itself, then what lies at and below delegations.
pub(super) fn judge(draft: &Draft, apex: &Name, report: &Report) {
    for (owner, records) in &draft.owners {
        sets(records, report);
        alias(owner, records, apex, report);
        places(owner, records, apex, report);
    }
    let cuts = cuts(draft, apex);
    if !cuts.is_empty() {
        let glued: HashSet<Name> =
            draft.owners.values().flatten().filter(|r| r.kind.value == NS).filter_map(Record::target).collect();
        draft.owners.iter().for_each(|(owner, records)| below(owner, records, &cuts, &glued, report));
        glue(draft, &cuts, report);
    }
}

/// The names that are delegated away.
pub(super) fn cuts<'d>(draft: &'d Draft, apex: &Name) -> HashSet<&'d [u8]> {
    let is_cut = |(owner, records): &(&Name, &Vec<Record>)| {
        *owner != apex && records.iter().any(|record| record.kind.value == NS)
    };
    draft.owners.iter().filter(is_cut).map(|(owner, _)| owner.wire()).collect()
}

/// The delegated name at or above a name.
pub(super) fn cut_of<'n>(wire: &'n [u8], cuts: &HashSet<&[u8]>) -> Option<&'n [u8]> {
    std::iter::successors(Some(wire), |name| parent(name)).find(|name| cuts.contains(name))
}

/// Duplicates, TTLs that differ, sets that no message can hold.
fn sets(records: &[Record], report: &Report) {
    let mut seen: HashMap<(u16, &[u8]), &Record> = HashMap::new();
    let mut first: HashMap<u16, &Record> = HashMap::new();
    let mut octets: HashMap<u16, usize> = HashMap::new();
    for record in records {
        let kind = record.kind.value;
        let word = rrtype::word(kind);
        if let Some(equal) = seen.insert((kind, &record.data.value), record) {
            let title = format!("this {word} of {} is given twice", record.owner.value);
            report.repeated(record.kind.span, equal.kind.span, codes::DUPLICATE_RECORD, title, "remove one");
        }
        let before = first.entry(kind).or_insert(record);
        if before.ttl != record.ttl {
            let title = format!("the {word} records of {} have different times to live", record.owner.value);
            let help = "give them one TTL: the least is used for all of them (RFC 2181 5.2)";
            report.repeated(record.kind.span, before.kind.span, codes::TTL_DIFFERS, title, help);
        }
        let sum = octets.entry(kind).or_default();
        let fitted = *sum <= limits::RRSET_OCTETS_MAX;
        // Owner as a pointer, type, class, TTL and length.
        *sum += 12 + record.data.value.len();
        if fitted && *sum > limits::RRSET_OCTETS_MAX {
            let title = format!("the {word} records of {} fit into no message", record.owner.value);
            let help = format!("at most {} octets are allowed for one name and type", limits::RRSET_OCTETS_MAX);
            report.add(record.kind.span, codes::TOO_MANY, title, "the first one too many", help);
        }
    }
}

/// RFC 1034 section 3.6.2 and RFC 2181 section 10.1: a CNAME stands alone, and there is one.
fn alias(owner: &Name, records: &[Record], apex: &Name, report: &Report) {
    let Some(cname) = records.iter().find(|record| record.kind.value == CNAME) else { return };
    if owner == apex {
        let help = "write the addresses themselves: the apex has SOA and NS, and a CNAME allows nothing beside it";
        return report.add(
            cname.kind.span,
            codes::CNAME_CLASH,
            format!("{owner} is the apex and cannot be an alias"),
            "",
            help,
        );
    }
    let others = |record: &&Record| record.kind.span != cname.kind.span && record.data.value != cname.data.value;
    if let Some(other) = records.iter().find(others) {
        let (later, earlier) = if other.kind.span > cname.kind.span { (other, cname) } else { (cname, other) };
        let title = format!("{owner} is an alias and has other records");
        report.repeated(
            later.kind.span,
            earlier.kind.span,
            codes::CNAME_CLASH,
            title,
            "remove the CNAME or the other records",
        );
    }
}

/// SOA, DS and NS where they belong.
fn places(owner: &Name, records: &[Record], apex: &Name, report: &Report) {
    let misplaced = |record: &Record, title: String, help: &str| {
        report.add(record.kind.span, codes::MISPLACED_RECORD, title, "", help);
    };
    let has_ns = records.iter().any(|record| record.kind.value == NS);
    let mut soas = 0;
    for record in records {
        match record.kind.value {
            SOA if owner != apex => {
                misplaced(
                    record,
                    format!("{owner} is not the apex of the zone {apex}"),
                    "remove the SOA, or make a [zone] of its own",
                );
            }
            SOA if soas > 0 => misplaced(record, format!("the zone {apex} has two SOA records"), "remove one"),
            SOA => soas += 1,
            DS if owner == apex => {
                misplaced(
                    record,
                    "DS belongs into the zone above".to_owned(),
                    "give it to whoever delegates this zone to you",
                );
            }
            DS if !has_ns => {
                misplaced(record, format!("{owner} is not delegated"), "add its NS records, or remove the DS");
            }
            NS if owner.labels().next() == Some(b"*") => {
                misplaced(record, "a wildcard cannot be delegated".to_owned(), "delegate each name (RFC 4592 4.2)");
            }
            _ => {}
        }
    }
}

/// At a delegation stand NS and DS, below it addresses of name servers (RFC 1034 section 4.2.1).
fn below(owner: &Name, records: &[Record], cuts: &HashSet<&[u8]>, glued: &HashSet<Name>, report: &Report) {
    let Some(cut) = cut_of(owner.wire(), cuts) else { return };
    let at_cut = cut == owner.wire();
    let allowed = |record: &&Record| match record.kind.value {
        NS | DS => at_cut,
        A | AAAA => glued.contains(owner),
        _ => false,
    };
    if let Some(stray) = records.iter().find(|record| !allowed(record)) {
        let cut = Name::from_wire(cut);
        let lies = if at_cut { "is delegated" } else { "lies below the delegated name" };
        let title = if at_cut { format!("{owner} {lies}") } else { format!("{owner} {lies} {cut}") };
        let help = "remove it here: the servers to which the name is delegated answer for it; only NS, DS and the addresses of name servers stand here";
        report.add(stray.kind.span, codes::BELOW_DELEGATION, title, "", help);
    }
}

/// A name server below the name that it serves can only be found by its glue.
fn glue(draft: &Draft, cuts: &HashSet<&[u8]>, report: &Report) {
    let delegations = draft.owners.iter().filter(|(owner, _)| cuts.contains(owner.wire())).flat_map(|(_, r)| r);
    for ns in delegations.filter(|record| record.kind.value == NS) {
        let Some(host) = ns.target().filter(|host| host.is_within(&ns.owner.value)) else { continue };
        let found = [A, AAAA].iter().any(|&kind| draft.at(&host, kind).next().is_some());
        if !found {
            let title = format!("the name server {host} lies in what it serves and has no address here");
            let help = format!("add its addresses to this zone, as {host} A 192.0.2.53: nobody can find it otherwise");
            report.add(ns.data.span, codes::MISSING_GLUE, title, "", help);
        }
    }
}
