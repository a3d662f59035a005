use super::*;
use crate::control::beliefs::tests::{Story, world};

/// What the next process would believe that starts `later` seconds after these beliefs were said.
fn restarted(story: &mut Story, more: &str, seconds: u64, later: u64) -> Story {
    let past = story.beliefs.past(Moment { at: story.at(seconds), unix: 1_000_000 });
    let mut next = Story::new(world(more));
    next.start = story.at(seconds + later);
    next.beliefs.recall(&past, Moment { at: next.start, unix: 1_000_000 + later });
    next
}

#[test]
fn a_restart_forgets_nothing_that_is_fresh() {
    let mut story = Story::new(world("failback = \"10m\""));
    story.pool_is("seoul", false, 0);
    story.pool_is("dublin", true, 0);
    story.chosen(0);
    let mut next = restarted(&mut story, "failback = \"10m\"", 1, 60);
    assert_eq!((next.beliefs.unseen(), next.chosen(0)), (0, "dublin".into()), "before anything was probed");
    // It waits as if nothing had happened.
    next.pool_is("seoul", true, 1);
    assert_eq!(next.chosen(1), "dublin");
    assert_eq!((next.chosen(600), next.chosen(601)), ("dublin".into(), "seoul".into()));
}

#[test]
fn verdicts_grow_stale_and_lost_pools_stay_lost() {
    let mut story = Story::new(world("failback = \"manual\""));
    story.pool_is("seoul", false, 0);
    story.pool_is("dublin", true, 0);
    story.chosen(0);
    let mut next = restarted(&mut story, "failback = \"manual\"", 1, 301);
    assert!(next.beliefs.unseen() > 0, "nothing is known of now");
    assert_eq!(next.chosen(0), "dublin", "but seoul was lost");
    next.pool_is("seoul", true, 1);
    next.pool_is("dublin", true, 1);
    assert_eq!(next.chosen(1), "dublin", "and nobody has released it");
}

#[test]
fn a_clock_that_was_set_back_leaves_verdicts_unknown() {
    let mut story = Story::new(world(""));
    story.pool_is("seoul", true, 0);
    let past = story.beliefs.past(Moment { at: story.at(1), unix: 1_000_000 });
    let mut next = Beliefs::new(world(""));
    next.recall(&past, Moment { at: story.at(2), unix: 999_999 });
    assert_eq!(next.unseen(), next.topology().targets.len());
}

#[test]
fn the_last_good_pool_is_remembered_while_all_is_dark() {
    let mut story = Story::new(world(""));
    story.pool_is("seoul", false, 0);
    story.pool_is("dublin", true, 0);
    story.chosen(0);
    story.pool_is("dublin", false, 1);
    assert_eq!(story.chosen(1), "dublin");
    let mut next = restarted(&mut story, "", 2, 10);
    assert_eq!(next.chosen(0), "dublin");
}
