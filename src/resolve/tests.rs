use super::*;
use crate::control::Beliefs;
use crate::health::Outcome;
use crate::name::Name;
use crate::snapshot::Publisher;
use crate::testing::{POOLS, ZONE, service, topology_beside};
use crate::topology::Topology;
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Instant;

const HERE: Client = Client { source: IpAddr::V4(Ipv4Addr::LOCALHOST), steers: IpAddr::V4(Ipv4Addr::LOCALHOST) };

/// Client networks of the overrides file: nested, both families.
const OVERRIDES: &str = "10.0.0.0/8,KR\n10.1.0.0/16,IE\n10.1.128.0/17,KR\n10.1.200.0/24,IE\n2001:db8::/32,KR\n2001:db8:4000::/34,IE\n2001:db8:4000:100::/56,KR\n";

const WORLD: &str = "[geoip]\noverrides = \"o.csv\"\n";
const PARTNER: &str = "[partner.cloud]\nprefixes = [\"10.1.192.0/20\", \"2001:db8:8000::/36\"]\npools = [\"dublin\"]\n";

fn snapshot(more: &str, up: bool) -> Arc<Snapshot> {
    let topology = topology_beside(&[WORLD, ZONE, POOLS, PARTNER, &service(more)].concat(), &[("o.csv", OVERRIDES)]);
    publish(topology, up)
}

fn publish(topology: Arc<Topology>, up: bool) -> Arc<Snapshot> {
    let mut beliefs = Beliefs::new(topology.clone());
    let now = Instant::now();
    for target in topology.targets.iter().filter(|_| up) {
        beliefs.observe(target, &Outcome::Pass, now);
    }
    Publisher::new(topology, beliefs.render_all(now)).lake().load()
}

fn ask(snapshot: &Snapshot, name: &str, kind: Asked, client: &str) -> String {
    let name = Name::parse(name).unwrap();
    let resolution = resolve(snapshot, Question { name: name.wire(), kind }, client.parse::<IpAddr>().unwrap().into());
    let said = match resolution.body {
        Body::A(addresses, ttl) => format!("A {addresses:?} {ttl}"),
        Body::Aaaa(addresses, ttl) => format!("AAAA {addresses:?} {ttl}"),
        Body::Srv { answer, port, .. } => format!("SRV {port} {:?}", answer.addresses.v4),
        other => format!("{other:?}"),
    };
    format!("{said} /{}", resolution.scope)
}

#[test]
fn every_type_at_every_kind_of_name() {
    let snapshot = snapshot("", true);
    let (srv, sip) = ("_sipfederationtls._tcp.contoso.com", "sip.contoso.com");
    let korea = "10.0.0.1";
    for (name, kind, expected) in [
        (srv, Asked::Srv, "SRV 5061 [10.1.0.1, 10.1.0.2] /16"),
        (srv, Asked::Any, "SRV 5061 [10.1.0.1, 10.1.0.2] /16"),
        (srv, Asked::A, "NoData /0"),
        (sip, Asked::A, "A [10.1.0.1, 10.1.0.2] 30 /16"),
        (sip, Asked::Any, "A [10.1.0.1, 10.1.0.2] 30 /16"),
        (sip, Asked::Aaaa, "AAAA [2001:db8:1::1] 30 /16"),
        (sip, Asked::Srv, "NoData /0"),
        (sip, Asked::Other(16), "NoData /0"),
        ("contoso.com", Asked::Soa, "Soa /0"),
        ("contoso.com", Asked::Ns, "Ns /0"),
        ("contoso.com", Asked::Any, "Soa /0"),
        ("contoso.com", Asked::A, "NoData /0"),
        ("_tcp.contoso.com", Asked::Srv, "NoData /0"),
        ("ns1.contoso.com", Asked::A, "A [10.0.0.53] 3600 /0"),
        ("ns1.contoso.com", Asked::Aaaa, "NoData /0"),
        ("access-dublin.contoso.com", Asked::A, "A [10.2.0.1] 30 /0"),
        ("www.contoso.com", Asked::A, "NoName /0"),
        ("example.org", Asked::A, "Refused /0"),
    ] {
        assert_eq!(ask(&snapshot, name, kind, korea), expected, "{name} {kind:?}");
    }
}

#[test]
fn a_pool_without_ipv6_gives_nodata_with_the_scope_and_not_another_pools_address() {
    let snapshot = snapshot("", true);
    assert_eq!(ask(&snapshot, "sip.contoso.com", Asked::Aaaa, "10.1.0.1"), "NoData /17");
    assert_eq!(ask(&snapshot, "sip.contoso.com", Asked::A, "10.1.0.1"), "A [10.2.0.1] 30 /17");
}

#[test]
fn partners_come_before_overrides_before_the_database_before_the_default() {
    let snapshot = snapshot("", true);
    for (client, expected) in [
        ("10.1.192.1", "A [10.2.0.1] 30 /20"),
        ("10.1.129.1", "A [10.1.0.1, 10.1.0.2] 30 /18"),
        ("87.32.0.1", "A [10.2.0.1]"),
        ("168.126.63.1", "A [10.1.0.1, 10.1.0.2]"),
        ("127.0.0.1", "A [10.1.0.1, 10.1.0.2]"),
        ("::ffff:10.1.192.1", "A [10.2.0.1] 30 /20"),
    ] {
        let got = ask(&snapshot, "sip.contoso.com", Asked::A, client);
        assert!(got.starts_with(expected), "{client}: {got}");
    }
}

#[test]
fn failover_without_partners_depends_on_nobody() {
    let topology =
        topology_beside(&[WORLD, ZONE, POOLS, &service("steering = \"failover\"")].concat(), &[("o.csv", OVERRIDES)]);
    let snapshot = publish(topology, true);
    for client in ["10.1.0.1", "87.32.0.1", "2001:db8::1"] {
        assert_eq!(ask(&snapshot, "sip.contoso.com", Asked::A, client), "A [10.1.0.1, 10.1.0.2] 30 /0");
    }
}

#[test]
fn at_the_start_what_is_unknown_counts_as_up() {
    assert_eq!(ask(&snapshot("", false), "sip.contoso.com", Asked::A, "10.1.0.1"), "A [10.2.0.1] 30 /17");
}

#[test]
fn ds_is_answered_from_the_parents_side_of_a_cut() {
    let child = "[zone.\"a.child.contoso.com\"]\nns = { \"ns9.example.net\" = [] }\n";
    let snapshot = publish(topology_beside(&[ZONE, child, POOLS, &service("")].concat(), &[]), true);
    let zone_of = |name: &str, kind| {
        let name = Name::parse(name).unwrap();
        let (_, at) = resolve(&snapshot, Question { name: name.wire(), kind }, HERE).zone.unwrap();
        Name::from_wire(&name.wire()[at..]).to_string()
    };
    assert_eq!(zone_of("a.child.contoso.com", Asked::Ds), "contoso.com");
    assert_eq!(zone_of("a.child.contoso.com", Asked::Soa), "a.child.contoso.com");
    assert_eq!(zone_of("contoso.com", Asked::Ds), "contoso.com", "the parent is not ours");
}

#[test]
fn additional_addresses_have_the_ttl_and_the_content_of_their_own_name() {
    let second = service("ttl = \"200s\"\nshape = \"target\"")
        .replace("service.federation", "service.slow")
        .replace("contoso.com\"]", "eu.contoso.com\"]");
    let text = [ZONE, POOLS, &service("ttl = \"20s\"\nshape = \"target\""), &second].concat();
    let snapshot = publish(topology_beside(&text, &[]), true);
    let name = Name::parse("_sipfederationtls._tcp.eu.contoso.com").unwrap();
    let resolution = resolve(&snapshot, Question { name: name.wire(), kind: Asked::Srv }, HERE);
    let reply = reply::say(&snapshot, &resolution, &crate::answer::records::dns_name(name.wire()), name.wire());
    assert_eq!(reply.answers[0].ttl, 200);
    assert!(reply.additionals.iter().all(|record| record.ttl == 20) && reply.additionals.len() == 3);
    assert!(ask(&snapshot, "access-seoul.contoso.com", Asked::A, "127.0.0.1").starts_with("A [10.1.0.1, 10.1.0.2] 20"));
}

/// Two views, one within the other; pools whose addresses inside are others, and one that is for insiders alone.
const INSIDE: &str = r#"
[view.inside]
prefixes = ["10.0.0.0/8", "2001:db8:8000::/33"]
[view.lab]
prefixes = ["10.1.0.0/16"]
[pool.seoul]
location = "KR"
fqdn = "access-seoul.contoso.com"
endpoints = { access = ["192.0.2.1", "2001:db8:1::1"], internal = ["172.16.1.1", "fd00::1"] }
[pool.dublin]
location = "IE"
fqdn = "access-dublin.contoso.com"
endpoints = { access = ["192.0.2.2"], internal = ["172.16.2.1"] }
[pool.cellar]
location = "IE"
fqdn = "access-cellar.contoso.com"
endpoints = { internal = ["172.16.3.1"] }
"#;

/// What only views have, and what only everybody else has.
const HIDDEN: [&str; 4] = ["172.16.1.1", "fd00::1", "172.16.2.1", "172.16.3.1"];
const PUBLIC: [&str; 3] = ["192.0.2.1", "2001:db8:1::1", "192.0.2.2"];

const IN_VIEWS: &str = "[service.federation.view.inside]\nrole = \"internal\"\n\
    [service.federation.view.lab]\nrole = \"internal\"\npools = [\"cellar\"]\nsteering = \"failover\"\nttl = \"7s\"\n";

fn with_views(shape: &str) -> Arc<Snapshot> {
    let service = service(&format!("shape = \"{shape}\"\n{IN_VIEWS}"));
    publish(topology_beside(&[WORLD, ZONE, INSIDE, &service].concat(), &[("o.csv", OVERRIDES)]), true)
}

#[test]
fn where_the_ladder_says_nothing_the_names_exist() {
    let zone = format!("{ZONE}records = \"z\"\n");
    let text = [WORLD, &zone, POOLS, &service("all_down = [\"nodata\"]")].concat();
    let topology = topology_beside(&text, &[("o.csv", OVERRIDES), ("z", "sip TXT here\n")]);
    let mut beliefs = Beliefs::new(topology.clone());
    let now = Instant::now();
    for target in topology.targets.iter().cycle().take(3 * topology.targets.len()) {
        beliefs.observe(target, &Outcome::fail(crate::health::FailureClass::Refused, "refused"), now);
    }
    let snapshot = Publisher::new(topology, beliefs.render_all(now)).lake().load();
    let (srv, sip) = ("_sipfederationtls._tcp.contoso.com", "sip.contoso.com");
    for (name, kind, expected) in [
        (srv, Asked::Srv, "NoData /16"),
        (srv, Asked::Any, "NoData /16"),
        (sip, Asked::A, "NoData /16"),
        (sip, Asked::Aaaa, "NoData /16"),
        ("access-dublin.contoso.com", Asked::A, "A [10.2.0.1] 30 /0"),
    ] {
        assert_eq!(ask(&snapshot, name, kind, "10.0.0.1"), expected, "{name} {kind:?}");
    }
    let any = ask(&snapshot, sip, Asked::Any, "10.0.0.1");
    assert!(any.starts_with("Set(") && any.ends_with(" /16"), "what the file has is told, as far as it holds: {any}");
}

/// Every address of an answer, in the sections in which it stands.
fn told(snapshot: &Snapshot, name: &str, kind: Asked, client: Client) -> Vec<String> {
    let name = Name::parse(name).unwrap();
    let resolution = resolve(snapshot, Question { name: name.wire(), kind }, client);
    let owner = crate::answer::records::dns_name(name.wire());
    let reply = reply::say(snapshot, &resolution, &owner, name.wire());
    let records = reply.answers.iter().chain(&reply.additionals);
    records.filter_map(|record| Some(record.data.ip_addr()?.to_string())).collect()
}

#[test]
fn a_view_is_chosen_by_the_source_and_steers_within_itself() {
    let world = with_views("address");
    let (outside, inside, lab) = ("87.32.0.1", "10.200.0.1", "10.1.0.1");
    for (source, steers, expected) in [
        (outside, outside, "192.0.2.2"),
        (outside, inside, "192.0.2.1"),
        (outside, lab, "192.0.2.2"),
        (inside, inside, "172.16.1.1"),
        (inside, outside, "172.16.2.1"),
        ("::ffff:10.200.0.1", outside, "172.16.2.1"),
        ("2001:db8:8000::1", outside, "172.16.2.1"),
        ("2001:db8::1", outside, "192.0.2.2"),
        (lab, inside, "172.16.3.1"),
        (lab, outside, "172.16.3.1"),
    ] {
        let client = Client { source: source.parse().unwrap(), steers: steers.parse().unwrap() };
        for (name, kind) in [("sip.contoso.com", Asked::A), ("_sipfederationtls._tcp.contoso.com", Asked::Srv)] {
            assert_eq!(told(&world, name, kind, client)[0], expected, "{source} for {steers}: {name}");
        }
    }
    // The longer prefix is the lab's, whose answer is the same for everyone in it.
    assert_eq!(ask(&world, "sip.contoso.com", Asked::A, lab), "A [172.16.3.1] 7 /0");
}

#[test]
fn a_pools_own_name_is_what_its_clients_view_says() {
    let world = with_views("target");
    let ask =
        |name: &str, source: &str| told(&world, name, Asked::A, source.parse::<IpAddr>().unwrap().into()).join(" ");
    for (name, outside, inside, lab) in [
        ("access-seoul.contoso.com", "192.0.2.1", "172.16.1.1", ""),
        ("access-dublin.contoso.com", "192.0.2.2", "172.16.2.1", ""),
        ("access-cellar.contoso.com", "", "", "172.16.3.1"),
    ] {
        assert_eq!(ask(name, "87.32.0.1"), outside, "{name} outside");
        assert_eq!(ask(name, "10.200.0.1"), inside, "{name} inside");
        assert_eq!(ask(name, "10.1.0.1"), lab, "{name} in the lab");
    }
}

#[test]
fn a_service_without_views_is_the_same_inside() {
    let second =
        service("").replace("service.federation", "service.plain").replace("contoso.com\"]", "eu.contoso.com\"]");
    let text = [ZONE, INSIDE, &service(IN_VIEWS), &second].concat();
    let world = publish(topology_beside(&text, &[]), true);
    for source in ["87.32.0.1", "10.200.0.1", "10.1.0.1"] {
        let client = Client { source: source.parse().unwrap(), steers: [127, 0, 0, 1].into() };
        assert_eq!(told(&world, "sip.eu.contoso.com", Asked::A, client), ["192.0.2.1"]);
    }
}

/// Addresses around the networks of the test, or anywhere.
fn clients() -> impl Strategy<Value = IpAddr> {
    let v4 = prop_oneof![
        any::<u32>(),
        (0u32..1 << 24).prop_map(|host| 10 << 24 | host),
        (0u32..1 << 16).prop_map(|host| 10 << 24 | 1 << 16 | host)
    ];
    let v6 = prop_oneof![any::<u128>(), any::<u128>().prop_map(|host| 0x2001_0db8 << 96 | host >> 32)];
    prop_oneof![v4.prop_map(|bits| IpAddr::V4(bits.into())), v6.prop_map(|bits| IpAddr::V6(bits.into()))]
}

/// Another address within the first `scope` bits of `client`.
fn neighbour(client: IpAddr, scope: u8, noise: u128) -> IpAddr {
    match client {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shr(scope.into()).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & !mask | noise as u32 & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shr(scope.into()).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & !mask | noise & mask).into())
        }
    }
}

/// A world in which seoul has come back and is in its canary.
fn in_canary(more: &str) -> Arc<Snapshot> {
    let keys = format!("{more}\nfailback = {{ after = \"auto\", canary = {{ share = 0.5, for = \"10m\" }} }}");
    let topology = topology_beside(&[WORLD, ZONE, POOLS, PARTNER, &service(&keys)].concat(), &[("o.csv", OVERRIDES)]);
    let mut beliefs = Beliefs::new(topology.clone());
    let now = Instant::now();
    let fail = Outcome::fail(crate::health::FailureClass::Refused, "refused");
    for outcome in [Outcome::Pass, fail, Outcome::Pass] {
        for target in &topology.targets {
            let stays = matches!(outcome, Outcome::Fail(_)) && target.address.ip() == IpAddr::from([10, 2, 0, 1]);
            (0..3).filter(|_| !stays).for_each(|_| drop(beliefs.observe(target, &outcome, now)));
        }
        beliefs.render_all(now);
    }
    Publisher::new(topology, beliefs.render_all(now)).lake().load()
}

#[test]
fn in_a_canary_the_same_networks_try_a_pool_and_the_scope_says_whom_it_is_about() {
    let snapshot = in_canary("steering = \"failover\"");
    let said = |client: String| ask(&snapshot, "sip.contoso.com", Asked::A, &client);
    let (seoul, dublin) = ("A [10.1.0.1, 10.1.0.2] 30 /24", "A [10.2.0.1] 30 /24");
    let networks: Vec<String> = (0..100).map(|i| said(format!("100.64.{i}.7"))).collect();
    let tried = networks.iter().filter(|said| *said == seoul).count();
    assert!(networks.iter().all(|said| said == seoul || said == dublin), "{networks:?}");
    assert!((30..70).contains(&tried), "{tried} of 100 networks");
    (0..100).for_each(|i| assert_eq!(said(format!("100.64.{i}.200")), networks[i], "network {i}"));
    // Nobody whose order begins with dublin is concerned.
    let snapshot = in_canary("steering = \"nearest\"");
    assert_eq!(ask(&snapshot, "sip.contoso.com", Asked::A, "10.1.0.1"), "A [10.2.0.1] 30 /17");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// RFC 7871 section 7.2.1: a resolver may give the answer to everybody within the scope.
    #[test]
    fn two_clients_inside_one_scope_get_identical_answers(
        client in clients(), noise in any::<u128>(), steering in 0usize..6, kind in 0usize..3,
    ) {
        thread_local! {
            static WORLDS: Vec<Arc<Snapshot>> =
                ["\"nearest\"", "\"failover\"", "{ weighted = { seoul = 3, dublin = 1 } }"]
                    .map(|steering| format!("steering = {steering}"))
                    .iter()
                    .flat_map(|steering| [snapshot(steering, true), in_canary(steering)])
                    .collect();
        }
        let (name, kind) = [
            ("_sipfederationtls._tcp.contoso.com", Asked::Srv), ("sip.contoso.com", Asked::A), ("sip.contoso.com", Asked::Aaaa),
        ][kind];
        WORLDS.with(|worlds| {
            let wire = Name::parse(name).unwrap();
            let ask_as = |client: IpAddr| resolve(&worlds[steering], Question { name: wire.wire(), kind }, client.into());
            // ::ffff:0:0/96 is IPv4 to us and never comes as a subnet.
            prop_assume!(client.to_canonical() == client);
            let one = ask_as(client);
            let other = neighbour(client, one.scope, noise);
            prop_assume!(other.to_canonical() == other);
            let two = ask_as(other);
            prop_assert_eq!(one.scope, two.scope, "{} {}", client, other);
            prop_assert_eq!(format!("{:?}", one.body), format!("{:?}", two.body), "{} {}", client, other);
            Ok(())
        })?;
    }

    /// Nobody learns what is inside by what a client subnet option says, and nobody inside is sent outside.
    #[test]
    fn what_only_a_view_has_is_told_to_its_sources_alone(
        source in clients(), steers in clients(), shape in 0usize..3, name in 0usize..5,
    ) {
        thread_local! {
            static WORLDS: Vec<Arc<Snapshot>> = ["address", "target", "ordered"].map(with_views).into();
        }
        let name = [
            "_sipfederationtls._tcp.contoso.com", "sip.contoso.com", "access-seoul.contoso.com", "access-dublin.contoso.com",
            "access-cellar.contoso.com",
        ][name];
        let is_in = |prefix: &str| prefix.parse::<ipnet::IpNet>().unwrap().contains(&source.to_canonical());
        let inside = is_in("10.0.0.0/8") || is_in("2001:db8:8000::/33");
        let client = Client { source, steers };
        WORLDS.with(|worlds| {
            for kind in [Asked::A, Asked::Aaaa, Asked::Srv, Asked::Any] {
                for address in told(&worlds[shape], name, kind, client) {
                    let forbidden = if inside { &PUBLIC[..] } else { &HIDDEN[..] };
                    prop_assert!(!forbidden.contains(&&*address), "{:?} {} {:?}: {}", client, name, kind, address);
                }
            }
            Ok(())
        })?;
    }

    /// The scope is true for a given source: the same view, and within it the same answer.
    #[test]
    fn a_scope_holds_within_a_view(source in clients(), steers in clients(), noise in any::<u128>()) {
        thread_local! {
            static WORLD_OF_VIEWS: Arc<Snapshot> = with_views("address");
        }
        let wire = Name::parse("sip.contoso.com").unwrap();
        WORLD_OF_VIEWS.with(|world| {
            let ask = |steers| resolve(world, Question { name: wire.wire(), kind: Asked::A }, Client { source, steers });
            prop_assume!(steers.to_canonical() == steers);
            let one = ask(steers);
            let other = neighbour(steers, one.scope, noise);
            prop_assume!(other.to_canonical() == other);
            let two = ask(other);
            prop_assert_eq!(one.scope, two.scope);
            prop_assert_eq!(format!("{:?}", one.body), format!("{:?}", two.body));
            Ok(())
        })?;
    }
}
