use super::*;
use crate::health::{FailureClass, Grounds, Held, Hold, Moment, Outcome};
use crate::ids::ServiceId;
use crate::testing::{POOLS, ZONE, service, topology};
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

const MORE: &str = "steering = \"failover\"\nfailback = { after = \"10m\", canary = { share = \"5%\", for = \"5m\" } }";

static WORLD: LazyLock<Arc<Topology>> = LazyLock::new(|| topology(&[ZONE, POOLS, &service(MORE)].concat()));

struct Story {
    beliefs: Beliefs,
    start: Instant,
}

impl Story {
    /// Seoul is preferred, was lost and has come back at second 100.
    fn new() -> Self {
        let mut story = Self { beliefs: Beliefs::new(WORLD.clone()), start: Instant::now() };
        for (pool, up, seconds) in [(0, true, 0), (1, true, 0), (0, false, 50), (0, true, 100)] {
            story.pool_is(pool, up, seconds);
        }
        story
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    fn pool_is(&mut self, pool: usize, up: bool, seconds: u64) {
        let outcome = if up { Outcome::Pass } else { Outcome::fail(FailureClass::Refused, "refused") };
        for target in WORLD.services[0].pools[pool].endpoints.iter().flat_map(|e| e.targets()) {
            (0..3).for_each(|_| {
                self.beliefs.observe(&WORLD.targets[target.index()], &outcome, self.at(seconds));
            });
        }
        self.told(seconds);
    }

    /// Where clients are sent: those who try a pool in its canary, and the others.
    fn told(&mut self, seconds: u64) -> (usize, usize) {
        let now = self.at(seconds);
        self.beliefs.ripe(now);
        let row = self.beliefs.render(ServiceId(0), now);
        (row.trial(0).0.picks[0].pool, row.choice(0).picks[0].pool)
    }

    /// What began or ended.
    fn steps(&mut self) -> Vec<String> {
        let trials = self.beliefs.take_trials().into_iter();
        trials.map(|trial| format!("{} {}: {}", trial.service, trial.pool, trial.step.words())).collect()
    }
}

const BEGAN: &str = "federation seoul: 5 % of client networks try it for 300 s";
const PASSED: &str = "federation seoul: everybody prefers it again whose order says so";
const ABORTED: &str =
    "federation seoul: it was lost or is held away: everybody is sent elsewhere, and its wait begins anew";

#[test]
fn a_share_of_clients_tries_it_before_all_come_back() {
    let mut story = Story::new();
    let mut told = Vec::new();
    for (seconds, expected, steps) in [
        (100, (1, 1), vec![]),
        (699, (1, 1), vec![]),
        (700, (0, 1), vec![BEGAN]),
        (800, (0, 1), vec![]),
        (999, (0, 1), vec![]),
        (1000, (0, 0), vec![PASSED]),
        (9999, (0, 0), vec![]),
    ] {
        assert_eq!(story.told(seconds), expected, "at {seconds}");
        assert_eq!(story.steps(), steps, "at {seconds}");
        told.extend(story.beliefs.next_ripe().map(|ripe| (ripe - story.start).as_secs()));
    }
    assert_eq!(told, [700, 700, 1000, 1000, 1000], "time is looked at when something is due, and never before");
}

#[test]
fn lost_in_its_canary_it_waits_anew() {
    let mut story = Story::new();
    assert_eq!(story.told(750), (0, 1));
    assert_eq!(story.steps(), ["federation seoul: 5 % of client networks try it for 250 s"]);
    story.pool_is(0, false, 800);
    assert_eq!((story.told(800), story.steps()), ((1, 1), vec![ABORTED.to_owned()]));
    story.pool_is(0, true, 850);
    for (seconds, expected) in [(850, (1, 1)), (1449, (1, 1)), (1450, (0, 1)), (1750, (0, 0))] {
        assert_eq!(story.told(seconds), expected, "at {seconds}");
    }
    assert_eq!(story.steps(), [BEGAN, PASSED]);
}

#[test]
fn an_operator_ends_it_either_way() {
    let hold = |held| Hold { held, grounds: Grounds::new("test", "test").unwrap(), made: 0, ends: None };
    for (held, expected, step) in
        [(Held::Down, (1, 1), ABORTED), (Held::Drain, (1, 1), ABORTED), (Held::Up, (0, 0), PASSED)]
    {
        let mut story = Story::new();
        story.told(700);
        story.beliefs.hold("seoul".parse().unwrap(), hold(held));
        assert_eq!((story.told(750), story.steps()), (expected, vec![BEGAN.to_owned(), step.to_owned()]), "{held:?}");
    }
    let mut story = Story::new();
    story.told(700);
    story.beliefs.release(&"seoul".parse().unwrap());
    assert_eq!((story.told(750), story.steps()), ((0, 0), vec![BEGAN.to_owned(), PASSED.to_owned()]));
}

#[test]
fn for_want_of_another_it_serves_all() {
    let mut story = Story::new();
    story.told(700);
    story.pool_is(1, false, 750);
    assert_eq!((story.told(750), story.steps()), ((0, 0), vec![BEGAN.to_owned(), PASSED.to_owned()]));
}

#[test]
fn it_outlives_a_reload_and_a_restart() {
    let mut story = Story::new();
    assert_eq!((story.told(700), story.steps().len()), ((0, 1), 1));
    story.beliefs.reseat(WORLD.clone());
    assert_eq!((story.told(750), story.steps()), ((0, 1), vec![]), "it is not told twice");
    let past = story.beliefs.past(Moment { at: story.at(800), unix: 1800 });
    let mut next = Story { beliefs: Beliefs::new(WORLD.clone()), start: story.start };
    next.beliefs.recall(&past, Moment { at: next.at(900), unix: 1900 });
    assert_eq!((next.told(900), next.told(999), next.told(1000)), ((0, 1), (0, 1), (0, 0)));
}

#[test]
fn a_pool_that_flaps_is_tried_when_that_is_over() {
    let mut story = Story::new();
    (110..114).for_each(|seconds| {
        story.pool_is(0, false, seconds);
        story.pool_is(0, true, seconds);
    });
    assert_eq!(story.told(120), (1, 1));
    let mut seconds = 120;
    while story.steps().is_empty() && seconds < 10_000 {
        seconds += 1;
        story.told(seconds);
    }
    // Two half-lives of five minutes and a bit, and then the ten minutes of the wait.
    assert!((1200..2000).contains(&seconds), "{seconds}");
    assert_eq!(story.told(seconds + 299), (0, 1));
    assert_eq!(story.told(seconds + 300), (0, 0));
}

proptest! {
    /// Whatever happens, what began ends before it begins again, time alone never stands still, and nobody tries a pool that is not up.
    #[test]
    fn a_canary_begins_and_ends_in_turns(script in proptest::collection::vec((0..2usize, any::<bool>(), 1u64..400), 1..40)) {
        let mut story = Story { beliefs: Beliefs::new(WORLD.clone()), start: Instant::now() };
        let (mut seconds, mut is_tried) = (0, [false; 2]);
        for (pool, up, wait) in script {
            seconds += wait;
            story.pool_is(pool, up, seconds);
            for trial in story.beliefs.take_trials() {
                let place = usize::from(trial.pool == "dublin");
                let begins = matches!(trial.step, Step::Began { .. });
                prop_assert_ne!(is_tried[place], begins);
                is_tried[place] = begins;
            }
            let now = story.at(seconds);
            let row = story.beliefs.render(ServiceId(0), now);
            for (standing, tried) in row.standings.iter().zip(is_tried) {
                prop_assert_eq!(standing.canary, tried);
            }
            prop_assert!(story.beliefs.next_ripe().is_none_or(|ripe| ripe > now));
            let chosen = &row.standings[row.trial(0).0.picks[0].pool];
            let others = &row.standings[row.choice(0).picks[0].pool];
            use crate::health::State::Up;
            prop_assert!(chosen.state == Up || others.state != Up);
        }
    }
}
