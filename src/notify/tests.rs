use super::message::trial;
use super::spool::{Spool, Waiting};
use super::*;
use crate::limits::{NOTIFICATIONS_KEPT, NOTIFY_GIVE_UP};
use std::time::{Duration, UNIX_EPOCH};

fn message(at: u64) -> Message {
    Message { at, body: format!("message {at}") }
}

#[test]
fn a_queue_keeps_its_order_over_a_restart_and_never_uses_a_number_twice() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(directory.path()).unwrap();
    // Two in the same millisecond, and one after the clock was set back.
    for at in [5, 5, 3] {
        assert_eq!(spool.put(&message(at)).unwrap(), 0);
    }
    let mut spool = Spool::open(directory.path()).unwrap();
    let mut told = Vec::new();
    while let Some(Waiting { number, message }) = spool.oldest() {
        told.push((number, message.body));
        spool.done(number);
    }
    let expected = [(5, "message 5"), (6, "message 5"), (7, "message 3")].map(|(n, body)| (n, body.to_owned()));
    assert_eq!(told, expected);
    assert_eq!(Spool::open(directory.path()).unwrap().len(), 0);
}

#[test]
fn the_oldest_give_way_where_nobody_takes_them() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(directory.path()).unwrap();
    let most = NOTIFICATIONS_KEPT as u64;
    let dropped: usize = (1..=most + 3).map(|at| spool.put(&message(at)).unwrap()).sum();
    assert_eq!((dropped, spool.len()), (3, NOTIFICATIONS_KEPT));
    assert_eq!(spool.oldest().unwrap().number, 4);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), NOTIFICATIONS_KEPT);
}

#[test]
fn what_cannot_be_read_holds_up_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(directory.path()).unwrap();
    assert_eq!([1, 2].map(|at| spool.put(&message(at)).unwrap()), [0, 0]);
    std::fs::write(directory.path().join("00000000000000000001.json"), [0xff, 0xfe]).unwrap();
    std::fs::write(directory.path().join("notes.txt"), "somebody else's").unwrap();
    assert_eq!(spool.oldest().unwrap().number, 2);
}

#[test]
fn a_message_says_what_where_and_when() {
    let Message { at, body } = trial(UNIX_EPOCH + Duration::from_millis(1_700_000_000_123));
    assert_eq!(at, 1_700_000_000_123);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["type"], "edgesteer.trial");
    assert_eq!(body["timestamp"], "2023-11-14T22:13:20.123Z");
    assert_eq!(body["text"], "edgesteer: this is a trial message; nothing has happened");
    assert_eq!(body["data"]["what"], "trial");
}

#[test]
fn yesterdays_news_is_not_told() {
    let now = UNIX_EPOCH + Duration::from_secs(10_000_000);
    let age = NOTIFY_GIVE_UP.as_secs();
    assert!(!is_stale(10_000_000 - age, now));
    assert!(is_stale(10_000_000 - age - 1, now));
    assert!(!is_stale(10_000_001, now), "a clock that was set back makes nothing old");
}
