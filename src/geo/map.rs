//! The region of every address and how far around it that holds: what the packet path asks.
//!
//! Here: the immutable map. Not here: how it comes about (`compile`). A look-up is one index and one binary search; it
//! neither allocates nor locks. The ECS scope is not stored: it follows from the ends of the range.

use super::ranges::{Address, Family, Ranges, canonical};
use crate::ids::RegionId;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The regions of all IPv4 and IPv6 addresses.
#[derive(Debug)]
pub struct RegionMap {
    v4: Indexed<u32>,
    v6: Indexed<u128>,
    regions: usize,
}

/// Neighbouring addresses of one region, as many as there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionRange {
    /// The lowest address.
    pub first: IpAddr,
    /// The highest address, of the same family.
    pub last: IpAddr,
    /// Their region.
    pub region: RegionId,
    /// How much of the family's address space they are; 0 to 1.
    pub share: f64,
}

impl RegionMap {
    pub(super) fn new(v4: Ranges<u32, u16>, v6: Ranges<u128, u16>) -> Self {
        let map = Self { v4: Indexed::new(v4), v6: Indexed::new(v6), regions: 0 };
        let regions = map.ranges().map(|range| range.region).collect::<BTreeSet<_>>().len();
        Self { regions, ..map }
    }

    /// The region of an address, and the length of the widest prefix around it in which every address has that region.
    ///
    /// IPv4-mapped IPv6 is looked up as IPv4; its prefix is then at least 96 long, so that it never reaches beyond them.
    pub fn look_up(&self, ip: IpAddr) -> (RegionId, u8) {
        let (region, len) = match canonical(ip) {
            Family::V4(address) => self.v4.look_up(address),
            Family::V6(address) => self.v6.look_up(address),
        };
        let mapped = ip.is_ipv6() && ip.to_canonical().is_ipv4();
        (RegionId(region.into()), if mapped { 96 + len } else { len })
    }

    /// The regions of all IPv4 addresses.
    pub(super) fn v4(&self) -> &Ranges<u32, u16> {
        &self.v4.ranges
    }

    /// The regions of all IPv6 addresses.
    pub(super) fn v6(&self) -> &Ranges<u128, u16> {
        &self.v6.ranges
    }

    /// How many regions have an address.
    pub fn regions_count(&self) -> usize {
        self.regions
    }

    /// Octets on the heap.
    pub fn memory(&self) -> usize {
        self.v4.memory() + self.v6.memory()
    }

    /// All ranges, IPv4 first, each family from its lowest address to its highest. Neighbours differ in region.
    pub fn ranges(&self) -> impl Iterator<Item = RegionRange> + '_ {
        shown(&self.v4.ranges).chain(shown(&self.v6.ranges))
    }
}

fn shown<A: Address>(ranges: &Ranges<A, u16>) -> impl Iterator<Item = RegionRange> + '_ {
    ranges.iter().map(|(first, last, region)| RegionRange {
        first: first.ip(),
        last: last.ip(),
        region: RegionId(region.into()),
        share: first.share_to(last),
    })
}

/// Ranges with an index over blocks of addresses, which bounds the search to the ranges that the block touches.
#[derive(Debug)]
struct Indexed<A> {
    ranges: Ranges<A, u16>,
    /// For each block the last range that begins below it, 0 for the first; and at the end the last of all.
    roots: Box<[u32]>,
}

/// Blocks of addresses in each family's index.
const BLOCKS: usize = 1 << 16;

impl<A: Address> Indexed<A> {
    fn new(ranges: Ranges<A, u16>) -> Self {
        let mut roots = Vec::with_capacity(BLOCKS + 1);
        for (index, (first, _, _)) in ranges.iter().enumerate().skip(1) {
            let block = usize::from(first.block());
            roots.resize(roots.len().max(block + 1), index as u32 - 1);
        }
        roots.resize(BLOCKS + 1, ranges.len() as u32 - 1);
        let roots = roots.into();
        Self { ranges, roots }
    }

    fn look_up(&self, address: A) -> (u16, u8) {
        let block = usize::from(address.block());
        let index = self.ranges.find_between(address, self.roots[block] as usize, self.roots[block + 1] as usize);
        (self.ranges.value(index), self.ranges.prefix_len(index, address))
    }

    fn memory(&self) -> usize {
        self.ranges.memory() + size_of_val(&*self.roots)
    }
}

#[cfg(test)]
mod tests;
