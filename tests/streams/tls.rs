//! DNS over TLS: the handshake, those who mean something else, and another certificate while connections are open.

use crate::Responder;
use crate::client::{ask, asked, connect, ids};
use crate::common::eventually;
use crate::common::tls::{self, Stream, shake};
use rustix::process::Signal;
use rustls::SupportedProtocolVersion;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::{TLS12, TLS13};
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;

/// A connection before its handshake, of a client that offers these protocols.
fn client(responder: &Responder, version: &'static SupportedProtocolVersion, alpn: &[&str]) -> Stream {
    tls::client(responder.ca.pem(), responder.tls, version, alpn)
}

/// The certificate that a new connection is shown, as PEM says it.
fn shown(responder: &Responder) -> CertificateDer<'static> {
    let mut stream = client(responder, &TLS13, &["dot"]);
    shake(&mut stream).unwrap();
    ask(&mut stream, 1);
    stream.conn.peer_certificates().unwrap()[0].clone().into_owned()
}

#[test]
fn it_is_spoken_in_both_versions_and_counted_as_tls() {
    let responder = Responder::start();
    for (version, alpn, agreed) in
        [(&TLS12, &["dot"][..], Some(&b"dot"[..])), (&TLS13, &["h2", "dot"], Some(b"dot")), (&TLS13, &[], None)]
    {
        let mut stream = client(&responder, version, alpn);
        shake(&mut stream).unwrap();
        assert_eq!((stream.conn.alpn_protocol(), stream.conn.protocol_version()), (agreed, Some(version.version)));
        ask(&mut stream, 1);
        stream.write_all(&(0..1000).flat_map(asked).collect::<Vec<_>>()).unwrap();
        stream.conn.send_close_notify();
        stream.flush().unwrap();
        assert_eq!(ids(&mut stream), (0..1000).collect::<Vec<_>>());
    }
    let counted = "edgesteer_dns_queries_total{lane=\"full\",rcode=\"NOERROR\",transport=\"tls\"}";
    assert_eq!(responder.server.metric(counted), Some(3003.0));
    eventually("every seat is given back", || (responder.connections("tls") == 0).then_some(()));
    assert_eq!(responder.refused("tls", "handshake"), 0);
}

#[test]
fn who_means_something_else_is_refused_and_the_next_is_served() {
    let responder = Responder::start();
    let files = responder.files();
    let mut wrong = client(&responder, &TLS13, &["h2"]);
    let refusal = shake(&mut wrong).unwrap_err();
    assert!(refusal.to_string().contains("NoApplicationProtocol"), "{refusal}");

    // Plain DNS at the TLS port.
    let mut plain = connect(responder.tls);
    plain.write_all(&asked(1)).unwrap();
    let _ = plain.read_to_end(&mut Vec::new());

    // The client hello cut short at every eighth octet, and a peer that ends or resets there.
    let mut hello = Vec::new();
    client(&responder, &TLS13, &["dot"]).conn.write_tls(&mut hello).unwrap();
    for cut in (0..hello.len()).step_by(8) {
        let mut peer = connect(responder.tls);
        peer.write_all(&hello[..cut]).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        let _ = peer.read_to_end(&mut Vec::new());
    }
    // The third is the one that was opened for its hello alone, and never said it.
    let refused = 3 + hello.len().div_ceil(8) as u64;
    eventually("each is counted", || (responder.refused("tls", "handshake") == refused).then_some(()));
    drop((wrong, plain));
    eventually("nothing is kept of them", || (responder.files() <= files).then_some(()));
    shown(&responder);
}

#[test]
fn a_handshake_that_does_not_end_is_ended() {
    let responder = Responder::start();
    let mut hello = Vec::new();
    client(&responder, &TLS13, &["dot"]).conn.write_tls(&mut hello).unwrap();
    let mut silent: Vec<_> = [0, 1, hello.len() / 2, hello.len()]
        .map(|said| {
            let mut peer = connect(responder.tls);
            peer.write_all(&hello[..said]).unwrap();
            peer
        })
        .into();
    for peer in &mut silent {
        // A reset is an end too; a time-out is none.
        if let Err(error) = peer.read_to_end(&mut Vec::new()) {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
        }
    }
    eventually("every seat is given back", || (responder.connections("tls") == 0).then_some(()));
}

#[test]
fn another_certificate_is_shown_after_a_reload_and_a_bad_one_never() {
    let mut responder = Responder::start();
    let first = shown(&responder);
    let mut lasting = client(&responder, &TLS13, &["dot"]);
    shake(&mut lasting).unwrap();

    // The new certificate is there, its key not yet: nothing changes.
    let key = std::fs::read(responder.scene.path().join("key.pem")).unwrap();
    tls::certify(&responder.scene, &responder.ca);
    let new_key = std::fs::read(responder.scene.path().join("key.pem")).unwrap();
    std::fs::write(responder.scene.path().join("key.pem"), key).unwrap();
    responder.server.signal(Signal::HUP);
    responder.server.wait_for_log("error[mismatched-identity]");
    assert_eq!(shown(&responder), first);
    assert_eq!(responder.server.metric("edgesteer_config_last_reload_success"), Some(0.0));

    std::fs::write(responder.scene.path().join("key.pem"), new_key).unwrap();
    responder.server.signal(Signal::HUP);
    responder.server.wait_for_log("reload: taken over");
    let second = CertificateDer::from_pem_file(responder.scene.path().join("chain.pem")).unwrap();
    assert_ne!(second, first);
    eventually("the new certificate is shown", || (shown(&responder) == second).then_some(()));
    assert!(responder.server.log().contains("reload: [server] tls.cert changed"));
    ask(&mut lasting, 1);
}
