//! Places and a classification to a region map.

use super::map::RegionMap;
use super::places::{Places, Who};
use crate::ids::RegionId;

/// The map in which every address has the region that `classify` gives its client. Each `Who` is classified once.
///
/// # Panics
/// Where a region's id does not fit 16 bits, which `limits::REGIONS_MAX` rules out.
pub fn compile(places: &Places, mut classify: impl FnMut(&Who) -> RegionId) -> RegionMap {
    let regions: Vec<u16> = places.whos.iter().map(|who| narrow(classify(who))).collect();
    RegionMap::new(places.map(&places.v4, |who| regions[who]), places.map(&places.v6, |who| regions[who]))
}

fn narrow(region: RegionId) -> u16 {
    assert!(region.0 <= u32::from(u16::MAX), "more regions than limits::REGIONS_MAX");
    region.0 as u16
}

#[cfg(test)]
mod tests;
