use super::super::FailureClass;
use super::*;
use proptest::prelude::*;

const THRESHOLDS: Thresholds = Thresholds { fall: 3, rise: 2 };

fn outcome(passed: bool) -> Outcome {
    if passed { Outcome::Pass } else { Outcome::fail(FailureClass::Refused, "connection refused") }
}

/// The states after each outcome of a script of `+` and `-`.
fn states(script: &str) -> String {
    let mut judge = Judge::default();
    let start = Instant::now();
    script
        .bytes()
        .enumerate()
        .map(|(i, c)| {
            judge.observe(&outcome(c == b'+'), start + Duration::from_secs(i as u64), THRESHOLDS);
            match judge.verdict().state {
                State::Up => 'U',
                State::Down => 'D',
                State::Unknown => '?',
            }
        })
        .collect()
}

#[test]
fn outcomes_in_a_row_change_the_verdict() {
    for (script, expected) in [
        ("+", "U"),
        ("---", "??D"),
        ("--+", "??U"),
        ("+--+--+", "UUUUUUU"),
        ("+---", "UUUD"),
        ("+---+-++", "UUUDDDDU"),
        ("---++---", "??DDUUUD"),
    ] {
        assert_eq!(states(script), expected, "{script}");
    }
}

#[test]
fn a_verdict_says_since_when_and_why() {
    let mut judge = Judge::default();
    let start = Instant::now();
    let at = |s| start + Duration::from_secs(s);
    judge.observe(&outcome(true), at(0), THRESHOLDS);
    for s in 1..=4 {
        judge.observe(&outcome(false), at(s), THRESHOLDS);
    }
    assert_eq!(judge.verdict().state, State::Down);
    assert_eq!(judge.verdict().since, Some(at(3)), "the third failure decided");
    assert_eq!(judge.first_sign(), Some(at(1)), "the first failure was the sign");
    assert_eq!(judge.verdict().why.as_ref().map(ToString::to_string), Some("connection refused".into()));
}

#[test]
fn an_unknown_target_says_what_failed_last() {
    let mut judge = Judge::default();
    judge.observe(&outcome(false), Instant::now(), THRESHOLDS);
    assert_eq!(judge.verdict().state, State::Unknown);
    assert!(judge.verdict().why.is_some() && judge.is_informed());
}

#[test]
fn a_probe_that_could_not_be_sent_is_no_evidence() {
    let mut judge = Judge::default();
    let unable = Outcome::fail(FailureClass::Local, "no file descriptor is free");
    for outcome in [&outcome(true), &unable, &unable, &unable, &outcome(false), &unable, &outcome(false)] {
        assert!(!judge.observe(outcome, Instant::now(), THRESHOLDS) || outcome.passed());
    }
    assert_eq!(judge.verdict().state, State::Up);
    assert!(judge.observe(&outcome(false), Instant::now(), THRESHOLDS), "the third real failure");
}

#[test]
fn a_degraded_endpoint_lives_and_a_stale_one_is_unknown_at_once() {
    let (degraded, stale) = (Outcome::Degraded("SIP 504".into()), Outcome::Stale("told 5m ago".into()));
    let mut judge = Judge::default();
    let mut play = |outcome: &Outcome| {
        let changed = judge.observe(outcome, Instant::now(), THRESHOLDS);
        (changed, judge.verdict().state, judge.is_informed())
    };
    assert_eq!(play(&stale), (false, State::Unknown, true), "nothing was known, and now that is known");
    assert_eq!(play(&degraded), (true, State::Up, true));
    assert_eq!(play(&outcome(false)), (false, State::Up, true));
    assert_eq!(play(&outcome(false)), (false, State::Up, true));
    assert_eq!(play(&degraded), (false, State::Up, true), "it ends the row of failures");
    assert_eq!(play(&stale), (true, State::Unknown, true));
    assert_eq!(play(&stale), (false, State::Unknown, true));
    for _ in 0..2 {
        assert_eq!(play(&outcome(false)), (false, State::Unknown, true), "the row begins anew");
    }
    assert_eq!(play(&outcome(false)), (true, State::Down, true));
    assert_eq!(play(&stale), (true, State::Unknown, true), "a belief in death grows old too");
    assert_eq!(judge.verdict().why.as_ref().map(ToString::to_string), Some("told 5m ago".into()));
}

#[test]
fn what_is_stale_is_asked_again_in_its_turn() {
    let (interval, confirm) = (Duration::from_secs(5), Duration::from_millis(500));
    let mut pace = Pace::default();
    for (outcome, due) in [
        (Outcome::Stale("old".into()), interval),
        (Outcome::Degraded("504".into()), confirm),
        (outcome(true), interval),
        (Outcome::Stale("old".into()), interval),
        (outcome(true), confirm),
    ] {
        assert_eq!(pace.after(&outcome, THRESHOLDS, interval, confirm), due, "{outcome:?}");
    }
}

#[test]
fn probes_are_close_only_while_a_mind_may_change() {
    let (interval, confirm) = (Duration::from_secs(5), Duration::from_millis(500));
    for (script, spacing) in
        [("+", "c"), ("++", "cI"), ("++-", "cIc"), ("++---", "cIccI"), ("---+", "ccIc"), ("---++", "ccIcI")]
    {
        let mut pace = Pace::default();
        let got: String = script
            .bytes()
            .map(|c| if pace.after(&outcome(c == b'+'), THRESHOLDS, interval, confirm) == interval { 'I' } else { 'c' })
            .collect();
        assert_eq!(got, spacing, "{script}");
    }
}

proptest! {
    #[test]
    fn down_needs_fall_failures_in_a_row_and_up_needs_rise_passes(
        script in prop::collection::vec(any::<bool>(), 1..60), fall in 1u32..6, rise in 1u32..6,
    ) {
        let thresholds = Thresholds { fall, rise };
        let mut judge = Judge::default();
        let start = Instant::now();
        for (i, &passed) in script.iter().enumerate() {
            let before = judge.verdict().state;
            let changed = judge.observe(&outcome(passed), start + Duration::from_secs(i as u64), thresholds);
            let after = judge.verdict().state;
            prop_assert_eq!(changed, before != after);
            let in_a_row = script[..=i].iter().rev().take_while(|&&p| p == passed).count() as u32;
            match (before, after) {
                (_, State::Down) if changed => prop_assert!(!passed && in_a_row >= fall),
                (State::Down, State::Up) => prop_assert!(passed && in_a_row >= rise),
                (State::Unknown, State::Up) => prop_assert!(passed),
                _ => prop_assert!(!changed, "no other change exists"),
            }
        }
    }
}
