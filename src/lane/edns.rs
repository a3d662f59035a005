//! OPT in and out (RFC 6891): size, version, client subnet.

use crate::config::Ecs;
use crate::limits::{UDP_ANSWER_MAX, UDP_ANSWER_MIN};
use hickory_proto::op::Edns;
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use ipnet::{Ipv4Net, Ipv6Net};
use std::net::IpAddr;

/// What a question's OPT means to us.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Asked {
    /// Largest UDP answer for this client.
    pub(super) udp_size: u16,
    /// Its client subnet, where we believe it.
    pub(super) subnet: Option<Subnet>,
}

/// A client subnet that we believe (RFC 7871).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Subnet {
    address: IpAddr,
    source: u8,
}

/// Why a question's OPT is answered with an error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Refusal {
    /// RFC 6891 section 6.1.3: a version that we do not speak.
    BadVersion,
    /// RFC 7871 section 7.1.2: a client subnet that is none.
    MalformedSubnet,
}

/// Reads a question's OPT, if it has one.
pub(super) fn read(edns: Option<&Edns>, source: IpAddr, policy: &Ecs) -> Result<Asked, Refusal> {
    let Some(edns) = edns else {
        return Ok(Asked { udp_size: UDP_ANSWER_MIN, subnet: None });
    };
    if edns.version() != 0 {
        return Err(Refusal::BadVersion);
    }
    let believed = match policy {
        Ecs::Off => false,
        Ecs::On => true,
        Ecs::Trust(resolvers) => resolvers.iter().any(|prefix| prefix.contains(&source.to_canonical())),
    };
    let subnet = match edns.option(EdnsCode::Subnet) {
        Some(EdnsOption::Subnet(subnet)) => Some(Subnet::read(subnet)?),
        _ => None,
    };
    Ok(Asked {
        // RFC 6891 section 6.2.3: values below 512 mean 512.
        udp_size: edns.max_payload().clamp(UDP_ANSWER_MIN, UDP_ANSWER_MAX),
        subnet: subnet.filter(|_| believed),
    })
}

impl Asked {
    /// The address that steers. A subnet of length 0 hides the client, and the resolver's own address stands for it
    /// (RFC 7871 section 7.1.2).
    pub(super) fn client(&self, source: IpAddr) -> IpAddr {
        self.subnet.filter(|subnet| subnet.source > 0).map_or(source, |subnet| subnet.address)
    }

    /// The OPT of the answer. `scope` is that of the answer for `client`.
    pub(super) fn reply(&self, scope: u8) -> Edns {
        let mut edns = plain();
        if let Some(Subnet { address, source }) = self.subnet {
            // RFC 7871 section 7.2.1: family, source and address come back as they were; a hidden client has scope 0.
            let scope = if source == 0 { 0 } else { scope };
            edns.options_mut().insert(EdnsOption::Subnet(ClientSubnet::new(address, source, scope)));
        }
        edns
    }
}

/// An OPT that says no more than our size and version.
pub(super) fn plain() -> Edns {
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_ANSWER_MAX).set_version(0);
    edns
}

impl Subnet {
    fn read(subnet: &ClientSubnet) -> Result<Self, Refusal> {
        let source = subnet.source_prefix();
        let address = match subnet.addr() {
            IpAddr::V4(v4) => Ipv4Net::new(v4, source).map(|net| IpAddr::V4(net.network())),
            IpAddr::V6(v6) => Ipv6Net::new(v6, source).map(|net| IpAddr::V6(net.network())),
        };
        // RFC 7871 section 6: SCOPE PREFIX-LENGTH must be 0 in questions; no address bits beyond the prefix.
        match address {
            Ok(address) if subnet.scope_prefix() == 0 && address == subnet.addr() => Ok(Self { address, source }),
            _ => Err(Refusal::MalformedSubnet),
        }
    }
}

#[cfg(test)]
mod tests;
