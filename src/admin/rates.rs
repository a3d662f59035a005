//! How fast one client may ask; pure, time is an argument. A bucket for each address, and for each IPv6 /64.

use crate::limits::{ADMIN_BURST, ADMIN_CLIENTS_MAX, ADMIN_RATE};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

#[derive(Debug, Default)]
pub(super) struct Rates(HashMap<IpAddr, (f64, Instant)>);

impl Rates {
    /// Whether a request of that client is within its rate at `now`.
    pub(super) fn allow(&mut self, client: IpAddr, now: Instant) -> bool {
        let client = network(client);
        if self.0.len() >= ADMIN_CLIENTS_MAX && !self.0.contains_key(&client) {
            // Who was silent longest would have the fullest bucket.
            let idlest = self.0.iter().min_by_key(|(_, (_, at))| *at).map(|(client, _)| *client);
            idlest.map(|idlest| self.0.remove(&idlest));
        }
        let (left, at) = self.0.entry(client).or_insert((ADMIN_BURST, now));
        *left = (*left + now.saturating_duration_since(*at).as_secs_f64() * ADMIN_RATE).min(ADMIN_BURST);
        *at = now;
        let is_within = *left >= 1.0;
        *left -= if is_within { 1.0 } else { 0.0 };
        is_within
    }
}

fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests;
