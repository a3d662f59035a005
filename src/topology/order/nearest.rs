//! By distance from the client.

use super::Order;
use crate::geo::Point;

/// The pools by great-circle distance from `client`; equal distances and pools without a place keep the service's order, the
/// latter behind all others. A client without a place gets the service's order.
pub(in crate::topology) fn nearest(client: Option<Point>, pools: &[Option<Point>]) -> Order {
    let mut order: Vec<u16> = (0..pools.len() as u16).collect();
    if let Some(client) = client {
        let distance = |&i: &u16| pools[i as usize].map_or(f64::INFINITY, |pool| client.distance_km(pool));
        order.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    }
    order.into()
}
