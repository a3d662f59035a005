//! Probes against scripted peers on loopback: every way in which an edge can be well or ill, as an operator reads it.
//!
//! Nothing here asserts how long something took. Where time matters, the interval is an hour and the wait is generous:
//! what arrives then cannot have come from the routine.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use edgesteer::config::{Pem, TlsOptions, Verify};
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

fn target(kind: CheckKind, address: SocketAddr, tls: TlsOptions) -> TargetSpec {
    TargetSpec {
        address,
        kind,
        server_name: name("sip.contoso.com"),
        domain: name("contoso.com"),
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

#[tokio::test]
async fn tcp_passes_where_a_connection_is_accepted() {
    for script in [true, false] {
        let address = peer(move |stream| async move {
            if script {
                hold(stream).await;
            }
        });
        assert_eq!(said(target(CheckKind::Tcp, address.await, TlsOptions::default())).await, "pass");
    }
}

#[tokio::test]
async fn a_refused_connection_is_told_for_every_kind() {
    for (_, kind) in CheckKind::WORDS {
        let got = said(target(*kind, refused_address().await, TlsOptions::default())).await;
        assert_eq!(got, "refused: connection refused", "{kind:?}");
    }
}

/// On Linux a listener whose backlog is full answers no further SYN.
#[tokio::test]
async fn a_host_that_answers_no_connection_is_given_up_at_the_deadline() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(LOOPBACK).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(SHORT, TcpStream::connect(address)).await {
        waiting.push(stream);
    }
    let silent = TargetSpec { timeout: SHORT, ..target(CheckKind::Tcp, address, TlsOptions::default()) };
    assert_eq!(said(silent).await, "timeout: no TCP answer within 400ms");
}

/// A peer that is no TLS server at all.
#[tokio::test]
async fn what_is_not_tls_is_told_from_what_is_silent() {
    let silent = peer(hold).await;
    let closing = peer(|stream| async move { drop(stream) }).await;
    let half_closing = peer(|mut stream| async move {
        let _ = stream.shutdown().await;
        hold(stream).await;
    });
    let half_closing = half_closing.await;
    let talking = peer(|mut stream| async move {
        let _ = stream.write_all(b"220 mail.contoso.com ESMTP\r\n").await;
        hold(stream).await;
    });
    let talking = talking.await;
    for kind in [CheckKind::Tls, CheckKind::Sip] {
        for (address, timeout, expected) in [
            (silent, SHORT, "timeout: TLS handshake not finished within 400ms"),
            (closing, GENEROUS, "closed: connection "),
            (half_closing, GENEROUS, "closed: connection closed during the TLS handshake"),
            (talking, GENEROUS, "protocol: what answers does not speak TLS"),
        ] {
            let got = said(TargetSpec { timeout, ..target(kind, address, TlsOptions::default()) }).await;
            assert!(got.starts_with(expected), "{kind:?}: {got}");
        }
    }
}

/// A TLS server with a certificate from that authority.
async fn serving(ca: &ThrowawayCa, names: &[&str], valid: Range<SystemTime>) -> SocketAddr {
    let identity = ca.issue(names, valid).unwrap();
    tls_peer(server(&identity, rustls::ALL_VERSIONS), hold).await
}

#[tokio::test]
async fn a_certificate_is_judged_as_far_as_the_level_says() {
    let (ca, namesake) = (ThrowawayCa::new().unwrap(), ThrowawayCa::new().unwrap());
    let now = SystemTime::now();
    let (past, future) = (now - 30 * DAY..now - 7 * DAY / 2, now + 7 * DAY / 2..now + 30 * DAY);
    let good = serving(&ca, &["sip.contoso.com"], now_valid()).await;
    let expired = serving(&ca, &["sip.contoso.com"], past).await;
    let early = serving(&ca, &["sip.contoso.com"], future).await;
    let misnamed = serving(&ca, &["a.example", "b.example"], now_valid()).await;
    let forged = serving(&namesake, &["sip.contoso.com"], now_valid()).await;
    let expired_words = "certificate: certificate expired 3 days ago: subject sip.contoso.com";
    let early_words = "certificate: certificate is not valid for another 3 days: subject sip.contoso.com";
    let misnamed_words = "certificate: certificate names [a.example, b.example], not sip.contoso.com";
    let forged_words =
        "certificate: certificate is not signed by the key that test.pem has for CN=edgesteer throw-away CA";
    for (address, full, chain) in [
        (good, "pass", "pass"),
        (expired, expired_words, expired_words),
        (early, early_words, early_words),
        (misnamed, misnamed_words, "pass"),
        (forged, forged_words, forged_words),
    ] {
        for (verify, expected) in [(Verify::Full, full), (Verify::Chain, chain), (Verify::None, "pass")] {
            let tls = TlsOptions { verify, ..trusting(&ca) };
            assert_eq!(said(target(CheckKind::Tls, address, tls)).await, expected, "{verify:?}");
        }
    }
    let got = said(target(CheckKind::Tls, good, TlsOptions::default())).await;
    assert_eq!(got, "certificate: unknown issuer CN=edgesteer throw-away CA: it is not among the Mozilla roots");
}

#[tokio::test]
async fn the_levels_hold_for_self_signed_certificates_and_both_versions() {
    let ca = ThrowawayCa::new().unwrap();
    let identity = ca.issue(&["sip.contoso.com"], now_valid()).unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let address = tls_peer(server(&identity, &[version]), hold).await;
        assert_eq!(said(target(CheckKind::Tls, address, trusting(&ca))).await, "pass", "{version:?}");
        let none = TlsOptions { verify: Verify::None, ..TlsOptions::default() };
        assert_eq!(said(target(CheckKind::Tls, address, none)).await, "pass", "{version:?}");
    }
}

#[tokio::test]
async fn a_name_that_tls_cannot_carry_is_a_failure_that_says_so() {
    let ca = ThrowawayCa::new().unwrap();
    let address = serving(&ca, &["sip.contoso.com"], now_valid()).await;
    for (text, expected) in [
        ("-sip.contoso.com", "tls: \"-sip.contoso.com\" cannot be a TLS server name; give the check another name"),
        ("_sip.contoso.com", "certificate: certificate names [sip.contoso.com], not _sip.contoso.com"),
    ] {
        let odd = TargetSpec { server_name: name(text), ..target(CheckKind::Tls, address, trusting(&ca)) };
        assert_eq!(said(odd).await, expected);
    }
    let root = TargetSpec { server_name: Name::from_wire(&[0]), ..target(CheckKind::Tls, address, trusting(&ca)) };
    assert!(said(root).await.contains("cannot be a TLS server name"));
}

#[tokio::test]
async fn a_server_that_demands_a_certificate_gets_it_or_refuses() {
    let ca = ThrowawayCa::new().unwrap();
    let ours = ca.issue(&["probe.contoso.com"], now_valid()).unwrap();
    let strange = ThrowawayCa::new().unwrap().issue(&["probe.contoso.com"], now_valid()).unwrap();
    let with = |identity: &Identity| TlsOptions {
        identity: Some((pem(&identity.certificate_pem()), pem(&identity.key_pem()))),
        ..trusting(&ca)
    };
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let address = tls_peer(demanding(&ca, version), answering("SIP/2.0 200 OK", &[])).await;
        for kind in [CheckKind::Tls, CheckKind::Sip] {
            assert_eq!(said(target(kind, address, with(&ours))).await, "pass", "{kind:?} {version:?}");
            let missing = said(target(kind, address, trusting(&ca))).await;
            assert!(
                missing.starts_with("tls: the server demands a client certificate"),
                "{kind:?} {version:?} {missing}"
            );
            let refused = said(target(kind, address, with(&strange))).await;
            assert!(refused.starts_with("tls: the server refuse"), "{kind:?} {version:?} {refused}");
        }
    }
}

fn demanding(ca: &ThrowawayCa, version: &'static rustls::SupportedProtocolVersion) -> ServerConfig {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let identity = ca.issue(&["sip.contoso.com"], now_valid()).unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![identity.certificate()], identity.key())
        .unwrap()
}

#[tokio::test]
async fn a_server_that_closes_after_the_handshake_does_not_pass() {
    let ca = ThrowawayCa::new().unwrap();
    let identity = ca.issue(&["sip.contoso.com"], now_valid()).unwrap();
    let polite = |mut stream: TlsStream<TcpStream>| async move { stream.shutdown().await.unwrap_or_default() };
    for kind in [CheckKind::Tls, CheckKind::Sip] {
        let abrupt = tls_peer(server(&identity, rustls::ALL_VERSIONS), |stream| async move { drop(stream) }).await;
        let polite = tls_peer(server(&identity, rustls::ALL_VERSIONS), polite).await;
        for address in [abrupt, polite] {
            let got = said(target(kind, address, trusting(&ca))).await;
            assert!(got.starts_with("closed: connection "), "{kind:?}: {got}");
        }
    }
}

/// Reads a request and answers with the first line given, the request's own fields but those replaced, and no body.
fn answering(
    first: &'static str,
    replaced: &'static [(&'static str, &'static str)],
) -> impl Fn(TlsStream<TcpStream>) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + Clone + Send + 'static {
    move |mut stream| {
        Box::pin(async move {
            let request = request(&mut stream).await;
            let mut answer = format!("{first}\r\n");
            for line in request.lines().skip(1) {
                let replacement = replaced.iter().find(|(field, _)| line.starts_with(field));
                answer += &replacement.map_or_else(|| format!("{line}\r\n"), |(_, with)| format!("{with}\r\n"));
            }
            let _ = stream.write_all(answer.as_bytes()).await;
            hold(stream).await;
        })
    }
}

async fn request(stream: &mut TlsStream<TcpStream>) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") && stream.read_buf(&mut read).await.unwrap_or(0) > 0 {}
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn a_sip_answer_is_judged_by_what_it_says() {
    let ca = ThrowawayCa::new().unwrap();
    let identity = ca.issue(&["sip.contoso.com"], now_valid()).unwrap();
    let protocol = "protocol: the SIP answer has another";
    for (first, replaced, expected) in [
        ("SIP/2.0 200 OK", &[][..], "pass"),
        ("\r\n\r\nSIP/2.0 200 OK", &[], "pass"),
        ("SIP/2.0 404 Not Found", &[], "pass"),
        ("SIP/2.0 503 Service Unavailable", &[], "unavailable: SIP 503 Service Unavailable"),
        ("SIP/2.0 504 Server time-out", &[], "degraded: SIP 504 Server time-out"),
        ("SIP/2.0 408", &[], "degraded: SIP 408"),
        ("SIP/2.0 100 Trying\r\nContent-Length: 0\r\n\r\nSIP/2.0 200 OK", &[], "pass"),
        ("SIP/2.0 183 Progress\r\nl: 4\r\n\r\nbodySIP/2.0 503 No", &[], "unavailable: SIP 503 No"),
        ("NOTIFY sip:a@b SIP/2.0\r\n\r\nSIP/2.0 200 OK", &[], "pass"),
        ("SIP/2.0 200 OK", &[("Call-ID", "Call-ID: other")], protocol),
        ("SIP/2.0 200 OK", &[("CSeq", "CSeq: 2 OPTIONS")], protocol),
        ("HTTP/1.1 400 Bad Request", &[], "protocol: what answers is not SIP: \"HTTP/1.1 400 Bad Request"),
        ("\u{0}\u{1}", &[], "protocol: what answers is not SIP"),
    ] {
        let address = tls_peer(server(&identity, rustls::ALL_VERSIONS), answering(first, replaced)).await;
        let got = said(target(CheckKind::Sip, address, trusting(&ca))).await;
        assert!(got.starts_with(expected), "{first:?} {replaced:?}: {got}");
    }
}

/// What a peer says in place of an answer, again and again, with a pause between.
async fn babbling(ca: &ThrowawayCa, says: &'static [u8], pause: Option<Duration>) -> SocketAddr {
    let identity = ca.issue(&["sip.contoso.com"], now_valid()).unwrap();
    let script = move |mut stream: TlsStream<TcpStream>| async move {
        request(&mut stream).await;
        while stream.write_all(says).await.is_ok() {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => tokio::task::yield_now().await,
            }
        }
    };
    tls_peer(server(&identity, rustls::ALL_VERSIONS), script).await
}

#[tokio::test]
async fn an_answer_that_never_ends_ends_the_probe() {
    let ca = ThrowawayCa::new().unwrap();
    let tenth = Some(Duration::from_millis(100));
    for (says, pause, timeout, expected) in [
        (&b""[..], Some(HOUR), SHORT, "timeout: no SIP answer within 400ms"),
        (b"S", tenth, SHORT, "timeout: no SIP answer within 400ms"),
        (b"\r\n", tenth, SHORT, "timeout: no SIP answer within 400ms"),
        (b"SIP/2.0 100 Trying\r\n\r\n", tenth, SHORT, "timeout: no final SIP answer within 400ms"),
        (b"SIP", None, GENEROUS, "protocol: no SIP answer in the first 16384 octets: begins \"SIPSIP"),
        (b"NOTIFY a SIP/2.0\r\nl: 99999\r\n", None, GENEROUS, "protocol: no SIP answer in the first 16384 octets"),
        (b"<html>\r\n", None, GENEROUS, "protocol: what answers is not SIP: \"<html>"),
    ] {
        let address = babbling(&ca, says, pause).await;
        let got = said(TargetSpec { timeout, ..target(CheckKind::Sip, address, trusting(&ca)) }).await;
        assert!(got.starts_with(expected), "{:?}: {got}", String::from_utf8_lossy(says));
    }
}

/// A simulated edge and a check of it.
async fn edge(kind: CheckKind) -> (SimulatedEdge, TargetSpec) {
    let ca = ThrowawayCa::new().unwrap();
    let identity = ca.issue(&["sip.contoso.com"], now_valid()).unwrap();
    let edge = SimulatedEdge::start(LOOPBACK, &identity).unwrap();
    let target = target(kind, edge.address(), trusting(&ca));
    (edge, target)
}

#[tokio::test]
async fn a_simulated_edge_can_be_broken_and_mended() {
    let (mut edge, target) = edge(CheckKind::Sip).await;
    assert_eq!(edge.mode(), Mode::Serving);
    for (mode, timeout, expected) in [
        (Mode::Serving, GENEROUS, "pass"),
        (Mode::Refusing, GENEROUS, "refused: connection refused"),
        (Mode::Serving, GENEROUS, "pass"),
        (Mode::Unavailable, GENEROUS, "unavailable: SIP 503 Service Unavailable"),
        (Mode::Silent, SHORT, "timeout: TLS handshake not finished within 400ms"),
        (Mode::Refusing, GENEROUS, "refused: connection refused"),
        (Mode::Refusing, GENEROUS, "refused: connection refused"),
        (Mode::Unavailable, GENEROUS, "unavailable: SIP 503 Service Unavailable"),
        (Mode::Serving, GENEROUS, "pass"),
    ] {
        edge.break_it(mode).await.unwrap();
        assert_eq!(edge.mode(), mode);
        assert_eq!(said(TargetSpec { timeout, ..target.clone() }).await, expected, "{mode:?}");
    }
}

/// A prober of these targets and what it sees.
fn prober(targets: &[TargetSpec]) -> (Prober, mpsc::Receiver<Observation>) {
    let (send, receive) = mpsc::channel(64);
    let mut prober = Prober::start(send);
    prober.retarget(targets.iter().cloned().map(Arc::new).collect());
    (prober, receive)
}

async fn next(seen: &mut mpsc::Receiver<Observation>) -> Observation {
    tokio::time::timeout(GENEROUS, seen.recv()).await.expect("an observation arrives").expect("the prober runs")
}

/// That nothing arrives can only be awaited; too short a wait makes this test weaker, never wrong.
async fn nothing_more(seen: &mut mpsc::Receiver<Observation>) {
    let more = tokio::time::timeout(Duration::from_millis(300), seen.recv()).await;
    assert!(more.is_err(), "nothing was due: {more:?}");
}

#[tokio::test]
async fn a_lost_connection_asks_at_once() {
    for kind in [CheckKind::Tcp, CheckKind::Tls, CheckKind::Sip] {
        let (mut edge, target) = edge(kind).await;
        let (_prober, mut seen) = prober(&[TargetSpec { tripwire: true, ..target }]);
        assert_eq!(words(&next(&mut seen).await), "pass");
        edge.break_it(Mode::Refusing).await.unwrap();
        assert_eq!(words(&next(&mut seen).await), "refused: connection refused", "{kind:?}, an hour before its turn");
    }
}

#[tokio::test]
async fn without_the_tripwire_a_lost_connection_waits_for_the_routine() {
    let (mut edge, target) = edge(CheckKind::Sip).await;
    let (_prober, mut seen) = prober(&[target]);
    assert_eq!(words(&next(&mut seen).await), "pass");
    edge.break_it(Mode::Refusing).await.unwrap();
    nothing_more(&mut seen).await;
}

#[tokio::test]
async fn a_failure_is_confirmed_and_then_left_to_the_routine() {
    let confirm = Duration::from_millis(20);
    let thresholds = Thresholds { fall: 3, rise: 2 };
    let (mut edge, target) = edge(CheckKind::Sip).await;
    let (_prober, mut seen) = prober(&[TargetSpec { confirm, thresholds, tripwire: true, ..target }]);
    for _ in 0..2 {
        assert_eq!(words(&next(&mut seen).await), "pass");
    }
    nothing_more(&mut seen).await;
    edge.break_it(Mode::Refusing).await.unwrap();
    for _ in 0..3 {
        assert_eq!(words(&next(&mut seen).await), "refused: connection refused");
    }
    nothing_more(&mut seen).await;
}

#[tokio::test]
async fn a_habitual_closer_is_left_alone() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let address = peer(move |stream| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move { drop(stream) }
    });
    let target = TargetSpec { tripwire: true, ..target(CheckKind::Tcp, address.await, TlsOptions::default()) };
    let (_prober, mut seen) = prober(&[target]);
    for _ in 0..2 {
        assert_eq!(words(&next(&mut seen).await), "pass", "the first probe and the one for its lost connection");
    }
    nothing_more(&mut seen).await;
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn routine_probes_replace_the_kept_connection_without_a_false_trip() {
    let open = Arc::new(AtomicUsize::new(0));
    let counted = open.clone();
    let address = peer(move |mut stream| {
        let open = counted.clone();
        async move {
            open.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 1]).await;
            open.fetch_sub(1, Ordering::SeqCst);
        }
    });
    let interval = Duration::from_millis(50);
    let spec = target(CheckKind::Tcp, address.await, TlsOptions::default());
    let (mut prober, mut seen) = prober(&[TargetSpec { tripwire: true, interval, confirm: interval, ..spec }]);
    let mut last = next(&mut seen).await.ended;
    for _ in 0..10 {
        let observation = next(&mut seen).await;
        assert_eq!(words(&observation), "pass");
        assert!(observation.started.duration_since(last) >= interval * 8 / 10, "nobody asked before its turn");
        last = observation.ended;
    }
    assert!(open.load(Ordering::SeqCst) <= 2, "one kept, and one that is being closed");
    prober.stop();
    while open.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn many_targets_are_all_probed_and_removed_ones_no_more() {
    let address = peer(hold).await;
    let all: Vec<TargetSpec> = (0..600)
        .map(|i| TargetSpec {
            domain: name(&format!("d{i}.example")),
            ..target(CheckKind::Tcp, address, TlsOptions::default())
        })
        .collect();
    let (mut prober, mut seen) = prober(&all);
    let mut domains = std::collections::HashSet::new();
    for _ in 0..all.len() {
        let observation = next(&mut seen).await;
        assert_eq!(words(&observation), "pass");
        domains.insert(observation.target.domain.clone());
    }
    assert_eq!(domains.len(), all.len(), "each of them once");
    let again: Vec<Arc<TargetSpec>> = all.iter().skip(1).cloned().map(Arc::new).collect();
    prober.retarget(again);
    assert_eq!(prober.targets(), all.len() - 1);
    nothing_more(&mut seen).await;
}

#[tokio::test]
async fn probing_ends_when_nobody_listens() {
    let open = Arc::new(AtomicUsize::new(0));
    let counted = open.clone();
    let address = peer(move |mut stream| {
        let open = counted.clone();
        async move {
            open.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 1]).await;
            open.fetch_sub(1, Ordering::SeqCst);
        }
    });
    let spec = target(CheckKind::Tcp, address.await, TlsOptions::default());
    let (_prober, mut seen) = prober(&[TargetSpec { tripwire: true, interval: Duration::from_millis(20), ..spec }]);
    next(&mut seen).await;
    drop(seen);
    while open.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
