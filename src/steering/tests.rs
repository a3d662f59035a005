use super::*;
use crate::health::{Grounds, Hold};
use crate::testing::{POOLS, ZONE, service, topology};
use crate::topology::Topology;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

fn world(more: &str) -> Arc<Topology> {
    topology(&[ZONE, POOLS, &service(more)].concat())
}

/// One world with a service for each of these policies: compiling a world takes longer than all that is asked of it.
fn worlds(policies: &[String]) -> Arc<Topology> {
    let named = |(i, policy): (usize, &String)| {
        let name = [format!("[service.s{i}]"), format!("domains = [\"s{i}.contoso.com\"]")];
        service(policy).replace("[service.federation]", &name[0]).replace("domains = [\"contoso.com\"]", &name[1])
    };
    let services: String = policies.iter().enumerate().map(named).collect();
    topology(&[ZONE, POOLS, &services].concat())
}

/// A word as "U D ?", with "w" behind it where the pool waits, "c" where it does in its canary, "f" where it flaps and "s" where it is suspect: one for each pool, one letter for each endpoint.
fn standings(text: &str) -> Vec<Standing> {
    let state = |c| match c {
        'U' => State::Up,
        'd' => State::Degraded,
        'D' => State::Down,
        _ => State::Unknown,
    };
    let standing = |word: &str| {
        let endpoints: Box<[State]> = word.trim_end_matches(['w', 'c', 'f', 's']).chars().map(state).collect();
        let gate = if word.ends_with(['w', 'c']) { Gate::Waiting { since: Instant::now() } } else { Gate::In };
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
        let (suspect, canary) = (word.ends_with('s'), word.ends_with('c'));
        Standing { state, gate, damped, canary, suspect, endpoints, holds: PoolHolds::default(), spoiler: None }
    };
    text.split(' ').map(standing).collect()
}

/// A choice as "basis pool:endpoints ...".
fn chosen(service: &Service, text: &str, last_good: Option<usize>) -> String {
    shown(&choose(service, &[0, 1], &standings(text), last_good, false))
}

fn shown(choice: &Choice) -> String {
    let basis = match choice.basis {
        Basis::Proven => "proven",
        Basis::Unproven => "unproven",
        Basis::AllDown(Rung::LastGood) => "last-good",
        Basis::AllDown(Rung::All) => "all",
        Basis::AllDown(Rung::Pool(_)) => "pool",
        Basis::AllDown(Rung::NoData) => "nodata",
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
    let all = "all 0:[0, 1, 2] 1:[0]";
    let cases = [
        ("\"all\"", Some(1), "--", all),
        ("\"last-good\"", Some(0), "--", "last-good 0:[0, 1, 2]"),
        ("\"last-good\"", None, "--", all),
        ("{ pool = \"dublin\" }", Some(0), "--", "pool 1:[0]"),
        ("{ pool = \"dublin\" }", Some(0), "-d", "all 0:[0, 1, 2]"),
        ("{ pool = \"dublin\" }", Some(0), "dd", "pool 1:[0]"),
        ("\"last-good\", { pool = \"dublin\" }", Some(0), "--", "last-good 0:[0, 1, 2]"),
        ("\"last-good\", { pool = \"dublin\" }", None, "--", "pool 1:[0]"),
        ("{ pool = \"dublin\" }, { pool = \"seoul\" }, \"nodata\"", None, "-d", "pool 0:[0, 1, 2]"),
        ("\"last-good\", \"nodata\"", Some(1), "--", "last-good 1:[0]"),
        ("\"last-good\", \"nodata\"", Some(1), "-d", "nodata"),
        ("\"last-good\", \"nodata\"", None, "--", "nodata"),
        ("\"nodata\"", Some(1), "dd", "nodata"),
    ];
    let topology = worlds(&cases.map(|(ladder, ..)| format!("all_down = [{ladder}]")));
    for ((ladder, last_good, holds, expected), service) in cases.iter().zip(&topology.services) {
        let choice = choose(service, &[0, 1], &held("DDD D", holds), *last_good, false);
        assert_eq!(shown(&choice), *expected, "{ladder} {last_good:?} {holds}");
    }
}

#[test]
fn in_its_canary_a_pool_is_preferred_by_those_who_try_it() {
    let topology = world("");
    for (states, tried, others) in [
        ("UUUc U", "proven 0:[0, 1, 2]", "proven 1:[0]"),
        ("UUUw U", "proven 1:[0]", "proven 1:[0]"),
        ("???c U", "proven 1:[0]", "proven 1:[0]"),
        ("dddc U", "proven 1:[0]", "proven 1:[0]"),
        ("UUUc D", "proven 0:[0, 1, 2]", "proven 0:[0, 1, 2]"),
        ("UUU Uc", "proven 0:[0, 1, 2]", "proven 0:[0, 1, 2]"),
    ] {
        let choice = |tries| shown(&choose(&topology.services[0], &[0, 1], &standings(states), None, tries));
        assert_eq!((choice(true), choice(false)), (tried.to_owned(), others.to_owned()), "{states}");
    }
}

#[test]
fn what_may_soon_change_is_said_briefly() {
    let topology = worlds(&["address", "ordered"].map(|shape| format!("shape = \"{shape}\"")));
    for (shape, states, holds, brief) in [
        ("address", "UUU U", "--", false),
        ("address", "UUUs U", "--", true),
        ("address", "UUU Us", "--", false),
        ("ordered", "UUU Us", "--", true),
        ("address", "UUUs Us", "-d", true),
        ("address", "UUU U", "r-", false),
        ("address", "UUU D", "r-", true),
        ("address", "UUU U", "rd", true),
        ("address", "DDD D", "r-", false),
    ] {
        let service = if shape == "ordered" { &topology.services[1] } else { &topology.services[0] };
        let choice = choose(service, &[0, 1], &held(states, holds), None, false);
        assert_eq!(choice.brief, brief, "{shape} {states} {holds}");
    }
}

#[test]
fn while_one_pool_lives_no_rung_counts() {
    let topology = world("all_down = [\"nodata\"]");
    assert_eq!(chosen(&topology.services[0], "DDD ?", None), "unproven 1:[0]");
    assert_eq!(chosen(&topology.services[0], "dDD D", None), "proven 0:[0]");
}

/// Ladders that differ in what they end with.
const LADDERS: [&str; 5] = [
    "[\"last-good\", \"all\"]",
    "[\"nodata\"]",
    "[{ pool = \"seoul\" }, \"nodata\"]",
    "[\"last-good\", { pool = \"dublin\" }]",
    "[{ pool = \"dublin\" }, { pool = \"seoul\" }]",
];

const SHAPES: [&str; 3] = ["address", "target", "ordered"];

/// A service for each shape and ladder.
static POLICIES: LazyLock<Arc<Topology>> = LazyLock::new(|| {
    let of_shape = |shape| LADDERS.map(|ladder| format!("shape = \"{shape}\"\nall_down = {ladder}"));
    worlds(&SHAPES.map(of_shape).concat())
});

proptest! {
    /// Whatever stands how, and whatever is held.
    #[test]
    fn what_a_choice_may_never_do(
        words in ("[UdD?]{3}[wcfs]?", "[UdD?][wcfs]?"),
        holds in "[-dr]{2}",
        last_good in proptest::option::of(0..2usize),
        policy in 0..SHAPES.len() * LADDERS.len(),
        order in proptest::sample::select(vec![[0u16, 1], [1, 0]]),
        tries in any::<bool>(),
    ) {
        let standings = held(&format!("{} {}", words.0, words.1), &holds);
        let choice = choose(&POLICIES.services[policy], &order, &standings, last_good, tries);
        let held_down = |pool: usize| standings[pool].holds.held() == Some(Held::Down);
        let named = |pool: usize| choice.picks.iter().any(|pick| pick.pool == pool);
        let all_held = (0..2).all(held_down);
        prop_assert!(all_held || !(0..2).any(|pool| held_down(pool) && named(pool)), "one that is held down is named");
        let best = |s: &Standing| s.state == State::Up && (s.gate == Gate::In || tries && s.canary) && s.damped.is_none() && s.holds.held().is_none();
        if let Some(first) = choice.picks.first() {
            prop_assert!(!standings.iter().any(best) || best(&standings[first.pool]), "a worse one is preferred");
            prop_assert!(choice.picks.iter().all(|pick| !pick.endpoints.is_empty()), "a pool without an endpoint");
        }
        prop_assert_eq!(choice.picks.is_empty(), choice.basis == Basis::AllDown(Rung::NoData));
    }
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
    assert_eq!(shown(&choose(service, &[0, 1], &few, None, false)), "all 0:[0]");
    assert_eq!(shown(&choose(service, &[0, 1], &few, Some(0), false)), "last-good 0:[0]");
    assert_eq!(shown(&choose(service, &[0, 1], &few, Some(1), false)), "all 0:[0]", "the last good one is dead whole");
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
        let got = shown(&choose(&topology.services[0], &[0, 1], &held(states, holds), last_good, false));
        assert_eq!(got, expected, "{states} {holds}");
    }
}

#[test]
fn ordered_lists_no_drained_pool_beside_another() {
    let topology = world("shape = \"ordered\"");
    let got = |holds| shown(&choose(&topology.services[0], &[0, 1], &held("UUU U", holds), None, false));
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
