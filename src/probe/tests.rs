use super::*;

#[tokio::test]
async fn a_panic_is_a_failed_probe() {
    let panicking = async {
        tokio::task::yield_now().await;
        assert_eq!(1, 2, "on purpose");
        Err(failure(FailureClass::Closed, "never"))
    };
    let failed = guarded(Box::pin(panicking)).await.err().unwrap();
    assert_eq!((failed.class, &*failed.detail), (FailureClass::Protocol, "internal: the probe panicked"));
}

#[test]
fn what_a_peer_said_fits_a_line() {
    for (said, shown) in [
        (&b"HTTP/1.1 400 Bad Request\r\nServer: x"[..], "HTTP/1.1 400 Bad Request  Server: x"),
        (b"\x1b[31mred\x07", "[31mred"),
        (b"", ""),
    ] {
        assert_eq!(quoted(said), shown);
    }
    assert_eq!(quoted(&[b'a'; 5000]).len(), QUOTE_MAX);
}

#[test]
fn random_numbers_differ() {
    let all: std::collections::HashSet<u64> = (0..1000).map(|_| random()).collect();
    assert_eq!(all.len(), 1000);
}
