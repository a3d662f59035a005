use super::*;
use crate::control::Beliefs;
use crate::health::{FailureClass, Outcome, State};
use crate::ids::ServiceId;
use crate::testing::{POOLS, ZONE, service, topology};
use crate::topology::Topology;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

const CANARY: &str = "failback = { after = \"5m\", canary = { share = \"5%\", for = \"5m\" } }";

static WORLD: LazyLock<Arc<Topology>> = LazyLock::new(|| topology(&[ZONE, POOLS, &service(CANARY)].concat()));

fn says(row: &Row, order: usize, tries: bool) -> (&Choice, &Answer) {
    if tries { (&row.trial(order).0, &row.trial(order).1) } else { (row.choice(order), row.answer(order)) }
}

fn goes_elsewhere(a: &Choice, b: &Choice) -> bool {
    a.picks.first().map(|pick| pick.pool) != b.picks.first().map(|pick| pick.pool)
}

proptest! {
    /// Whatever was seen before: who stays is told of the pools that he was told of, and of a dead one of the same endpoints, of a live one of
    /// those that are well; everybody else is told what is true; and to keep again keeps the same.
    #[test]
    fn who_stays_is_told_of_the_same_pools_as_they_are_and_everybody_else_what_is_true(
        script in proptest::collection::vec((0..4usize, any::<bool>(), 0u64..400), 1..40),
    ) {
        let service = &WORLD.services[0];
        let mut beliefs = Beliefs::new(WORLD.clone());
        let mut now = Instant::now();
        let mut before = beliefs.render(ServiceId(0), now);
        for (target, up, wait) in script {
            now += Duration::from_secs(wait);
            beliefs.ripe(now);
            let target = &WORLD.targets[target % WORLD.targets.len()];
            let outcome = if up { Outcome::Pass } else { Outcome::fail(FailureClass::Refused, "refused") };
            (0..3).for_each(|_| drop(beliefs.observe(target, &outcome, now)));
            let row = beliefs.render(ServiceId(0), now);
            let kept = row.keeping(service, &before, goes_elsewhere);
            for (order, tries) in (0..WORLD.services[0].orders.list().len()).flat_map(|o| [(o, false), (o, true)]) {
                let stays = goes_elsewhere(says(&before, order, tries).0, says(&row, order, tries).0);
                prop_assert_eq!(kept.is_kept(order, tries), stays);
                let (told, was) = (says(&kept, order, tries), says(&before, order, tries));
                if !stays {
                    prop_assert_eq!(told, says(&row, order, tries));
                    continue;
                }
                prop_assert!(!goes_elsewhere(told.0, was.0));
                prop_assert_eq!(told.1, &answer::render(service, told.0));
                for (pick, old) in told.0.picks.iter().zip(&was.0.picks) {
                    let standing = &row.standings[pick.pool];
                    let up: Vec<usize> = (0..standing.endpoints.len()).filter(|&i| standing.endpoints[i] == State::Up).collect();
                    match standing.state {
                        State::Up => prop_assert_eq!(&*pick.endpoints, up),
                        State::Down => prop_assert_eq!(pick, old),
                        _ => {}
                    }
                }
                if told.0.picks.iter().all(|pick| row.standings[pick.pool].state == State::Up) {
                    let doubted = told.0.picks.iter().any(|pick| row.standings[pick.pool].suspect);
                    prop_assert_eq!(told.1.ttl, if doubted { service.suspect_ttl } else { service.ttl });
                }
            }
            prop_assert_eq!(&kept.standings, &row.standings);
            prop_assert_eq!(&row.keeping(service, &kept, goes_elsewhere), &kept);
            prop_assert_eq!(&row.keeping(service, &before, |_, _| false), &row);
            before = kept;
        }
    }
}
