//! Matrix federation: `_matrix-fed._tcp.<domain>` and the older `_matrix._tcp.<domain>` SRV 8448.

use super::{CheckKind, DefaultCheck, Failback, Kind, Peers, Shape, SrvOwner};
use std::time::Duration;

/// Both SRV names are one service: homeservers look up the one, the other or both (federation.md 3.1). Some take the first
/// record and keep it for hours, so the address behind one name is steered unless the operator says otherwise.
pub(super) const KIND: Kind = Kind {
    name: "matrix",
    summary: "Matrix homeservers of other domains",
    names_from_config: false,
    srv: &[SrvOwner { prefix: "_matrix-fed._tcp", port: 8448 }, SrvOwner { prefix: "_matrix._tcp", port: 8448 }],
    direct_tls: None,
    addresses: &["matrix"],
    delegates: true,
    shapes: &[Shape::Address, Shape::Target, Shape::Ordered],
    role: "access",
    check: Some(DefaultCheck { kind: CheckKind::Matrix, port: 8448, path: None }),
    failback: Failback::After(Duration::from_secs(600)),
    peers: Peers { walk: false, strict: false, ports: &[] },
    inside: &[],
};
