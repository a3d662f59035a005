//! Remote users of Lync and Skype for Business: `_sip._tls.<domain>` SRV 443.

use super::{CheckKind, DefaultCheck, Failback, InsidePort, Kind, Peers, Shape, SrvOwner};

/// Clients try each pool in the order of priority (federation.md, digest), so every live pool is told, under its own name: the
/// pools' FQDNs are unique, and `sip.<domain>` belongs to federation.
pub(super) const KIND: Kind = Kind {
    name: "sip-remote-access",
    summary: "remote users' clients of Lync and Skype for Business",
    names_from_config: false,
    srv: &[SrvOwner { prefix: "_sip._tls", port: 443 }],
    direct_tls: None,
    addresses: &[],
    delegates: false,
    shapes: &[Shape::Ordered, Shape::Target],
    role: "access",
    check: Some(DefaultCheck { kind: CheckKind::Sip, port: 443, path: None }),
    failback: Failback::Auto,
    peers: Peers { walk: true, strict: true, ports: &[] },
    inside: &[
        InsidePort::tcp(5061, "SIP"),
        InsidePort::tcp(5062, "authentication of audio and video"),
        InsidePort::tcp(8057, "web conferencing"),
    ],
};
