//! Clients that every service treats alike: places and partners to regions, and regions to each service's orders.

use super::order::{self, Order, Orders};
use super::views::{Face, faces};
use super::{CompileError, Pool, Region};
use crate::config::{Config, Country, Steering};
use crate::geo::{self, Places, Point, RegionMap, Who};
use crate::ids::RegionId;
use crate::limits::REGIONS_MAX;
use std::collections::HashMap;

/// What makes two clients alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Likeness {
    /// The order of each nearest-steered set of pools.
    Orders(Vec<Order>),
    /// The partner, whatever the place.
    Partner(usize),
}

/// The regions of a configuration.
pub(super) struct Regions {
    likeness: Vec<Likeness>,
    /// Distinct sets of pools that are steered by distance, as indices into the configuration's pools.
    sets: Vec<Vec<usize>>,
    /// Of a client at each country's point.
    countries: Vec<(Country, Option<RegionId>)>,
}

impl Regions {
    /// Divides all client addresses. Region 0 is that of a client whose place is not known.
    pub(super) fn compile(config: &Config, places: &Places, pools: &[Pool]) -> Result<(Self, RegionMap), CompileError> {
        let mut sets: Vec<Vec<usize>> = Vec::new();
        for face in faces(config).filter(|face| *face.steering == Steering::Nearest) {
            if !sets.iter().any(|set| set == face.pools) {
                sets.push(face.pools.to_vec());
            }
        }
        let points: Vec<Vec<Option<Point>>> =
            sets.iter().map(|set| set.iter().map(|&pool| pools[pool].point).collect()).collect();
        let orders =
            |place: Option<Point>| Likeness::Orders(points.iter().map(|pools| order::nearest(place, pools)).collect());
        let nowhere = orders(None);
        let mut likeness = vec![nowhere.clone()];
        let mut known = HashMap::from([(nowhere, RegionId(0))]);
        let map = geo::compile(places, |who| {
            let like = match who {
                Who::Partner(partner) => Likeness::Partner(*partner),
                Who::At(point, _) => orders(Some(*point)),
                Who::Nowhere => orders(None),
            };
            *known.entry(like).or_insert_with_key(|like| {
                likeness.push(like.clone());
                RegionId::at((likeness.len() - 1).min(REGIONS_MAX - 1))
            })
        });
        if likeness.len() > REGIONS_MAX {
            return Err(CompileError::TooManyRegions(likeness.len()));
        }
        let countries = geo::countries().map(|(country, point)| (country, known.get(&orders(Some(point))).copied()));
        let countries = countries.collect();
        Ok((Self { likeness, sets, countries }, map))
    }

    /// The preference of one service in every region, to everybody or to a view.
    pub(super) fn orders(&self, config: &Config, face: &Face<'_>) -> Orders {
        let pools = face.pools;
        let own: Order = (0..pools.len() as u16).collect();
        let partner = |likeness: &Likeness| match likeness {
            Likeness::Partner(partner) => Some(order::preferred(&config.partners[*partner].pools, pools)),
            Likeness::Orders(_) => None,
        };
        match face.steering {
            Steering::Failover => {
                Orders::by_region(self.likeness.iter().map(|like| partner(like).unwrap_or_else(|| own.clone())))
            }
            Steering::Weighted(weights) => Orders::by_slot(order::slots(weights), self.likeness.iter().map(partner)),
            Steering::Nearest => {
                let set = self.sets.iter().position(|set| set == pools);
                Orders::by_region(self.likeness.iter().map(|like| match (like, set) {
                    (Likeness::Orders(orders), Some(set)) => orders[set].clone(),
                    _ => partner(like).unwrap_or_else(|| own.clone()),
                }))
            }
        }
    }

    /// The region of a client at each country's point.
    pub(super) fn countries(&self) -> Vec<(Country, Option<RegionId>)> {
        self.countries.clone()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.likeness.len()
    }

    /// What people know of each.
    pub(super) fn described(&self, config: &Config) -> Vec<Region> {
        let partner = |likeness: &Likeness| match likeness {
            Likeness::Partner(partner) => Some(config.partners[*partner].name.clone()),
            Likeness::Orders(_) => None,
        };
        self.likeness.iter().map(|likeness| Region { partner: partner(likeness) }).collect()
    }
}
