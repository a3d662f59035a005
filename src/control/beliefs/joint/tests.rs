use super::*;
use crate::health::{FailureClass, Grounds, Held, Hold, Moment, Outcome};
use crate::snapshot::Row;
use crate::steering::Basis;
use crate::testing::{POOLS, ZONE, topology};
use crate::topology::Topology;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

const SERVICES: usize = 3;

/// Three services on the same pools, each with a check of its own, with more keys of each.
fn world(more: [&str; SERVICES]) -> Arc<Topology> {
    let service = |(i, more): (usize, &str)| {
        format!(
            "[service.s{i}]\nkind = \"generic\"\naddress = \"s{i}.{{domain}}\"\ndomains = [\"contoso.com\"]\n\
             pools = [\"seoul\", \"dublin\"]\nsteering = \"failover\"\nfailback = \"10m\"\n{more}\n\
             check = {{ kind = \"tcp\", port = {}, fall = 1, rise = 1 }}\n",
            5000 + i
        )
    };
    topology(
        &[ZONE.to_owned(), POOLS.to_owned()]
            .into_iter()
            .chain(more.into_iter().enumerate().map(service))
            .collect::<String>(),
    )
}

fn tied() -> Arc<Topology> {
    static WORLD: LazyLock<Arc<Topology>> = LazyLock::new(|| world(["group = \"edge\""; SERVICES]));
    WORLD.clone()
}

/// Beliefs with what is published of them: only what they say is affected is rendered.
struct Story {
    beliefs: Beliefs,
    start: Instant,
    rows: Vec<Row>,
}

impl Story {
    fn new(topology: Arc<Topology>) -> Self {
        let start = Instant::now();
        let mut beliefs = Beliefs::new(topology);
        let rows = beliefs.render_all(start);
        Self { beliefs, start, rows }
    }

    fn render(&mut self, services: BTreeSet<ServiceId>, now: Instant) {
        services.into_iter().for_each(|id| self.rows[id.index()] = self.beliefs.render(id, now));
    }

    /// All of a service's endpoints of a pool are seen; tells how many services were affected.
    fn see(&mut self, service: usize, pool: usize, up: bool, seconds: u64) -> usize {
        let (topology, now) = (self.beliefs.topology.clone(), self.start + Duration::from_secs(seconds));
        let outcome = if up { Outcome::Pass } else { Outcome::fail(FailureClass::Refused, "refused") };
        let mut affected = BTreeSet::new();
        for target in topology.services[service].pools[pool].endpoints.iter().flat_map(|e| e.targets()) {
            if self.beliefs.observe(&topology.targets[target.index()], &outcome, now).is_some() {
                affected.extend(topology.affected(target));
            }
        }
        let count = affected.len();
        self.render(affected, now);
        count
    }

    fn all_up(&mut self) {
        for i in 0..SERVICES * 2 {
            self.see(i / 2, i % 2, true, 0);
        }
    }

    fn ripen(&mut self, seconds: u64) {
        let now = self.start + Duration::from_secs(seconds);
        let ripe = self.beliefs.ripe(now);
        self.render(ripe, now);
    }

    /// The pool that each service sends clients to, and the basis of that.
    fn chosen(&self) -> Vec<(Option<usize>, Basis)> {
        let choices = self.rows[..SERVICES].iter().map(|row| row.choice(0));
        choices.map(|choice| (choice.picks.first().map(|pick| pick.pool), choice.basis)).collect()
    }

    fn all_chose(&self, pool: usize) {
        assert_eq!(self.chosen(), [(Some(pool), Basis::Proven); SERVICES]);
    }
}

/// Whatever is up of three services in two pools: all choose the first pool in which all are, and where there is none, each what
/// lives of it.
#[test]
fn a_pool_is_eligible_where_all_members_are_up() {
    for up in 0..1 << (SERVICES * 2) {
        let is_up = |service: usize, pool: usize| up >> (service * 2 + pool) & 1 == 1;
        let mut story = Story::new(tied());
        for i in 0..SERVICES * 2 {
            story.see(i / 2, i % 2, is_up(i / 2, i % 2), 0);
        }
        match (0..2).find(|&pool| (0..SERVICES).all(|service| is_up(service, pool))) {
            Some(pool) => story.all_chose(pool),
            None => {
                for (service, (pool, basis)) in story.chosen().into_iter().enumerate() {
                    assert!(matches!(basis, Basis::AllDown(_)), "{up:b}");
                    assert!(is_up(service, pool.unwrap()) || !is_up(service, 0) && !is_up(service, 1), "{up:b}");
                }
            }
        }
    }
}

#[test]
fn one_member_moves_all_and_brings_all_back_at_once() {
    let mut story = Story::new(tied());
    story.all_up();
    story.all_chose(0);
    assert_eq!(story.see(2, 0, false, 10), SERVICES + 1, "the whole group, and the pool's own name");
    story.all_chose(1);
    let standing = &story.rows[0].standings[0];
    assert_eq!((standing.state, standing.spoiler), (State::Down, Some(ServiceId(2))));
    assert!(standing.endpoints.iter().all(|state| *state == State::Up), "its own endpoints live");
    assert_eq!(story.rows[2].standings[0].spoiler, None);
    story.see(2, 0, true, 20);
    story.all_chose(1);
    assert_eq!(story.beliefs.next_ripe(), Some(story.start + Duration::from_secs(620)));
    story.ripen(619);
    story.all_chose(1);
    story.ripen(620);
    story.all_chose(0);
    assert_eq!(story.beliefs.next_ripe(), None);
}

#[test]
fn a_release_frees_all_members_and_a_flap_is_counted_once() {
    let mut story = Story::new(tied());
    story.all_up();
    for i in 0..4 {
        story.see(i % SERVICES, 0, false, 10 + 2 * i as u64);
        story.see(i % SERVICES, 0, true, 11 + 2 * i as u64);
    }
    let flaps = story.beliefs.take_flaps();
    assert_eq!(
        flaps.iter().map(|flap| (flap.pool.as_str(), flap.damped.is_some())).collect::<Vec<_>>(),
        [("seoul", true)]
    );
    assert!(story.rows[..SERVICES].iter().all(|row| row.standings[0].damped.is_some()));
    let (_, services) = story.beliefs.release(&"seoul".parse().unwrap());
    assert_eq!(services.len(), SERVICES);
    story.render(services, story.start + Duration::from_secs(20));
    story.all_chose(0);
}

#[test]
fn a_hold_is_judged_by_what_it_leaves_of_the_whole_group() {
    let mut story = Story::new(tied());
    story.all_up();
    story.see(1, 0, false, 1);
    let grounds = Grounds::new("test", "test").unwrap();
    let hold = Hold { held: Held::Down, grounds, made: 0, ends: None };
    let left = story.beliefs.would_leave(&"dublin".parse().unwrap(), Some(&hold)).unwrap();
    assert_eq!(left.active, 0, "seoul serves nobody while one member is down there");
}

/// A reload and a restart leave a group with the loss that any member remembers, and its members with that of the group.
#[test]
fn a_loss_is_remembered_into_a_group_and_out_of_it() {
    let (single, now) = (world([""; SERVICES]), Instant::now());
    for (from, to, lost) in [(single.clone(), tied(), 1), (tied(), single, 0)] {
        let mut story = Story::new(from);
        story.all_up();
        story.see(1, 0, false, 1);
        story.see(1, 0, true, 2);
        let moment = Moment { at: story.start + Duration::from_secs(3), unix: 1000 };
        let past = story.beliefs.past(moment);
        let mut restarted = Beliefs::new(to.clone());
        restarted.recall(&past, Moment { at: now, unix: 1001 });
        story.beliefs.reseat(to);
        for mut beliefs in [restarted, story.beliefs] {
            let row = beliefs.render(ServiceId(lost), moment.at.max(now));
            assert_eq!(row.choice(0).picks[0].pool, 1, "seoul waits for its failback");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever happens, and though only what is affected is rendered: members never part while a pool serves all of them.
    #[test]
    fn members_never_part(steps in proptest::collection::vec((0..SERVICES, 0..2usize, any::<bool>(), 0u64..400), 1..40)) {
        let mut story = Story::new(tied());
        let mut seconds = 0;
        for (service, pool, up, later) in steps {
            seconds += later;
            story.ripen(seconds);
            story.see(service, pool, up, seconds);
            let rows = &story.rows[..SERVICES];
            for row in rows {
                for (standing, first) in row.standings.iter().zip(&rows[0].standings) {
                    prop_assert_eq!((standing.state, standing.gate, standing.damped), (first.state, first.gate, first.damped));
                }
            }
            let chosen = story.chosen();
            if chosen.iter().all(|(_, basis)| !matches!(basis, Basis::AllDown(_))) {
                prop_assert!(chosen.iter().all(|choice| choice == &chosen[0]), "{:?}", chosen);
            }
        }
    }
}
