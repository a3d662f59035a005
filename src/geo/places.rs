//! Who a client is: partners before overrides before the database.
//!
//! Here: the three layers, and the account of one address for `explain`. Not here: the packet path (`map`).
//! Every entry's place has a point or is nowhere, so nothing about a client is left to decide later.

use super::database::Database;
use super::ranges::{Address, Family, Ranges, canonical, canonical_net};
use super::{Place, Point, country_point};
use crate::config::{Country, Override};
use ipnet::IpNet;
use std::collections::HashMap;
use std::net::IpAddr;

/// What a client is for classification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Of the partner with this index.
    Partner(usize),
    /// At a point, in a country where that is known.
    At(Point, Option<Country>),
    /// Nothing is known.
    Nowhere,
}

/// What decided who a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A prefix of a partner.
    Partner,
    /// A line of the overrides file.
    Override,
    /// The country or city database.
    Database,
    /// Nothing: no layer has a place for the address.
    Nowhere,
}

impl Source {
    /// The word for people and programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Override => "override",
            Self::Database => "database",
            Self::Nowhere => "nowhere",
        }
    }
}

/// The account of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// Who the client is.
    pub who: Who,
    /// The prefix of the partner or override that decided, as it was written; else the widest prefix around the address that
    /// the database says the same of. IPv4 for IPv4-mapped IPv6.
    pub prefix: IpNet,
    /// What decided.
    pub source: Source,
    /// The country, also where it has no point and the client is so nowhere.
    pub country: Option<Country>,
}

/// Every source of who a client is, in the order in which they count.
#[derive(Debug)]
pub struct Places {
    /// What the ranges of `v4` and `v6` refer to: the places of the database, then the rules.
    entries: Vec<Entry>,
    /// Each once; what entries refer to.
    pub(super) whos: Vec<Who>,
    pub(super) v4: Layers<u32>,
    pub(super) v6: Layers<u128>,
}

/// Two layers of one family, both of indices into `Places::entries`.
#[derive(Debug)]
pub(super) struct Layers<A> {
    /// Partners over overrides.
    rules: Ranges<A, Option<u32>>,
    database: Ranges<A, u32>,
}

/// What one prefix or place says.
#[derive(Debug)]
struct Entry {
    source: Source,
    /// Index into `Places::whos`.
    who: u32,
    country: Option<Country>,
    /// Of a rule, as it was written.
    prefix: Option<IpNet>,
}

impl Places {
    /// The database below the overrides below the prefixes of each partner; within a layer the longest prefix counts.
    pub fn new(database: Database, overrides: &[Override], partners: &[Vec<IpNet>]) -> Self {
        let mut entries = Entries::default();
        for place in &database.places {
            entries.place(if place.point.is_some() { Source::Database } else { Source::Nowhere }, *place, None);
        }
        let mut override_rules = Rules::default();
        for line in overrides {
            let place = Place { point: country_point(line.country), country: Some(line.country) };
            override_rules.add(line.prefix, entries.place(Source::Override, place, Some(line.prefix)));
        }
        let mut partner_rules = Rules::default();
        for (partner, prefixes) in partners.iter().enumerate() {
            for &prefix in prefixes {
                partner_rules.add(prefix, entries.add(Source::Partner, Who::Partner(partner), None, Some(prefix)));
            }
        }
        Self {
            v4: Layers::new(partner_rules.v4, override_rules.v4, database.v4),
            v6: Layers::new(partner_rules.v6, override_rules.v6, database.v6),
            entries: entries.list,
            whos: entries.whos,
        }
    }

    /// Who the client with this address is, and why. Not for the packet path.
    pub fn locate(&self, ip: IpAddr) -> Located {
        match canonical(ip) {
            Family::V4(address) => self.account(&self.v4, address),
            Family::V6(address) => self.account(&self.v6, address),
        }
    }

    fn account<A: Address>(&self, layers: &Layers<A>, address: A) -> Located {
        let (index, len) = layers.find(address);
        let entry = &self.entries[index as usize];
        Located {
            who: self.whos[entry.who as usize],
            prefix: entry.prefix.unwrap_or_else(|| IpNet::new_assert(address.ip(), len).trunc()),
            source: entry.source,
            country: entry.country,
        }
    }

    /// Whether anything has a place for an address of a family.
    pub(super) fn located<A: Address>(&self, layers: &Layers<A>) -> Ranges<A, bool> {
        self.map(layers, |who| self.whos[who] != Who::Nowhere)
    }

    /// Every address of a family with `of` its `Who`'s index.
    pub(super) fn map<A: Address, V: Copy + Eq>(&self, layers: &Layers<A>, of: impl Fn(usize) -> V) -> Ranges<A, V> {
        layers.rules.join(&layers.database, |rule, place| of(self.entries[rule.unwrap_or(place) as usize].who as usize))
    }
}

impl<A: Address> Layers<A> {
    fn new(partners: Vec<(A, A, u32)>, overrides: Vec<(A, A, u32)>, database: Ranges<A, u32>) -> Self {
        let (partners, overrides) = (Ranges::of_prefixes(partners), Ranges::of_prefixes(overrides));
        Self { rules: partners.join(&overrides, Option::or), database }
    }

    /// The entry for an address, and the length of the widest prefix around it for which the database has the same.
    fn find(&self, address: A) -> (u32, u8) {
        let place = self.database.find(address);
        let len = self.database.prefix_len(place, address);
        (self.rules.at(address).unwrap_or(self.database.value(place)), len)
    }
}

/// Prefixes of both families with their entries.
#[derive(Default)]
struct Rules {
    v4: Vec<(u32, u32, u32)>,
    v6: Vec<(u128, u128, u32)>,
}

impl Rules {
    fn add(&mut self, prefix: IpNet, entry: u32) {
        match canonical_net(prefix) {
            Family::V4((first, last)) => self.v4.push((first, last, entry)),
            Family::V6((first, last)) => self.v6.push((first, last, entry)),
        }
    }
}

/// Entries while they are collected; equal `Who`s are stored once.
#[derive(Default)]
struct Entries {
    list: Vec<Entry>,
    whos: Vec<Who>,
    known: HashMap<Who, u32>,
}

impl Entries {
    fn place(&mut self, source: Source, place: Place, prefix: Option<IpNet>) -> u32 {
        let who = place.point.map_or(Who::Nowhere, |point| Who::At(point, place.country));
        self.add(source, who, place.country, prefix)
    }

    fn add(&mut self, source: Source, who: Who, country: Option<Country>, prefix: Option<IpNet>) -> u32 {
        let next = self.whos.len() as u32;
        let index = *self.known.entry(who).or_insert(next);
        if index == next {
            self.whos.push(who);
        }
        self.list.push(Entry { source, who: index, country, prefix });
        (self.list.len() - 1) as u32
    }
}

#[cfg(test)]
mod tests;
