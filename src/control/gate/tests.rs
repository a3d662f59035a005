use super::*;
use crate::control::Beliefs;
use crate::health::{self, FailureClass, Outcome};
use crate::snapshot::Publisher;
use crate::testing::{POOLS, ZONE, service, topology};

const SEOUL: usize = 0;
const DUBLIN: usize = 1;

/// Two proven pools, and a gate before the service. What its program says is not waited for: the tests say it.
struct Story {
    beliefs: Beliefs,
    publisher: Publisher,
    gates: Gates,
    _answers: mpsc::Receiver<Answer>,
}

impl Story {
    fn new(failback: &str) -> Self {
        let gate = "[gate.board]\ncommand = [\"/bin/true\"]\n";
        let service = service(&format!("failback = \"{failback}\""));
        let world = topology(&["[health]\ndamping = \"off\"\n", ZONE, POOLS, &service, gate].concat());
        let mut beliefs = Beliefs::new(world.clone());
        let publisher = Publisher::new(world, beliefs.render_all(Instant::now()));
        let (gates, answers) = Gates::new();
        let mut story = Self { beliefs, publisher, gates, _answers: answers };
        [SEOUL, DUBLIN].into_iter().for_each(|pool| drop(story.turn(pool, true)));
        story.gates.shut();
        story
    }

    /// A pool lives or dies; what gates are asked then.
    fn turn(&mut self, pool: usize, lives: bool) -> Vec<Asked> {
        let world = self.publisher.lake().load().topology.clone();
        let outcome = if lives { Outcome::Pass } else { Outcome::fail(FailureClass::Refused, "refused") };
        for target in world.services[0].pools[pool].endpoints.iter().flat_map(|e| e.targets()) {
            (0..3).for_each(|_| drop(self.beliefs.observe(&world.targets[target.index()], &outcome, Instant::now())));
        }
        self.publish()
    }

    fn publish(&mut self) -> Vec<Asked> {
        let (id, before) = (ServiceId(0), self.publisher.lake().load());
        let row = self.beliefs.render_after(id, |pool| before.row(id).keeps(pool), Instant::now());
        let mut changes = vec![(id, Arc::new(row))];
        let asked = self.gates.sift(&before, &mut changes);
        self.publisher.apply(changes);
        asked
    }

    /// The gate answers what it was asked last.
    fn says(&mut self, way: Way) {
        let answer = Answer { asked: self.gates.next, gate: "board".into(), way, why: String::new() };
        let before = self.publisher.lake().load();
        assert!(self.gates.hear(answer, &before, Instant::now()).is_some(), "it was asked");
        self.publish();
    }

    /// What the gate was told of moves that wait.
    fn told(&self) -> Value {
        self.gates.waiting.values().flat_map(|waiting| waiting.told.iter().cloned()).collect()
    }

    /// The pools that clients of each order are sent to.
    fn chosen(&self) -> Vec<usize> {
        let snapshot = self.publisher.lake().load();
        let mut chosen: Vec<usize> =
            snapshot.row(ServiceId(0)).choices().flat_map(|choice| choice.picks.iter().map(|pick| pick.pool)).collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    fn gate_of(&self, pool: usize) -> health::Gate {
        self.publisher.lake().load().row(ServiceId(0)).standings[pool].gate
    }
}

#[tokio::test]
async fn an_answer_keeps_nobody_whom_it_was_not_about() {
    let mut story = Story::new("auto");
    assert_eq!(story.turn(SEOUL, false).len(), 1);
    assert_eq!(story.told()[0]["lost"], json!(["seoul"]));
    story.says(Way::Go);
    assert_eq!(story.chosen(), [DUBLIN]);

    assert_eq!(story.turn(SEOUL, true).len(), 1, "those who prefer it would go back");
    let back = story.told();
    assert_eq!(back[0]["lost"], json!([]));
    story.says(Way::Stay);
    assert!(story.publish().is_empty(), "the same question is not asked again");
    assert_eq!(story.chosen(), [DUBLIN]);

    assert_eq!(story.turn(DUBLIN, false).len(), 1, "all would go there, and from a dead pool");
    let lost = story.told();
    assert_eq!((&lost[0]["from"], &lost[0]["to"]), (&back[0]["from"], &back[0]["to"]));
    assert_eq!(lost[0]["lost"], json!(["dublin"]));
    assert_ne!(lost[0]["regions"], back[0]["regions"]);
    story.says(Way::Go);
    assert_eq!(story.chosen(), [SEOUL]);
}

#[tokio::test]
async fn a_pool_that_nobody_has_left_is_not_left_once_it_is_up_again() {
    let mut story = Story::new("10m");
    assert_eq!(story.chosen(), [SEOUL, DUBLIN]);
    assert_eq!(story.turn(SEOUL, false).len(), 1);
    story.says(Way::Stay);
    assert_eq!(story.chosen(), [SEOUL, DUBLIN]);
    assert!(story.turn(SEOUL, true).is_empty(), "there is nothing to ask for");
    assert_eq!(story.told(), json!([]));
    assert_eq!((story.chosen(), story.gate_of(SEOUL)), (vec![SEOUL, DUBLIN], health::Gate::In));

    story.turn(SEOUL, false);
    story.says(Way::Go);
    assert!(story.turn(SEOUL, true).is_empty());
    assert_eq!(story.chosen(), [DUBLIN], "whom its clients have left waits");
    assert!(matches!(story.gate_of(SEOUL), health::Gate::Waiting { .. }));
}
