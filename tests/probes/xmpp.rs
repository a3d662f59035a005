//! XMPP servers, with STARTTLS and with TLS from the first octet.

use super::*;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' \
                      id='1' from='contoso.com' version='1.0'>";
const OFFER: &str =
    "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>";
const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const FEATURES: &str = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></stream:features>";

/// What a server says to our header, to STARTTLS, and to our header over TLS.
#[derive(Clone)]
struct Script {
    plain: String,
    answer: String,
    secure: String,
}

fn good() -> Script {
    let [plain, secure] = [OFFER, FEATURES].map(|features| format!("{HEADER}{features}"));
    Script { plain, answer: PROCEED.to_owned(), secure }
}

/// Reads up to an octet that ends what we wait for.
async fn heard<S: tokio::io::AsyncRead + Unpin>(stream: &mut S, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        match stream.read_u8().await {
            Ok(octet) => read.push(octet),
            Err(_) => break,
        }
    }
    String::from_utf8(read).unwrap()
}

/// A server that follows the script; TLS comes first where it says nothing in the clear.
async fn xmpp(ca: &ThrowawayCa, names: &[&str], script: Script) -> SocketAddr {
    let identity = ca.issue(names, now_valid()).unwrap();
    let mut config = server(&identity, rustls::ALL_VERSIONS);
    config.alpn_protocols = vec![b"xmpp-server".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    peer(move |mut stream| {
        let (acceptor, script) = (acceptor.clone(), script.clone());
        async move {
            if !script.plain.is_empty() {
                assert!(heard(&mut stream, "version='1.0'>").await.contains("to='contoso.com'"));
                let _ = stream.write_all(script.plain.as_bytes()).await;
                if !heard(&mut stream, "/>").await.contains("<starttls ") {
                    return hold(stream).await;
                }
                let _ = stream.write_all(script.answer.as_bytes()).await;
            }
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            heard(&mut stream, "version='1.0'>").await;
            let _ = stream.write_all(script.secure.as_bytes()).await;
            let _ = stream.flush().await;
            hold(stream).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_stream_is_opened_before_and_after_tls() {
    let ca = ThrowawayCa::new().unwrap();
    let error = |name: &str| {
        format!("{HEADER}<stream:error><{name} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
    };
    type Case<'a> = (&'a dyn Fn(&mut Script), &'a str);
    let cases: [Case<'_>; 18] = [
        (&|_| {}, "pass"),
        (&|s| s.plain = s.plain.replace(" from='contoso.com'", ""), "pass"),
        (&|s| s.plain = s.plain.replace("'contoso.com'", "\"CONTOSO.com\""), "pass"),
        (&|s| s.secure = format!("{HEADER}<stream:features/>"), "pass"),
        (&|s| s.plain = error("host-unknown"), "unavailable: XMPP stream error host-unknown"),
        // A server that serves those alone who show a certificate (prosody: s2s_secure_auth) lives.
        (&|s| s.secure = error("not-authorized"), "pass"),
        (&|s| s.plain = error("not-authorized"), "unavailable: XMPP stream error not-authorized"),
        (
            &|s| s.secure = error("not-authorized").replace("from='contoso.com'", "from='other.example'"),
            "unavailable: XMPP stream error not-authorized",
        ),
        (&|s| s.secure = error("system-shutdown"), "unavailable: XMPP stream error system-shutdown"),
        (
            &|s| s.plain = s.plain.replace("from='contoso.com'", "from='other.example'"),
            "protocol: the XMPP stream is from \"other.example\", not from contoso.com",
        ),
        (
            &|s| s.plain = s.plain.replace("id='1' from='contoso.com' version='1.0'", "from='contoso.com'"),
            "protocol: the XMPP stream has not the version 1.0",
        ),
        (&|s| s.plain = format!("{HEADER}{FEATURES}"), "tls: the XMPP server does not offer STARTTLS"),
        (
            &|s| s.answer = PROCEED.replace("proceed", "failure"),
            "tls: the XMPP server answers STARTTLS with <failure/>",
        ),
        // What is said in the clear must not be read as if it had come over TLS.
        (
            &|s| s.answer = format!("{PROCEED}<stream:features/>"),
            "protocol: the XMPP server speaks on in the clear after <proceed/>",
        ),
        (
            &|s| s.plain = "SIP/2.0 400 Bad Request\r\n".into(),
            "protocol: what answers is not XMPP (no XML): \"SIP/2.0 400",
        ),
        (&|s| s.plain = "<html><body>".into(), "protocol: what answers is not XMPP (no stream): \"<html>"),
        (
            &|s| s.plain = format!("<!DOCTYPE x [<!ENTITY a 'b'>]>{HEADER}"),
            "protocol: what answers is not XMPP (forbidden XML)",
        ),
        (&|s| s.plain = format!("{HEADER}{}", "<a>".repeat(20)), "protocol: what answers is not XMPP (XML too deep)"),
    ];
    for (i, (change, expected)) in cases.into_iter().enumerate() {
        let mut script = good();
        change(&mut script);
        let address = xmpp(&ca, &["contoso.com"], script).await;
        let got = said(target(CheckKind::Xmpp, address, trusting(&ca))).await;
        assert!(got.starts_with(expected), "{i}: {got}");
    }
}

#[tokio::test]
async fn direct_tls_opens_one_stream() {
    let ca = ThrowawayCa::new().unwrap();
    let script = Script { plain: String::new(), ..good() };
    let address = xmpp(&ca, &["contoso.com"], script).await;
    let direct = asking(Ask::Xmpp { direct_tls: true }, address, trusting(&ca));
    assert_eq!(said(direct).await, "pass");
    let with_starttls = xmpp(&ca, &["contoso.com"], good()).await;
    let direct = TargetSpec { timeout: SHORT, ..asking(Ask::Xmpp { direct_tls: true }, with_starttls, trusting(&ca)) };
    assert_eq!(said(direct).await, "timeout: TLS handshake not finished within 400ms");
}

/// The certificate is for the domain, whatever host the SRV names (federation.md 3.1).
#[tokio::test]
async fn the_certificate_is_for_the_domain() {
    let ca = ThrowawayCa::new().unwrap();
    for (names, expected) in [
        (&["contoso.com"][..], "pass"),
        (&["xmpp.contoso.com", "contoso.com"], "pass"),
        (&["xmpp.contoso.com"], "certificate: certificate names [xmpp.contoso.com], not contoso.com"),
        (&["*.contoso.com"], "certificate: certificate names [*.contoso.com], not contoso.com"),
    ] {
        let address = xmpp(&ca, names, good()).await;
        assert_eq!(said(target(CheckKind::Xmpp, address, trusting(&ca))).await, expected);
    }
}

#[tokio::test]
async fn a_stream_that_never_ends_ends_the_probe() {
    let ca = ThrowawayCa::new().unwrap();
    let flood = |text: &'static str, pause: Option<Duration>| {
        peer(move |mut stream| async move {
            while stream.write_all(text.as_bytes()).await.is_ok() {
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => tokio::task::yield_now().await,
                }
            }
        })
    };
    let tenth = Some(Duration::from_millis(100));
    for (text, pause, timeout, expected) in [
        ("", Some(HOUR), SHORT, "timeout: no XMPP stream within 400ms"),
        ("<", Some(HOUR), SHORT, "timeout: no XMPP stream within 400ms"),
        (" ", tenth, SHORT, "timeout: no XMPP stream within 400ms"),
        (" ", None, GENEROUS, "protocol: no XMPP answer in the first 16384 octets"),
        (HEADER, Some(HOUR), SHORT, "timeout: no XMPP stream within 400ms"),
    ] {
        let address = flood(text, pause).await;
        let got = said(TargetSpec { timeout, ..target(CheckKind::Xmpp, address, trusting(&ca)) }).await;
        assert!(got.starts_with(expected), "{text:?}: {got}");
    }
    let endless = Script { plain: format!("{HEADER}<stream:features><x>"), ..good() };
    let address = xmpp(&ca, &["contoso.com"], endless).await;
    let got = said(TargetSpec { timeout: SHORT, ..target(CheckKind::Xmpp, address, trusting(&ca)) }).await;
    assert_eq!(got, "timeout: no XMPP stream within 400ms");
}
