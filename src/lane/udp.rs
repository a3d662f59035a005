//! Questions and answers over UDP, each answer from the address that was asked.
//!
//! A socket on one address can only speak from it. A wildcard socket speaks from whatever address the routing table
//! prefers, and a resolver drops an answer that comes from elsewhere than it asked; so there the system tells with each
//! question where it was sent (`IP_PKTINFO`, RFC 3542 section 4), and the answer says the same. Not here: what is answered.

use super::Peer;
use super::full::{Full, Said};
use crate::limits::UDP_QUESTION_MAX;
use nix::cmsg_space;
use nix::libc::{in_pktinfo, in6_pktinfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt, sockopt,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

/// Answers datagrams one after another. Those for which others must be asked first are answered when that is done: who asks
/// others bounds how many that are, and they are given up with the socket.
pub(super) async fn serve(socket: UdpSocket, full: Full) {
    let socket = Arc::new(socket);
    let mut later = JoinSet::new();
    let mut question = vec![0; UDP_QUESTION_MAX];
    let wildcard = socket.local_addr().is_ok_and(|address| address.ip().is_unspecified());
    loop {
        // Receiving and sending fail only for one peer (as ICMP errors of earlier answers do), never for the whole socket.
        let received = if wildcard {
            receive(&socket, &mut question).await
        } else {
            socket.recv_from(&mut question).await.map(|(length, client)| (length, client, At::Bound))
        };
        let Ok((length, client, at)) = received else { continue };
        let said = full.message(&question[..length], &Peer::datagram(client));
        answer(said, Way { socket: &socket, at, client }, &mut later).await;
    }
}

/// The way back to who asked.
struct Way<'s> {
    socket: &'s Arc<UdpSocket>,
    at: At,
    client: SocketAddr,
}

/// Sends an answer at once, or leaves it to `later`.
async fn answer(said: Said, Way { socket, at, client }: Way<'_>, later: &mut JoinSet<()>) {
    match said {
        // That it cannot be sent concerns this client alone.
        Said::Now(answer) | Said::Last(answer) => drop(at.send(socket, &answer, client).await),
        Said::Later(answer) => {
            let socket = socket.clone();
            later.spawn(async move {
                if let Some(answer) = answer.await {
                    let _ = at.send(&socket, &answer, client).await;
                }
            });
            while later.try_join_next().is_some() {}
        }
        Said::Nothing => {}
    }
}

/// Has the system tell where each datagram was sent to, where a socket could have been asked at several addresses.
pub(super) fn ask_for_destinations(socket: &UdpSocket) -> io::Result<()> {
    match socket.local_addr()? {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?,
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?,
        _ => {}
    }
    Ok(())
}

/// Where a question was sent to.
#[derive(Clone, Copy)]
enum At {
    /// To the address that the socket is bound to, or the system did not tell.
    Bound,
    V4(in_pktinfo),
    V6(in6_pktinfo),
}

impl At {
    fn read(message: ControlMessageOwned) -> Option<Self> {
        match message {
            // The interface is left to the routing table: the way back need not be the way in.
            ControlMessageOwned::Ipv4PacketInfo(info) => Some(Self::V4(in_pktinfo { ipi_ifindex: 0, ..info })),
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                // But a link-local address is one only on its link.
                let on_link = Ipv6Addr::from(info.ipi6_addr.s6_addr).is_unicast_link_local();
                let ipi6_ifindex = if on_link { info.ipi6_ifindex } else { 0 };
                Some(Self::V6(in6_pktinfo { ipi6_ifindex, ..info }))
            }
            _ => None,
        }
    }

    async fn send(self, socket: &UdpSocket, answer: &[u8], client: SocketAddr) -> io::Result<usize> {
        let from = match &self {
            Self::Bound => return socket.send_to(answer, client).await,
            Self::V4(info) => [ControlMessage::Ipv4PacketInfo(info)],
            Self::V6(info) => [ControlMessage::Ipv6PacketInfo(info)],
        };
        let (octets, client) = ([IoSlice::new(answer)], SockaddrStorage::from(client));
        let flags = MsgFlags::empty();
        let send = || Ok(sendmsg(socket.as_raw_fd(), &octets, &from, flags, Some(&client))?);
        socket.async_io(Interest::WRITABLE, send).await
    }
}

/// The next datagram: its length, who sent it, and where to.
async fn receive(socket: &UdpSocket, octets: &mut [u8]) -> io::Result<(usize, SocketAddr, At)> {
    let receive = || {
        // Room for either family's; a socket gets those of its own.
        let mut control = cmsg_space!(in_pktinfo, in6_pktinfo);
        let mut octets = [IoSliceMut::new(octets)];
        let flags = MsgFlags::empty();
        let got = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut octets, Some(&mut control), flags)?;
        let client = got.address.as_ref().and_then(address).ok_or(io::ErrorKind::InvalidData)?;
        let at = got.cmsgs()?.find_map(At::read).unwrap_or(At::Bound);
        Ok((got.bytes, client, at))
    };
    socket.async_io(Interest::READABLE, receive).await
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = || storage.as_sockaddr_in().map(|v4| SocketAddr::V4((*v4).into()));
    let v6 = || storage.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into()));
    v4().or_else(v6)
}

#[cfg(test)]
mod tests;
