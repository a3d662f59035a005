use super::*;
use crate::control::Beliefs;
use crate::health::{FailureClass, Outcome};
use crate::snapshot::Publisher;
use crate::testing::{POOLS, ZONE, service, topology};
use std::time::Instant;

/// A service that prefers seoul to dublin, and where partners were sent by each turn of events.
struct Story {
    beliefs: Beliefs,
    publisher: Publisher,
}

impl Story {
    fn new() -> Self {
        let more = "steering = \"failover\"\nfailback = \"auto\"";
        let world = topology(&["[health]\ndamping = \"off\"\n", ZONE, POOLS, &service(more)].concat());
        let mut beliefs = Beliefs::new(world.clone());
        let rows = beliefs.render_all(Instant::now());
        Self { beliefs, publisher: Publisher::new(world, rows) }
    }

    fn turn(&mut self, pool: usize, outcome: &Outcome) -> Vec<Move> {
        let (world, now, id) = (self.publisher.lake().load().topology.clone(), Instant::now(), ServiceId(0));
        for target in world.services[0].pools[pool].endpoints.iter().flat_map(|e| e.targets()) {
            (0..3).for_each(|_| drop(self.beliefs.observe(&world.targets[target.index()], outcome, now)));
        }
        let row = Arc::new(self.beliefs.render(id, now));
        let moves = moves(&self.publisher.lake().load(), id, &row);
        self.publisher.apply([(id, row)]);
        moves
    }
}

#[test]
fn who_is_left_for_what_it_is_and_who_because_another_is_back() {
    const SEOUL: usize = 0;
    const DUBLIN: usize = 1;
    let (pass, dead) = (Outcome::Pass, Outcome::fail(FailureClass::Refused, "refused"));
    let (ill, stale) = (Outcome::Degraded("504".into()), Outcome::Stale("an hour old".into()));
    let all_down = "every pool is down: last-good";
    let turns = [
        (DUBLIN, &pass, "seoul > dublin, since seoul is not known to be alive"),
        (SEOUL, &pass, "dublin > seoul, since "),
        (SEOUL, &ill, "seoul > dublin, since seoul is degraded"),
        (DUBLIN, &dead, "dublin > seoul, since dublin is lost"),
        (DUBLIN, &pass, "seoul > dublin, since seoul is degraded"),
        (SEOUL, &pass, "dublin > seoul, since "),
        (SEOUL, &stale, "seoul > dublin, since seoul is not known to be alive"),
        (SEOUL, &pass, "dublin > seoul, since "),
        (SEOUL, &dead, "seoul > dublin, since seoul is lost"),
        // It serves badly, but that is not why its partners leave it.
        (DUBLIN, &ill, ""),
        (SEOUL, &pass, "dublin > seoul, since "),
        (DUBLIN, &dead, ""),
        (SEOUL, &dead, "seoul > seoul, since : every pool is down: last-good, was proven alive"),
        (SEOUL, &pass, "seoul > seoul, since : proven alive, was every pool is down: last-good"),
    ];
    let mut story = Story::new();
    for (turn, (pool, outcome, expected)) in turns.into_iter().enumerate() {
        let told = story.turn(pool, outcome).into_iter().map(|Move { from, to, lost, was, basis, .. }| {
            let lost: Vec<String> = lost.iter().map(Lost::to_string).collect();
            let rest = format!(": {}, was {}", basis.word(), was.word());
            let rest = if basis.word() == all_down || was.word() == all_down { &rest } else { "" };
            format!("{} > {}, since {}{rest}", from.join(", "), to.join(", "), lost.join(", "))
        });
        assert_eq!(told.collect::<Vec<_>>().join("; "), expected, "turn {turn}");
    }
}
