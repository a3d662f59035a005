//! Bytes in, bytes out: from a socket through `resolve` back to the socket.
//!
//! Here: sockets (`socket`), UDP (`udp`, over `mmsg` and `envelope`), TCP and TLS (`stream`), what a message is (`packet`, `opt`),
//! what is refused unseen (`odd`), the fast lane (`fast`, `compose`), the full lane, which is hickory's side (`full`), names that are not
//! ours (`forward`), whole zones for secondaries (`transfer`) and signatures (`tsig`), OPT in
//! answers (`edns`), who we are (`identity`), who clients are (`cookie`), how much they get (`limit`; `guard` has the clock of
//! both), what of it a reload may change (`settings`), what is counted (`counts`, `tally`), and a way in without sockets (`direct`).
//! Not here: what an answer says. A lane reads one snapshot per question and nothing else.

use crate::config::{Dns, ServerTls};
use crate::limits::{DECLINED_QUEUE, LANES_MAX};
use crate::snapshot::Lake;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

mod compose;
mod cookie;
mod counts;
#[doc(hidden)]
pub mod direct;
mod edns;
mod envelope;
mod fast;
mod forward;
mod full;
mod guard;
mod identity;
mod limit;
mod mmsg;
mod odd;
mod opt;
mod packet;
mod recent;
mod settings;
mod socket;
mod stream;
mod tally;
mod transfer;
mod tsig;
mod udp;

pub use socket::{Given, Sockets};
pub use tally::Tally;

/// Octets of a DNS header (RFC 1035 section 4.1.1).
const HEADER: usize = 12;

/// By which a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// The word in metrics and logs.
    fn word(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// Who asks, and by which way.
#[derive(Clone, Copy, Debug)]
struct Peer {
    address: SocketAddr,
    transport: Transport,
    /// How long its connection may be silent after the answer; zero where it ends then, or is none.
    idle: Duration,
    /// Whether it is over its limit, and so gets something small: the fast lane, by which all datagrams come, judged that.
    over: bool,
}

impl Peer {
    /// Over UDP.
    fn datagram(address: SocketAddr) -> Self {
        Self { address, transport: Transport::Udp, idle: Duration::ZERO, over: false }
    }
}

/// A DNS socket could not be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} ({transport}): {source}{}", hint(.source))]
pub struct ListenError {
    /// Where.
    address: SocketAddr,
    /// "UDP", "TCP" or "TLS".
    transport: &'static str,
    /// What the system said.
    source: io::Error,
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "; another DNS server holds this address: stop it (serve --replace takes over from an edgesteer), or set `listen` under [server]"
        }
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need CAP_NET_BIND_SERVICE: grant it, or set `listen` under [server]"
        }
        io::ErrorKind::AddrNotAvailable => "; no interface of this host has the address: set `listen` under [server]",
        _ => "",
    }
}

/// Where and how widely DNS is answered.
#[derive(Clone, Copy, Debug)]
pub struct Doors<'c> {
    /// UDP and TCP on each; with port 0 the system chooses one, the same for both.
    pub listen: &'c [SocketAddr],
    /// TLS.
    pub tls: Option<&'c ServerTls>,
    /// Most connections over TCP, and as many over TLS.
    pub connections: usize,
    /// Threads that answer over UDP, each with a socket on each address.
    pub lanes: usize,
}

/// Running lanes. Dropping it closes everything at once; `stop` ends connections in order.
#[derive(Debug)]
pub struct Lanes {
    udp: Udp,
    streams: stream::Streams,
    certificate: Option<Arc<stream::Certificate>>,
    settings: Arc<settings::Shared>,
    /// The sockets once more, for whoever comes after us.
    copies: Vec<OwnedFd>,
    addresses: Vec<SocketAddr>,
    tls_addresses: Vec<SocketAddr>,
}

impl Lanes {
    /// Answers at these sockets.
    ///
    /// # Errors
    /// Where the system gives no thread, or no place to listen; then none is kept.
    pub fn start(
        doors: Doors<'_>,
        sockets: Sockets,
        dns: &Dns,
        lake: &Lake,
        tally: Tally,
    ) -> Result<Self, ListenError> {
        let first = doors.listen.first().copied().unwrap_or_else(|| ([0; 4], 0).into());
        let failed = |transport| move |source| ListenError { address: first, transport, source };
        let copies = sockets.copies().map_err(failed("UDP"))?;
        let Sockets { udp, tcp, tls, certificate } = sockets;
        let udp = socket::deal(&udp, doors.lanes.clamp(1, LANES_MAX)).map_err(failed("UDP"))?;
        let (tcp, tls) = (socket::listen(tcp, "TCP")?, socket::listen(tls, "TLS")?);
        let (addresses, tls_addresses) = (local(&tcp), local(&tls));
        let settings = Arc::new(settings::Shared::new(dns));
        let full = full::Full::new(lake.clone(), tally.clone(), settings.clone());
        let udp = Udp::start(udp, lake, &full, &tally);
        let udp = udp.map_err(failed("UDP"))?;
        let mut streams = stream::Streams::new(full.clone(), tally, doors.connections);
        if let Some(certificate) = &certificate {
            streams.tls(tls, certificate.clone());
        }
        streams.tcp(tcp);
        Ok(Self { udp, streams, certificate, settings, copies, addresses, tls_addresses })
    }

    /// Where they listen for UDP and TCP.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Their sockets, for whoever comes after us: what waits in them is lost only when the last of all copies is closed.
    pub fn sockets(&self) -> &[OwnedFd] {
        &self.copies
    }

    /// Where they listen for TLS.
    pub fn tls_addresses(&self) -> &[SocketAddr] {
        &self.tls_addresses
    }

    /// Shows new TLS connections this certificate. Listeners stay what they are.
    pub fn show(&self, tls: &ServerTls) {
        // One that cannot be used did not pass as configuration, and the old one is better than none.
        if let (Some(shown), Ok(certificate)) = (&self.certificate, tls.certified_key()) {
            shown.replace(certificate);
        }
    }

    /// Says who we are, checks cookies and limits clients by these from now on. Clients keep the cookies that are still good, and
    /// what they have used up of their limit.
    pub fn obey(&self, dns: &Dns) {
        self.settings.replace(dns);
    }

    /// Takes no more questions, answers those that were read, and ends.
    pub async fn stop(mut self) {
        // Kept open, the system would go on taking connections that nobody accepts.
        self.copies.clear();
        tokio::join!(self.udp.stop(), self.streams.stop());
    }
}

/// The fast lanes, and the task that has the full lane answer what they decline.
#[derive(Debug)]
struct Udp {
    stop: Arc<AtomicBool>,
    lanes: Vec<thread::JoinHandle<()>>,
    declined: JoinHandle<()>,
}

impl Udp {
    /// Starts a lane for each set of sockets.
    fn start(sockets: Vec<Vec<UdpSocket>>, lake: &Lake, full: &full::Full, tally: &Tally) -> io::Result<Self> {
        let (declined_in, declined) = mpsc::channel(DECLINED_QUEUE);
        let declined = tokio::spawn(udp::declined::serve(declined, full.clone()));
        let mut udp = Self { stop: Arc::default(), lanes: Vec::new(), declined };
        let count = sockets.len();
        for (number, sockets) in sockets.into_iter().enumerate() {
            let fast = fast::Fast::new(lake, full, count, tally.lane());
            let lane = udp::Lane::new(sockets, fast, declined_in.clone(), udp.stop.clone());
            udp.lanes.push(lane.start(number)?);
        }
        Ok(udp)
    }

    /// Reads no more, answers what was read, and ends.
    async fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let lanes = std::mem::take(&mut self.lanes);
        // A thread that panicked has ended too, and so has a task.
        let _ = tokio::task::spawn_blocking(|| lanes.into_iter().for_each(|lane| drop(lane.join()))).await;
        let _ = (&mut self.declined).await;
    }
}

impl Drop for Udp {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.declined.abort();
    }
}

fn local(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    // A bound socket has an address.
    listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
}
