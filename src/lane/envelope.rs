//! Who sent a datagram and where to: a socket address and a control message, as octets that the kernel wrote and reads.
//!
//! The answer goes back in the same envelope, so nothing is translated but what the lane wants to know. A socket on one address
//! can only speak from it. A wildcard socket speaks from whatever address the routing table prefers, and a resolver drops an
//! answer that comes from elsewhere than it asked; so there the system tells with each question where it was sent
//! (`IP_PKTINFO`, RFC 3542 section 4), and the answer says the same. Not here: system calls (`mmsg`).

use nix::libc;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Octets of the larger socket address, that of IPv6.
const PEER: usize = size_of::<libc::sockaddr_in6>();
/// Octets of the kernel's head of a control message: a length as wide as a pointer, level and type.
const HEAD: usize = size_of::<usize>() + 8;
/// Octets of the larger control message, that of IPv6, with what aligns the next.
const CONTROL: usize = (HEAD + size_of::<libc::in6_pktinfo>()).next_multiple_of(size_of::<usize>());
/// Where in the data of a control message an IPv6 address ends and the index of its interface begins.
const INDEX_V6: usize = 16;

/// One datagram's envelope.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(super) struct Envelope {
    control: [u8; CONTROL],
    peer: [u8; PEER],
    control_length: u8,
    peer_length: u8,
    length: u16,
}

impl Envelope {
    /// No datagram's.
    pub(super) const EMPTY: Self =
        Self { control: [0; CONTROL], peer: [0; PEER], control_length: 0, peer_length: 0, length: 0 };

    /// Where the kernel writes the socket address and the control message.
    pub(super) fn blank(&mut self) -> (&mut [u8; PEER], &mut [u8; CONTROL]) {
        (&mut self.peer, &mut self.control)
    }

    /// Takes over what the kernel wrote, and makes it the envelope of the answer.
    pub(super) fn fill(&mut self, length: usize, peer_length: usize, control_length: usize) {
        // A datagram has at most 65,535 octets, and the kernel fills no more than there is room.
        self.length = length.min(usize::from(u16::MAX)) as u16;
        self.peer_length = peer_length.min(PEER) as u8;
        self.control_length = control_length.min(CONTROL) as u8;
        self.leave_the_interface_open();
    }

    /// The way back need not be the way in: the routing table chooses the interface. But a link-local address is one only on
    /// its link.
    fn leave_the_interface_open(&mut self) {
        let Some((head, data)) = self.control[..usize::from(self.control_length)].split_at_mut_checked(HEAD) else {
            return;
        };
        let number = |at: usize| head.get(at..at + 4).and_then(|b| b.try_into().ok()).map(i32::from_ne_bytes);
        let kind = (number(size_of::<usize>()), number(size_of::<usize>() + 4));
        let index = if kind == (Some(libc::IPPROTO_IP), Some(libc::IP_PKTINFO)) {
            data.get_mut(..4)
        } else if kind == (Some(libc::IPPROTO_IPV6), Some(libc::IPV6_PKTINFO)) {
            let on_link = data.first_chunk::<INDEX_V6>().is_some_and(|ip| Ipv6Addr::from(*ip).is_unicast_link_local());
            data.get_mut(INDEX_V6..INDEX_V6 + 4).filter(|_| !on_link)
        } else {
            // Nothing else was asked for, and what is not understood is not repeated.
            self.control_length = 0;
            None
        };
        if let Some(index) = index {
            index.fill(0);
        }
    }

    /// Octets of the datagram.
    pub(super) fn length(&self) -> usize {
        self.length.into()
    }

    /// Who sent it, for the kernel.
    pub(super) fn peer(&self) -> &[u8] {
        &self.peer[..self.peer_length.into()]
    }

    /// Where it was sent to, for the kernel; empty where the socket has one address alone.
    pub(super) fn control(&self) -> &[u8] {
        &self.control[..self.control_length.into()]
    }

    /// Who sent it; `None` for what is no internet address.
    pub(super) fn client(&self) -> Option<SocketAddr> {
        let (family, rest) = self.peer().split_first_chunk::<2>()?;
        let (port, rest) = rest.split_first_chunk::<2>()?;
        let port = u16::from_be_bytes(*port);
        match i32::from(u16::from_ne_bytes(*family)) {
            libc::AF_INET => {
                let ip = Ipv4Addr::from(*rest.first_chunk::<4>()?);
                Some(SocketAddr::new(IpAddr::V4(ip), port))
            }
            libc::AF_INET6 => {
                let ip = Ipv6Addr::from(*rest.get(4..)?.first_chunk::<16>()?);
                let scope = u32::from_ne_bytes(*rest.get(20..)?.first_chunk::<4>()?);
                Some(SocketAddr::V6(SocketAddrV6::new(ip, port, 0, scope)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
