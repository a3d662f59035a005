use super::*;
use crate::health::FailureClass;
use crate::testing::{POOLS, ZONE, service, topology};
use std::time::Duration;

fn world(more: &str) -> Arc<Topology> {
    topology(&[ZONE, POOLS, &service(more)].concat())
}

struct Story {
    beliefs: Beliefs,
    start: Instant,
}

impl Story {
    fn new(topology: Arc<Topology>) -> Self {
        Self { beliefs: Beliefs::new(topology), start: Instant::now() }
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    /// Every endpoint of a pool is probed often enough to be believed.
    fn pool_is(&mut self, pool: &str, up: bool, seconds: u64) {
        let topology = self.beliefs.topology.clone();
        let outcome = if up { Outcome::Pass } else { Outcome::fail(FailureClass::Refused, "refused") };
        let place = topology.services[0].pools.iter().position(|p| topology.pool(p.pool).name == pool).unwrap();
        for target in topology.services[0].pools[place].endpoints.iter().flat_map(|e| e.targets.iter()) {
            for _ in 0..3 {
                self.beliefs.observe(&topology.targets[target.index()].clone(), &outcome, self.at(seconds));
            }
        }
    }

    /// The pool that the first service sends clients of unknown place to.
    fn chosen(&mut self, seconds: u64) -> String {
        let now = self.at(seconds);
        self.beliefs.ripe(now);
        let row = self.beliefs.render(ServiceId(0), now);
        let topology = &self.beliefs.topology;
        let order = topology.services[0].orders.pick(crate::ids::RegionId(0), [127, 0, 0, 1].into());
        let pool = |place: usize| topology.pool(topology.services[0].pools[place].pool);
        row.choice(order).picks.iter().map(|pick| pool(pick.pool).name.as_str()).collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn a_lost_pool_comes_back_after_its_failback() {
    let mut story = Story::new(world("failback = \"10m\""));
    story.pool_is("seoul", true, 0);
    story.pool_is("dublin", true, 0);
    assert_eq!(story.chosen(0), "seoul");
    story.pool_is("seoul", false, 10);
    assert_eq!(story.chosen(10), "dublin");
    story.pool_is("seoul", true, 20);
    assert_eq!(story.chosen(20), "dublin", "it waits");
    assert_eq!(story.beliefs.next_ripe(), Some(story.at(620)));
    assert_eq!(story.chosen(619), "dublin");
    assert_eq!(story.chosen(620), "seoul");
    assert_eq!(story.beliefs.next_ripe(), None);
}

#[test]
fn a_flap_during_the_wait_begins_it_anew() {
    let mut story = Story::new(world("failback = \"10m\""));
    for (seconds, up) in [(0, true), (10, false), (20, true), (300, false), (400, true)] {
        story.pool_is("seoul", up, seconds);
        story.pool_is("dublin", true, seconds);
        story.chosen(seconds);
    }
    assert_eq!(story.beliefs.next_ripe(), Some(story.at(1000)));
    assert_eq!(story.chosen(999), "dublin");
    assert_eq!(story.chosen(1000), "seoul");
}

#[test]
fn manual_waits_for_a_release() {
    let mut story = Story::new(world("failback = \"manual\""));
    story.pool_is("seoul", false, 0);
    story.pool_is("dublin", true, 0);
    story.chosen(0);
    story.pool_is("seoul", true, 1);
    assert_eq!(story.chosen(1_000_000), "dublin");
    assert_eq!(story.beliefs.release("paris"), Err(NoSuchPool("paris".into())));
    assert_eq!(story.beliefs.release("seoul"), Ok(BTreeSet::from([ServiceId(0)])));
    assert_eq!(story.chosen(1_000_001), "seoul");
    assert_eq!(story.beliefs.release("seoul"), Ok(BTreeSet::new()), "it no longer waits");
}

#[test]
fn a_waiting_pool_serves_where_no_other_is_up_and_so_ends_its_wait() {
    let mut story = Story::new(world("failback = \"manual\""));
    story.pool_is("seoul", false, 0);
    story.pool_is("dublin", true, 0);
    story.chosen(0);
    story.pool_is("seoul", true, 1);
    assert_eq!(story.chosen(1), "dublin");
    story.pool_is("dublin", false, 2);
    assert_eq!(story.chosen(2), "seoul");
    story.pool_is("dublin", true, 60);
    assert_eq!(story.chosen(60), "seoul", "now dublin waits");
    story.pool_is("dublin", false, 61);
    story.chosen(61);
    story.pool_is("seoul", false, 62);
    assert_eq!(story.chosen(62), "seoul", "the last good one");
}

#[test]
fn beliefs_are_carried_over_by_identity() {
    let mut story = Story::new(world("failback = \"10m\""));
    story.pool_is("seoul", false, 0);
    story.pool_is("dublin", true, 0);
    story.chosen(0);
    story.pool_is("seoul", true, 5);
    assert_eq!(story.chosen(5), "dublin");
    // The pools change places, and a third one comes in between.
    let third = "[pool.paris]\nlocation = \"FR\"\nendpoints = [\"10.3.0.1\"]\n";
    let text = [ZONE, third, POOLS, &service("failback = \"10m\"")].concat();
    story.beliefs.reseat(topology(&text.replace("[\"seoul\", \"dublin\"]", "[\"seoul\", \"paris\", \"dublin\"]")));
    assert!(story.beliefs.unseen() > 0, "nothing is known of the new pool");
    assert_eq!(story.chosen(6), "dublin", "it waits, and the new one is not proven");
    assert_eq!(story.beliefs.next_ripe(), Some(story.at(605)));
    story.pool_is("paris", true, 7);
    assert!(story.beliefs.unseen() == 0);
    assert_eq!(story.chosen(605), "seoul");
}

#[test]
fn another_first_domain_or_another_timing_forgets_nothing() {
    let mut story = Story::new(world("failback = \"10m\""));
    story.pool_is("seoul", false, 0);
    story.pool_is("dublin", true, 0);
    assert_eq!(story.chosen(0), "dublin");
    let text = service("failback = \"10m\"\ncheck = { kind = \"sip\", port = 5061, interval = \"7s\" }");
    let text = [ZONE, POOLS, &text.replace("[\"contoso.com\"]", "[\"a.contoso.com\", \"contoso.com\"]")].concat();
    story.beliefs.reseat(topology(&text));
    assert_eq!(story.chosen(1), "dublin", "seoul is as dead as before");
}

#[test]
fn when_every_pool_is_down_each_order_keeps_the_pool_it_had() {
    let mut story = Story::new(world(""));
    story.pool_is("seoul", true, 0);
    story.pool_is("dublin", true, 0);
    let near = |story: &mut Story, seconds| {
        let row = story.beliefs.render(ServiceId(0), story.at(seconds));
        row.choices().map(|choice| choice.picks[0].pool).collect::<Vec<_>>()
    };
    let before = near(&mut story, 0);
    assert!(before.contains(&0) && before.contains(&1), "some are near each pool");
    story.pool_is("seoul", false, 1);
    story.pool_is("dublin", false, 1);
    assert_eq!(near(&mut story, 1), before);
}

#[test]
fn pools_that_were_lost_together_come_back_together() {
    let mut story = Story::new(world("failback = \"manual\""));
    for (seconds, seoul, dublin) in
        [(0, true, true), (10, false, true), (11, false, false), (20, false, true), (22, true, true)]
    {
        story.pool_is("seoul", seoul, seconds);
        story.pool_is("dublin", dublin, seconds);
        story.chosen(seconds);
    }
    assert_eq!(story.chosen(22), "seoul", "its partners were never settled in dublin");
    // Lost long before the rest, its partners had settled elsewhere.
    for (seconds, seoul, dublin) in [(100, false, true), (500, false, false), (510, false, true), (511, true, true)] {
        story.pool_is("seoul", seoul, seconds);
        story.pool_is("dublin", dublin, seconds);
        story.chosen(seconds);
    }
    assert_eq!(story.chosen(511), "dublin");
    // Lost together, and back long after the first.
    for (seconds, seoul, dublin) in [(600, false, false), (610, false, true), (700, true, true)] {
        story.pool_is("seoul", seoul, seconds);
        story.pool_is("dublin", dublin, seconds);
        story.chosen(seconds);
    }
    assert_eq!(story.chosen(700), "dublin");
}

#[test]
fn a_changed_check_is_another_target() {
    let mut story = Story::new(world(""));
    story.pool_is("seoul", true, 0);
    story.pool_is("dublin", true, 0);
    let stale = story.beliefs.topology.targets[0].clone();
    story.beliefs.reseat(world("check = { kind = \"tcp\", port = 5061 }"));
    assert!(story.beliefs.unseen() > 0);
    assert_eq!(story.beliefs.topology.targets[0].domain, crate::name::Name::root(), "tcp says no name");
    assert_eq!(story.beliefs.observe(&stale, &Outcome::Pass, story.at(1)), None);
}

#[test]
fn the_first_round_ends_when_every_target_was_asked_and_not_before() {
    let topology = world("");
    let mut beliefs = Beliefs::new(topology.clone());
    let unable = Outcome::fail(FailureClass::Local, "no file descriptor is free");
    for _ in 0..10 {
        beliefs.observe(&topology.targets[0], &unable, Instant::now());
    }
    for target in &topology.targets {
        assert!(beliefs.unseen() > 0);
        beliefs.observe(target, &Outcome::fail(FailureClass::Timeout, "silent"), Instant::now());
    }
    assert!(beliefs.unseen() == 0);
}
