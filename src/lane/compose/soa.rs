//! The SOA of a zone as octets: ours, or that of the zone's file.
//!
//! The names of a file's SOA end in pointers wherever the asked name ends as they do, octet by octet: the full lane says them in the
//! case of the file. Not here: which answers have a SOA.

use super::{Draft, FIXED, HEADER, POINTER, SOA, Sizes, Wire, pointer};
use crate::answer::records::{SOA_NAME, SOA_TIMERS};
use crate::topology::Zone;
use std::iter;

/// Octets of the five numbers.
const NUMBERS: usize = 20;

impl Draft<'_> {
    /// The size of the SOA, in doubt by what the full lane's encoder compresses: that depends on the case of the question.
    pub(super) fn soa_sizes(&self) -> Sizes {
        let Some((zone, apex_at)) = self.zone() else { return Sizes::default() };
        let apex = self.name.len() - apex_at;
        let (least, doubt) = match &zone.soa {
            Some(soa) => {
                let names = [&soa.mname, &soa.rname].map(|name| name.wire().len());
                (names.map(|length| length.min(POINTER)).iter().sum(), apex + names.iter().sum::<usize>())
            }
            None => (SOA_NAME.len() + POINTER, apex + zone.ns.first().map_or(apex, |ns| ns.wire().len())),
        };
        Sizes { answers: POINTER + FIXED + NUMBERS + least, additionals: 0, doubt }
    }

    /// Writes the SOA. `asked` is the name as it was asked.
    pub(super) fn write_soa(&self, asked: &[u8], wire: &mut Wire<'_>, negative: bool) -> u16 {
        let Some((zone, apex_at)) = self.zone() else { return 0 };
        let apex = pointer(apex_at);
        let Some(soa) = &zone.soa else { return our_soa(zone, apex, wire, negative) };
        // RFC 2308 section 3.
        let ttl = if negative { soa.ttl.min(soa.minimum) } else { soa.ttl };
        wire.head(apex, SOA, ttl, 0);
        let begin = wire.at;
        wire.name(soa.mname.wire(), &[(asked, HEADER)]);
        // What only MNAME and RNAME share, MNAME has in full.
        wire.name(soa.rname.wire(), &[(asked, HEADER), (soa.mname.wire(), begin)]);
        numbers(wire, [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum]);
        let length = (wire.at - begin) as u16;
        wire.room[begin - 2..begin].copy_from_slice(&length.to_be_bytes());
        1
    }
}

fn our_soa(zone: &Zone, apex: u16, wire: &mut Wire<'_>, negative: bool) -> u16 {
    let ttl = if negative { zone.ttl.min(zone.negative_ttl) } else { zone.ttl };
    let server = zone.ns.first().map_or(POINTER, |ns| ns.wire().len());
    wire.head(apex, SOA, ttl, server + SOA_NAME.len() + POINTER + NUMBERS);
    match zone.ns.first() {
        Some(ns) => wire.put(ns.wire()),
        None => wire.put(&apex.to_be_bytes()),
    }
    wire.put(SOA_NAME);
    wire.put(&apex.to_be_bytes());
    let [refresh, retry, expire] = SOA_TIMERS.map(i32::cast_unsigned);
    numbers(wire, [zone.serial, refresh, retry, expire, zone.negative_ttl]);
    1
}

fn numbers(wire: &mut Wire<'_>, numbers: [u32; 5]) {
    numbers.iter().for_each(|number| wire.put(&number.to_be_bytes()));
}

impl Wire<'_> {
    /// A name, whose end is a pointer where one of the known names, each with its place in the message, ends in the same.
    fn name(&mut self, name: &[u8], known: &[(&[u8], usize)]) {
        let shared = known.iter().map(|&(other, begin)| {
            let (own, at) = common_end(name, other);
            (own, begin + at)
        });
        match shared.min_by_key(|(own, _)| *own) {
            Some((own, at)) if own + 1 < name.len() => {
                self.put(&name[..own]);
                self.put(&(0xc000 | at as u16).to_be_bytes());
            }
            _ => self.put(name),
        }
    }
}

/// Where in each of two names the longest name begins in which both end: the root at least.
fn common_end(name: &[u8], other: &[u8]) -> (usize, usize) {
    let ends_other = |own: usize| {
        let at = other.len().checked_sub(name.len() - own)?;
        (other[at..] == name[own..] && starts(other).any(|start| start == at)).then_some((own, at))
    };
    starts(name).find_map(ends_other).unwrap_or((name.len(), other.len()))
}

/// Where each label of a well-formed name begins, the root last.
fn starts(wire: &[u8]) -> impl Iterator<Item = usize> {
    let next = |&at: &usize| wire.get(at).filter(|&&length| length > 0).map(|&length| at + 1 + usize::from(length));
    iter::successors(Some(0), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_share_whole_labels_at_their_ends() {
        let a = b"\x01a\x02bc\x03com\x00";
        for (other, expected) in [
            (&b"\x01x\x02bc\x03com\x00"[..], (2, 2)),
            (a, (0, 0)),
            (b"\x02bc\x03com\x00", (2, 0)),
            (b"\x03com\x00", (5, 0)),
            (b"\x02bC\x03com\x00", (5, 3)),
            (b"\x03net\x00", (9, 4)),
            (b"\x00", (9, 0)),
            // The octets of "com" end in the middle of a label.
            (b"\x05x\x03com\x00", (9, 6)),
        ] {
            assert_eq!(common_end(a, other), expected, "{other:?}");
        }
    }
}
