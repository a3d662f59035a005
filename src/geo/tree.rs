//! The search tree of a MaxMind-format file, walked from its lowest address to its highest.
//!
//! Here: the walk, bounded whatever the file says. Not here: records, and the file around the tree (`database`).
//! `maxminddb` can walk too, but passes over aliases of the IPv4 tree without counting them: 97 nodes that name each other
//! twice keep it, and its `verify`, busy for longer than the Earth will last.

use super::ranges::{Address, Ranges};
use crate::limits::GEO_TREE_STEPS_MAX;
use std::net::IpAddr;

/// Prefixes of IPv6 whose branch may be the IPv4 tree once more: IPv4-compatible, IPv4-mapped, NAT64, Teredo, 6to4.
const IPV4_WITHIN: [(u128, u8); 5] =
    [(0, 96), (0xffff << 32, 96), (0x64_ff9b << 96, 96), (0x2001 << 112, 32), (0x2002 << 112, 16)];

/// A branch or leaf: a node below `node_count`, nothing at `node_count`, a record above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Link(u32);

/// What is wrong with a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadTree {
    #[error("its search tree is cut off")]
    CutOff,
    #[error("its search tree is deeper than an address is long")]
    TooDeep,
    #[error("its search tree loops or has more than {GEO_TREE_STEPS_MAX} branches")]
    TooLarge,
}

/// A search tree within the octets of a file.
pub(super) struct Tree<'a> {
    octets: &'a [u8],
    node_count: u32,
    record_bits: u16,
    /// Steps that all walks together may still take.
    steps: u32,
}

impl<'a> Tree<'a> {
    /// The root.
    pub(super) const ROOT: Link = Link(0);

    /// The tree at the beginning of `octets`, with 24, 28 or 32 bits in a record.
    pub(super) fn new(octets: &'a [u8], node_count: u32, record_bits: u16) -> Result<Self, BadTree> {
        let size = u64::from(node_count) * u64::from(record_bits / 4);
        let octets = usize::try_from(size).ok().and_then(|size| octets.get(..size)).ok_or(BadTree::CutOff)?;
        Ok(Self { octets, node_count, record_bits, steps: GEO_TREE_STEPS_MAX })
    }

    /// Where the IPv4 tree begins in an IPv6 tree: at ::/96, or the leaf that ends above it.
    pub(super) fn ipv4_root(&self) -> Link {
        (0..96).fold(Self::ROOT, |link, _| if self.is_node(link) { self.children(link)[0] } else { link })
    }

    /// Walks all below `root`, which stands for the whole family of `A`. `leaf` gives the value of a record and the lowest
    /// address that has it; `nothing` is the value of addresses without one and of the branches that are `alias`.
    pub(super) fn walk<A: Address, V: Copy + Eq, E: From<BadTree>>(
        &mut self,
        root: Link,
        alias: Option<Link>,
        nothing: V,
        mut leaf: impl FnMut(Link, A) -> Result<V, E>,
    ) -> Result<Ranges<A, V>, E> {
        let mut ranges = Ranges::building();
        let mut ahead = vec![(root, A::MIN, 0)];
        while let Some((link, first, depth)) = ahead.pop() {
            self.steps = self.steps.checked_sub(1).ok_or(BadTree::TooLarge)?;
            if link.0 == self.node_count || alias == Some(link) && is_ipv4_within(first, depth) {
                ranges.push(first, nothing);
            } else if !self.is_node(link) {
                ranges.push(first, leaf(link, first)?);
            } else if depth == A::BITS {
                return Err(BadTree::TooDeep.into());
            } else {
                let [left, right] = self.children(link);
                ahead.push((right, first.with_bit(depth), depth + 1));
                ahead.push((left, first, depth + 1));
            }
        }
        ranges.shrink();
        Ok(ranges)
    }

    fn is_node(&self, link: Link) -> bool {
        link.0 < self.node_count
    }

    /// The two records of a node. Two of 28 bits share their middle octet: its high half leads the left one.
    fn children(&self, node: Link) -> [Link; 2] {
        let size = usize::from(self.record_bits / 4);
        let octets = &self.octets[node.0 as usize * size..][..size];
        let number = |octets: &[u8]| octets.iter().fold(0, |n, &octet| n << 8 | u32::from(octet));
        let (left, right) = (number(&octets[..size / 2]), number(&octets[size - size / 2..]));
        match self.record_bits {
            28 => [Link(left | u32::from(octets[3] >> 4) << 24), Link(right | u32::from(octets[3] & 15) << 24)],
            _ => [Link(left), Link(right)],
        }
    }
}

fn is_ipv4_within<A: Address>(first: A, depth: u8) -> bool {
    match first.ip() {
        IpAddr::V4(_) => false,
        IpAddr::V6(ip) => IPV4_WITHIN.contains(&(ip.into(), depth)),
    }
}

#[cfg(test)]
mod tests;
