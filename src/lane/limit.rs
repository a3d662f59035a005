//! How many answers of a class a client network gets over UDP, where source addresses can be forged.
//!
//! Each (network, class) may be answered so many times a second, a second's worth at once. Rates live in a table that never
//! grows: sets of a few places, in each of which the idlest makes room. What is forgotten was idle, or is one of more forged
//! networks than places, each of which gets little. Time is an argument. Not here: cookies, which exempt (`guard`).
//!
//! Each of N lanes has a table of its own and allows one N-th, so a network never gets more than the limit however the system
//! spreads its questions over the lanes, and one that asks from many ports, as resolvers do, gets about all of it.

use crate::config::RateLimit;
use crate::limits::RATES_KNOWN_MAX;
use hickory_proto::op::ResponseCode;
use ipnet::IpNet;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::time::Duration;

/// Places of a set.
const WAYS: usize = 8;

/// What an answer says, as far as limits are concerned: a flood of one class leaves the others alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Answer,
    NoData,
    NoName,
    Refused,
    Error,
}

impl Class {
    /// The class of what has this RCODE, and records in its answer section or none.
    pub(super) fn new(code: ResponseCode, has_answers: bool) -> Self {
        match code {
            ResponseCode::NoError if !has_answers => Self::NoData,
            ResponseCode::NoError => Self::Answer,
            ResponseCode::NXDomain => Self::NoName,
            ResponseCode::Refused => Self::Refused,
            _ => Self::Error,
        }
    }
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent.
    Pass,
    /// Something small is sent that an honest client can act upon.
    Slip,
    /// Nothing is sent.
    Drop,
}

/// One network's answers of one class.
#[derive(Clone, Copy, Debug, Default)]
struct Rate {
    /// Network and class; 0 is nobody.
    key: u64,
    /// When all that was answered will have been paid for, nanoseconds since the start.
    paid_at: u64,
    /// Answers over the limit.
    over: u32,
}

/// A limit, ready to be judged by.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    /// Nanoseconds that one answer costs.
    cost: u64,
    slip: u32,
    exempt: Vec<IpNet>,
}

impl Limit {
    pub(super) fn new(limit: &RateLimit) -> Self {
        let cost = 1_000_000_000 / u64::from(limit.per_second.max(1));
        Self { cost, slip: limit.slip, exempt: limit.exempt.clone() }
    }
}

/// The rates of all clients. They outlive the limit by which they are judged.
#[derive(Debug)]
pub(super) struct Limiter<S> {
    /// How many share the limit.
    lanes: u64,
    hasher: S,
    sets: Box<[[Rate; WAYS]]>,
}

impl<S: BuildHasher> Limiter<S> {
    /// Nobody has asked anything; this is one of so many lanes. Who knows the hasher can choose networks that push each other out.
    pub(super) fn new(lanes: usize, hasher: S) -> Self {
        let sets = vec![[Rate::default(); WAYS]; RATES_KNOWN_MAX / WAYS].into_boxed_slice();
        Self { lanes: lanes.max(1) as u64, hasher, sets }
    }

    /// Counts an answer for a client at a time since the start, and says whether it is sent.
    pub(super) fn judge(&mut self, limit: &Limit, client: IpAddr, class: Class, now: Duration) -> Verdict {
        let client = client.to_canonical();
        if limit.exempt.iter().any(|prefix| prefix.contains(&client)) {
            return Verdict::Pass;
        }
        // 584 years of nanoseconds.
        let now = now.as_nanos() as u64;
        let (cost, slip) = (limit.cost * self.lanes, limit.slip);
        let rate = self.rate(key(client, class));
        let paid_at = rate.paid_at.max(now) + cost;
        if paid_at <= now + 1_000_000_000.max(cost) {
            rate.paid_at = paid_at;
            return Verdict::Pass;
        }
        rate.over = rate.over.wrapping_add(1);
        if slip > 0 && rate.over.is_multiple_of(slip) { Verdict::Slip } else { Verdict::Drop }
    }

    /// The place of a key, which the idlest of its set may have to leave.
    fn rate(&mut self, key: u64) -> &mut Rate {
        let set = self.hasher.hash_one(key) as usize % self.sets.len();
        let set = &mut self.sets[set];
        let known = set.iter().position(|rate| rate.key == key);
        let place = known.unwrap_or_else(|| {
            let idlest = (0..WAYS).min_by_key(|&place| set[place].paid_at).unwrap_or(0);
            set[idlest] = Rate { key, ..Rate::default() };
            idlest
        });
        &mut set[place]
    }
}

/// The client's /24 or /56, its family and the class, never 0.
fn key(client: IpAddr, class: Class) -> u64 {
    let (network, family) = match client {
        IpAddr::V4(v4) => (u64::from(v4.to_bits() >> 8), 0x10),
        IpAddr::V6(v6) => ((v6.to_bits() >> 72) as u64, 0x20),
    };
    network << 8 | family | class as u64
}

#[cfg(test)]
mod tests;
