use crate::control::Beliefs;
use crate::health::{FailureClass, Held, Hold, Moment, Outcome};
use crate::health::{Grounds, Subject};
use crate::ids::ServiceId;
use crate::testing::{POOLS, ZONE, service, topology};
use crate::topology::Topology;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

const MORE: &str = "failback = \"auto\"\nsteering = \"failover\"";

static WORLD: LazyLock<Arc<Topology>> = LazyLock::new(|| topology(&[ZONE, POOLS, &service(MORE)].concat()));

struct Story {
    beliefs: Beliefs,
    start: Instant,
}

impl Story {
    fn new() -> Self {
        let mut story = Self { beliefs: Beliefs::new(WORLD.clone()), start: Instant::now() };
        (0..2).for_each(|pool| story.pool_is(pool, true, 0));
        story
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    fn pool_is(&mut self, pool: usize, up: bool, seconds: u64) {
        let outcome = if up { Outcome::Pass } else { Outcome::fail(FailureClass::Refused, "refused") };
        let topology = self.beliefs.topology.clone();
        for target in topology.services[0].pools[pool].endpoints.iter().flat_map(|e| e.targets()) {
            for _ in 0..3 {
                self.beliefs.observe(&topology.targets[target.index()], &outcome, self.at(seconds));
            }
        }
        self.chosen(seconds);
    }

    /// Falls and returns.
    fn flaps(&mut self, pool: usize, seconds: u64) {
        self.pool_is(pool, false, seconds);
        self.pool_is(pool, true, seconds);
    }

    fn chosen(&mut self, seconds: u64) -> usize {
        let now = self.at(seconds);
        self.beliefs.ripe(now);
        self.beliefs.render(ServiceId(0), now).choice(0).picks[0].pool
    }

    /// What was told, as pools with a word.
    fn told(&mut self) -> Vec<String> {
        let word = |damped: Option<Duration>| if damped.is_some() { "damped" } else { "free" };
        self.beliefs.take_flaps().into_iter().map(|flap| format!("{} {}", flap.pool, word(flap.damped))).collect()
    }
}

#[test]
fn a_pool_that_flaps_is_left_alone_until_it_has_been_quiet() {
    let mut story = Story::new();
    for (seconds, chosen) in [(10, 0), (20, 0), (30, 0), (40, 1)] {
        story.flaps(0, seconds);
        assert_eq!(story.chosen(seconds), chosen, "at {seconds}");
    }
    assert_eq!(story.told(), ["seoul damped"]);
    // It is the only one that lives, and serves.
    story.pool_is(1, false, 50);
    assert_eq!(story.chosen(50), 0);
    story.pool_is(1, true, 60);
    assert_eq!(story.chosen(60), 1, "and no longer than that");
    let end = story.beliefs.next_ripe().expect("an end") - story.start;
    assert!((600..700).contains(&end.as_secs()), "{end:?}");
    assert_eq!((story.chosen(end.as_secs()), story.chosen(end.as_secs() + 1)), (1, 0));
    assert_eq!((story.told(), story.beliefs.next_ripe()), (vec!["seoul free".to_owned()], None));
}

#[test]
fn what_operators_do_is_no_flapping_and_a_release_forgives() {
    let mut story = Story::new();
    let subject = || Subject { pool: "seoul".into(), endpoint: None };
    for seconds in 1..10 {
        let grounds = Grounds::new("test", "test").unwrap();
        story.beliefs.hold(subject(), Hold { held: Held::Down, grounds, made: 0, ends: None });
        assert_eq!(story.chosen(seconds), 1);
        story.beliefs.release(&subject());
        assert_eq!(story.chosen(seconds), 0);
    }
    (11..15).for_each(|seconds| story.flaps(0, seconds));
    assert_eq!(story.chosen(15), 1);
    story.beliefs.release(&subject());
    assert_eq!((story.chosen(16), story.beliefs.next_ripe()), (0, None));
}

#[test]
fn it_is_remembered_over_reload_and_restart_and_ends_where_it_is_off() {
    let mut story = Story::new();
    (1..5).for_each(|seconds| story.flaps(0, seconds));
    story.beliefs.reseat(WORLD.clone());
    assert_eq!(story.chosen(6), 1);
    let past = story.beliefs.past(Moment { at: story.at(10), unix: 1_000_000 });
    let mut next = Story { beliefs: Beliefs::new(WORLD.clone()), start: story.at(40) };
    next.beliefs.recall(&past, Moment { at: next.start, unix: 1_000_030 });
    assert_eq!(next.chosen(0), 1);
    let off = topology(&[ZONE, POOLS, &service(MORE), "[health]\ndamping = \"off\""].concat());
    next.beliefs.reseat(off);
    assert_eq!((next.chosen(1), next.beliefs.next_ripe()), (0, None));
}

proptest! {
    /// However the pools flap: while one lives it is told, damped or not, and no longer than the bound another is kept from its turn.
    #[test]
    fn the_only_living_pool_is_never_suppressed(
        steps in prop::collection::vec((0usize..2, any::<bool>(), 0u64..120), 1..60),
    ) {
        let (mut story, mut seconds, mut up) = (Story::new(), 0, [true; 2]);
        for (pool, is_up, wait) in steps {
            seconds += wait;
            up[pool] = is_up;
            story.pool_is(pool, is_up, seconds);
            let chosen = story.chosen(seconds);
            prop_assert!(up[chosen] || up == [false; 2]);
        }
        if up == [true; 2] {
            prop_assert_eq!(story.chosen(seconds + 1801), 0);
        }
    }
}
