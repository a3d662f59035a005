//! SIP over TLS.

use super::*;

/// Reads a request and answers with the first line given, the request's own fields but those replaced, and no body.
pub(super) fn answering(
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

pub(super) async fn request(stream: &mut TlsStream<TcpStream>) -> String {
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
pub(super) async fn babbling(ca: &ThrowawayCa, says: &'static [u8], pause: Option<Duration>) -> SocketAddr {
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
