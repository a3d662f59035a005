//! How much of the address space is treated alike, in two worlds at once.
//!
//! Here: the ranges of two geographies laid over each other and added up, exactly and without sampling. Not here: what becomes of
//! the clients in them (`whatif`). One pass over all ranges of both; never on the packet path.

use super::ranges::{Address, Ranges};
use super::{Places, Prefixes, RegionMap};
use crate::ids::RegionId;
use crate::limits::CENSUS_EXAMPLES;
use ipnet::IpNet;
use std::collections::BTreeMap;

/// The geography of one world.
#[derive(Clone, Copy, Debug)]
pub struct Geography<'t> {
    /// Client addresses to regions.
    pub regions: &'t RegionMap,
    /// Whether we know where they are.
    pub places: &'t Places,
    /// Client addresses to views.
    pub views: &'t Prefixes,
}

/// What one world knows of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lot {
    /// Its region.
    pub region: RegionId,
    /// The number of its view; `None` is what everybody sees.
    pub view: Option<u16>,
    /// Whether a partner's prefix, an override or the database has a place for it.
    pub is_located: bool,
}

/// Clients whom each of the two worlds treats alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Crowd {
    /// What the first world and the second know of them.
    pub lots: [Lot; 2],
    /// How much of the IPv4 and of the IPv6 address space they are; 0 to 1.
    pub share: [f64; 2],
    /// The widest prefix of each of their widest ranges, IPv4 first: at most `CENSUS_EXAMPLES` of each family.
    pub examples: Vec<IpNet>,
}

/// Everybody, in crowds; their shares add up to 1 in each family.
pub fn census(worlds: [Geography<'_>; 2]) -> Vec<Crowd> {
    let v4 = worlds.map(|world| lots(world.regions.v4(), &world.places.located(&world.places.v4), &world.views.v4));
    let v6 = worlds.map(|world| lots(world.regions.v6(), &world.places.located(&world.places.v6), &world.views.v6));
    let (v4, v6) = (v4[0].join(&v4[1], |a, b| [a, b]), v6[0].join(&v6[1], |a, b| [a, b]));
    let (mut counted, v6) = (count(&v4, 0), count(&v6, 1));
    for (lots, tally) in v6 {
        counted.entry(lots).or_default().add(tally);
    }
    let crowd = |(lots, tally): ([Lot; 2], Tally)| Crowd {
        lots,
        share: tally.share,
        examples: tally.examples.into_iter().map(|(net, _)| net).collect(),
    };
    counted.into_iter().map(crowd).collect()
}

/// What one world knows of every address of a family.
fn lots<A: Address>(
    regions: &Ranges<A, u16>,
    located: &Ranges<A, bool>,
    views: &Ranges<A, Option<u16>>,
) -> Ranges<A, Lot> {
    let placed = regions.join(located, |region, is_located| (region, is_located));
    placed.join(views, |(region, is_located), view| Lot { region: RegionId(region.into()), view, is_located })
}

/// What is known of a crowd while it is counted.
#[derive(Default)]
struct Tally {
    share: [f64; 2],
    /// With the share of each, widest first.
    examples: Vec<(IpNet, f64)>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.share.iter_mut().zip(other.share).for_each(|(sum, more)| *sum += more);
        self.examples.extend(other.examples);
    }

    /// Keeps a range's widest prefix where it is among the widest.
    fn exemplify(&mut self, share: f64, widest: impl FnOnce() -> (IpNet, f64)) {
        let is_full = self.examples.len() == CENSUS_EXAMPLES;
        // A prefix is no wider than its range.
        if is_full && self.examples.last().is_some_and(|(_, least)| *least >= share) {
            return;
        }
        let example = widest();
        let place = self.examples.partition_point(|(_, known)| *known >= example.1);
        self.examples.insert(place, example);
        self.examples.truncate(CENSUS_EXAMPLES);
    }
}

fn count<A: Address>(ranges: &Ranges<A, [Lot; 2]>, family: usize) -> BTreeMap<[Lot; 2], Tally> {
    let mut counted: BTreeMap<[Lot; 2], Tally> = BTreeMap::new();
    for (index, (first, last, lots)) in ranges.iter().enumerate() {
        let share = first.share_to(last);
        let tally = counted.entry(lots).or_default();
        tally.share[family] += share;
        tally.exemplify(share, || widest(ranges, index, first, last));
    }
    counted
}

/// The widest prefix in a range, and its share of the family. Prefixes grow towards the address in which the range's ends first
/// differ, so it ends below that or begins there.
fn widest<A: Address>(ranges: &Ranges<A, [Lot; 2]>, index: usize, first: A, last: A) -> (IpNet, f64) {
    let middle = last.head((first.shared_bits(last) + 1).min(A::BITS));
    let below = if middle > first { middle.before() } else { middle };
    let around = |address: A| {
        let len = ranges.prefix_len(index, address);
        (IpNet::new_assert(address.ip(), len).trunc(), 0.5f64.powi(len.into()))
    };
    let (one, other) = (around(below), around(middle));
    if one.1 >= other.1 { one } else { other }
}

#[cfg(test)]
mod tests;
