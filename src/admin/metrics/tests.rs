use super::*;
use crate::control::Beliefs;
use crate::health::Outcome;
use crate::snapshot::Publisher;
use crate::testing::{topology, topology_beside};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

/// Pools with addresses of 10/8, none twice.
fn pools(count: usize, endpoints: usize) -> String {
    let mut text = String::new();
    for pool in 0..count {
        let address = |i: usize| format!("\"10.0.{}.{}\"", pool, i + 1);
        let all: Vec<String> = (0..endpoints).map(address).collect();
        let point = format!("[{}.0, {}.0]", (pool * 7) % 80 + 1, (pool * 13) % 170 + 1);
        writeln!(text, "[pool.p{pool}]\nlocation = {point}\nendpoints = [{}]", all.join(",")).unwrap();
    }
    text
}

fn service(name: &str, pools: usize, keys: &str) -> String {
    let pools: Vec<String> = (0..pools).map(|pool| format!("\"p{pool}\"")).collect();
    format!(
        "[service.{name}]\nkind = \"generic\"\ndelegation = \"names\"\nns = [\"ns1.example.net\"]\npools = [{}]\n\
         srv = {{ owner = \"_{name}._tls.{{domain}}\", port = 443, target = \"{name}.{{domain}}\" }}\n\
         check = {{ kind = \"tcp\", port = 443 }}\n{keys}\n",
        pools.join(",")
    )
}

/// How many series each metric has, once every target has passed.
fn series(topology: Arc<crate::topology::Topology>) -> BTreeMap<String, usize> {
    let now = Instant::now();
    let mut beliefs = Beliefs::new(topology.clone());
    for target in &topology.targets {
        beliefs.observe(target, &Outcome::Pass, now);
    }
    let registry = Registry::new();
    register(&registry, &Publisher::new(topology, beliefs.render_all(now)).lake()).unwrap();
    registry.gather().iter().map(|family| (family.name().to_owned(), family.get_metric().len())).collect()
}

#[test]
fn a_million_domains_and_thirty_thousand_targets_have_the_series_that_the_document_says() {
    let domains: String = (0..1_000_000).map(|i| format!("d{i}.example\n")).collect();
    let text = pools(120, 250) + &service("s", 120, "steering = \"failover\"\ndomains_file = \"domains.txt\"");
    let counts = series(topology_beside(&text, &[("domains.txt", &domains)]));
    let expected = [
        ("edgesteer_build_info", 1),
        ("edgesteer_endpoint_degraded", 30_000),
        ("edgesteer_endpoint_up", 30_000),
        ("edgesteer_geoip_build_timestamp_seconds", 1),
        ("edgesteer_pool_canary", 120),
        ("edgesteer_pool_damped", 120),
        ("edgesteer_pool_degraded", 120),
        ("edgesteer_pool_suspect", 120),
        ("edgesteer_pool_up", 120),
        ("edgesteer_series_left_out", 5),
        ("edgesteer_service_active_pool", 120),
        ("edgesteer_service_up", 1),
        ("edgesteer_snapshot_generation", 1),
    ];
    assert_eq!(counts, expected.map(|(name, count)| (name.to_owned(), count)).into());
}

#[test]
fn what_would_be_too_much_is_left_out_by_whole_services_and_counted() {
    let near = "domains = [\"contoso.com\"]";
    let far = "domains = [\"contoso.com\"]\nsteering = \"failover\"";
    let text = pools(60, 1) + &service("wide", 60, near) + &service("plain", 60, far);
    let topology = topology(&text);
    let orders = topology.services.iter().find(|service| service.name == "wide").unwrap().orders.of_regions().len();
    assert!(orders * 60 * 300 > SERVICE_SERIES_OCTETS, "{orders} orders of 60 pools are not too much");
    let lake = Publisher::new(topology.clone(), Beliefs::new(topology).render_all(Instant::now())).lake();
    let gauges = Gauges::new().unwrap();
    of_services(&gauges, &lake.load());
    let count = |gauge: &IntGaugeVec| gauge.collect()[0].get_metric().len();
    assert_eq!((count(&gauges.active), count(&gauges.damped)), (60, 60), "the other service has all of its own");
    assert_eq!(left_out(&gauges, "edgesteer_service_up"), 0, "nothing is known of it yet");
    assert_eq!(left_out(&gauges, "edgesteer_service_active_pool"), (orders * 60) as i64);
    assert_eq!(left_out(&gauges, "edgesteer_pool_damped"), 60);
}

fn left_out(gauges: &Gauges, metric: &str) -> i64 {
    gauges.left_out.with_label_values(&[metric]).get()
}
