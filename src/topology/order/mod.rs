//! Which pool is preferred for whom: the orders of a service's pools, compiled from its steering policy.
//!
//! Here: each policy as a pure function to an order, and the table that picks an order for a client. Not here: which pools
//! are live (`steering`). An order names every pool of the service exactly once.

use crate::ids::RegionId;
use crate::limits::WEIGHT_SLOTS;
use std::net::IpAddr;

mod canary;
mod nearest;
mod weighted;

pub use canary::Canary;
pub(super) use nearest::nearest;
pub(super) use weighted::slots;

/// Indices into a service's pools, preferred first.
pub(super) type Order = Box<[u16]>;

/// The orders of one service, equal ones once, and who gets which.
#[derive(Debug, PartialEq, Eq)]
pub struct Orders {
    list: Vec<Order>,
    by_region: Box<[u16]>,
    slots: Option<Box<[u16; WEIGHT_SLOTS]>>,
}

/// What the choice of an order depends on, and so how wide its ECS scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependence {
    /// On nothing: scope 0.
    Nothing,
    /// On the client's region: the region's scope.
    Region,
    /// On the client's network as well: at least `network_length`.
    Network,
}

/// Clients of one IPv4 network this long always get the same share of a weighted service.
const NETWORK_V4: u8 = 24;
/// Clients of one IPv6 network this long always get the same share of a weighted service.
const NETWORK_V6: u8 = 56;

/// The prefix length of the client networks over which weights are spread.
pub fn network_length(client: IpAddr) -> u8 {
    if client.is_ipv4() { NETWORK_V4 } else { NETWORK_V6 }
}

/// Stands in `by_region` where the client's network decides.
const BY_SLOT: u16 = u16::MAX;

impl Orders {
    /// The same order for everybody.
    pub(super) fn constant(order: Order, regions: usize) -> Self {
        Self { list: vec![order], by_region: vec![0; regions].into(), slots: None }
    }

    /// One order for each region.
    pub(super) fn by_region(orders: impl IntoIterator<Item = Order>) -> Self {
        let mut list = Vec::new();
        let by_region = orders.into_iter().map(|order| intern(&mut list, order)).collect();
        Self { list, by_region, slots: None }
    }

    /// One order for each slot of client networks, except where a region has an order of its own.
    pub(super) fn by_slot(slots: impl Fn(usize) -> Order, regions: impl IntoIterator<Item = Option<Order>>) -> Self {
        let mut list = Vec::new();
        let slots = Box::new(std::array::from_fn(|slot| intern(&mut list, slots(slot))));
        let by_region = regions.into_iter().map(|own| own.map_or(BY_SLOT, |order| intern(&mut list, order))).collect();
        Self { list, by_region, slots: Some(slots) }
    }

    /// The distinct orders.
    pub fn list(&self) -> &[Order] {
        &self.list
    }

    /// Which of `list` a client gets.
    pub fn pick(&self, region: RegionId, client: IpAddr) -> usize {
        self.in_slot(region, if self.slots.is_some() { slot_of(client) } else { 0 })
    }

    /// Which of `list` the clients of a region get whose networks lie in this of the `WEIGHT_SLOTS` slots.
    pub fn in_slot(&self, region: RegionId, slot: usize) -> usize {
        match (self.by_region[region.index()], &self.slots) {
            (BY_SLOT, Some(slots)) => usize::from(slots[slot]),
            (order, _) => usize::from(order),
        }
    }

    /// The orders that regions have of themselves, each once.
    pub fn of_regions(&self) -> Vec<usize> {
        distinct(self.by_region.iter().filter(|&&order| order != BY_SLOT))
    }

    /// The orders that client networks get by weight, each once.
    pub fn of_slots(&self) -> Vec<usize> {
        distinct(self.slots.iter().flat_map(|slots| slots.iter()))
    }

    /// What the choice of an order depends on for clients of a region.
    pub fn dependence(&self, region: RegionId) -> Dependence {
        if self.list.len() == 1 {
            Dependence::Nothing
        } else if self.by_region[region.index()] == BY_SLOT {
            Dependence::Network
        } else {
            Dependence::Region
        }
    }
}

fn intern(list: &mut Vec<Order>, order: Order) -> u16 {
    let place = list.iter().position(|known| *known == order).unwrap_or_else(|| {
        list.push(order);
        list.len() - 1
    });
    // At most REGIONS_MAX regions and WEIGHT_SLOTS slots, deduplicated; compile refuses more.
    place as u16
}

fn distinct<'a>(orders: impl Iterator<Item = &'a u16>) -> Vec<usize> {
    let distinct: std::collections::BTreeSet<u16> = orders.copied().collect();
    distinct.into_iter().map(usize::from).collect()
}

/// The slot of a client's network: the same on every node and after every restart.
fn slot_of(client: IpAddr) -> usize {
    mix(network_of(client)) as usize % WEIGHT_SLOTS
}

/// A client's network as a number.
fn network_of(client: IpAddr) -> u64 {
    match client {
        IpAddr::V4(v4) => u64::from(v4.to_bits() >> (32 - NETWORK_V4)),
        IpAddr::V6(v6) => (v6.to_bits() >> (128 - NETWORK_V6)) as u64 | 1 << 63,
    }
}

/// The finalizer of SplitMix64: every bit of the input moves every bit of the output.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The pools that a partner names, first, in its order; then the others in the service's own order.
pub(super) fn preferred(first: &[usize], pools: &[usize]) -> Order {
    let place = |pool: &usize| pools.iter().position(|p| p == pool).map(|i| i as u16);
    let named: Vec<u16> = first.iter().filter_map(place).collect();
    let rest = (0..pools.len() as u16).filter(|i| !named.contains(i));
    named.iter().copied().chain(rest).collect()
}

#[cfg(test)]
mod tests;
