use super::Manager;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const WATCHDOG: Duration = Duration::from_secs(20);

/// A manager with a watchdog, and its end of the socket.
fn manager() -> (Manager, UnixDatagram) {
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    (Manager { socket: Some(Arc::new(ours)), watchdog: Some(WATCHDOG) }, theirs)
}

fn heard(socket: &UnixDatagram) -> Vec<String> {
    let mut room = [0; 256];
    let next = || socket.recv(&mut room).ok().map(|length| String::from_utf8_lossy(&room[..length]).into_owned());
    std::iter::from_fn(next).collect()
}

#[tokio::test(start_paused = true)]
async fn the_watchdog_is_fed_only_by_who_answers() {
    let (manager, socket) = manager();
    let stuck = Arc::new(AtomicBool::new(false));
    let is_stuck = stuck.clone();
    let feeding = manager.feed(move || {
        let is_stuck = is_stuck.load(Ordering::Relaxed);
        async move { if is_stuck { std::future::pending().await } else { true } }
    });
    tokio::time::sleep(WATCHDOG).await;
    assert!(heard(&socket).len() >= 2, "fed at least twice within the watchdog's time");
    stuck.store(true, Ordering::Relaxed);
    tokio::time::sleep(10 * WATCHDOG).await;
    assert_eq!(heard(&socket), Vec::<String>::new(), "whoever does not answer is not alive");
    stuck.store(false, Ordering::Relaxed);
    tokio::time::sleep(WATCHDOG).await;
    assert_eq!(heard(&socket).first().map(String::as_str), Some("WATCHDOG=1"));
    feeding.unwrap().abort();
}

#[tokio::test]
async fn nobody_is_fed_who_did_not_ask() {
    let (manager, _socket) = manager();
    assert!(Manager { watchdog: None, ..manager.clone() }.feed(|| async { true }).is_none());
    assert!(Manager { socket: None, ..manager }.feed(|| async { true }).is_none());
}
