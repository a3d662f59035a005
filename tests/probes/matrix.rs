//! Matrix homeservers.

use super::*;
use std::time::UNIX_EPOCH;

const VERSION: &str = r#"{"server":{"name":"Synapse","version":"1"}}"#;

/// Keys that are valid for another day.
fn keys(server: &str) -> String {
    let until = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() + DAY.as_millis();
    format!(r#"{{"server_name":"{server}","verify_keys":{{"ed25519:1":{{"key":"x"}}}},"valid_until_ts":{until}}}"#)
}

/// A homeserver that tells this version and these keys, each with its status; `lasting` connections see both requests.
async fn homeserver(ca: &ThrowawayCa, version: (u16, &str), keys: (u16, &str), lasting: bool) -> SocketAddr {
    let identity = ca.issue(&["contoso.com"], now_valid()).unwrap();
    let close = if lasting { "" } else { "Connection: close\r\n" };
    let answer = |(status, body): (u16, &str)| {
        format!("HTTP/1.1 {status} X\r\n{close}Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let (version, keys): (Arc<str>, Arc<str>) = (answer(version).into(), answer(keys).into());
    let script = move |mut stream: TlsStream<TcpStream>| {
        let (version, keys) = (version.clone(), keys.clone());
        async move {
            loop {
                let request = sip::request(&mut stream).await;
                let answer = match request.split(' ').nth(1) {
                    Some("/_matrix/federation/v1/version") => &version,
                    Some("/_matrix/key/v2/server") => &keys,
                    _ => return,
                };
                assert!(request.to_lowercase().contains("host: contoso.com\r\n"), "{request}");
                let _ = stream.write_all(answer.as_bytes()).await;
                if !lasting {
                    let _ = stream.shutdown().await;
                }
            }
        }
    };
    tls_peer(server(&identity, rustls::ALL_VERSIONS), script).await
}

#[tokio::test]
async fn a_homeserver_tells_its_version_and_keys() {
    let ca = ThrowawayCa::new().unwrap();
    let good = keys("contoso.com");
    let ok = (200, VERSION);
    let expired = good.replace("\"valid_until_ts\":", "\"valid_until_ts\":1,\"was\":");
    for (version, keys, expected) in [
        (ok, (200, &*good), "pass"),
        (ok, (200, &*keys("CONTOSO.com")), "pass"),
        ((502, ""), (200, &*good), "unavailable: HTTP 502 Bad Gateway for /_matrix/federation/v1/version"),
        (ok, (502, ""), "unavailable: HTTP 502 Bad Gateway for /_matrix/key/v2/server"),
        ((200, "<html>"), (200, &*good), "protocol: /_matrix/federation/v1/version is not JSON: \"<html>\""),
        ((200, "{}"), (200, &*good), "protocol: /_matrix/federation/v1/version does not tell a server: {}"),
        (ok, (200, "[]"), "protocol: /_matrix/key/v2/server tells no server_name: []"),
        (
            ok,
            (200, &*keys("other.example")),
            "protocol: /_matrix/key/v2/server is that of \"other.example\", not of contoso.com",
        ),
        (ok, (200, &*expired), "unavailable: the homeserver's signing keys have expired"),
    ] {
        for lasting in [true, false] {
            let address = homeserver(&ca, version, keys, lasting).await;
            assert_eq!(said(target(CheckKind::Matrix, address, trusting(&ca))).await, expected, "{lasting}");
        }
    }
}

#[tokio::test]
async fn a_homeserver_found_by_another_name_may_speak_of_any_domain() {
    let ca = ThrowawayCa::new().unwrap();
    let address = homeserver(&ca, (200, VERSION), (200, &keys("fabrikam.example")), true).await;
    let spec = TargetSpec { domain: Name::root(), ..target(CheckKind::Matrix, address, trusting(&ca)) };
    assert_eq!(said(spec).await, "pass");
}
