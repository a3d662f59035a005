//! How long a peer goes on with an answer that it has: what its software keeps beyond what DNS says.
//!
//! Here: one table of peers whose habits are known from their source or their vendor's pages. Not here: how long we take ourselves
//! (`whatif`). Each row names what it rests on; what nobody has documented is said to be unknown.

use super::Shape;
use std::time::Duration;

/// Peers that keep answers alike.
#[derive(Debug, PartialEq, Eq)]
pub struct Peer {
    /// Who they are.
    pub name: &'static str,
    /// The kinds of service that they come for, by their words in the configuration; empty is every kind.
    pub kinds: &'static [&'static str],
    /// How long they go on with what they were told.
    pub keeps: Keeps,
    /// What that rests on.
    pub source: &'static str,
}

/// How long a peer goes on with what it was told, beyond the TTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// No longer than the TTL.
    Ttl,
    /// What it was told within the TTL, for up to so long.
    Beyond {
        /// Addresses: what moves in shape "address".
        addresses: Duration,
        /// Which host and port the domain is at: what moves in the other shapes.
        destination: Duration,
    },
    /// Nobody knows, or for as long as the old destination seems to work.
    Unknown,
}

impl Keeps {
    /// The longest time beyond the TTL; `None` where nobody knows.
    pub fn longest(self, shape: Shape) -> Option<Duration> {
        match (self, shape) {
            (Self::Ttl, _) => Some(Duration::ZERO),
            (Self::Beyond { addresses, .. }, Shape::Address) => Some(addresses),
            (Self::Beyond { destination, .. }, Shape::Target | Shape::Ordered) => Some(destination),
            (Self::Unknown, _) => None,
        }
    }
}

const HOUR: u64 = 3600;

/// What is known of peers, for each kind the most usual first.
///
/// | peer | rests on |
/// |---|---|
/// | who honours the TTL | RFC 1035 section 3.2.1, RFC 2181 section 8 |
/// | Access Edge | `Set-CsAccessEdgeConfiguration` bounds its SRV cache by count (`-DnsSrvCacheRecordCount`); no page says whether it honours the TTL |
/// | Openfire | igniterealtime/Openfire `DNSUtil.java`, `CacheFactory.java`: SRV records are kept for 60 s whatever their TTL |
/// | Synapse | element-hq/synapse `srv_resolver.py`: the TTL is honoured; after failures it waits first 10 min (pull request 15754) |
/// | continuwuity, tuwunel | `src/service/resolver/cache.rs` of both: destinations are kept 18 to 36 h, addresses 6 to 12 h, the TTL is not used |
/// | Dendrite | matrix-org/gomatrixserverlib `fclient/client.go`: kept without end, until every target fails at transport |
pub const PEERS: &[Peer] = &[
    Peer { name: "whoever honours the TTL", kinds: &[], keeps: Keeps::Ttl, source: "RFC 1035 3.2.1, RFC 2181 8" },
    Peer {
        name: "Lync or Skype for Business Access Edge",
        kinds: &["sip-federation"],
        keeps: Keeps::Unknown,
        source: "Set-CsAccessEdgeConfiguration: an SRV cache bounded by count; its TTL is undocumented",
    },
    Peer {
        name: "Openfire",
        kinds: &["xmpp"],
        keeps: Keeps::Beyond { addresses: Duration::from_secs(60), destination: Duration::from_secs(60) },
        source: "Openfire CacheFactory.java: SRV kept 60 s whatever the TTL",
    },
    Peer {
        name: "Synapse",
        kinds: &["matrix"],
        keeps: Keeps::Beyond { addresses: Duration::from_secs(600), destination: Duration::from_secs(600) },
        source: "synapse srv_resolver.py honours the TTL; after failures it waits first 10 min (PR 15754)",
    },
    Peer {
        name: "continuwuity, tuwunel",
        kinds: &["matrix"],
        keeps: Keeps::Beyond { addresses: Duration::from_secs(12 * HOUR), destination: Duration::from_secs(36 * HOUR) },
        source: "src/service/resolver/cache.rs: destinations 18 to 36 h, addresses 6 to 12 h, TTL not used",
    },
    Peer {
        name: "Dendrite",
        kinds: &["matrix"],
        keeps: Keeps::Unknown,
        source: "gomatrixserverlib fclient/client.go: kept until every target fails at transport",
    },
];

/// The peers that come for a kind of service.
pub fn peers(kind: &str) -> impl Iterator<Item = &'static Peer> {
    PEERS.iter().filter(move |peer| peer.kinds.is_empty() || peer.kinds.contains(&kind))
}
