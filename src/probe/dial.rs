//! From an address to a connection: TCP, and TLS on it. Errors become failures with words that an operator can use.
//!
//! Not here: what is trusted (`trust`), the deadline (`super`). What always holds: the address is dialled and never a name,
//! and every handshake is a full one, because a resumed session would not show the certificate.

use super::trust::{self, Configs};
use super::{Aim, Attempt, failure};
use crate::health::{Failure, FailureClass};
use crate::topology::TargetSpec;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, Error};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// An open byte stream to a peer, TLS or not.
pub(super) type Connection = Box<dyn Stream>;

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What the TLS handshakes with one target share.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    pub(super) fn new(target: &TargetSpec, configs: &mut Configs) -> Result<Self, Failure> {
        let text = target.server_name.to_string();
        let name = ServerName::try_from(text).map_err(|_| {
            let detail = format!("\"{}\" cannot be a TLS server name; give the check another name", target.server_name);
            failure(FailureClass::Tls, detail)
        })?;
        let connector = configs.get(&target.tls)?.into();
        Ok(Self { connector, name })
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
    let tls = match &aim.tls {
        Some(Ok(tls)) => tls,
        Some(Err(unusable)) => return Err(unusable.clone()),
        None => return Err(failure(FailureClass::Tls, "internal: no TLS was prepared for this check")),
    };
    let (stream, round_trip) = connect(aim.target.address, attempt).await?;
    let local = stream.local_addr().map_err(|error| not_connected(&error))?;
    attempt.missing = "TLS handshake not finished";
    match tls.connector.connect(tls.name.clone(), stream).await {
        Ok(stream) => Ok(Line { connection: Box::new(stream), local, round_trip }),
        Err(error) => Err(broken(&error, "during the TLS handshake")),
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

fn not_connected(error: &io::Error) -> Failure {
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
