//! Worlds: configurations with verdicts.

use edgesteer::app;
use edgesteer::control::Beliefs;
use edgesteer::health::{FailureClass, Outcome};
use edgesteer::snapshot::Publisher;
use proptest::prelude::*;
use proptest::sample::Index;
use std::fmt;
use std::fmt::Write as _;
use std::time::Instant;

/// Zones that there may be, one inside another, and one with a long name.
const ZONES: [&str; 4] = ["contoso.com", "lab.contoso.com", "fabrikam.example", LONG];
const LONG: &str =
    "a-label-that-is-rather-long-for-a-domain.and-another-one-behind-it-of-which-nobody-needs-so-much.example";
/// Domains that nobody's zone holds: their names are delegated one by one.
const FOREIGN: [&str; 2] = ["tenant.example", "other-tenant.example"];
/// What a zone's file says of MNAME and RNAME: names within the zone, outside it and alike, above it, the root.
const SOAS: [[&str; 2]; 4] = [
    ["ns1", "host\\.master"],
    ["ns.elsewhere.example.", "post.Elsewhere.example."],
    ["ns1.dns.com.", "example."],
    [".", "."],
];
/// What is answered where all are down; P is the service's first pool.
const LADDERS: [&str; 3] = ["\"last-good\", \"all\"", "\"nodata\"", "{ pool = \"P\" }, \"nodata\""];
/// Where pools may be.
const PLACES: [&str; 4] = ["\"KR\"", "\"IE\"", "\"US\"", "[-33.9, 18.4]"];

/// A configuration, and what is seen of its targets.
#[derive(Clone, Debug)]
pub(crate) struct World {
    text: String,
    /// Master files beside it.
    files: Vec<(String, String)>,
    seen: Vec<Option<bool>>,
    /// Domains that are served.
    pub(crate) domains: Vec<String>,
    /// Names of pools and name servers.
    pub(crate) hosts: Vec<String>,
}

#[derive(Clone, Debug)]
struct Pool {
    place: Index,
    v4: u8,
    v6: u8,
    min_healthy: Index,
    inside: bool,
}

#[derive(Clone, Debug)]
struct Service {
    kind: usize,
    shape: usize,
    steering: usize,
    pools: Vec<Index>,
    delegated: bool,
    domain: Index,
    ttl: u32,
    ladder: usize,
    tied: bool,
}

/// Any world.
pub(crate) fn anything() -> impl Strategy<Value = World> {
    // Some fill a message more than once.
    let few = prop_oneof![2 => 0u8..4, 1 => 0u8..40, 1 => 40u8..90];
    let pool = (any_index(), few.clone(), few, any_index(), any::<bool>())
        .prop_map(|(place, v4, v6, min_healthy, inside)| Pool { place, v4, v6, min_healthy, inside });
    let service = (
        (0..2usize, 0..3usize, 0..3usize),
        proptest::collection::vec(any_index(), 1..5),
        any::<bool>(),
        any_index(),
        (1u32..86_400, 0..LADDERS.len()),
    );
    let service = service.prop_map(|((kind, shape, steering), pools, delegated, domain, (ttl, ladder))| Service {
        kind,
        shape,
        steering,
        pools,
        delegated,
        domain,
        ttl,
        ladder,
        tied: false,
    });
    let seen = prop_oneof![4 => Just(Some(true)), 2 => Just(Some(false)), 1 => Just(None)];
    (
        proptest::collection::vec(pool, 1..6),
        proptest::collection::vec(service, 1..4),
        proptest::collection::vec(seen, 16),
        (1u32..86_400, 1u32..3600, any::<bool>(), proptest::option::of(any_index())),
        any::<bool>(),
    )
        .prop_map(|(pools, mut services, seen, zones, tied)| {
            tie(&mut services, tied);
            world(&pools, &services, seen, zones)
        })
}

/// Makes all services one group, which has the pools, the steering and the ladder of the first.
fn tie(services: &mut [Service], tied: bool) {
    let first = services[0].clone();
    for service in services.iter_mut().filter(|_| tied) {
        let Service { pools, steering, ladder, .. } = first.clone();
        *service = Service { pools, steering, ladder, tied, ..service.clone() };
    }
}

fn any_index() -> impl Strategy<Value = Index> {
    any::<Index>()
}

fn world(
    pools: &[Pool],
    services: &[Service],
    seen: Vec<Option<bool>>,
    (ttl, negative, v6, soa): (u32, u32, bool, Option<Index>),
) -> World {
    let (mut text, mut files) = (String::new(), Vec::new());
    let (mut domains, mut hosts) = (Vec::new(), Vec::new());
    for (i, zone) in ZONES.iter().enumerate() {
        let second = if v6 { ", \"2001:db8:53::1\"" } else { "" };
        writeln!(text, "[zone.\"{zone}\"]\nttl = \"{ttl}s\"\nnegative_ttl = \"{negative}s\"").unwrap();
        writeln!(text, "ns = {{ \"ns{i}.{zone}\" = [\"192.0.2.{i}\"{second}], \"ns.elsewhere.example\" = [] }}")
            .unwrap();
        hosts.push(format!("ns{i}.{zone}"));
        // With long names it is in doubt how much fits.
        if let Some(soa) = soa.filter(|_| i % 2 == 0) {
            let [mname, rname] = soa.get(&SOAS);
            writeln!(text, "records = \"{i}.zone\"").unwrap();
            let file = format!("@ {ttl} SOA {mname} {rname} 4000000000 7200 900 1209600 {negative}\n*.wild TXT wild\n");
            files.push((format!("{i}.zone"), file));
        }
    }
    for (i, pool) in pools.iter().enumerate() {
        let zone = if pool.inside { ZONES[i % ZONES.len()] } else { "elsewhere.example" };
        let v4 = (0..pool.v4.max(1)).map(|n| format!("\"10.{i}.0.{n}\""));
        let v6 = (0..pool.v6).map(|n| format!("\"2001:db8:{i}::{n:x}\""));
        let endpoints: Vec<_> = v4.chain(v6).collect();
        writeln!(
            text,
            "[pool.p{i}]\nlocation = {}\nfqdn = \"access-{i}.{zone}\"\nmin_healthy = {}\nendpoints = [{}]",
            pool.place.get(&PLACES),
            1 + pool.min_healthy.index(endpoints.len()),
            endpoints.join(", "),
        )
        .unwrap();
        hosts.push(format!("access-{i}.{zone}"));
    }
    let mut taken = Vec::new();
    for (i, service) in services.iter().enumerate() {
        let domain = if service.delegated { service.domain.get(&FOREIGN) } else { service.domain.get(&ZONES) };
        if taken.contains(&(domain, service.kind)) || service.delegated && taken.iter().any(|(d, _)| d == &domain) {
            continue;
        }
        taken.push((domain, service.kind));
        service_text(&mut text, i, service, domain, pools.len());
        domains.push((*domain).to_owned());
    }
    writeln!(text, "[partner.friend]\nprefixes = [\"203.0.113.0/24\", \"2001:db8:f::/48\"]\npools = [\"p0\"]").unwrap();
    World { text, files, seen, domains, hosts }
}

fn service_text(text: &mut String, i: usize, service: &Service, domain: &str, pools: usize) {
    let mut used: Vec<usize> = service.pools.iter().map(|pool| pool.index(pools)).collect();
    used.sort_unstable();
    used.dedup();
    let names: Vec<_> = used.iter().map(|pool| format!("\"p{pool}\"")).collect();
    writeln!(
        text,
        "[service.s{i}]\ndomains = [\"{domain}\"]\npools = [{}]\nttl = \"{}s\"",
        names.join(", "),
        service.ttl
    )
    .unwrap();
    match service.kind {
        0 => writeln!(text, "kind = \"sip-federation\"\nshape = \"{}\"", ["address", "target", "ordered"][service.shape]),
        _ => writeln!(
            text,
            "kind = \"generic\"\nsrv = {{ owner = \"_ldap._tcp.{{domain}}\", port = 636, target = \"dir.{{domain}}\" }}\n\
             address = [\"ldap.{{domain}}\"]\nshape = \"{}\"",
            ["address", "target", "ordered"][service.shape]
        ),
    }
    .unwrap();
    let weights: Vec<_> = used.iter().map(|pool| format!("p{pool} = {}", 1 + pool)).collect();
    match service.steering {
        0 => writeln!(text, "steering = \"nearest\""),
        1 => writeln!(text, "steering = \"failover\""),
        _ => writeln!(text, "steering = {{ weighted = {{ {} }} }}", weights.join(", ")),
    }
    .unwrap();
    let ladder = LADDERS[service.ladder].replace('P', &format!("p{}", used[0]));
    writeln!(text, "all_down = [{ladder}]").unwrap();
    writeln!(text, "failback = {{ after = \"auto\", canary = {{ share = \"50%\", for = \"1h\" }} }}").unwrap();
    if service.delegated {
        writeln!(text, "delegation = \"names\"\nns = [\"ns0.contoso.com\", \"ns.elsewhere.example\"]").unwrap();
    }
    if service.tied {
        writeln!(text, "group = \"edge\"").unwrap();
    }
    writeln!(text, "check = {{ kind = \"tcp\", port = {}, fall = 1, rise = 1 }}", 5000 + i).unwrap();
}

impl World {
    /// What is published of it.
    pub(crate) fn lake(&self) -> Publisher {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("world.toml");
        std::fs::write(&path, &self.text).unwrap();
        for (name, content) in &self.files {
            std::fs::write(directory.path().join(name), content).unwrap();
        }
        let topology = app::load(&path).unwrap_or_else(|error| panic!("{error}\n{}", self.text)).topology;
        let mut beliefs = Beliefs::new(topology.clone());
        let now = Instant::now();
        for (target, seen) in topology.targets.iter().zip(self.seen.iter().cycle()) {
            match seen {
                Some(true) => drop(beliefs.observe(target, &Outcome::Pass, now)),
                Some(false) => drop(beliefs.observe(target, &Outcome::fail(FailureClass::Refused, "refused"), now)),
                None => {}
            }
        }
        // Some are lost and come back, into their canary.
        let (pass, fail) = (Outcome::Pass, Outcome::fail(FailureClass::Refused, "refused"));
        let returns = || topology.targets.iter().zip(self.seen.iter().cycle()).step_by(3);
        for outcome in [&fail, &pass] {
            beliefs.render_all(now);
            for (target, _) in returns().filter(|(_, seen)| **seen == Some(true)) {
                beliefs.observe(target, outcome, now);
            }
        }
        Publisher::new(topology, beliefs.render_all(now))
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{:?}\n{:?}", self.text, self.files, self.seen)
    }
}
