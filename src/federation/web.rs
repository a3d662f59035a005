//! Web names of Lync and Skype for Business: the simple URLs and autodiscovery, by address alone.

use super::{CheckKind, DefaultCheck, Failback, Kind, Peers, Shape};
use std::time::Duration;

/// The names for which Microsoft asks for geo-DNS, with the health rule that it gives: GET of this path without an Accept field is
/// answered by 200 (federation.md 1.5).
pub(super) const KIND: Kind = Kind {
    name: "web",
    summary: "browsers and clients that join meetings or look for their pool",
    names_from_config: false,
    srv: &[],
    direct_tls: None,
    addresses: &["meet", "dialin", "lyncdiscover", "scheduler"],
    delegates: false,
    shapes: &[Shape::Address],
    role: "web",
    check: Some(DefaultCheck {
        kind: CheckKind::Https,
        port: 443,
        path: Some("/autodiscover/autodiscoverservice.svc/root"),
    }),
    failback: Failback::After(Duration::from_secs(600)),
    peers: Peers { ports: &[443], ..Peers::ANY },
    inside: &[],
};
