use super::*;
use crate::health::FailureClass;
use crate::testing::{POOLS, ZONE, service, topology};

fn beliefs(more: &str) -> Beliefs {
    Beliefs::new(topology(&[ZONE, POOLS, &service(more)].concat()))
}

#[test]
fn the_last_observations_are_told_oldest_first() {
    let mut beliefs = beliefs("");
    let now = Moment { at: Instant::now() + Duration::from_secs(1_000), unix: 5_000 };
    let targets = beliefs.topology().targets.clone();
    let ms = Duration::from_millis;
    for i in 0..HISTORY_LENGTH as u64 + 4 {
        let outcome = if i % 2 == 0 { Outcome::Pass } else { Outcome::fail(FailureClass::Refused, "refused") };
        beliefs.remember(&targets[0], &outcome, ms(i), now.before(ms(100_000 - i * 500)));
    }
    let told = beliefs.histories(&targets[..2], now);
    assert_eq!(told.len(), 2);
    assert_eq!((told[0].len(), told[1].len()), (HISTORY_LENGTH, 0));
    let first = &told[0][0];
    assert_eq!((first.at_ms, first.took, first.detail()), (4_900_000 + 4 * 500, ms(4), None));
    assert_eq!((told[0][1].outcome.word(), told[0][1].detail()), ("refused", Some("refused")));
    assert!(told[0].is_sorted_by_key(|seen| seen.at_ms));
}

#[test]
fn a_history_goes_with_its_target_and_is_gone_with_it() {
    let mut beliefs = beliefs("");
    let targets = beliefs.topology().targets.clone();
    let now = Moment { at: Instant::now(), unix: 1 };
    beliefs.remember(&targets[0], &Outcome::Degraded("504".into()), Duration::ZERO, now.at);
    beliefs.reseat(topology(&[ZONE, POOLS, &service("ttl = \"7s\"")].concat()));
    assert_eq!(beliefs.histories(&targets[..1], now)[0][0].detail(), Some("504"));
    beliefs.reseat(topology(&[ZONE, POOLS, &service("check = { kind = \"tcp\", port = 9 }")].concat()));
    assert_eq!(beliefs.histories(&targets[..1], now), [vec![]]);
    beliefs.remember(&targets[0], &Outcome::Pass, Duration::ZERO, now.at);
}

#[test]
fn nobody_gets_more_histories_than_are_told_at_once() {
    let beliefs = beliefs("");
    let many = vec![beliefs.topology().targets[0].clone(); HISTORIES_ASKED_MAX + 1];
    assert_eq!(beliefs.histories(&many, Moment { at: Instant::now(), unix: 1 }).len(), HISTORIES_ASKED_MAX);
}
