//! From an address to a connection: TCP, and TLS on it. Errors become failures with words that an operator can use.
//!
//! Not here: what is trusted (`trust`), the deadline (`super`). What always holds: the address is dialled and never a name,
//! and every handshake is a full one, because a resumed session would not show the certificate.

use super::trust::{self, Configs, Wanted};
use super::{Aim, Attempt, failure};
use crate::config::Ask;
use crate::health::{Failure, FailureClass};
use crate::topology::TargetSpec;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, Error};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// An open byte stream to a peer, TLS or not. Dropping it takes leave, as far as that needs no waiting: a server that is left
/// without a word logs it, and it is asked every few seconds.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    farewell: &'static [u8],
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Connection {
    pub(super) fn new(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), farewell: b"" }
    }

    /// The same, which says this when it is dropped.
    pub(super) fn with_farewell(mut self, farewell: &'static [u8]) -> Self {
        self.farewell = farewell;
        self
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let farewell = self.farewell;
        let mut stream = Pin::new(&mut self.stream);
        // Best effort: what cannot be said at once is left unsaid.
        if farewell.is_empty() || stream.as_mut().poll_write(&mut context, farewell).is_ready() {
            let _ = stream.poll_shutdown(&mut context);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, into)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// What the TLS handshakes with one target share.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    wanted: Arc<Wanted>,
}

impl Tls {
    pub(super) fn new(target: &TargetSpec, configs: &mut Configs) -> Result<Self, Failure> {
        // XEP-0368; RFC 7301 registers "http/1.1".
        let protocol: &[u8] = match *target.ask {
            Ask::Xmpp { direct_tls: true } => b"xmpp-server",
            Ask::Https(_) | Ask::Matrix => b"http/1.1",
            _ => b"",
        };
        Ok(Self {
            name: trust::server_name(&target.server_name)?,
            connector: configs.client(&target.tls, protocol)?.into(),
            wanted: configs.wanted(target)?,
        })
    }
}

/// A connection over which TLS stands.
pub(super) struct Line {
    pub(super) connection: Connection,
    /// Our end of it.
    pub(super) local: SocketAddr,
    /// How long the peer took to accept the connection.
    pub(super) round_trip: Duration,
}

/// Connects to the address; also says how long that took.
pub(super) async fn connect(address: SocketAddr, attempt: &mut Attempt) -> Result<(TcpStream, Duration), Failure> {
    attempt.missing = "no TCP answer";
    let started = Instant::now();
    let stream = TcpStream::connect(address).await.map_err(|error| not_connected(&error))?;
    // Best effort: without it the probe is as right, only slower.
    let _ = stream.set_nodelay(true);
    Ok((stream, started.elapsed()))
}

/// Connects to the target and makes the TLS handshake.
pub(super) async fn handshake(aim: &Aim, attempt: &mut Attempt) -> Result<Line, Failure> {
    let tls = prepared(aim)?;
    let (stream, round_trip) = connect(aim.target.address, attempt).await?;
    let local = stream.local_addr().map_err(|error| not_connected(&error))?;
    Ok(Line { connection: secure(tls, stream, attempt).await?, local, round_trip })
}

/// Makes the TLS handshake on an open connection, which waits for it; the certificate must hold.
pub(super) async fn secured(aim: &Aim, stream: TcpStream, attempt: &mut Attempt) -> Result<Connection, Failure> {
    secure(prepared(aim)?, stream, attempt).await
}

async fn secure(tls: &Tls, stream: TcpStream, attempt: &mut Attempt) -> Result<Connection, Failure> {
    attempt.missing = "TLS handshake not finished";
    let connected = tls.connector.connect(tls.name.clone(), stream).await;
    let stream = connected.map_err(|error| broken(&error, "during the TLS handshake"))?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    attempt.not_after = trust::not_after(chain);
    tls.wanted.judge(chain)?;
    Ok(Connection::new(stream))
}

fn prepared(aim: &Aim) -> Result<&Tls, Failure> {
    match &aim.tls {
        Some(Ok(tls)) => Ok(tls),
        Some(Err(unusable)) => Err(unusable.clone()),
        None => Err(failure(FailureClass::Tls, "internal: no TLS was prepared for this check")),
    }
}

/// The peer ended the connection; `when` continues the sentence.
pub(super) fn closed(when: &str) -> Failure {
    failure(FailureClass::Closed, format!("connection closed {when}"))
}

/// An error on an open connection; `when` continues the sentence.
pub(super) fn broken(error: &io::Error, when: &str) -> Failure {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return tls_failure(tls, when);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => closed(when),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            failure(FailureClass::Closed, format!("connection reset {when}"))
        }
        io::ErrorKind::TimedOut => failure(FailureClass::Timeout, format!("connection timed out {when}")),
        _ => failure(FailureClass::Unreachable, format!("connection lost {when}: {error}")),
    }
}

/// Linux errors of a `connect` that never left this host: ENOMEM, ENFILE, EMFILE, EADDRNOTAVAIL (no free port), ENOBUFS.
const LOCAL_ERRORS: [i32; 5] = [12, 23, 24, 99, 105];

pub(super) fn not_connected(error: &io::Error) -> Failure {
    use io::ErrorKind as Kind;
    if error.raw_os_error().is_some_and(|code| LOCAL_ERRORS.contains(&code)) {
        return failure(FailureClass::Local, format!("could not ask: {error}"));
    }
    let (class, words) = match error.kind() {
        Kind::ConnectionRefused => (FailureClass::Refused, "connection refused".to_owned()),
        Kind::ConnectionReset | Kind::ConnectionAborted => (FailureClass::Closed, "connection reset".to_owned()),
        Kind::TimedOut => (FailureClass::Timeout, "no TCP answer".to_owned()),
        Kind::HostUnreachable => (FailureClass::Unreachable, "host unreachable".to_owned()),
        Kind::NetworkUnreachable => (FailureClass::Unreachable, "network unreachable".to_owned()),
        _ => (FailureClass::Unreachable, format!("cannot connect: {error}")),
    };
    failure(class, words)
}

fn tls_failure(error: &Error, when: &str) -> Failure {
    match error {
        Error::InvalidCertificate(fault) => failure(FailureClass::Certificate, trust::words(fault)),
        Error::AlertReceived(alert) => failure(FailureClass::Tls, format!("{} {when}", refusal(*alert))),
        Error::InvalidMessage(_) => failure(FailureClass::Protocol, "what answers does not speak TLS"),
        Error::PeerIncompatible(reason) => {
            failure(FailureClass::Tls, format!("no common TLS version or cipher: {reason:?}"))
        }
        other => failure(FailureClass::Tls, format!("TLS failed {when}: {other}")),
    }
}

/// What a peer's alert says.
fn refusal(alert: AlertDescription) -> String {
    use AlertDescription as A;
    let words = match alert {
        A::CertificateRequired => "the server demands a client certificate (give the check tls = { cert, key })",
        A::BadCertificate
        | A::UnknownCA
        | A::CertificateUnknown
        | A::CertificateExpired
        | A::CertificateRevoked
        | A::UnsupportedCertificate
        | A::AccessDenied => "the server refuses our client certificate",
        A::HandshakeFailure => "the server finds no common cipher or misses a client certificate",
        A::ProtocolVersion => "the server speaks neither TLS 1.2 nor TLS 1.3",
        A::UnrecognisedName => "the server does not know the server name",
        _ => return format!("the server refused with alert {alert:?}"),
    };
    format!("{words}: alert {alert:?}")
}

#[cfg(test)]
mod tests;
