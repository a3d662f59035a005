//! Which of a list of prefixes an address lies in.
//!
//! A look-up is one binary search; it neither allocates nor locks.

use super::ranges::{Family, Ranges, canonical, canonical_net};
use ipnet::IpNet;
use std::net::IpAddr;

/// A number for each of some prefixes; the longest around an address counts.
#[derive(Debug)]
pub struct Prefixes {
    pub(super) v4: Ranges<u32, Option<u16>>,
    pub(super) v6: Ranges<u128, Option<u16>>,
}

impl Prefixes {
    /// A table of these; of two equal ones the later counts.
    pub fn new(prefixes: impl IntoIterator<Item = (IpNet, u16)>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (prefix, number) in prefixes {
            match canonical_net(prefix) {
                Family::V4((first, last)) => v4.push((first, last, number)),
                Family::V6((first, last)) => v6.push((first, last, number)),
            }
        }
        Self { v4: Ranges::of_prefixes(v4), v6: Ranges::of_prefixes(v6) }
    }

    /// The number of the longest prefix around an address, in whatever clothes it comes.
    pub fn find(&self, address: IpAddr) -> Option<u16> {
        match canonical(address) {
            Family::V4(address) => self.v4.at(address),
            Family::V6(address) => self.v6.at(address),
        }
    }
}
