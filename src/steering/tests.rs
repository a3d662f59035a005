use super::*;
use crate::health::{Grounds, Hold};
use crate::testing::{POOLS, ZONE, service, topology};
use crate::topology::Topology;
use std::sync::Arc;
use std::time::Instant;

fn world(more: &str) -> Arc<Topology> {
    topology(&[ZONE, POOLS, &service(more)].concat())
}

/// A word as "U D ?", with "w" behind it where the pool waits and "f" where it flaps: one for each pool, one letter for each endpoint.
fn standings(text: &str) -> Vec<Standing> {
    let state = |c| match c {
        'U' => State::Up,
        'd' => State::Degraded,
        'D' => State::Down,
        _ => State::Unknown,
    };
    let standing = |word: &str| {
        let endpoints: Box<[State]> = word.trim_end_matches(['w', 'f']).chars().map(state).collect();
        let gate = if word.ends_with('w') { Gate::Waiting { since: Instant::now() } } else { Gate::In };
        let has = |s| endpoints.contains(&s);
        let state = if has(State::Up) {
            State::Up
        } else if has(State::Degraded) {
            State::Degraded
        } else if has(State::Unknown) {
            State::Unknown
        } else {
            State::Down
        };
        let damped = word.ends_with('f').then(Instant::now);
        Standing { state, gate, damped, endpoints, holds: PoolHolds::default() }
    };
    text.split(' ').map(standing).collect()
}

/// A choice as "basis pool:endpoints ...".
fn chosen(service: &Service, text: &str, last_good: Option<usize>) -> String {
    shown(&choose(service, &[0, 1], &standings(text), last_good))
}

fn shown(choice: &Choice) -> String {
    let basis = match choice.basis {
        Basis::Proven => "proven",
        Basis::Unproven => "unproven",
        Basis::AllDown(Rung::LastGood) => "last-good",
        Basis::AllDown(Rung::All) => "all",
    };
    let picks = choice.picks.iter().map(|pick| format!(" {}:{:?}", pick.pool, pick.endpoints));
    std::iter::once(basis.to_owned()).chain(picks).collect()
}

#[test]
fn the_first_live_pool_is_chosen_with_its_endpoints_that_are_up() {
    let topology = world("");
    let service = &topology.services[0];
    for (standings, last_good, expected) in [
        ("UUU U", None, "proven 0:[0, 1, 2]"),
        ("UDU U", None, "proven 0:[0, 2]"),
        ("DDD U", None, "proven 1:[0]"),
        ("U?? U", None, "proven 0:[0]"),
        ("??? U", None, "proven 1:[0]"),
        ("UUUf U", None, "proven 1:[0]"),
        ("UUUf Uw", None, "proven 1:[0]"),
        ("UUUf Uf", None, "proven 0:[0, 1, 2]"),
        ("UUUf d", None, "proven 0:[0, 1, 2]"),
        ("UUUf D", None, "proven 0:[0, 1, 2]"),
        ("UdU d", None, "proven 0:[0, 2]"),
        ("ddD U", None, "proven 1:[0]"),
        ("ddD Uw", None, "proven 1:[0]"),
        ("ddD d", None, "proven 0:[0, 1]"),
        ("ddD ?", None, "proven 0:[0, 1]"),
        ("??? d", None, "proven 1:[0]"),
        ("d?? D", None, "proven 0:[0]"),
        ("DDD d", None, "proven 1:[0]"),
        ("?D? ?", None, "unproven 0:[0, 2]"),
        ("DDD ?", None, "unproven 1:[0]"),
        ("UUUw U", None, "proven 1:[0]"),
        ("UUUw D", None, "proven 0:[0, 1, 2]"),
        ("UUUw ?", None, "proven 0:[0, 1, 2]"),
        ("UUUw Uw", None, "proven 0:[0, 1, 2]"),
        ("??? ??w", None, "unproven 0:[0, 1, 2]"),
        ("???w ?", None, "unproven 1:[0]"),
        ("DDD D", Some(1), "last-good 1:[0]"),
        ("DDD D", None, "all 0:[0, 1, 2] 1:[0]"),
    ] {
        assert_eq!(chosen(service, standings, last_good), expected, "{standings}");
    }
}

#[test]
fn the_ladder_is_climbed_in_its_order() {
    let topology = world("all_down = [\"all\"]");
    assert_eq!(chosen(&topology.services[0], "DDD D", Some(1)), "all 0:[0, 1, 2] 1:[0]");
    let topology = world("all_down = [\"last-good\"]");
    assert_eq!(chosen(&topology.services[0], "DDD D", Some(0)), "last-good 0:[0, 1, 2]");
    assert_eq!(chosen(&topology.services[0], "DDD D", None), "all 0:[0, 1, 2] 1:[0]", "never empty");
}

#[test]
fn ordered_names_every_live_pool() {
    let topology = world("shape = \"ordered\"");
    for (standings, expected) in [
        ("UUU U", "proven 0:[0, 1, 2] 1:[0]"),
        ("UUUw U", "proven 1:[0] 0:[0, 1, 2]"),
        ("??? U", "proven 1:[0]"),
        ("??? ?", "unproven 0:[0, 1, 2] 1:[0]"),
        ("DDD U", "proven 1:[0]"),
    ] {
        assert_eq!(chosen(&topology.services[0], standings, None), expected, "{standings}");
    }
}

#[test]
fn a_pool_is_up_while_min_healthy_endpoints_are() {
    let pools = POOLS.replacen("location  = \"KR\"", "location = \"KR\"\nmin_healthy = 2", 1);
    let topology = topology(&[ZONE, &pools, &service("")].concat());
    let pool = &topology.services[0].pools[0];
    for (states, expected) in [
        ("UUD", State::Up),
        ("UDD", State::Down),
        ("U?D", State::Unknown),
        ("??D", State::Unknown),
        ("?DD", State::Down),
        ("UUU", State::Up),
    ] {
        let state_of = |target: TargetId| match &states[target.index()..=target.index()] {
            "U" => State::Up,
            "D" => State::Down,
            _ => State::Unknown,
        };
        assert_eq!(pool_state(pool, &PoolHolds::default(), state_of).0, expected, "{states}");
    }
}

#[test]
fn an_endpoint_that_several_targets_speak_for_is_up_while_one_says_so() {
    use State::{Down, Unknown, Up};
    for (states, expected) in
        [(&[Up, Down][..], Up), (&[Down, Unknown], Unknown), (&[Down, Down], Down), (&[], Unknown)]
    {
        assert_eq!(any_of(states.iter().copied()), expected, "{states:?}");
    }
}

#[test]
fn while_one_endpoint_lives_no_dead_one_is_named() {
    let topology = world("");
    let service = &topology.services[0];
    // Both pools are down, the first because one endpoint of three is not enough for it.
    let mut few = standings("UDD D");
    few[0].state = State::Down;
    assert_eq!(shown(&choose(service, &[0, 1], &few, None)), "all 0:[0]");
    assert_eq!(shown(&choose(service, &[0, 1], &few, Some(0))), "last-good 0:[0]");
    assert_eq!(shown(&choose(service, &[0, 1], &few, Some(1))), "all 0:[0]", "the last good one is dead whole");
}

fn hold(held: Held) -> Arc<Hold> {
    Arc::new(Hold { held, grounds: Grounds::new("test", "test").unwrap(), made: 0, ends: None })
}

/// As `standings`, with the pools held: "u" up, "d" down, "r" drained, "-" not held.
fn held(text: &str, holds: &str) -> Vec<Standing> {
    let mut all = standings(text);
    for (standing, word) in all.iter_mut().zip(holds.bytes()) {
        let kind = match word {
            b'd' => Held::Down,
            b'r' => Held::Drain,
            _ => continue,
        };
        standing.holds.pool = Some(hold(kind));
        if kind == Held::Down {
            standing.state = State::Down;
        }
    }
    all
}

#[test]
fn a_held_pool_is_told_only_where_nothing_else_can_be() {
    let topology = world("");
    for (states, holds, last_good, expected) in [
        ("UUU U", "d-", None, "proven 1:[0]"),
        ("UUU U", "r-", None, "proven 1:[0]"),
        ("UUU ?", "r-", None, "unproven 1:[0]"),
        ("UUU D", "r-", None, "proven 0:[0, 1, 2]"),
        ("UUU D", "d-", Some(0), "all 1:[0]"),
        ("DDD D", "d-", Some(0), "all 1:[0]"),
        ("DDD D", "r-", Some(0), "last-good 0:[0, 1, 2]"),
        ("UUU U", "dd", Some(1), "last-good 1:[0]"),
        ("UUU U", "rd", None, "proven 0:[0, 1, 2]"),
        ("UUU U", "rr", None, "proven 0:[0, 1, 2]"),
    ] {
        let got = shown(&choose(&topology.services[0], &[0, 1], &held(states, holds), last_good));
        assert_eq!(got, expected, "{states} {holds}");
    }
}

#[test]
fn ordered_lists_no_drained_pool_beside_another() {
    let topology = world("shape = \"ordered\"");
    let got = |holds| shown(&choose(&topology.services[0], &[0, 1], &held("UUU U", holds), None));
    assert_eq!((got("r-"), got("-r")), ("proven 1:[0]".into(), "proven 0:[0, 1, 2]".into()));
    assert_eq!(got("rr"), "proven 0:[0, 1, 2] 1:[0]");
}

#[test]
fn a_hold_wins_over_verdicts() {
    let topology = world("");
    let pool = &topology.services[0].pools[0];
    let endpoint = |held| vec![(pool.endpoints[0].address, hold(held))].into();
    let none = || Box::from([]);
    use State::{Down, Unknown, Up};
    for (whole, endpoints, states, expected) in [
        (None, none(), [Up, Down, Unknown], (Up, [Up, Down, Unknown])),
        (Some(Held::Down), none(), [Up, Up, Up], (Down, [Up, Up, Up])),
        (Some(Held::Drain), none(), [Up, Down, Down], (Up, [Up, Down, Down])),
        (Some(Held::Up), none(), [Down, Up, Down], (Up, [Down, Up, Down])),
        (Some(Held::Up), none(), [Down, Unknown, Down], (Up, [Up, Up, Up])),
        (Some(Held::Up), endpoint(Held::Down), [Up, Down, Down], (Up, [Down, Up, Up])),
        (None, endpoint(Held::Down), [Up, Down, Down], (Down, [Down, Down, Down])),
        (None, endpoint(Held::Drain), [Up, Down, Down], (Down, [Down, Down, Down])),
        (None, endpoint(Held::Up), [Down, Down, Down], (Up, [Up, Down, Down])),
    ] {
        let holds = PoolHolds { pool: whole.map(hold), endpoints };
        let (state, endpoints) = pool_state(pool, &holds, |target| states[target.index()]);
        assert_eq!((state, &*endpoints), (expected.0, &expected.1[..]), "{whole:?} {holds:?}");
    }
}
