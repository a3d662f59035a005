//! By share of client networks.

use super::{Order, mix};
use crate::limits::WEIGHT_SLOTS;

/// The order of the pools for each slot. The first pools share the slots in proportion to the weights, exact to one slot; the
/// pools behind them follow by weighted rendezvous hashing, so that the share of a lost pool spreads by the weights too.
/// A pool of weight 0 comes last.
pub(in crate::topology) fn slots(weights: &[u32]) -> impl Fn(usize) -> Order + use<> {
    let weights = weights.to_vec();
    let first = first_pools(&weights);
    move |slot| {
        let score = |&pool: &u16| {
            // Weighted rendezvous (highest random weight): -w / ln(u), u uniform in (0, 1).
            let hash = mix((slot as u64) << 16 | u64::from(pool)) >> 11;
            let uniform = (hash as f64 + 0.5) / (1u64 << 53) as f64;
            -f64::from(weights[pool as usize]) / uniform.ln()
        };
        let mut order: Vec<u16> = (0..weights.len() as u16).collect();
        order.sort_by(|a, b| score(b).total_cmp(&score(a)));
        if let Some(place) = order.iter().position(|&pool| pool == first[slot]) {
            order[..=place].rotate_right(1);
        }
        order.into()
    }
}

/// The first pool of each slot, by largest remainder.
fn first_pools(weights: &[u32]) -> Vec<u16> {
    let total: u64 = weights.iter().map(|&w| u64::from(w)).sum();
    let exact = |w: u32| u64::from(w) * WEIGHT_SLOTS as u64;
    let mut shares: Vec<u64> = weights.iter().map(|&w| exact(w) / total).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|&i| std::cmp::Reverse(exact(weights[i]) % total));
    let missing = WEIGHT_SLOTS as u64 - shares.iter().sum::<u64>();
    for &pool in by_remainder.iter().take(missing as usize) {
        shares[pool] += 1;
    }
    shares.iter().enumerate().flat_map(|(pool, &share)| std::iter::repeat_n(pool as u16, share as usize)).collect()
}
