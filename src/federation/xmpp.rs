//! XMPP federation: `_xmpp-server._tcp.<domain>` SRV 5269, and with direct TLS `_xmpps-server._tcp.<domain>` SRV 5270.

use super::{CheckKind, DefaultCheck, Failback, InsidePort, Kind, Peers, Shape, SrvOwner};

/// Both SRV names are one service, so they move as one: peers mix them by priority and weight (XEP-0368).
///
/// Dialback (XEP-0220) verifies a domain's outgoing streams at the pool that our SRV names. Moving the SRV before the sending
/// side has moved breaks them, so a pool that comes back waits for an operator.
pub(super) const KIND: Kind = Kind {
    name: "xmpp",
    summary: "XMPP servers of other domains",
    names_from_config: false,
    srv: &[SrvOwner { prefix: "_xmpp-server._tcp", port: 5269 }],
    direct_tls: Some(SrvOwner { prefix: "_xmpps-server._tcp", port: 5270 }),
    addresses: &["xmpp"],
    delegates: false,
    shapes: &[Shape::Address, Shape::Target, Shape::Ordered],
    role: "access",
    check: Some(DefaultCheck { kind: CheckKind::Xmpp, port: 5269, path: None }),
    failback: Failback::Manual,
    peers: Peers::ANY,
    inside: &[InsidePort::tcp(23456, "the XMPP gateway")],
};
