//! Bytes in, bytes out: from a socket through `resolve` back to the socket.
//!
//! Here: sockets (`socket`), the UDP loop, hickory's side (`full`), OPT (`edns`), and what is counted
//! (`tally`). Not here: what an answer says. A lane reads one snapshot per question and nothing else.

use crate::snapshot::Lake;
use std::io;
use std::net::SocketAddr;

mod edns;
mod full;
mod socket;
mod tally;

pub use tally::Tally;

/// A DNS socket could not be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} ({transport}): {source}{}", hint(.source))]
pub struct ListenError {
    /// Where.
    address: SocketAddr,
    /// "UDP" or "TCP".
    transport: &'static str,
    /// What the system said.
    source: io::Error,
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; another DNS server holds this address: stop it, or set `listen` under [server]",
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need CAP_NET_BIND_SERVICE: grant it, or set `listen` under [server]"
        }
        io::ErrorKind::AddrNotAvailable => "; no interface of this host has the address: set `listen` under [server]",
        _ => "",
    }
}

/// Running lanes. Dropping it stops UDP at once; `stop` also ends TCP in order.
#[derive(Debug)]
pub struct Lanes {
    udp: Vec<tokio::task::JoinHandle<()>>,
    tcp: full::TcpLane,
    addresses: Vec<SocketAddr>,
}

impl Lanes {
    /// Binds UDP and TCP on every address and lets go again: whether `start` would find them free.
    ///
    /// # Errors
    /// Where one socket cannot be had.
    pub fn try_listen(listen: &[SocketAddr]) -> Result<(), ListenError> {
        listen.iter().try_for_each(|&address| bind(address).map(drop))
    }

    /// Binds UDP and TCP on every address, then answers. With port 0 the system chooses one, the same for both.
    ///
    /// # Errors
    /// Where one socket cannot be had; then none is kept.
    pub fn start(listen: &[SocketAddr], lake: &Lake, tally: Tally) -> Result<Self, ListenError> {
        let full = full::Full::new(lake.clone(), tally);
        let mut bound = Vec::new();
        for &address in listen {
            bound.push(bind(address)?);
        }
        let addresses = bound.iter().map(|(address, ..)| *address).collect();
        let (udp, tcp): (Vec<_>, Vec<_>) = bound.into_iter().map(|(_, udp, tcp)| (udp, tcp)).unzip();
        let udp = udp.into_iter().map(|socket| tokio::spawn(udp_loop(socket, full.clone()))).collect();
        Ok(Self { udp, tcp: full::TcpLane::start(full, tcp), addresses })
    }

    /// Where they listen.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes no more questions and ends.
    pub async fn stop(mut self) {
        self.udp.iter().for_each(tokio::task::JoinHandle::abort);
        self.tcp.stop().await;
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.udp.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// Both sockets of an address; where the system chose the port, the same for both.
fn bind(address: SocketAddr) -> Result<(SocketAddr, tokio::net::UdpSocket, tokio::net::TcpListener), ListenError> {
    let udp = socket::udp(address).map_err(|source| ListenError { address, transport: "UDP", source })?;
    let address = udp.local_addr().unwrap_or(address);
    let tcp = socket::tcp(address).map_err(|source| ListenError { address, transport: "TCP", source })?;
    Ok((address, udp, tcp))
}

/// Answers datagrams one after another: an answer never waits for anything, so there is no queue to bound.
async fn udp_loop(socket: tokio::net::UdpSocket, full: full::Full) {
    let mut question = vec![0; crate::limits::UDP_QUESTION_MAX];
    loop {
        // Both calls fail only for one peer (as ICMP errors of earlier answers do), never for the socket as a whole.
        let Ok((length, client)) = socket.recv_from(&mut question).await else { continue };
        if let Some(answer) = full.datagram(&question[..length], client) {
            let _ = socket.send_to(&answer, client).await;
        }
    }
}
