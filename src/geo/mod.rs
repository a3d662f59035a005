//! Where a client is: MaxMind-format file and overrides, compiled to a region map with exact ECS scope.
//!
//! `database` + overrides + partners -> `places` (who is where, explained) -> `compile` -> `map` (region and scope, fast), which `census` adds up.
//! Not here: which pool is near; `topology` classifies places into regions. `geoip/` at the root is the data.

use crate::config::Country;
use std::hash::{Hash, Hasher};

mod census;
mod compile;
mod countries;
mod database;
mod map;
mod places;
mod prefixes;
mod ranges;
mod record;
mod tree;

pub use census::{Crowd, Geography, Lot, census};
pub use compile::compile;
pub use countries::{countries, country_point};
pub use database::{BadDatabase, Database, Problem};
pub use map::{RegionMap, RegionRange};
pub use places::{Located, Places, Source, Who};
pub use prefixes::Prefixes;

/// A point on the globe, degrees.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// -90 to 90.
    pub latitude: f64,
    /// -180 to 180.
    pub longitude: f64,
}

impl Point {
    /// A point, unless it is none: out of range, not a number, or 0,0, which databases write for "not known".
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let known = latitude != 0.0 || longitude != 0.0;
        (known && latitude.abs() <= 90.0 && longitude.abs() <= 180.0).then_some(Self { latitude, longitude })
    }

    /// Great-circle distance in kilometres on a sphere of the Earth's mean radius.
    pub fn distance_km(self, other: Self) -> f64 {
        const EARTH_RADIUS_KM: f64 = 6371.0;
        let (lat1, lat2) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_lat = (lat2 - lat1) / 2.0;
        let half_lon = (other.longitude - self.longitude).to_radians() / 2.0;
        let h = half_lat.sin().powi(2) + lat1.cos() * lat2.cos() * half_lon.sin().powi(2);
        2.0 * EARTH_RADIUS_KM * h.sqrt().min(1.0).asin()
    }

    /// What is compared and hashed: the same bits are the same point.
    fn bits(self) -> (u64, u64) {
        (self.latitude.to_bits(), self.longitude.to_bits())
    }
}

impl PartialEq for Point {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Point {}

impl Hash for Point {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits().hash(state);
    }
}

/// What a database or an override knows of a network; the default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Place {
    point: Option<Point>,
    country: Option<Country>,
}

#[cfg(test)]
mod tests;
