use super::*;
use crate::control::Beliefs;
use crate::health::{FailureClass, State};
use crate::ids::ServiceId;
use crate::limits::{DOUBT_ALIKE_MAX, DOUBT_REFERENCES_MAX};
use crate::testing::{ZONE, topology};
use std::time::Duration;

/// A world of so many pools with one endpoint each, and its beliefs.
struct World {
    topology: Arc<Topology>,
    beliefs: Beliefs,
    start: Instant,
}

impl World {
    fn new(pools: usize, more: &str) -> Self {
        let named = |i: usize| format!("[pool.p{i}]\nfqdn = \"p{i}.contoso.com\"\nendpoints = [\"10.{i}.0.1\"]\n");
        let names: Vec<String> = (0..pools).map(|i| format!("\"p{i}\"")).collect();
        let service = format!(
            "[service.federation]\nkind = \"sip-federation\"\ndomains = [\"contoso.com\"]\nsteering = \"failover\"\n\
             failback = \"10m\"\npools = [{}]\n",
            names.join(", ")
        );
        let pools: String = (0..pools).map(named).collect();
        let topology = topology(&[ZONE, &pools, &service, more].concat());
        Self { beliefs: Beliefs::new(topology.clone()), topology, start: Instant::now() }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    /// One probe of a pool's endpoint.
    fn probe(&mut self, pool: usize, passed: bool, ms: u64) {
        let spec = self.topology.targets.iter().find(|spec| spec.address.ip().to_string() == format!("10.{pool}.0.1"));
        let (spec, now) = (spec.unwrap().clone(), self.at(ms));
        self.beliefs.observe(&spec, &said(passed), now);
    }

    fn refer(&mut self, passed: bool, ms: u64) {
        let now = self.at(ms);
        for spec in &self.topology.references {
            self.beliefs.observe(spec, &said(passed), now);
        }
    }

    fn states(&mut self, ms: u64) -> String {
        let now = self.at(ms);
        self.beliefs.ripe(now);
        let row = self.beliefs.render(ServiceId(0), now);
        let letter = |state| match state {
            State::Up => 'U',
            State::Degraded => 'd',
            State::Down => 'D',
            State::Unknown => '?',
        };
        row.standings.iter().map(|standing| letter(standing.state)).collect()
    }

    fn chosen(&mut self, ms: u64) -> usize {
        let row = self.beliefs.render(ServiceId(0), self.at(ms));
        row.choice(0).picks[0].pool
    }
}

fn said(passed: bool) -> Outcome {
    if passed { Outcome::Pass } else { Outcome::fail(FailureClass::Timeout, "silent") }
}

#[test]
fn pools_that_fail_as_one_are_not_believed_until_the_time_is_over() {
    let mut world = World::new(3, "");
    (0..3).for_each(|pool| world.probe(pool, true, 0));
    for ms in [1_000, 1_500, 2_000, 2_500] {
        (0..3).for_each(|pool| world.probe(pool, false, ms));
    }
    assert_eq!((world.states(2_500), world.beliefs.doubt()), ("UUU".into(), Some(Suspicion::Alike)));
    let end = 1_000 + DOUBT_ALIKE_MAX.as_millis() as u64;
    assert_eq!(world.beliefs.next_ripe(), Some(world.at(end)));
    assert_eq!(world.states(end - 1), "UUU");
    // What was seen in doubt counts no more: it takes as many failures as ever.
    assert_eq!((world.states(end), world.beliefs.doubt()), ("UUU".into(), None));
    for i in 0..3 {
        assert_eq!(world.states(end + i), "UUU");
        (0..3).for_each(|pool| world.probe(pool, false, end + i));
    }
    assert_eq!(world.states(end + 3), "DDD", "an outage of everything that lasts is real");
}

#[test]
fn what_is_seen_in_doubt_is_no_reason_to_suspect_a_pool() {
    let mut world = World::new(3, "");
    (0..3).for_each(|pool| world.probe(pool, true, 0));
    let suspects = |world: &mut World, ms| {
        let row = world.beliefs.render(ServiceId(0), world.at(ms));
        (row.standings.iter().filter(|standing| standing.suspect).count(), row.answer(0).ttl)
    };
    world.probe(0, false, 1_000);
    assert_eq!(suspects(&mut world, 1_000), (1, 5));
    world.beliefs.take_suspicions();
    (1..3).for_each(|pool| world.probe(pool, false, 1_100));
    assert!(world.beliefs.doubt().is_some());
    assert!(!world.beliefs.take_suspicions().is_empty(), "their services are said anew");
    assert_eq!(suspects(&mut world, 1_100), (0, 30));
    (0..3).for_each(|pool| world.probe(pool, false, 2_000));
    assert_eq!(suspects(&mut world, 2_000), (0, 30));
}

#[test]
fn when_doubt_ends_with_a_sign_of_life_nothing_has_moved() {
    let mut world = World::new(4, "");
    (0..4).for_each(|pool| world.probe(pool, true, 0));
    // The first was believed dead before the others fell.
    for ms in [1_000, 1_100, 1_200] {
        world.probe(0, false, ms);
    }
    assert_eq!((world.states(1_200), world.chosen(1_200)), ("DUUU".into(), 1));
    (1..4).for_each(|pool| world.probe(pool, false, 2_000));
    assert!(world.beliefs.doubt().is_some());
    for ms in [2_500, 3_000, 3_500] {
        (0..4).for_each(|pool| world.probe(pool, false, ms));
    }
    assert_eq!(world.states(3_500), "DUUU", "verdicts are frozen");
    (0..4).for_each(|pool| world.probe(pool, true, 20_000));
    assert_eq!(world.beliefs.doubt(), None);
    world.probe(0, true, 20_100);
    world.probe(0, true, 20_200);
    assert_eq!(world.states(20_200), "UUUU");
    assert_eq!(world.chosen(20_200), 0, "lost with the others, it comes back with them and waits for nothing");
}

#[test]
fn few_or_unlike_failures_are_believed() {
    // Two pools; half of four; three of seven; three, but one after another.
    for (pools, failing, apart) in [(2, 2, 0), (4, 2, 0), (7, 3, 0), (3, 3, 20_000)] {
        let mut world = World::new(pools, "");
        (0..pools).for_each(|pool| world.probe(pool, true, 0));
        for pool in 0..failing {
            for i in 0..3 {
                world.probe(pool, false, 1_000 + pool as u64 * apart + i);
            }
        }
        let expected: String = (0..pools).map(|pool| if pool < failing { 'D' } else { 'U' }).collect();
        assert_eq!(world.states(100_000), expected, "{failing} of {pools}");
    }
}

const REFERENCES: &str = "[health]\nreferences = [\"192.0.2.1:443\", \"192.0.2.2:443\"]\n";

#[test]
fn references_that_answer_leave_no_doubt() {
    let mut world = World::new(4, REFERENCES);
    world.refer(true, 0);
    (0..4).for_each(|pool| world.probe(pool, true, 0));
    for ms in [1_000, 1_100, 1_200] {
        (0..4).for_each(|pool| world.probe(pool, false, ms));
    }
    assert_eq!(world.states(1_200), "DDDD");
}

#[test]
fn references_that_fail_alone_say_nothing_of_us() {
    let mut world = World::new(3, REFERENCES);
    (0..3).for_each(|pool| world.probe(pool, true, 0));
    world.refer(false, 1);
    assert_eq!(world.beliefs.doubt(), None, "all pools answer");
    [0, 2].into_iter().for_each(|pool| world.probe(pool, true, 500));
    for ms in [1_000, 1_100, 1_200] {
        world.probe(1, false, ms);
    }
    assert_eq!(world.states(1_200), "UDU", "most pools answer");
}

#[test]
fn without_references_that_answer_verdicts_stay_and_come_back_over_a_reload() {
    let mut world = World::new(2, REFERENCES);
    world.refer(true, 0);
    (0..2).for_each(|pool| world.probe(pool, true, 0));
    world.probe(0, false, 1_000);
    world.refer(false, 1_200);
    assert_eq!(world.beliefs.doubt(), Some(Suspicion::References), "half of the pools, and every reference");
    let again = World::new(2, REFERENCES);
    world.beliefs.reseat(again.topology.clone());
    world.topology = again.topology;
    for ms in [1_500, 2_000, 2_500, 3_000] {
        (0..2).for_each(|pool| world.probe(pool, false, ms));
    }
    assert_eq!((world.states(3_000), world.beliefs.doubt()), ("UU".into(), Some(Suspicion::References)));
    world.refer(true, 60_000);
    assert_eq!(world.beliefs.doubt(), None);
    world.probe(0, false, 60_001);
    assert_eq!(world.states(60_001), "UU", "no old failure counts");
    (2..4).for_each(|i| world.probe(0, false, 60_000 + i));
    assert_eq!(world.states(60_010), "DU");
    // And it is bounded though no reference ever answers again.
    world.refer(false, 61_000);
    world.probe(1, false, 61_001);
    assert!(world.beliefs.doubt().is_some());
    world.states(61_001 + DOUBT_REFERENCES_MAX.as_millis() as u64);
    assert_eq!(world.beliefs.doubt(), None);
}

/// A pool with a check that is asked seldom is struck late; what is heard sooner must not be believed until then.
#[test]
fn the_first_that_fall_with_the_references_are_not_believed() {
    let mut world = World::new(4, REFERENCES);
    world.refer(true, 0);
    (0..4).for_each(|pool| world.probe(pool, true, 0));
    [1_000, 1_500].into_iter().for_each(|ms| world.probe(0, false, ms));
    assert_eq!(world.beliefs.doubt(), None, "a reference answers");
    world.refer(false, 1_900);
    assert_eq!(world.beliefs.doubt(), Some(Suspicion::References), "all that was heard since it began");
    [2_000, 2_500, 3_000].into_iter().for_each(|ms| world.probe(0, false, ms));
    assert_eq!(world.states(3_000), "UUUU");
    // The others answer: it is the references that are gone, and one pool.
    (1..3).for_each(|pool| world.probe(pool, true, 3_500));
    assert_eq!(world.beliefs.doubt(), None);
    [4_000, 4_500, 5_000].into_iter().for_each(|ms| world.probe(0, false, ms));
    assert_eq!(world.states(5_000), "DUUU");
}

#[test]
fn in_doubt_the_first_round_still_ends() {
    let mut world = World::new(3, REFERENCES);
    world.refer(false, 0);
    world.probe(0, true, 0);
    world.probe(0, false, 1);
    assert!(world.beliefs.doubt().is_some());
    (1..3).for_each(|pool| world.probe(pool, false, 2));
    assert_eq!((world.beliefs.unseen(), world.states(3)), (0, "U??".into()));
}
