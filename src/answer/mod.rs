//! What to say: a choice to the content of SRV, A and AAAA records.
//!
//! Here: `Answer`, the same for every domain of a service, and its records for one question (`records`). Not here: the
//! message around them (`lane`). A target within the asked domain is a hole that the question fills, since RFC 2782 forbids
//! to compress it. Pure.

use crate::federation::Shape;
use crate::ids::PoolId;
use crate::limits::ANSWER_ADDRESSES_MAX;
use crate::steering::{Basis, Choice, Pick};
use crate::topology::{Addresses, Service};

pub mod records;

/// What a service says to clients of one order. Without records its names exist and have none (RFC 2308 section 2.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The SRV records in the order of the answer: preferred first, because some peers take the first (federation.md 3.2).
    pub srv: Box<[SrvTarget]>,
    /// The addresses at the service's address owners.
    pub addresses: Addresses,
    /// TTL of all of them, seconds.
    pub ttl: u32,
}

/// What one SRV record names. Its weight is always 0, its port is the owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SrvTarget {
    /// Lower is preferred.
    pub priority: u16,
    /// The name.
    pub target: Target,
}

/// The target of an SRV record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The service's address owner under the asked domain.
    InDomain,
    /// A pool's own name.
    Pool(PoolId),
}

/// Renders a choice.
pub fn render(service: &Service, choice: &Choice) -> Answer {
    let srv = match service.shape {
        Shape::Address if choice.picks.is_empty() => [].into(),
        Shape::Address => [SrvTarget { priority: 0, target: Target::InDomain }].into(),
        Shape::Target | Shape::Ordered => choice
            .picks
            .iter()
            .enumerate()
            .map(|(i, pick)| SrvTarget { priority: i as u16, target: Target::Pool(service.pools[pick.pool].pool) })
            .collect(),
    };
    // Where every pool is down and all are named, the address owners name all of them too; else those of the first pool:
    // addresses of two live pools are never mixed, or peers would spread over both.
    let named = match choice.basis {
        Basis::AllDown(_) => &choice.picks[..],
        _ => &choice.picks[..choice.picks.len().min(1)],
    };
    let of_pick = |pick: &Pick| {
        let pool = &service.pools[pick.pool];
        pick.endpoints.iter().map(|&i| pool.endpoints[i].address).collect::<Vec<_>>()
    };
    let addresses = named.iter().flat_map(of_pick).take(ANSWER_ADDRESSES_MAX).collect();
    Answer { srv, addresses, ttl: if choice.brief { service.suspect_ttl } else { service.ttl } }
}

#[cfg(test)]
mod tests;
