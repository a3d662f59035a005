//! Connecting, and what answers that is no server of the protocol.

use super::*;

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
    for (word, kind) in CheckKind::WORDS.iter().filter(|(_, kind)| kind.needs_port()) {
        let got = said(target(*kind, refused_address().await, TlsOptions::default())).await;
        let expected = if *word == "stun" { "refused: port unreachable" } else { "refused: connection refused" };
        assert_eq!(got, expected, "{word}");
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
    for kind in [CheckKind::Tls, CheckKind::Sip, CheckKind::Https, CheckKind::Matrix] {
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
