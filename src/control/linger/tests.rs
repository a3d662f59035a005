use super::*;
use crate::control::Beliefs;
use crate::health::{FailureClass, Grounds, Held, Hold, Outcome};
use crate::snapshot::Publisher;
use crate::testing::{POOLS, ZONE, service, topology};
use std::sync::Arc;

fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

/// A world in which changes are published as the control task does it.
struct Story {
    beliefs: Beliefs,
    publisher: Publisher,
    linger: Linger,
    start: Instant,
}

impl Story {
    fn new(more: &str) -> Self {
        let topology = topology(&[ZONE, POOLS, &service(more)].concat());
        let (mut beliefs, start) = (Beliefs::new(topology.clone()), Instant::now());
        for target in &topology.targets {
            beliefs.observe(target, &Outcome::Pass, start);
        }
        let publisher = Publisher::new(topology, beliefs.render_all(start));
        Self { beliefs, publisher, linger: Linger::default(), start }
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    fn publish(&mut self, seconds: u64) {
        let (before, now) = (self.publisher.lake().load(), self.at(seconds));
        let rows: Vec<Arc<Row>> = self.beliefs.render_all(now).into_iter().map(Arc::new).collect();
        let rows = || rows.iter().enumerate().map(|(i, row)| (crate::ids::ServiceId::at(i), row.clone()));
        self.publisher.apply(rows());
        let after = self.publisher.lake().load();
        for (id, row) in rows() {
            self.linger.changed(&after, after.topology.service(id), (before.row(id), &*row), now);
        }
    }

    /// An endpoint's check fails, or passes, often enough to be believed.
    fn endpoint_is(&mut self, address: &str, up: bool, seconds: u64) {
        let topology = self.publisher.lake().load().topology.clone();
        let outcome = if up { Outcome::Pass } else { Outcome::fail(FailureClass::Refused, "refused") };
        for target in topology.targets.iter().filter(|target| target.address.ip().to_string() == address) {
            (0..3).for_each(|_| drop(self.beliefs.observe(target, &outcome, self.at(seconds))));
        }
        self.publish(seconds);
    }

    fn hold(&mut self, text: &str, held: Held, seconds: u64) -> String {
        let grounds = Grounds::new("test", "test").unwrap();
        self.beliefs.hold(subject(text), Hold { held, grounds, made: 0, ends: None });
        self.publish(seconds);
        let (snapshot, now) = (self.publisher.lake().load(), self.at(seconds));
        self.linger.await_leave(&snapshot, &subject(text), now);
        self.stands(text, seconds)
    }

    fn stands(&self, text: &str, seconds: u64) -> String {
        match self.linger.of(&self.publisher.lake().load(), &subject(text), self.at(seconds)) {
            Lingers::Named => "named".to_owned(),
            Lingers::Gone => "gone".to_owned(),
            Lingers::Until(until) => (until - self.start).as_secs().to_string(),
        }
    }

    fn due(&mut self, seconds: u64) -> Vec<String> {
        let (snapshot, now) = (self.publisher.lake().load(), self.at(seconds));
        self.linger.due(&snapshot, now).iter().map(ToString::to_string).collect()
    }
}

#[test]
fn a_drained_pool_lingers_for_the_ttl_and_is_told_once() {
    let mut story = Story::new("ttl = \"90s\"");
    assert_eq!(story.stands("seoul", 5), "named");
    assert_eq!(story.hold("seoul", Held::Drain, 10), "100");
    assert_eq!(story.linger.next_due(), Some(story.at(100)));
    assert_eq!(story.due(99), [""; 0]);
    assert_eq!(story.due(100), ["seoul"]);
    assert_eq!((story.stands("seoul", 100), story.linger.next_due()), ("gone".into(), None));
    assert_eq!(story.due(200), [""; 0]);
}

#[test]
fn one_that_was_lost_before_is_gone_earlier() {
    let mut story = Story::new("ttl = \"90s\"\nfailback = \"manual\"");
    ["10.1.0.1", "10.1.0.2", "2001:db8:1::1"].iter().for_each(|address| story.endpoint_is(address, false, 10));
    assert_eq!(story.hold("seoul", Held::Down, 50), "100", "nobody has been told of it since");
    assert_eq!(story.hold("seoul", Held::Drain, 150), "gone");
    assert_eq!(story.linger.next_due(), None, "there is nothing to wait for");
}

#[test]
fn one_that_serves_for_want_of_another_leaves_when_that_comes() {
    let mut story = Story::new("ttl = \"90s\"\nfailback = \"auto\"");
    story.endpoint_is("10.2.0.1", false, 10);
    assert_eq!(story.hold("seoul", Held::Drain, 20), "named");
    assert_eq!((story.linger.next_due(), story.due(500)), (None, vec![]));
    story.endpoint_is("10.2.0.1", true, 600);
    assert_eq!(story.stands("seoul", 600), "690");
    // Told again before it has left: that counts from its end.
    story.endpoint_is("10.2.0.1", false, 650);
    assert_eq!(story.stands("seoul", 650), "named");
    assert_eq!(story.due(690), [""; 0]);
    story.endpoint_is("10.2.0.1", true, 700);
    assert_eq!((story.due(789), story.due(790)), (vec![], vec!["seoul".to_owned()]));
}

#[test]
fn an_endpoint_lingers_beside_others_of_its_pool_that_stay() {
    let mut story = Story::new("");
    assert_eq!(story.hold("seoul/10.1.0.1", Held::Drain, 10), "40");
    assert_eq!((story.stands("seoul", 10), story.stands("seoul/10.1.0.2", 10)), ("named".into(), "named".into()));
    assert_eq!(story.due(40), ["seoul/10.1.0.1"]);
}

#[test]
fn what_is_let_go_is_not_awaited() {
    let mut story = Story::new("");
    story.hold("seoul", Held::Drain, 10);
    story.linger.forget(&subject("seoul"));
    assert_eq!((story.linger.next_due(), story.due(100)), (None, vec![]));
}

#[test]
fn a_reload_does_not_shorten_what_was_told_before() {
    let mut story = Story::new("ttl = \"90s\"");
    let (before, now) = (story.publisher.lake().load(), story.at(10));
    story.linger.replaced(&before, now);
    let shorter = topology(&[ZONE, POOLS, &service("ttl = \"5s\"")].concat());
    story.beliefs.reseat(shorter.clone());
    let rows = story.beliefs.render_all(now);
    story.publisher.replace(shorter, rows);
    assert_eq!(story.hold("seoul", Held::Drain, 20), "100");
}

#[test]
fn what_leaves_with_a_reload_is_awaited() {
    let mut story = Story::new("ttl = \"90s\"");
    story.endpoint_is("10.2.0.1", false, 5);
    assert_eq!(story.hold("seoul", Held::Drain, 10), "named");
    let (before, now) = (story.publisher.lake().load(), story.at(20));
    let without = topology(&[ZONE, POOLS, &service("").replace("[\"seoul\", \"dublin\"]", "[\"dublin\"]")].concat());
    story.beliefs.reseat(without.clone());
    let rows = story.beliefs.render_all(now);
    story.linger.replaced(&before, now);
    story.publisher.replace(without, rows);
    story.linger.revise(&story.publisher.lake().load(), now);
    assert_eq!((story.due(109), story.due(110)), (vec![], vec!["seoul".to_owned()]));
}

#[test]
fn after_a_restart_the_process_before_may_have_told_of_it() {
    let mut story = Story::new("ttl = \"90s\"");
    let grounds = Grounds::new("test", "test").unwrap();
    for (made, away, expected, awaited) in [
        (1000, "seoul", "90", true),
        (911, "seoul", "90", true),
        (910, "seoul", "gone", false),
        (1000, "tokyo", "gone", false),
    ] {
        let hold = Hold { held: Held::Down, grounds: grounds.clone(), made, ends: None };
        let holds: Holds = [(subject(away), hold)].into_iter().collect();
        story.beliefs.set_holds(holds.clone());
        story.publish(0);
        let now = Moment { at: story.start, unix: 1000 };
        story.linger = Linger::begin(&story.publisher.lake().load(), &holds, now);
        assert_eq!(story.stands(away, 0), expected, "{made} {away}");
        assert_eq!(story.linger.next_due().is_some(), awaited, "{made} {away}");
    }
}
