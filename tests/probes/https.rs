//! HTTP over TLS.

use super::*;
use edgesteer::config::Config;
use std::sync::Mutex;

/// The check of a configuration's service, whose check has these keys.
pub(super) fn ask(check: &str) -> Ask {
    let text = format!(
        "[server]\nlisten = [\"127.0.0.1:5300\"]\n[zone.\"contoso.com\"]\nns = {{ \"ns1.contoso.com\" = [\"192.0.2.53\"] }}\n\
         [pool.a]\nlocation = \"KR\"\nendpoints = [\"192.0.2.1\"]\n[pool.b]\nlocation = \"IE\"\nendpoints = [\"192.0.2.2\"]\n\
         [service.web]\nkind = \"generic\"\naddress = \"web.{{domain}}\"\ndomains = [\"contoso.com\"]\npools = [\"a\", \"b\"]\n\
         check = {{ {check} }}\n"
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("edgesteer.toml");
    std::fs::write(&path, text).unwrap();
    let (config, _): (Config, _) = edgesteer::config::load(&path).unwrap_or_else(|errors| panic!("{errors}"));
    config.services[0].check.ask.clone()
}

/// A server that answers each request with the text, and the requests that it saw.
pub(super) async fn answering(ca: &ThrowawayCa, answer: &'static str) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let identity = ca.issue(&["sip.contoso.com", "contoso.com"], now_valid()).unwrap();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = requests.clone();
    let script = move |mut stream: TlsStream<TcpStream>| {
        let seen = seen.clone();
        async move {
            loop {
                let request = sip::request(&mut stream).await;
                if request.is_empty() {
                    return;
                }
                seen.lock().unwrap().push(request);
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.flush().await;
                if answer.contains("HTTP/1.0") || answer.contains("Connection: close") {
                    let _ = stream.shutdown().await;
                }
            }
        }
    };
    (tls_peer(server(&identity, rustls::ALL_VERSIONS), script).await, requests)
}

#[tokio::test]
async fn an_http_answer_is_judged_by_status_and_body() {
    let ca = ThrowawayCa::new().unwrap();
    let plain = "kind = \"https\", port = 443";
    let found = "kind = \"https\", port = 443, status = [200, \"300-399\"]";
    let body = "kind = \"https\", port = 443, contains = \"all is well\"";
    let head = "kind = \"https\", port = 443, method = \"HEAD\"";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nall is\r\n5\r\n well\r\n0\r\n\r\n";
    let moved = "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n";
    for (check, answer, expected) in [
        (plain, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "pass"),
        (plain, "HTTP/1.0 200 OK\r\n\r\nok", "pass"),
        (plain, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "pass"),
        (
            plain,
            "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
            "unavailable: HTTP 503 Service Unavailable and not 200",
        ),
        (plain, "HTTP/1.1 204 No Content\r\n\r\n", "unavailable: HTTP 204 No Content and not 200"),
        (plain, moved, "unavailable: HTTP 302 Found and not 200"),
        (found, moved, "pass"),
        (
            found,
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "unavailable: HTTP 404 Not Found and not 200, 300-399",
        ),
        (body, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<all is well/>\r\n", "pass"),
        (body, chunked, "pass"),
        (
            body,
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsick",
            "unavailable: HTTP 200 OK, without \"all is well\" in its body: \"sick\"",
        ),
        (head, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", "pass"),
        (plain, "220 mail.contoso.com ESMTP\r\n", "protocol: what answers is not HTTP: "),
        (plain, "SIP/2.0 200 OK\r\n\r\n", "protocol: what answers is not HTTP: "),
        (
            plain,
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nok",
            "closed: connection closed before the HTTP answer",
        ),
    ] {
        let (address, _) = answering(&ca, answer).await;
        let got = said(asking(ask(check), address, trusting(&ca))).await;
        assert!(got.starts_with(expected), "{answer:?}: {got}");
    }
}

/// federation.md 1.5: with an Accept field, the probed path of a Front End answers otherwise.
#[tokio::test]
async fn a_request_says_what_it_must_and_no_more() {
    let ca = ThrowawayCa::new().unwrap();
    let (address, requests) = answering(&ca, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let check = "kind = \"https\", port = 443, path = \"/autodiscover/autodiscoverservice.svc/root\"";
    assert_eq!(said(asking(ask(check), address, trusting(&ca))).await, "pass");
    let request = requests.lock().unwrap()[0].to_lowercase();
    let mut fields: Vec<&str> = request.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    fields.sort_unstable();
    assert!(request.starts_with("get /autodiscover/autodiscoverservice.svc/root http/1.1\r\n"), "{request}");
    assert_eq!(fields, ["host", "user-agent"], "{request}");
    assert!(request.contains(&format!("host: sip.contoso.com:{}\r\n", address.port())), "{request}");
}

#[tokio::test]
async fn an_http_answer_that_never_ends_ends_the_probe() {
    let ca = ThrowawayCa::new().unwrap();
    let tenth = Some(Duration::from_millis(100));
    let body = "kind = \"https\", port = 443, contains = \"x\"";
    for (says, pause, timeout, expected) in [
        (&b""[..], Some(HOUR), SHORT, "timeout: no HTTP answer within 400ms"),
        (b"H", tenth, SHORT, "timeout: no HTTP answer within 400ms"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", tenth, SHORT, "timeout: no HTTP answer within 400ms"),
        (b"HTTP/1.1 200 OK\r\nX: yyyyyyyyyyyyyyyyyyyyy\r\n", None, GENEROUS, "protocol: "),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
            Some(HOUR),
            SHORT,
            "timeout: HTTP answer not finished within 400ms",
        ),
        // The bound ends what the deadline would.
        (b"HTTP/1.1 200 OK\r\n\r\n", None, GENEROUS, "unavailable: HTTP 200 OK, without \"x\" in its body: "),
    ] {
        let address = sip::babbling(&ca, says, pause).await;
        let got = said(TargetSpec { timeout, ..asking(ask(body), address, trusting(&ca)) }).await;
        assert!(got.starts_with(expected), "{:?}: {got}", String::from_utf8_lossy(says));
    }
}

#[tokio::test]
async fn a_connection_that_its_server_closes_after_the_answer_is_not_kept() {
    let ca = ThrowawayCa::new().unwrap();
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ] {
        let (address, _) = answering(&ca, answer).await;
        let spec = TargetSpec { tripwire: true, ..target(CheckKind::Https, address, trusting(&ca)) };
        let (_prober, mut seen) = schedule::prober(&[spec]);
        assert_eq!(words(&schedule::next(&mut seen).await), "pass");
        schedule::nothing_more(&mut seen).await;
    }
}
