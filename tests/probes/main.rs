//! Probes against scripted peers on loopback: every way in which an edge can be well or ill, as an operator reads it.
//!
//! Here: what all of them share. A file for each protocol, for certificates, and for when probes are made.
//! Nothing here asserts how long something took. Where time matters, the interval is an hour and the wait is generous:
//! what arrives then cannot have come from the routine.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use edgesteer::config::{Ask, Pem, TlsOptions, Verify};
use edgesteer::demo::ca::{Identity, ThrowawayCa, now_valid};
use edgesteer::demo::edge::{Mode, SimulatedEdge};
use edgesteer::federation::CheckKind;
use edgesteer::health::{Outcome, Thresholds};
use edgesteer::name::Name;
use edgesteer::probe::{Observation, Prober, observe};
use edgesteer::topology::TargetSpec;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

mod certificates;
mod connections;
mod exec;
mod file;
mod https;
mod matrix;
mod schedule;
mod sip;
mod stun;
mod xmpp;

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
/// For what must arrive.
const GENEROUS: Duration = Duration::from_secs(20);
/// For what must run into its deadline.
const SHORT: Duration = Duration::from_millis(400);

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A check of that kind with its defaults.
fn target(kind: CheckKind, address: SocketAddr, tls: TlsOptions) -> TargetSpec {
    asking(Ask::default_of(kind).expect("a kind with defaults"), address, tls)
}

fn asking(ask: Ask, address: SocketAddr, tls: TlsOptions) -> TargetSpec {
    let wanted = if ask.kind().is_for_domain() { "contoso.com" } else { "sip.contoso.com" };
    TargetSpec {
        address,
        ask: Arc::new(ask),
        server_name: name(wanted),
        domain: name("contoso.com"),
        names: if tls.verify == Verify::Full { [name(wanted)].into() } else { Arc::default() },
        interval: HOUR,
        timeout: GENEROUS,
        confirm: HOUR,
        thresholds: Thresholds { fall: 1, rise: 1 },
        tripwire: false,
        tls,
    }
}

/// What one probe says: "pass", or the class and the detail.
async fn said(target: TargetSpec) -> String {
    words(&observe(Arc::new(target)).await)
}

fn words(observation: &Observation) -> String {
    match &observation.outcome {
        Outcome::Pass => "pass".to_owned(),
        Outcome::Degraded(why) => format!("degraded: {why}"),
        Outcome::Stale(why) => format!("stale: {why}"),
        Outcome::Fail(failure) => format!("{}: {}", failure.class.word(), failure.detail),
    }
}

fn pem(text: &str) -> Pem {
    Pem { path: "test.pem".into(), bytes: text.as_bytes().into() }
}

fn trusting(ca: &ThrowawayCa) -> TlsOptions {
    TlsOptions { ca: Some(pem(ca.pem())), ..TlsOptions::default() }
}

/// An address where every connection gets the script.
async fn peer<F: Future<Output = ()> + Send + 'static>(script: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(script(stream));
        }
    });
    address
}

/// An address where every TLS connection gets the script after the handshake.
async fn tls_peer<F: Future<Output = ()> + Send + 'static>(
    config: ServerConfig,
    script: impl Fn(TlsStream<TcpStream>) -> F + Clone + Send + 'static,
) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    peer(move |stream| {
        let (acceptor, script) = (acceptor.clone(), script.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                script(stream).await;
            }
        }
    })
    .await
}

fn server(identity: &Identity, versions: &[&'static rustls::SupportedProtocolVersion]) -> ServerConfig {
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate()], identity.key())
        .unwrap()
}

async fn hold<S>(stream: S) {
    let _stream = stream;
    std::future::pending().await
}

async fn refused_address() -> SocketAddr {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    listener.local_addr().unwrap()
}

/// A TLS server with a certificate from that authority.
async fn serving(ca: &ThrowawayCa, names: &[&str], valid: Range<SystemTime>) -> SocketAddr {
    let identity = ca.issue(names, valid).unwrap();
    tls_peer(server(&identity, rustls::ALL_VERSIONS), hold).await
}

/// A simulated edge and a check of it.
async fn edge(kind: CheckKind) -> (SimulatedEdge, TargetSpec) {
    let ca = ThrowawayCa::new().unwrap();
    let identity = ca.issue(&["sip.contoso.com"], now_valid()).unwrap();
    let edge = SimulatedEdge::start(LOOPBACK, &identity).unwrap();
    let target = target(kind, edge.address(), trusting(&ca));
    (edge, target)
}
