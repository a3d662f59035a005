//! OPT out (RFC 6891): what the OPT of an answer says, whose client subnet is believed, how large an answer may be.

use super::opt::{EXTENDED_ERROR, KEEPALIVE, Opt, PADDING, SUBNET, Subnet};
use crate::config::Ecs;
use crate::limits::{PADDED_BLOCK, UDP_ANSWER_MAX, UDP_ANSWER_MIN};
use hickory_proto::op::Edns;
use hickory_proto::rr::rdata::opt::EdnsOption;
use std::net::IpAddr;
use std::time::Duration;

/// Octets before the data of an option: its code and length.
const OPTION_HEAD: usize = 4;

/// The largest answer over UDP to a question with this OPT, octets.
pub(super) fn limit(opt: Option<&Opt<'_>>) -> u16 {
    // RFC 6891 section 6.2.3: values below 512 mean 512.
    opt.map_or(UDP_ANSWER_MIN, |opt| opt.size.clamp(UDP_ANSWER_MIN, UDP_ANSWER_MAX))
}

/// The client subnet that `source` sent, where the policy believes it.
pub(super) fn believed(opt: Option<&Opt<'_>>, source: IpAddr, policy: &Ecs) -> Option<Subnet> {
    let believed = match policy {
        Ecs::Off => false,
        Ecs::On => true,
        Ecs::Trust(resolvers) => resolvers.iter().any(|prefix| prefix.contains(&source.to_canonical())),
    };
    opt?.subnet.filter(|_| believed)
}

/// The address that steers. A subnet of length 0 hides the client, and the resolver's own address stands for it
/// (RFC 7871 section 7.1.2).
pub(super) fn steers(subnet: Option<Subnet>, source: IpAddr) -> IpAddr {
    subnet.filter(|subnet| subnet.source > 0).and_then(|subnet| subnet.address).unwrap_or(source)
}

/// An OPT that says no more than our size and version, and repeats DO (RFC 3225 section 3).
pub(super) fn plain(opt: &Opt<'_>) -> Edns {
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_ANSWER_MAX).set_version(0).set_dnssec_ok(opt.dnssec_ok);
    edns
}

/// Says how wide an answer holds (RFC 7871 section 7.2.1).
pub(super) fn say_subnet(edns: &mut Edns, subnet: Subnet, scope: u8) {
    say(edns, SUBNET, subnet.echo(scope).octets().to_vec());
}

/// Says why, for people (RFC 8914 section 2).
pub(super) fn say_why(edns: &mut Edns, why: u16) {
    say(edns, EXTENDED_ERROR, why.to_be_bytes().to_vec());
}

/// Says how long a connection may be silent, zero where it ends with this answer (RFC 7828 section 3.3.2).
pub(super) fn say_keepalive(edns: &mut Edns, idle: Duration) {
    let tenths = u16::try_from(idle.as_millis() / 100).unwrap_or(u16::MAX);
    say(edns, KEEPALIVE, tenths.to_be_bytes().to_vec());
}

/// Pads a message of so many octets to a whole number of blocks (RFC 8467 section 4.1), as far as it may grow.
pub(super) fn pad(edns: &mut Edns, length: usize, limit: usize) {
    let bare = length + OPTION_HEAD;
    if bare <= limit {
        say(edns, PADDING, vec![0; bare.next_multiple_of(PADDED_BLOCK).min(limit) - bare]);
    }
}

/// Adds an option.
pub(super) fn say(edns: &mut Edns, code: u16, data: Vec<u8>) {
    edns.options_mut().insert(EdnsOption::Unknown(code, data));
}

#[cfg(test)]
mod tests;
