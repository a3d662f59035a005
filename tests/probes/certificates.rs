//! Which certificates hold, ours and theirs.

use super::*;

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
        let odd = TargetSpec {
            server_name: name(text),
            names: [name(text)].into(),
            ..target(CheckKind::Tls, address, trusting(&ca))
        };
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
        let address = tls_peer(demanding(&ca, version), super::sip::answering("SIP/2.0 200 OK", &[])).await;
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

#[tokio::test]
async fn a_certificate_must_hold_for_every_name_that_is_handed_out() {
    let ca = ThrowawayCa::new().unwrap();
    let both = serving(&ca, &["sip.contoso.com", "sip.fabrikam.example"], now_valid()).await;
    let wild = serving(&ca, &["*.contoso.com", "sip.fabrikam.example"], now_valid()).await;
    let deep = serving(&ca, &["*.example", "sip.contoso.com"], now_valid()).await;
    let one = serving(&ca, &["sip.contoso.com"], now_valid()).await;
    let names: Arc<[Name]> = ["sip.contoso.com", "sip.fabrikam.example"].map(name).into();
    let missing = "certificate: certificate names [sip.contoso.com], not sip.fabrikam.example";
    for (address, expected) in [
        (both, "pass"),
        (wild, "pass"),
        // A wildcard stands for one label (RFC 6125 6.4.3).
        (deep, "certificate: certificate names [*.example, sip.contoso.com], not sip.fabrikam.example"),
        (one, missing),
    ] {
        let spec = TargetSpec { names: names.clone(), ..target(CheckKind::Tls, address, trusting(&ca)) };
        assert_eq!(said(spec).await, expected);
    }
    let three = ["a.example", "sip.contoso.com", "b.example"].map(name).into();
    let spec = TargetSpec { names: three, ..target(CheckKind::Tls, one, trusting(&ca)) };
    let expected =
        "certificate: certificate names [sip.contoso.com], not a.example and 1 more of the 3 names that peers come for";
    assert_eq!(said(spec).await, expected);
}

#[tokio::test]
async fn it_is_told_when_a_certificate_ends() {
    let ca = ThrowawayCa::new().unwrap();
    let end = SystemTime::now() + 3 * DAY;
    let address = serving(&ca, &["sip.contoso.com"], SystemTime::now() - DAY..end).await;
    let expected = end.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64;
    let wrong_name = TargetSpec { names: [name("a.example")].into(), ..target(CheckKind::Tls, address, trusting(&ca)) };
    for spec in [target(CheckKind::Tls, address, trusting(&ca)), wrong_name] {
        assert_eq!(observe(Arc::new(spec)).await.not_after, Some(expected));
    }
    let plain = target(CheckKind::Tcp, address, TlsOptions::default());
    assert_eq!(observe(Arc::new(plain)).await.not_after, None);
}
