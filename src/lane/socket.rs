//! Sockets as a DNS server wants them.

use crate::limits::LANE_IDLE;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use std::net::{SocketAddr, UdpSocket};
use std::{io, iter};
use tokio::net::TcpListener;

/// Room for questions that arrive while others are answered, octets; the system may grant less.
const RECEIVE_BUFFER: usize = 4 << 20;
/// TCP connections that may wait to be accepted.
const BACKLOG: i32 = 1024;
/// Answers that the system holds for one connection, octets (it grants twice that): left to itself it grows to megabytes for
/// a peer that asks and does not read.
const SEND_BUFFER: usize = 64 << 10;

/// Bound UDP sockets of so many lanes, among which the system spreads clients.
pub(super) fn udp(address: SocketAddr, lanes: usize) -> io::Result<Vec<UdpSocket>> {
    // Alone at first: an address that somebody else holds is refused, though he would share it.
    let first = one_udp(address, |_| Ok(()))?;
    first.set_reuse_port(true)?;
    let address = first.local_addr()?.as_socket().unwrap_or(address);
    let others = (1..lanes).map(|_| one_udp(address, |socket| socket.set_reuse_port(true)));
    iter::once(Ok(first)).chain(others).map(|socket| socket.map(UdpSocket::from)).collect()
}

fn one_udp(address: SocketAddr, prepare: impl Fn(&Socket) -> io::Result<()>) -> io::Result<Socket> {
    let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
    // A lane waits in the call that receives.
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(LANE_IDLE))?;
    // A smaller buffer than wished for still serves.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    if address.ip().is_unspecified() {
        if address.is_ipv4() {
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        } else {
            setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
        }
    }
    prepare(&socket)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// A listening TCP socket.
pub(super) fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(address, Type::STREAM, Protocol::TCP)?;
    socket.set_reuse_address(true)?;
    // Accepted connections inherit it.
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // 0.0.0.0 and [::] are two addresses to us, so one must not take the other's packets.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}
