//! Media relays: the address of `av.<domain>`, where STUN and TURN are spoken.

use super::{CheckKind, DefaultCheck, Failback, InsidePort, Kind, Peers, Shape};
use std::time::Duration;

/// A relay in use keeps its address for as long as its allocation lives, so only new ones follow.
pub(super) const KIND: Kind = Kind {
    name: "turn",
    summary: "clients that relay audio and video",
    names_from_config: false,
    srv: &[],
    direct_tls: None,
    addresses: &["av"],
    delegates: false,
    shapes: &[Shape::Address],
    role: "media",
    check: Some(DefaultCheck { kind: CheckKind::Stun, port: 3478, path: None }),
    failback: Failback::After(Duration::from_secs(600)),
    peers: Peers { ports: &[3478, 443], ..Peers::ANY },
    inside: &[
        InsidePort::tcp(443, "audio and video over TCP"),
        InsidePort::udp(3478, "audio and video"),
        InsidePort::tcp(5062, "authentication of audio and video"),
    ],
};
