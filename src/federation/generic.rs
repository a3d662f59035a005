//! Any other service: the operator says the owner names, the port and the check.

use super::{Failback, Kind, Peers, Shape};

/// Owner names come from `srv = { owner, port, target }` and `address = [..]`.
pub(super) const KIND: Kind = Kind {
    name: "generic",
    summary: "any service whose owner names the configuration gives",
    names_from_config: true,
    srv: &[],
    direct_tls: None,
    addresses: &[],
    delegates: false,
    shapes: &[Shape::Address, Shape::Target, Shape::Ordered],
    role: "access",
    check: None,
    failback: Failback::Auto,
    peers: Peers::ANY,
    inside: &[],
};
