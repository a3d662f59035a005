//! A simulated Access Edge: a TLS server that answers SIP OPTIONS, and that can be broken on demand.
//!
//! Not here: anything of SIP but the echo of a request's own header fields. What always holds: at most
//! `SIMULATED_CONNECTIONS_MAX` connections, each with at most one request of `SIMULATED_REQUEST_MAX` octets in memory.

use super::ca::Identity;
use crate::limits::{SIMULATED_CONNECTIONS_MAX, SIMULATED_REQUEST_MAX};
use rustls::ServerConfig;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// Connections that the kernel may hold for a simulated edge before it accepts them.
const BACKLOG: u32 = 64;
/// After a failed accept, as without a free file descriptor, the next one would fail the same way at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How a simulated edge behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It answers 200 OK.
    Serving,
    /// As a host whose service died: every connection is closed, new ones are refused.
    Refusing,
    /// As a service that hangs: connections are accepted, and nothing more is ever said.
    Silent,
    /// It answers 503 Service Unavailable.
    Unavailable,
}

/// A TLS server on one address. Dropping it closes everything.
#[derive(Debug)]
pub struct SimulatedEdge {
    address: SocketAddr,
    acceptor: Arc<ServerConfig>,
    mode: watch::Sender<Mode>,
    /// `None` while refusing.
    listening: Option<JoinHandle<()>>,
}

impl SimulatedEdge {
    /// A serving edge on `address` with that certificate; port 0 takes a free port and keeps it.
    ///
    /// # Errors
    /// Where the address cannot be bound, or the certificate and its key do not fit.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(address: SocketAddr, identity: &Identity) -> io::Result<Self> {
        let acceptor = server_config(identity).map_err(io::Error::other)?;
        let listener = listen(address)?;
        let address = listener.local_addr()?;
        let (mode, _) = watch::channel(Mode::Serving);
        let mut edge = Self { address, acceptor: Arc::new(acceptor), mode, listening: None };
        edge.accept_from(listener);
        Ok(edge)
    }

    /// Where it listens, or listened before it was made to refuse.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it behaves now.
    pub fn mode(&self) -> Mode {
        *self.mode.borrow()
    }

    /// Makes it behave like `mode` from now on; [`Mode::Serving`] mends it. When this returns, new connections
    /// meet the change.
    ///
    /// # Errors
    /// Where the address cannot be bound again after refusing; the edge then still refuses.
    pub async fn break_it(&mut self, mode: Mode) -> io::Result<()> {
        if mode == Mode::Refusing {
            self.mode.send_replace(mode);
            if let Some(listening) = self.listening.take() {
                listening.abort();
                // Cancelled is what it is meant to be; waiting makes sure that the listener is closed.
                let _ = listening.await;
            }
            return Ok(());
        }
        if self.listening.is_none() {
            let listener = listen(self.address)?;
            self.accept_from(listener);
        }
        self.mode.send_replace(mode);
        Ok(())
    }

    fn accept_from(&mut self, listener: TcpListener) {
        let (acceptor, mode) = (TlsAcceptor::from(self.acceptor.clone()), self.mode.subscribe());
        self.listening = Some(tokio::spawn(accept(listener, acceptor, mode)));
    }
}

impl Drop for SimulatedEdge {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

fn server_config(identity: &Identity) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate()], identity.key())
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections of the last life may linger in TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts until it is aborted; then its connections, which it owns, are closed too.
async fn accept(listener: TcpListener, acceptor: TlsAcceptor, mode: watch::Receiver<Mode>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < SIMULATED_CONNECTIONS_MAX => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, acceptor.clone(), mode.clone()))),
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection until its peer ends it; why it ended is of no interest.
async fn serve(stream: TcpStream, acceptor: TlsAcceptor, mut mode: watch::Receiver<Mode>) -> io::Result<()> {
    speaking(&mut mode).await;
    let mut stream = acceptor.accept(stream).await?;
    let mut read = Vec::new();
    while read.len() < SIMULATED_REQUEST_MAX && stream.read_buf(&mut read).await? > 0 {
        while let Some(end) = header_end(&read) {
            let status = match speaking(&mut mode).await {
                Mode::Unavailable => "503 Service Unavailable",
                _ => "200 OK",
            };
            stream.write_all(answer(&read[..end], status).as_bytes()).await?;
            stream.flush().await?;
            read.drain(..end);
        }
    }
    Ok(())
}

/// Waits while the edge is silent.
async fn speaking(mode: &mut watch::Receiver<Mode>) -> Mode {
    // The sender lives at least as long as this task; without it there is nobody left to ask.
    mode.wait_for(|mode| *mode != Mode::Silent).await.map_or(Mode::Refusing, |mode| *mode)
}

fn header_end(read: &[u8]) -> Option<usize> {
    read.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
}

/// An answer that echoes what RFC 3261 8.2.6 says it must.
fn answer(request: &[u8], status: &str) -> String {
    let mut answer = format!("SIP/2.0 {status}\r\n");
    for line in String::from_utf8_lossy(request).lines() {
        let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "via" | "v" | "from" | "f" | "call-id" | "i" | "cseq" => answer += &format!("{line}\r\n"),
            "to" | "t" => answer += &format!("{line};tag=simulated\r\n"),
            _ => {}
        }
    }
    answer + "Server: edgesteer simulated edge\r\nContent-Length: 0\r\n\r\n"
}

#[cfg(test)]
mod tests;
