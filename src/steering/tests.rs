use super::*;
use crate::testing::{POOLS, ZONE, service, topology};
use crate::topology::Topology;
use std::sync::Arc;
use std::time::Instant;

fn world(more: &str) -> Arc<Topology> {
    topology(&[ZONE, POOLS, &service(more)].concat())
}

/// A word as "U D ?", with "w" behind it where the pool waits: one for each pool, one letter for each endpoint.
fn standings(text: &str) -> Vec<Standing> {
    let state = |c| match c {
        'U' => State::Up,
        'D' => State::Down,
        _ => State::Unknown,
    };
    let standing = |word: &str| {
        let endpoints: Box<[State]> = word.trim_end_matches('w').chars().map(state).collect();
        let gate = if word.ends_with('w') { Gate::Waiting { since: Instant::now() } } else { Gate::In };
        let has = |s| endpoints.contains(&s);
        let state = if has(State::Up) {
            State::Up
        } else if has(State::Unknown) {
            State::Unknown
        } else {
            State::Down
        };
        Standing { state, gate, endpoints }
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
        assert_eq!(pool_state(pool, state_of).0, expected, "{states}");
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
