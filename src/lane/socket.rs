//! Sockets as a DNS server wants them: bound by us, or given by whoever had them before.

use super::{Doors, ListenError, stream};
use crate::limits::{LANE_IDLE, LANES_MAX};
use nix::sys::socket::{setsockopt, sockopt as options};
use rustix::net::sockopt::{self, Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery};
use socket2::{Domain, Protocol, Socket, Type};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::{io, iter};

/// Room for questions that arrive while others are answered, octets; the system may grant less.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Further ports that are tried where the system chooses.
const PORTS_TRIED: u32 = 7;
/// TCP connections that may wait to be accepted.
const BACKLOG: i32 = 1024;
/// Answers that the system holds for one connection, octets (it grants twice that): left to itself it grows to megabytes for
/// a peer that asks and does not read.
const SEND_BUFFER: usize = 64 << 10;

/// Sockets that were open before we were: of the process that we replace, or of the service manager. Each is found by what
/// it is and where it is bound. What is left is closed with this.
#[derive(Debug, Default)]
pub struct Given(Vec<Socket>);

impl Given {
    /// These; what is no socket is closed.
    pub fn new(sockets: impl IntoIterator<Item = OwnedFd>) -> Self {
        Self(sockets.into_iter().map(Socket::from).filter(|socket| socket.r#type().is_ok()).collect())
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The listener at that address.
    pub fn listener(&mut self, address: SocketAddr) -> Option<TcpListener> {
        self.take(address, Type::STREAM).pop().map(TcpListener::from)
    }

    /// Where those that are left are bound, for people.
    pub fn left(&self) -> Vec<String> {
        let place = |socket: &Socket| socket.local_addr().ok()?.as_socket().map(|address| address.to_string());
        self.0.iter().filter_map(place).collect()
    }

    fn take(&mut self, address: SocketAddr, kind: Type) -> Vec<Socket> {
        let is_it = |socket: &mut Socket| {
            let bound = socket.local_addr().ok().and_then(|bound| bound.as_socket());
            bound == Some(address) && socket.r#type().is_ok_and(|it| it == kind)
        };
        self.0.extract_if(.., is_it).collect()
    }
}

/// Bound sockets that nobody answers at yet. Those of TCP that are ours do not listen, so that who connects is told at once.
#[derive(Debug)]
pub struct Sockets {
    /// On each address one or more, among which the system spreads clients.
    pub(super) udp: Vec<Vec<UdpSocket>>,
    pub(super) tcp: Vec<Socket>,
    pub(super) tls: Vec<Socket>,
    pub(super) certificate: Option<Arc<stream::Certificate>>,
}

impl Sockets {
    /// Takes what was given, and binds what is missing.
    ///
    /// # Errors
    /// Where one socket cannot be had or the certificate cannot be used; then none is kept.
    pub fn bind(doors: Doors<'_>, given: &mut Given) -> Result<Self, ListenError> {
        let lanes = doors.lanes.clamp(1, LANES_MAX);
        let (mut udp, mut tcp, mut tls) = (Vec::new(), Vec::new(), Vec::new());
        for &address in doors.listen {
            let (of_udp, of_tcp) = both(address, lanes, given)?;
            udp.push(of_udp);
            tcp.push(of_tcp);
        }
        for &address in doors.tls.iter().flat_map(|tls| &tls.listen) {
            tls.push(self::tcp(address, given).map_err(failed(address, "TLS"))?);
        }
        let certificate = doors.tls.map(|tls| {
            let unusable = |error| io::Error::other(format!("{}: {error}", tls.cert.path.display()));
            tls.certified_key().map_err(unusable).map_err(failed(tls.listen[0], "TLS"))
        });
        let certificate = certificate.transpose()?.map(|key| Arc::new(stream::Certificate::new(key)));
        Ok(Self { udp, tcp, tls, certificate })
    }

    /// The same sockets once more, for whoever comes after us.
    pub(super) fn copies(&self) -> io::Result<Vec<OwnedFd>> {
        let udp = self.udp.iter().flatten().map(|socket| Ok(socket.try_clone()?.into()));
        udp.chain(self.tcp.iter().chain(&self.tls).map(|socket| Ok(socket.try_clone()?.into()))).collect()
    }
}

/// Has bound sockets take connections.
pub(super) fn listen(
    sockets: Vec<Socket>,
    transport: &'static str,
) -> Result<Vec<tokio::net::TcpListener>, ListenError> {
    let listen = |socket: Socket| {
        // A bound socket has an address.
        let address = socket.local_addr().ok().and_then(|bound| bound.as_socket());
        let address = address.unwrap_or_else(|| ([0; 4], 0).into());
        let failed = |source| ListenError { address, transport, source };
        socket.listen(BACKLOG).map_err(failed)?;
        tokio::net::TcpListener::from_std(socket.into()).map_err(failed)
    };
    sockets.into_iter().map(listen).collect()
}

/// Gives each lane its sockets, on every address at least one, and each socket to a lane: where there are more lanes than
/// sockets they share, and where there are fewer a lane has several.
pub(super) fn deal(udp: &[Vec<UdpSocket>], lanes: usize) -> io::Result<Vec<Vec<UdpSocket>>> {
    let mut hands: Vec<Vec<UdpSocket>> = (0..lanes).map(|_| Vec::new()).collect();
    for sockets in udp {
        for turn in 0..lanes.max(sockets.len()) {
            hands[turn % lanes].push(sockets[turn % sockets.len()].try_clone()?);
        }
    }
    Ok(hands)
}

fn failed(address: SocketAddr, transport: &'static str) -> impl FnOnce(io::Error) -> ListenError {
    move |source| ListenError { address, transport, source }
}

/// Sockets of both kinds on an address. Where the system is to choose the port, it does so for UDP, and anew while TCP cannot have that one.
fn both(address: SocketAddr, lanes: usize, given: &mut Given) -> Result<(Vec<UdpSocket>, Socket), ListenError> {
    let mut again = if address.port() == 0 { PORTS_TRIED } else { 0 };
    loop {
        let udp = udp(address, lanes, given).map_err(failed(address, "UDP"))?;
        let bound = udp[0].local_addr().unwrap_or(address);
        match tcp(bound, given) {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && again > 0 => again -= 1,
            Err(error) => return Err(failed(bound, "TCP")(error)),
        }
    }
}

/// UDP sockets on an address: all that were given, for what waits in one would be lost with it, else one for each lane.
fn udp(address: SocketAddr, lanes: usize, given: &mut Given) -> io::Result<Vec<UdpSocket>> {
    let taken = given.take(address, Type::DGRAM);
    if !taken.is_empty() {
        let ready = |socket: Socket| prepare_udp(&socket, address).map(|()| socket.into());
        return taken.into_iter().map(ready).collect();
    }
    // Alone at first: an address that somebody else holds is refused, though he would share it.
    let first = one_udp(address, |_| Ok(()))?;
    first.set_reuse_port(true)?;
    let address = first.local_addr()?.as_socket().unwrap_or(address);
    let others = (1..lanes).map(|_| one_udp(address, |socket| socket.set_reuse_port(true)));
    iter::once(Ok(first)).chain(others).map(|socket| socket.map(UdpSocket::from)).collect()
}

fn one_udp(address: SocketAddr, prepare: impl Fn(&Socket) -> io::Result<()>) -> io::Result<Socket> {
    let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
    prepare_udp(&socket, address)?;
    prepare(&socket)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn prepare_udp(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    is_of_one_family(socket, address)?;
    // A lane waits in the call that receives.
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(LANE_IDLE))?;
    never_in_fragments(socket, address)?;
    // A smaller buffer than wished for still serves.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    if address.ip().is_unspecified() {
        if address.is_ipv4() {
            setsockopt(socket, options::Ipv4PacketInfo, &true)?;
        } else {
            setsockopt(socket, options::Ipv6RecvPacketInfo, &true)?;
        }
    }
    Ok(())
}

/// RFC 9715 section 3.1, R1 and R2: answers are not cut up, here or on the way. Left to itself the system would do so for whoever forges an ICMP
/// message of a narrow path, and what comes in fragments can be given another end by somebody else.
fn never_in_fragments(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    match address {
        SocketAddr::V4(_) => sockopt::set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::PROBE)?,
        SocketAddr::V6(_) => sockopt::set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::PROBE)?,
    }
    Ok(())
}

/// A TCP socket on an address.
fn tcp(address: SocketAddr, given: &mut Given) -> io::Result<Socket> {
    let taken = given.take(address, Type::STREAM).pop();
    let is_given = taken.is_some();
    let socket = taken.map_or_else(|| socket(address, Type::STREAM, Protocol::TCP), Ok)?;
    is_of_one_family(&socket, address)?;
    socket.set_nonblocking(true)?;
    // Accepted connections inherit it.
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    if !is_given {
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
    }
    Ok(socket)
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // 0.0.0.0 and [::] are two addresses to us, so one must not take the other's packets.
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

/// One that was given cannot be told any more to leave the other family alone.
fn is_of_one_family(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if address.is_ipv6() && address.ip().is_unspecified() && !socket.only_v6()? {
        return Err(io::Error::other("the socket that was given takes IPv4 as well: set BindIPv6Only=ipv6-only"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
