//! Who tries a pool that came back before all others do.

use super::{mix, network_of};
use std::net::IpAddr;
use std::time::Duration;

/// A share of client networks that are sent to a lost pool earlier than others: the same networks each time, on every node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canary {
    /// How long the pool must have been up before these try it.
    pub after: Duration,
    /// Their share, in ten thousandths.
    pub share: u16,
}

/// Sets the draw apart from that of weights, whose shares would else be cut unevenly.
const SALT: u64 = 0x6361_6e61_7279;

impl Canary {
    /// Whether a client is one of them.
    pub fn has(&self, client: IpAddr) -> bool {
        mix(network_of(client) ^ SALT) % 10_000 < u64::from(self.share)
    }
}
