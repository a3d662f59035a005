use super::*;
use crate::health::{FailureClass, Grounds, Hold, Subject};
use crate::testing::{POOLS, ZONE, service, topology};
use proptest::prelude::*;
use std::sync::LazyLock;
use std::time::Duration;

pub(super) fn world(more: &str) -> Arc<Topology> {
    topology(&[ZONE, POOLS, &service(more)].concat())
}

pub(super) fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

pub(super) struct Story {
    pub(super) beliefs: Beliefs,
    pub(super) start: Instant,
}

impl Story {
    pub(super) fn new(topology: Arc<Topology>) -> Self {
        Self { beliefs: Beliefs::new(topology), start: Instant::now() }
    }

    pub(super) fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    /// Every endpoint of a pool is probed often enough to be believed.
    pub(super) fn pool_is(&mut self, pool: &str, up: bool, seconds: u64) {
        let topology = self.beliefs.topology.clone();
        let outcome = if up { Outcome::Pass } else { Outcome::fail(FailureClass::Refused, "refused") };
        let place = topology.services[0].pools.iter().position(|p| topology.pool(p.pool).name == pool).unwrap();
        for target in topology.services[0].pools[place].endpoints.iter().flat_map(|e| e.targets()) {
            for _ in 0..3 {
                self.beliefs.observe(&topology.targets[target.index()].clone(), &outcome, self.at(seconds));
            }
        }
    }

    pub(super) fn hold(&mut self, text: &str, held: Held, until: Option<u64>) {
        let ends = until.map(|seconds| self.at(seconds));
        let grounds = Grounds::new("test", "test").unwrap();
        self.beliefs.hold(subject(text), Hold { held, grounds, made: 0, ends });
    }

    /// Takes out holds that have ended, and says how many.
    pub(super) fn expired(&mut self, seconds: u64) -> usize {
        self.beliefs.expire(self.at(seconds)).0.len()
    }

    /// The pool that the first service sends clients of unknown place to.
    pub(super) fn chosen(&mut self, seconds: u64) -> String {
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
    assert_eq!(story.beliefs.release(&subject("seoul")), (None, BTreeSet::from([ServiceId(0)])));
    assert_eq!(story.chosen(1_000_001), "seoul");
    assert_eq!(story.beliefs.release(&subject("seoul")), (None, BTreeSet::new()), "it no longer waits");
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
fn a_degraded_pool_serves_behind_a_well_one_and_before_a_dead_one() {
    let mut story = Story::new(world("failback = \"10m\""));
    story.pool_is("seoul", true, 0);
    story.pool_is("dublin", true, 0);
    let topology = story.beliefs.topology.clone();
    let says_504 = |story: &mut Story, pool: usize, seconds| {
        for target in topology.services[0].pools[pool].endpoints.iter().flat_map(|e| e.targets()) {
            for _ in 0..3 {
                let spec = &topology.targets[target.index()];
                story.beliefs.observe(spec, &Outcome::Degraded("SIP 504".into()), story.at(seconds));
            }
        }
    };
    says_504(&mut story, 0, 1);
    assert_eq!(story.chosen(1), "dublin");
    story.pool_is("dublin", false, 2);
    assert_eq!(story.chosen(2), "seoul", "better than a dead one");
    says_504(&mut story, 1, 3);
    assert_eq!(story.chosen(3), "seoul", "the order decides among equals");
    story.pool_is("dublin", true, 4);
    assert_eq!(story.chosen(4), "dublin", "alone in its health, it does not wait");
    story.pool_is("seoul", true, 5);
    assert_eq!(story.chosen(5), "dublin", "it waits");
    assert_eq!((story.chosen(604), story.chosen(605)), ("dublin".into(), "seoul".into()), "as a lost pool");
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

/// TTLs of the first service's answers, and what began or ended to be suspect, after one outcome of seoul's first endpoint each.
fn ttls(story: &mut Story, script: &str) -> Vec<(u32, usize)> {
    let topology = story.beliefs.topology.clone();
    let target = topology.services[0].pools[0].endpoints[0].proofs[0][0];
    let mut told = Vec::new();
    for (i, c) in (100..).zip(script.bytes()) {
        let fail = Outcome::fail(FailureClass::Refused, "refused");
        let outcome = if c == b'+' { Outcome::Pass } else { fail };
        let now = story.at(i);
        story.beliefs.observe(&topology.targets[target.index()], &outcome, now);
        let order = topology.services[0].orders.pick(crate::ids::RegionId(0), [127, 0, 0, 1].into());
        let ttl = story.beliefs.render(ServiceId(0), now).answer(order).ttl;
        told.push((ttl, story.beliefs.take_suspicions().len()));
    }
    told
}

#[test]
fn while_a_chosen_pool_is_suspect_answers_are_short_lived() {
    for (more, script, expected) in [
        ("", "--++", [(5, 1), (5, 0), (5, 0), (30, 1)]),
        ("suspect_ttl = \"2s\"", "-+-+", [(2, 1), (2, 0), (2, 0), (2, 0)]),
        ("ttl = \"3s\"", "--++", [(3, 1), (3, 0), (3, 0), (3, 1)]),
        // With the verdict the endpoint is no longer named; the pool's others are not suspect.
        ("", "---+", [(5, 1), (5, 0), (30, 1), (30, 0)]),
    ] {
        let mut story = Story::new(world(more));
        story.pool_is("seoul", true, 0);
        story.pool_is("dublin", true, 0);
        story.chosen(0);
        assert_eq!(ttls(&mut story, script), expected, "{more} {script}");
    }
}

#[test]
fn a_drained_pool_that_must_serve_is_told_for_a_short_time() {
    let mut story = Story::new(world(""));
    story.pool_is("seoul", true, 0);
    story.pool_is("dublin", false, 0);
    assert_eq!(ttls(&mut story, "+"), [(30, 0)]);
    story.hold("seoul", Held::Drain, None);
    assert_eq!(ttls(&mut story, "+"), [(5, 0)]);
}

#[test]
fn what_an_operator_holds_up_is_not_suspect() {
    let mut story = Story::new(world(""));
    story.pool_is("seoul", true, 0);
    story.pool_is("dublin", true, 0);
    story.hold("seoul/10.1.0.1", Held::Up, None);
    assert_eq!(ttls(&mut story, "-"), [(30, 1)]);
}

/// TTLs, and those of what is suspect.
const TTLS: [(u32, u32); 3] = [(1, 1), (30, 5), (90, 90)];

static TTL_WORLDS: LazyLock<Vec<Arc<Topology>>> = LazyLock::new(|| {
    let keys = |(ttl, suspect)| format!("ttl = \"{ttl}s\"\nsuspect_ttl = \"{suspect}s\"");
    TTLS.iter().map(|ttls| world(&keys(*ttls))).collect()
});

proptest! {
    /// Whatever is seen, no answer has the TTL 0, or a longer one than is configured.
    #[test]
    fn ttls_stay_within_what_is_configured(which in 0..TTLS.len(), script in "[-+]{1,30}") {
        let (ttl, suspect) = TTLS[which];
        let mut story = Story::new(TTL_WORLDS[which].clone());
        for (said, _) in ttls(&mut story, &script) {
            prop_assert!(said == ttl || said == suspect);
        }
    }
}

static PICKY: LazyLock<Arc<Topology>> = LazyLock::new(|| {
    let keys = "failback = { after = \"1m\", canary = { share = \"5%\", for = \"1m\" } }\nall_down = [\"last-good\", \"nodata\"]";
    world(&format!("{keys}\nsuspect_ttl = \"7s\""))
});

/// What a service may never say, however it came about.
fn judge_row(row: &Row, topology: &Topology) {
    let held_down = |pool: usize| row.standings[pool].holds.held() == Some(Held::Down);
    let is_best = |pool: usize| {
        let Standing { state, gate, damped, ref holds, .. } = row.standings[pool];
        state == State::Up && gate == Gate::In && damped.is_none() && holds.held() != Some(Held::Drain)
    };
    let all_held = (0..row.standings.len()).all(held_down);
    for order in 0..topology.services[0].orders.list().len() {
        let (trial, _) = row.trial(order);
        for (choice, tries) in [(row.choice(order), false), (trial, true)] {
            let named: Vec<usize> = choice.picks.iter().map(|pick| pick.pool).collect();
            assert!(all_held || !named.iter().any(|&pool| held_down(pool)), "one that is held down is told: {row:?}");
            let has_best = (0..row.standings.len()).any(is_best);
            let in_canary = |pool: usize| tries && row.standings[pool].canary && row.standings[pool].state == State::Up;
            let is_served = named.first().is_some_and(|&pool| is_best(pool) || in_canary(pool));
            assert!(!has_best || is_served, "a worse one is told: {row:?}");
            let doubted = named.iter().any(|&pool| row.standings[pool].suspect);
            let lives = !matches!(choice.basis, Basis::AllDown(_));
            assert!(!doubted || !lives || choice.brief, "what may soon change is told for long: {row:?}");
        }
        for answer in [row.answer(order), &row.trial(order).1] {
            assert!(answer.ttl == 30 || answer.ttl == 7, "{}", answer.ttl);
        }
    }
}

proptest! {
    /// Probes, orders and time in any order.
    #[test]
    fn whatever_happens_no_answer_breaks_a_promise(
        script in proptest::collection::vec((0..8usize, 0..4usize, 1u64..120), 1..60),
    ) {
        let mut story = Story::new(PICKY.clone());
        let mut seconds = 0;
        for (what, whom, wait) in script {
            let pool = ["seoul", "dublin"][whom % 2];
            let target = &PICKY.targets[whom % PICKY.targets.len()];
            match what {
                0..3 => drop(story.beliefs.observe(target, &Outcome::Pass, story.at(seconds))),
                3 => drop(story.beliefs.observe(target, &Outcome::fail(FailureClass::Refused, "refused"), story.at(seconds))),
                4 => story.pool_is(pool, whom < 2, seconds),
                5 => story.hold(pool, [Held::Down, Held::Drain, Held::Up][whom % 3], Some(seconds + 200)),
                6 => drop(story.beliefs.release(&subject(pool))),
                _ => seconds += wait,
            }
            story.expired(seconds);
            let now = story.at(seconds);
            story.beliefs.ripe(now);
            judge_row(&story.beliefs.render(ServiceId(0), now), &PICKY);
            prop_assert!(story.beliefs.next_ripe().is_none_or(|ripe| ripe > now), "time would stand still");
        }
    }
}
