use super::*;
use crate::control::beliefs::tests::{Story, subject, world};
use crate::health::{FailureClass, Grounds, Held, Outcome};
use crate::testing::{POOLS, ZONE, service, topology};
use crate::topology::Topology;
use proptest::prelude::*;
use std::sync::LazyLock;

#[test]
fn a_pool_that_is_held_away_comes_back_by_a_release_at_once_and_by_its_end_through_its_failback() {
    for held in [Held::Down, Held::Drain] {
        let mut story = Story::new(world("failback = \"10m\""));
        story.pool_is("seoul", true, 0);
        story.pool_is("dublin", true, 0);
        assert_eq!(story.chosen(0), "seoul");
        story.hold("seoul", held, None);
        assert_eq!(story.chosen(1), "dublin");
        assert!(story.beliefs.release(&subject("seoul")).0.is_some());
        assert_eq!(story.chosen(2), "seoul", "an operator says so");
        story.hold("seoul", held, Some(100));
        assert_eq!((story.chosen(3), story.expired(99)), ("dublin".into(), 0));
        assert_eq!(story.beliefs.next_ripe(), Some(story.at(100)));
        assert_eq!((story.expired(100), story.chosen(100)), (1, "dublin".into()), "it waits like a lost pool");
        assert_eq!((story.chosen(699), story.chosen(700)), ("dublin".into(), "seoul".into()));
    }
}

#[test]
fn a_hold_up_serves_whatever_is_seen_and_ends_with_the_truth() {
    let mut story = Story::new(world("failback = \"auto\""));
    story.pool_is("seoul", false, 0);
    story.pool_is("dublin", true, 0);
    assert_eq!(story.chosen(0), "dublin");
    story.hold("seoul", Held::Up, Some(10));
    assert_eq!(story.chosen(1), "seoul");
    story.expired(10);
    assert_eq!(story.chosen(10), "dublin");
}

#[test]
fn holds_stay_with_their_pool_over_a_reload() {
    let mut story = Story::new(world(""));
    story.hold("seoul", Held::Down, None);
    story.hold("busan", Held::Down, None);
    let text = [ZONE, POOLS, &service("").replace("[\"seoul\", \"dublin\"]", "[\"dublin\", \"seoul\"]")].concat();
    story.beliefs.reseat(topology(&text));
    story.pool_is("seoul", true, 0);
    story.pool_is("dublin", true, 0);
    assert_eq!(story.chosen(0), "dublin");
    assert_eq!(story.beliefs.holds().iter().len(), 2, "what the configuration lacks may come back");
    assert!(story.beliefs.find(&subject("busan")).is_err());
    assert!(story.beliefs.find(&subject("seoul/10.1.0.1")).is_ok());
    assert!(story.beliefs.find(&subject("seoul/10.9.9.9")).is_err());
}

#[test]
fn what_a_hold_would_leave_is_known_before_it_is_made() {
    let mut story = Story::new(world(""));
    story.pool_is("seoul", true, 0);
    story.pool_is("dublin", true, 0);
    let hold = |held| Hold { held, grounds: Grounds::new("x", "y").unwrap(), made: 0, ends: None };
    let left = |story: &Story, text: &str, held| {
        story.beliefs.would_leave(&subject(text), Some(&hold(held))).map(|left| (left.service, left.active))
    };
    let federation = |active| Some(("federation".to_owned(), active));
    assert_eq!(left(&story, "seoul", Held::Down), federation(1));
    assert_eq!(left(&story, "seoul", Held::Up), None);
    assert_eq!(left(&story, "seoul/10.1.0.1", Held::Down), None, "two endpoints are left");
    assert_eq!(left(&story, "dublin/10.2.0.1", Held::Down), federation(1), "it was the last endpoint");
    story.pool_is("dublin", false, 1);
    assert_eq!(left(&story, "seoul", Held::Drain), federation(0));
    assert_eq!(left(&story, "dublin", Held::Down), None, "it is down anyway");
    story.hold("seoul", Held::Drain, None);
    assert_eq!(left(&story, "seoul", Held::Down), None, "it takes no peers already");
}

/// Two configurations that a reload changes between; compiled once, since that is what takes long.
static WORLDS: LazyLock<[Arc<Topology>; 2]> =
    LazyLock::new(|| ["", "\nttl = \"5s\""].map(|more| world(&format!("failback = \"10m\"{more}"))));

proptest! {
    /// No sequence of observations, of moments and of reloads moves partners to a pool that is held away.
    #[test]
    fn no_sequence_of_inputs_makes_a_held_pool_move(
        steps in prop::collection::vec((0usize..4, any::<bool>(), 0u64..2000, any::<bool>()), 1..60),
        drained in any::<bool>(),
    ) {
        let mut story = Story::new(WORLDS[0].clone());
        story.pool_is("dublin", true, 0);
        story.hold("seoul", if drained { Held::Drain } else { Held::Down }, None);
        let (mut seconds, mut dublin_lives) = (0, true);
        for (target, passed, wait, reload) in steps {
            seconds += wait;
            let spec = story.beliefs.topology().targets[target].clone();
            let outcome = if passed { Outcome::Pass } else { Outcome::fail(FailureClass::Timeout, "silent") };
            for _ in 0..3 {
                story.beliefs.observe(&spec, &outcome, story.at(seconds));
            }
            if spec.address.ip().to_string() == "10.2.0.1" {
                dublin_lives = passed;
            }
            if reload {
                story.beliefs.reseat(WORLDS[wait as usize % 2].clone());
            }
            let chosen = story.chosen(seconds);
            if dublin_lives || !drained {
                prop_assert_eq!(chosen, "dublin");
            }
        }
    }
}
