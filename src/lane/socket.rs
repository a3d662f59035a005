//! Sockets as a DNS server wants them.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, UdpSocket};

/// Room for questions that arrive while others are answered, octets; the system may grant less.
const RECEIVE_BUFFER: usize = 4 << 20;
/// TCP connections that may wait to be accepted.
const BACKLOG: i32 = 1024;
/// Answers that the system holds for one connection, octets (it grants twice that): left to itself it grows to megabytes for
/// a peer that asks and does not read.
const SEND_BUFFER: usize = 64 << 10;

/// A bound UDP socket.
pub(super) fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
    // A smaller buffer than wished for still serves.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.bind(&address.into())?;
    let socket = UdpSocket::from_std(socket.into())?;
    super::udp::ask_for_destinations(&socket)?;
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
