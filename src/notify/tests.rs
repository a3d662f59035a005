use super::message::trial;
use super::sink::Sink;
use super::spool::{Spool, Waiting};
use super::*;
use crate::config::{Recipient, Rung, Way};
use crate::control::{Asked, Lost, Step, Trial};
use crate::limits::{NOTIFICATIONS_KEPT, NOTIFY_GIVE_UP};
use crate::steering::Basis;
use std::time::{Duration, Instant, UNIX_EPOCH};

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
    while let (Some(Waiting { number, message }), 0) = spool.oldest() {
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
    assert_eq!(spool.oldest().0.unwrap().number, 4);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), NOTIFICATIONS_KEPT);
}

#[test]
fn what_cannot_be_read_holds_up_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(directory.path()).unwrap();
    assert_eq!([1, 2].map(|at| spool.put(&message(at)).unwrap()), [0, 0]);
    std::fs::write(directory.path().join("00000000000000000001.json"), [0xff, 0xfe]).unwrap();
    std::fs::write(directory.path().join("notes.txt"), "somebody else's").unwrap();
    let (oldest, unreadable) = spool.oldest();
    assert_eq!((oldest.unwrap().number, unreadable), (2, 1));
    std::fs::remove_file(directory.path().join("00000000000000000002.json")).unwrap();
    assert_eq!(spool.oldest(), (None, 0), "what is gone was told by somebody");
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_queue_of_which_nothing_can_be_read_is_no_reason_to_fall_silent() {
    let directory = tempfile::tempdir().unwrap();
    let (queue, told) = (directory.path().join("page"), directory.path().join("told"));
    std::fs::create_dir(&queue).unwrap();
    std::fs::write(queue.join("00000000000000000001.json"), [0xff, 0xfe]).unwrap();
    let registry = Registry::new();
    let metrics = Metrics::new(&registry).unwrap();
    let command = ["/bin/sh", "-c", &format!("cat >> {}", told.display())].map(str::to_owned).to_vec();
    let (to, on, timeout) = (Recipient::Command(command), vec![Topic::Failover], Duration::from_secs(10));
    let notify = Notify { name: "page".to_owned(), to, on, timeout };
    let sink = Sink::start(notify, directory.path(), metrics.clone()).unwrap();
    let count = |outcome| metrics.messages.with_label_values(&["page", outcome]).get();
    eventually("what cannot be read is counted", || count("dropped") == 1);
    sink.put(&trial(SystemTime::now()));
    eventually("the next one is told", || count("sent") == 1);
    assert!(std::fs::read_to_string(told).unwrap().contains("trial message"));
    eventually("nothing waits", || metrics.waiting.with_label_values(&["page"]).get() == 0);
    drop(sink);
    let families = registry.gather();
    let left = families.iter().filter(|family| family.name() == "edgesteer_notifications_waiting");
    assert_eq!(left.count(), 0, "of whom nobody tells any more, nothing waits");
}

fn names(pools: &[&str]) -> Vec<String> {
    pools.iter().map(|pool| (*pool).to_owned()).collect()
}

/// Clients of one region that moved.
fn moved(from: &[&str], to: &[&str], lost: &[(&str, &'static str)], was: Basis, basis: Basis) -> Event {
    let lost = lost.iter().map(|(pool, how)| Lost { pool: (*pool).to_owned(), how }).collect();
    let (from, to, regions) = (names(from), names(to), names(&["near"]));
    let (generation, decided, published) = (7, Duration::ZERO, Duration::ZERO);
    Event::Moved(Move {
        service: "web".to_owned(),
        regions,
        from,
        to,
        lost,
        was,
        basis,
        generation,
        decided,
        published,
    })
}

#[test]
fn people_are_told_what_happened_to_what() {
    let dark = Basis::AllDown(Rung::LastGood);
    let (a, b) = (["a"], ["b"]);
    let (proven, unproven, failover, failback) =
        (Basis::Proven, Basis::Unproven, Some(Topic::Failover), Some(Topic::Failback));
    let asked = |way, why: &str| {
        let (gate, services, why) = ("board".to_owned(), names(&["web", "sip"]), why.to_owned());
        Event::Gate { said: Asked { gate, services, way, why }, generation: 7 }
    };
    let tried = |step, gate: Option<&str>| {
        let (service, pool, gate) = ("web".to_owned(), "a".to_owned(), gate.map(str::to_owned));
        Event::Trial(Trial { service, pool, step, gate })
    };
    let began = Step::Began { share: 500, length: Duration::from_secs(600) };
    let table = [
        (
            moved(&a, &b, &[("a", "is lost")], proven, proven),
            failover,
            "web: a is lost; partners (near) are now sent to b",
        ),
        (
            moved(&a, &b, &[("a", "is degraded")], proven, proven),
            failover,
            "web: a is degraded; partners (near) are now sent to b",
        ),
        (moved(&b, &a, &[], proven, proven), failback, "web: partners (near) are sent back to a, from b"),
        (moved(&a, &a, &[], unproven, proven), None, ""),
        (moved(&a, &a, &[], proven, dark), failover, "web: every pool is down; partners (near) are told a (last-good)"),
        (
            moved(&a, &a, &[], dark, proven),
            failback,
            "web: no longer is every pool down; partners (near) are sent to a (proven alive)",
        ),
        (
            moved(&[], &a, &[], Basis::AllDown(Rung::NoData), unproven),
            failback,
            "web: no longer is every pool down; partners (near) are sent to a (not known to be down)",
        ),
        (
            moved(&a, &b, &[("a", "is lost")], dark, proven),
            failover,
            "web: a is lost; partners (near) are now sent to b",
        ),
        (
            asked(None, "clients would be sent elsewhere"),
            failover,
            "gate board is asked whether clients of web, sip may be sent elsewhere",
        ),
        (asked(Some(Way::Stay), "not at night"), failover, "gate board says stay for web, sip: not at night"),
        (tried(began, None), failback, "web: canary of a: 5 % of client networks try it for 600 s"),
        (
            tried(began, Some("board")),
            failback,
            "web: canary of a: 5 % of client networks try it for 600 s, once gate board lets them",
        ),
        (tried(Step::Passed, None), failback, "web: canary of a: everybody prefers it again whose order says so"),
    ];
    for (event, about, text) in table {
        assert_eq!(topic(&event), about, "{event:?}");
        if let Some(topic) = about {
            let body: serde_json::Value = serde_json::from_str(&Message::of(topic, &event, UNIX_EPOCH).body).unwrap();
            assert_eq!(body["text"], text);
        }
    }
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
