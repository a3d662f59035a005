use super::*;
use crate::health::{Grounds, Held, Hold, PoolHolds, State};
use crate::ids::{PoolId, ServiceId};
use crate::snapshot::{Row, Snapshot};
use crate::steering::Standing;
use crate::testing::{POOLS, ZONE, service, topology_beside};
use std::sync::Arc;

/// Half of the clients whose place is known are Korean, a quarter Japanese, a quarter Irish; in IPv6 all are Irish.
const CLIENTS: &str = "10.0.0.0/9,KR\n10.128.0.0/10,JP\n10.192.0.0/10,IE\n2001:db8::/32,IE\n";

/// A world in which everything lives and hardly anybody else has a place: the database has five /24.
fn world(clients: &str, more: &str) -> Snapshot {
    let tiny = concat!(env!("CARGO_MANIFEST_DIR"), "/geoip/fixtures/flat-v4.mmdb");
    let geoip = format!("[geoip]\ndatabase = \"{tiny}\"\noverrides = \"overrides.csv\"\n");
    all_up(&topology_beside(&format!("{ZONE}{POOLS}{geoip}{more}"), &[("overrides.csv", clients)]))
}

fn nearest(more: &str) -> Snapshot {
    world(CLIENTS, &service(&format!("steering = \"nearest\"\n{more}")))
}

fn lose(world: &Snapshot, pools: &[u32]) -> Snapshot {
    without(world, &pools.iter().map(|&pool| PoolId(pool)).collect::<Vec<_>>())
}

/// Each move as one line: service, clients, percent of IPv4 and IPv6, from, to; `!` where nothing lives.
fn told(comparison: &Comparison) -> Vec<String> {
    let fate = |fate: &Option<Fate>| {
        let mark = |fate: &Fate| if fate.is_served() { "" } else { "!" };
        fate.as_ref().map_or("-".to_owned(), |fate| format!("{}{}", fate.pools.join("+"), mark(fate)))
    };
    let moves =
        comparison.services.iter().flat_map(|service| service.moves.iter().map(move |it| (&service.service, it)));
    let line = |(service, it): (&String, &Move)| {
        let share = it.share.map_or("-".to_owned(), |[v4, v6]| format!("{:.0}/{:.0}", v4 * 100.0, v6 * 100.0));
        let clients = match &it.clients {
            Clients::Located => "located".to_owned(),
            Clients::Elsewhere => "elsewhere".to_owned(),
            Clients::Partner(name) | Clients::View(name) => name.clone(),
        };
        format!("{service} {clients} {share} {}>{}", fate(&it.from), fate(&it.to))
    };
    moves.map(line).collect()
}

#[test]
fn those_who_were_sent_to_a_lost_pool_go_to_the_next() {
    let before = nearest("");
    let comparison = compare(&before, &lose(&before, &[0]));
    assert_eq!(
        told(&comparison),
        [
            "federation located 75/0 seoul>dublin",
            "federation located 25/100 dublin>dublin",
            "federation elsewhere - seoul>dublin"
        ]
    );
    let moved = &comparison.services[0].moves[0];
    let codes: Vec<&str> = moved.countries.iter().map(|country| country.code()).collect();
    assert!(codes.contains(&"KR") && codes.contains(&"JP") && !codes.contains(&"IE"), "{codes:?}");
    assert_eq!(moved.examples[0], "10.0.0.0/9".parse().unwrap());
    assert_eq!(comparison.objections(None), []);
    assert_eq!(comparison.objections(Some(0.75)), []);
    let [Objection::Moved { share, .. }] = &comparison.objections(Some(0.5))[..] else { panic!("{comparison:?}") };
    assert!((share - 0.75).abs() < 1e-4, "{share}");
}

#[test]
fn where_no_pool_is_left_the_ladder_says_what_is_answered() {
    for (ladder, expected) in [("\"last-good\", \"all\"", "seoul>seoul!"), ("\"all\"", "seoul>seoul+dublin!")] {
        let before = nearest(&format!("all_down = [{ladder}]"));
        let comparison = compare(&before, &lose(&before, &[0, 1]));
        assert!(told(&comparison)[1].ends_with(expected), "{ladder}: {:?}", told(&comparison));
        let nothing = |clients| Objection::Nothing { service: "federation".to_owned(), clients };
        assert_eq!(comparison.objections(None), [nothing(Clients::Located), nothing(Clients::Elsewhere)]);
    }
}

#[test]
fn partners_and_views_are_told_by_name() {
    let more = "[partner.big]\nprefixes = [\"10.192.0.0/16\", \"192.0.2.0/24\"]\npools = [\"seoul\"]\n\
        [view.inside]\nprefixes = [\"10.0.0.0/9\"]\n[service.federation.view.inside]\npools = [\"dublin\"]\n";
    let before = world(CLIENTS, &format!("{}{more}", service("steering = \"nearest\"")));
    let comparison = compare(&before, &lose(&before, &[0]));
    let lines = told(&comparison);
    for expected in ["federation big - seoul>dublin", "federation inside - dublin>dublin"] {
        assert!(lines.contains(&expected.to_owned()), "{expected:?} in {lines:?}");
    }
    // Those inside are nobody's share, and a partner's addresses have a place.
    let moved = comparison.services[0].moved()[0];
    assert!((0.5..0.51).contains(&moved), "{moved}");
}

#[test]
fn without_any_place_the_share_is_of_all_addresses() {
    let inside = "[view.inside]\nprefixes = [\"8.8.8.0/24\", \"168.126.63.0/24\", \"192.0.2.0/24\", \"198.51.100.0/24\"]\n\
        [service.federation.view.inside]\nttl = \"5s\"\n";
    let before = world("", &format!("{}{inside}", service("steering = \"failover\"")));
    let comparison = compare(&before, &lose(&before, &[0]));
    assert_eq!(told(&comparison), ["federation elsewhere 100/100 seoul>dublin", "federation inside - seoul>dublin"]);
}

#[test]
fn weights_are_counted_by_slots() {
    let weighted =
        |seoul| world(CLIENTS, &service(&format!("steering = {{ weighted = {{ seoul = {seoul}, dublin = 1 }} }}")));
    let comparison = compare(&weighted(1), &weighted(3));
    assert_eq!(
        told(&comparison)[..3],
        [
            "federation located 25/25 dublin>seoul",
            "federation located 50/50 seoul>seoul",
            "federation located 25/25 dublin>dublin",
        ]
    );
    assert!(comparison.services[0].moves.iter().all(|it| it.examples.is_empty()), "{comparison:?}");
}

#[test]
fn services_that_come_and_go_are_told() {
    let named =
        |name: &str| world("2001:db8::/32,KR", &service("").replace("service.federation", &format!("service.{name}")));
    let comparison = compare(&named("federation"), &named("sip"));
    let told = told(&comparison);
    for expected in ["sip located 50/100 ->seoul", "federation located 50/0 dublin>-"] {
        assert!(told.contains(&expected.to_owned()), "{expected:?} in {told:?}");
    }
    let mut bereft = comparison.objections(None);
    bereft.retain(|objection| !matches!(objection, Objection::Nothing { service, .. } if service == "federation"));
    assert_eq!(bereft, [], "who comes has something");
    assert_eq!(comparison.objections(None).len(), 2, "who goes has nothing, located or not");
}

#[test]
fn another_geography_moves_those_whose_place_is_another() {
    let other = world(&CLIENTS.replace("JP", "FR"), &service("steering = \"nearest\""));
    let comparison = compare(&nearest(""), &other);
    assert_eq!(
        told(&comparison),
        [
            "federation located 25/0 seoul>dublin",
            "federation located 25/100 dublin>dublin",
            "federation located 50/0 seoul>seoul",
            "federation elsewhere - seoul>seoul"
        ]
    );
    assert_eq!(comparison.services[0].moves[0].examples, ["10.128.0.0/10".parse().unwrap()]);
}

#[test]
fn a_pool_that_is_held_up_is_answered_dead_or_not() {
    let before = nearest("");
    let topology = before.topology.clone();
    let hold = Hold { held: Held::Up, ends: None, made: 0, grounds: Grounds::new("test", "test").unwrap() };
    let holds = PoolHolds { pool: Some(Arc::new(hold)), endpoints: Box::default() };
    let mut held = before.clone();
    for (i, service) in topology.services.iter().enumerate() {
        let id = ServiceId::at(i);
        let standing = |(place, standing): (usize, &Standing)| {
            let holds = if service.pools[place].pool == PoolId(0) { holds.clone() } else { PoolHolds::default() };
            Standing { holds, ..standing.clone() }
        };
        let standings: Box<[Standing]> = before.row(id).standings.iter().enumerate().map(standing).collect();
        let nobody = vec![None; service.orders.list().len()];
        held.table.set(id, Arc::new(Row::render(service, standings, &nobody)));
    }
    assert!(!compare(&held, &lose(&held, &[0])).services[0].moves.iter().any(Move::is_moved));
    // Without the hold it is dead in the pool's own name too.
    let lost = lose(&before, &[0]);
    let states: Vec<State> = topology
        .services
        .iter()
        .enumerate()
        .flat_map(|(i, service)| {
            let row = lost.row(ServiceId::at(i));
            let places = service.pools.iter().zip(row.standings.iter());
            places.filter(|(pool, _)| pool.pool == PoolId(0)).map(|(_, standing)| standing.state).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(states, [State::Down; 2]);
}

/// Beta's web address is alpha's, so with alpha beta is no pool for the group either.
#[test]
fn a_group_goes_where_all_of_it_lives() {
    let pools =
        [("alpha", "10.1.0.1", "10.1.1.1"), ("beta", "10.2.0.1", "10.1.1.1"), ("gamma", "10.3.0.1", "10.3.1.1")];
    let pool = |(name, access, web)| {
        format!("[pool.{name}]\nlocation = \"KR\"\nendpoints = {{ access = [\"{access}\"], web = [\"{web}\"] }}\n")
    };
    let service = |name, kind| {
        format!(
            "[service.{name}]\nkind = \"{kind}\"\ndomains = [\"contoso.com\"]\npools = [\"alpha\", \"beta\", \"gamma\"]\n\
             steering = \"failover\"\ngroup = \"edge\"\n"
        )
    };
    let services = service("federation", "sip-federation") + &service("web", "web");
    let tiny = concat!(env!("CARGO_MANIFEST_DIR"), "/geoip/fixtures/flat-v4.mmdb");
    let text = format!("{ZONE}{}[geoip]\ndatabase = \"{tiny}\"\n{services}", pools.map(pool).concat());
    let before = all_up(&topology_beside(&text, &[]));
    let after = lose(&before, &[0]);
    for id in [0, 1].map(ServiceId) {
        assert_eq!([&before, &after].map(|world| world.row(id).choice(0).picks[0].pool), [0, 2]);
    }
    assert_eq!(after.row(ServiceId(0)).standings[1].spoiler, Some(ServiceId(1)));
}

#[test]
fn what_is_found_how_soon_follows_from_the_check() {
    let check = |more: &str| {
        let check = format!(
            "check = {{ kind = \"tcp\", port = 1, interval = \"5s\", confirm = \"500ms\", timeout = \"2s\", fall = 3{more} }}"
        );
        let world = world("", &service(&format!("ttl = \"30s\"\n{check}")));
        let estimate = estimates(&world.topology).next().unwrap();
        let seconds = |span: Span| (span.least.as_secs_f64(), span.most.unwrap().as_secs_f64());
        (estimate.found.map(seconds), estimate.peers[0].whole.map(seconds))
    };
    let (refused, silent) = ((1.0, 6.5), (7.0, 12.5));
    let (found, whole) = check("");
    assert_eq!(found, [(1.0, 1.5), refused, silent]);
    assert_eq!(whole, [(1.0, 31.51), (1.0, 36.51), (7.0, 42.51)]);
    assert_eq!(check(", tripwire = false").0, [refused, refused, silent]);
}
