//! How densely one network is asked: probes that fall due together are spread, so that a lost site is not stormed when it returns.
//!
//! Pure: time is an argument. What always holds: the rate of a network is at least what its targets may demand of it, each one
//! probe for each `confirm`, so that nothing waits longer than one `confirm` for its turn and the bound on detection holds.

use crate::limits::{NETWORK_BURST, NETWORK_RATE_MIN};
use crate::topology::TargetSpec;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a firewall takes for one site: an IPv4 /24 or an IPv6 /56.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Network(IpAddr);

impl Network {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address {
            IpAddr::V4(v4) => IpAddr::V4(v4 & Ipv4Addr::new(255, 255, 255, 0)),
            IpAddr::V6(v6) => IpAddr::V6(v6 & Ipv6Addr::new(0xffff, 0xffff, 0xffff, 0xff00, 0, 0, 0, 0)),
        })
    }
}

/// Probes a second that the targets of each network may demand.
pub(super) fn rates<'a>(targets: impl Iterator<Item = &'a Arc<TargetSpec>>) -> HashMap<Network, f64> {
    let mut rates = HashMap::new();
    for target in targets {
        let spacing = target.confirm.min(target.interval).as_secs_f64();
        *rates.entry(Network::of(target.address.ip())).or_default() += 1.0 / spacing;
    }
    rates
}

/// A token bucket, kept as the time when its last token will have come back.
#[derive(Debug)]
pub(super) struct Bucket {
    spacing: Duration,
    full: Option<Instant>,
}

impl Bucket {
    /// A full one, which gets so many tokens a second, or `NETWORK_RATE_MIN` where those are more.
    pub(super) fn new(rate: f64) -> Self {
        Self { spacing: Duration::from_secs_f64(1.0 / rate.max(NETWORK_RATE_MIN)), full: None }
    }

    /// Takes one token; says when it is there.
    pub(super) fn take(&mut self, now: Instant) -> Instant {
        let full = self.full.map_or(now, |full| full.max(now)) + self.spacing;
        self.full = Some(full);
        full.checked_sub(self.spacing * NETWORK_BURST).map_or(now, |there| there.max(now))
    }
}

#[cfg(test)]
mod tests;
