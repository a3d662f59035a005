//! Inbound SIP federation of Lync, Skype for Business and Teams: `_sipfederationtls._tcp.<domain>` SRV 5061.

use super::{CheckKind, DefaultCheck, Failback, InsidePort, Kind, Peers, Shape, SrvOwner};
use std::time::Duration;

/// A peer takes one record and stops, so the address behind one name is steered unless the operator says otherwise
/// (federation.md 1.1, 1.7 and 3.2).
pub(super) const KIND: Kind = Kind {
    name: "sip-federation",
    summary: "federation partners of Lync, Skype for Business and Teams",
    names_from_config: false,
    srv: &[SrvOwner { prefix: "_sipfederationtls._tcp", port: 5061 }],
    direct_tls: None,
    addresses: &["sip"],
    delegates: false,
    shapes: &[Shape::Address, Shape::Target, Shape::Ordered],
    role: "access",
    check: Some(DefaultCheck { kind: CheckKind::Sip, port: 5061, path: None }),
    failback: Failback::After(Duration::from_secs(600)),
    peers: Peers { walk: false, strict: true, ports: &[] },
    inside: &[InsidePort::tcp(5061, "SIP")],
};
