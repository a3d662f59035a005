use super::super::FailureClass;
use super::*;
use proptest::prelude::*;

const THRESHOLDS: Thresholds = Thresholds { fall: 3, rise: 2 };

fn outcome(passed: bool) -> Outcome {
    scripted(if passed { b'+' } else { b'-' })
}

fn scripted(letter: u8) -> Outcome {
    match letter {
        b'+' => Outcome::Pass,
        b'~' => Outcome::Degraded("SIP 504".into()),
        b'-' => Outcome::fail(FailureClass::Refused, "connection refused"),
        b'!' => Outcome::fail(FailureClass::Local, "no file descriptor is free"),
        _ => Outcome::Stale("told 5m ago".into()),
    }
}

/// The states after each outcome of a script of `+` (pass), `~` (degraded), `-` (failure), `!` (no evidence) and `o` (stale).
fn states(script: &str) -> String {
    let mut judge = Judge::default();
    let start = Instant::now();
    script
        .bytes()
        .enumerate()
        .map(|(i, c)| {
            judge.observe(&scripted(c), start + Duration::from_secs(i as u64), THRESHOLDS);
            match judge.verdict().state {
                State::Up => 'U',
                State::Degraded => 'd',
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
        ("~", "d"),
        ("~+", "dd"),
        ("~++", "ddU"),
        ("+~~", "UUU"),
        ("+~~~", "UUUd"),
        ("+~~+~~~", "UUUUUUd"),
        ("+~-~-~", "UUUddd"),
        ("+-~---", "UUUUUD"),
        ("+--~", "UUUd"),
        ("+~~~---", "UUUdddD"),
        ("+~~~+~++", "UUUddddU"),
        ("+---~~", "UUUDDd"),
        ("+---~+", "UUUDDd"),
        ("+---~++", "UUUDDdU"),
        ("+~!~!~", "UUUUUd"),
        ("+~~~o~", "UUUd?d"),
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
fn a_stale_target_is_unknown_at_once_whatever_was_believed() {
    let mut judge = Judge::default();
    let mut play = |letter| {
        let changed = judge.observe(&scripted(letter), Instant::now(), THRESHOLDS);
        (changed, judge.verdict().state, judge.is_informed())
    };
    assert_eq!(play(b'o'), (false, State::Unknown, true), "nothing was known, and now that is known");
    assert_eq!(play(b'+'), (true, State::Up, true));
    assert_eq!(play(b'-'), (false, State::Up, true));
    assert_eq!(play(b'o'), (true, State::Unknown, true));
    for _ in 0..2 {
        assert_eq!(play(b'-'), (false, State::Unknown, true), "the row begins anew");
    }
    assert_eq!(play(b'-'), (true, State::Down, true));
    assert_eq!(play(b'o'), (true, State::Unknown, true), "a belief in death grows old too");
    assert_eq!(judge.verdict().why.as_ref().map(ToString::to_string), Some("told 5m ago".into()));
}

#[test]
fn a_degraded_verdict_says_what_the_edge_says_and_since_when() {
    let (mut judge, start) = (Judge::default(), Instant::now());
    let at = |s| start + Duration::from_secs(s);
    for (s, letter) in b"+-~~-".iter().enumerate() {
        judge.observe(&scripted(*letter), at(s as u64), THRESHOLDS);
    }
    assert_eq!((judge.verdict().state, judge.verdict().since), (State::Degraded, Some(at(3))));
    assert_eq!(judge.first_sign(), Some(at(1)), "the failure was the first sign that it does not serve");
    assert_eq!(judge.verdict().why.as_ref().map(ToString::to_string), Some("SIP 504".into()), "one failure is no news");
}

#[test]
fn what_is_older_than_the_last_observation_is_ignored() {
    let (mut judge, start) = (Judge::default(), Instant::now());
    let at = |s| start + Duration::from_secs(s);
    judge.observe(&outcome(true), at(10), THRESHOLDS);
    let known = judge.clone();
    for letter in *b"---~~~ooo" {
        assert!(!judge.observe(&scripted(letter), at(9), THRESHOLDS));
    }
    assert_eq!(judge, known);
    judge.observe(&outcome(false), at(10), THRESHOLDS);
    assert_ne!(judge, known, "at the same instant is not older");
}

#[test]
fn what_is_stale_is_asked_again_in_its_turn() {
    let (interval, confirm) = (Duration::from_secs(5), Duration::from_millis(500));
    let mut pace = Pace::default();
    for (outcome, due) in [
        (Outcome::Stale("old".into()), interval),
        (scripted(b'~'), confirm),
        (scripted(b'+'), confirm),
        (scripted(b'+'), interval),
        (Outcome::Stale("old".into()), interval),
        (outcome(true), confirm),
    ] {
        assert_eq!(pace.after(&outcome, THRESHOLDS, interval, confirm), due, "{outcome:?}");
    }
}

#[test]
fn probes_are_close_only_while_a_mind_may_change() {
    let (interval, confirm) = (Duration::from_secs(5), Duration::from_millis(500));
    for (script, spacing) in [
        ("+", "c"),
        ("++", "cI"),
        ("++-", "cIc"),
        ("++---", "cIccI"),
        ("---+", "ccIc"),
        ("---++", "ccIcI"),
        ("++~~~", "cIccI"),
        ("---~~~", "ccIccI"),
    ] {
        let mut pace = Pace::default();
        let got: String = script
            .bytes()
            .map(|c| if pace.after(&scripted(c), THRESHOLDS, interval, confirm) == interval { 'I' } else { 'c' })
            .collect();
        assert_eq!(got, spacing, "{script}");
    }
}

/// How many of the newest outcomes of a script fit, those without evidence left out; none behind a stale one.
fn in_a_row(script: &[u8], fits: impl Fn(u8) -> bool) -> u32 {
    let evidence = script.iter().rev().filter(|letter| **letter != b'!');
    evidence.take_while(|letter| **letter != b'o' && fits(**letter)).count() as u32
}

proptest! {
    /// The whole table, for any sequence of outcomes: each change has its outcomes in a row, and no other change exists.
    #[test]
    fn every_change_has_its_row(
        script in prop::collection::vec(prop::sample::select(b"+~-!o".to_vec()), 1..80), fall in 1u32..6, rise in 1u32..6,
    ) {
        let thresholds = Thresholds { fall, rise };
        let mut judge = Judge::default();
        let start = Instant::now();
        for (i, &letter) in script.iter().enumerate() {
            let before = judge.verdict().state;
            let changed = judge.observe(&scripted(letter), start + Duration::from_secs(i as u64), thresholds);
            let after = judge.verdict().state;
            prop_assert_eq!(changed, before != after);
            let row = |letters: &[u8]| in_a_row(&script[..=i], |letter| letters.contains(&letter));
            match (before, after) {
                (_, State::Down) if changed => prop_assert!(row(b"-") >= fall),
                (State::Unknown, State::Up) => prop_assert_eq!(letter, b'+'),
                (State::Unknown, State::Degraded) => prop_assert_eq!(letter, b'~'),
                (State::Down, State::Up) => prop_assert!(row(b"+") >= rise),
                (State::Down, State::Degraded) => prop_assert!(row(b"+~") >= rise && row(b"+") < rise),
                (State::Up, State::Degraded) => prop_assert!(letter == b'~' && row(b"~-") >= fall),
                (State::Degraded, State::Up) => prop_assert!(row(b"+") >= rise),
                (_, State::Unknown) if changed => prop_assert_eq!(letter, b'o'),
                _ => prop_assert!(!changed, "no other change exists"),
            }
            // And none is missed.
            match after {
                State::Up => prop_assert!(row(b"-") < fall && (letter != b'~' || row(b"~-") < fall)),
                State::Degraded => prop_assert!(row(b"-") < fall && row(b"+") < rise),
                State::Down => prop_assert!(row(b"+~") < rise),
                State::Unknown => prop_assert!(row(b"-") < fall && row(b"+~") == 0),
            }
        }
    }

    /// Time runs only forward: whatever arrives late changes nothing.
    #[test]
    fn late_observations_are_as_if_they_had_never_been(
        script in prop::collection::vec((prop::sample::select(b"+~-!o".to_vec()), 0u64..100), 1..60),
    ) {
        let (mut all, mut forward, start) = (Judge::default(), Judge::default(), Instant::now());
        let mut newest = 0;
        for (letter, second) in script {
            let now = start + Duration::from_secs(second);
            all.observe(&scripted(letter), now, THRESHOLDS);
            if second >= newest {
                forward.observe(&scripted(letter), now, THRESHOLDS);
                newest = if letter == b'!' { newest } else { second };
            }
            prop_assert_eq!(&all, &forward);
        }
    }
}

#[test]
fn an_endpoint_is_suspect_until_one_side_has_enough_in_a_row() {
    for (script, expected) in [
        ("+++", "..."),
        ("---", "..."),
        ("+---", ".ss."),
        ("+--++", ".sss."),
        ("+-+-+-++", ".ssssss."),
        ("+~~~", ".ss."),
        ("+~+~~~++", ".ssss..."),
        ("~~-~~", "..ss."),
        ("~-~-~~", ".ssss."),
        ("+-!+!+", ".ssss."),
        ("+-o+", ".s.."),
        ("+---++-", ".ss...s"),
    ] {
        let mut judge = Judge::default();
        let start = Instant::now();
        let step = |(i, c)| {
            judge.observe(&scripted(c), start + Duration::from_secs(i), THRESHOLDS);
            if judge.is_suspect() { 's' } else { '.' }
        };
        assert_eq!((0..).zip(script.bytes()).map(step).collect::<String>(), expected, "{script}");
    }
}

#[test]
fn evidence_that_is_let_go_of_is_no_reason_to_suspect() {
    let mut judge = Judge::default();
    let start = Instant::now();
    for (i, c) in (0..).zip(b"+--") {
        judge.observe(&scripted(*c), start + Duration::from_secs(i), THRESHOLDS);
    }
    assert!(judge.is_suspect());
    judge.drop_evidence();
    assert_eq!((judge.is_suspect(), judge.verdict().state), (false, State::Up));
}

proptest! {
    #[test]
    fn only_what_lives_is_suspect(script in "[-+~!o]{0,60}") {
        let mut judge = Judge::default();
        let start = Instant::now();
        for (i, c) in script.bytes().enumerate() {
            judge.observe(&scripted(c), start + Duration::from_secs(i as u64), THRESHOLDS);
            prop_assert!(!judge.is_suspect() || judge.verdict().state.is_alive());
        }
        let passes = script.bytes().rev().filter(|c| *c != b'!').take_while(|c| *c == b'+').count();
        prop_assert!(passes < THRESHOLDS.rise as usize || !judge.is_suspect());
    }
}
