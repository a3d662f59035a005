//! What is documented of the metrics is what there is: the binary, docs/metrics.md, the rules and the dashboard agree.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use common::edges::Edges;
use common::eventually;
use common::scene::{QUICK, Scene};
use common::server::{Server, get};
use edgesteer::demo::edge::Mode;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

const DOCUMENT: &str = include_str!("../docs/metrics.md");
/// What asks for metrics by their names.
const ASKING: [(&str, &str); 4] = [
    ("alerts.yml", include_str!("../deploy/prometheus/alerts.yml")),
    ("recording.yml", include_str!("../deploy/prometheus/recording.yml")),
    ("alerts.test.yml", include_str!("../deploy/prometheus/alerts.test.yml")),
    ("edgesteer.json", include_str!("../deploy/grafana/edgesteer.json")),
];

/// Name and type of each documented metric.
fn documented() -> BTreeMap<&'static str, &'static str> {
    let rows = DOCUMENT.lines().filter_map(|line| line.strip_prefix("| `edgesteer_").map(|_| line));
    let rows = rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    rows.map(|cells| (cells[1].trim_matches('`'), cells[2])).collect()
}

/// Name and type of each metric that a server shows.
fn shown(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect()
}

/// The words in a text that are a metric's name.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    words.filter(|word| word.starts_with("edgesteer_") && *word != "edgesteer_").collect()
}

/// The literals in the sources that are a metric's name.
fn in_sources(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            in_sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let is_name = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            let literals = text.split('"').filter(|word| word.starts_with("edgesteer_")).filter(is_name);
            found.extend(literals.map(str::to_owned));
        }
    }
}

#[test]
fn the_document_names_what_there_is_and_nothing_else() {
    let mut there = BTreeSet::new();
    in_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut there);
    let documented: BTreeSet<String> = documented().into_keys().map(str::to_owned).collect();
    assert_eq!(documented, there, "docs/metrics.md on the left, the sources on the right");
}

#[test]
fn rules_and_dashboard_ask_for_what_there_is() {
    let documented = documented();
    for (file, text) in ASKING {
        for name in names(text).into_iter().filter(|name| !name.starts_with("edgesteer:")) {
            let bare = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(documented.contains_key(name) || documented.get(bare) == Some(&"histogram"), "{file}: {name}");
        }
    }
    serde_json::from_str::<serde_json::Value>(ASKING[3].1).unwrap();
}

#[test]
fn a_failover_is_measured_in_its_phases_and_what_is_shown_is_documented() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("failback = \"auto\"", QUICK));
    let server = Server::ready(&scene);
    let phases = || {
        ["detect", "decide", "publish"].map(|phase| {
            server.metric(&format!("edgesteer_failover_phase_seconds_count{{phase=\"{phase}\"}}")).unwrap() as u64
        })
    };
    // The first round of probes may have moved somebody.
    let before = phases();
    edges.set("seoul", Mode::Refusing);
    eventually("the failover is counted", || (phases() > before).then_some(()));
    assert_eq!(phases(), before.map(|count| count + 1));
    assert_eq!(server.metric("edgesteer_service_up{service=\"federation\"}"), Some(1.0));
    edges.set("dublin", Mode::Refusing);
    eventually("the service is down", || {
        (server.metric("edgesteer_service_up{service=\"federation\"}") == Some(0.0)).then_some(())
    });
    let (_, text) = get(scene.admin, "/metrics").unwrap();
    let documented = documented();
    for (name, kind) in shown(&text) {
        assert_eq!(documented.get(name), Some(&kind), "{name}");
    }
}

/// A server whose pools have so many endpoints, and whose service so many domains; its series by metric.
fn series(pools: usize, endpoints: usize, domains: usize) -> BTreeMap<String, usize> {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let mut text =
        format!("[server]\nlisten = [\"{}\"]\nadmin = \"{}\"\nstartup_grace = \"1ms\"\n", scene.listen, scene.admin);
    let mut names = Vec::new();
    for pool in 0..pools {
        let all: Vec<String> = (1..=endpoints).map(|last| format!("\"127.77.{pool}.{last}\"")).collect();
        writeln!(text, "[pool.p{pool}]\nendpoints = [{}]", all.join(", ")).unwrap();
        names.push(format!("\"p{pool}\""));
    }
    let domains: Vec<String> = (0..domains).map(|i| format!("\"d{i}.example\"")).collect();
    writeln!(
        text,
        "[service.s]\nkind = \"generic\"\ndelegation = \"names\"\nns = [\"ns1.example.net\"]\ndomains = [{}]\npools = [{}]\n\
         steering = \"failover\"\nsrv = {{ owner = \"_s._tls.{{domain}}\", port = 443, target = \"s.{{domain}}\" }}\n\
         check = {{ kind = \"tcp\", port = 9, interval = \"1h\", confirm = \"50ms\", timeout = \"2s\" }}",
        domains.join(", "),
        names.join(", ")
    )
    .unwrap();
    scene.write(&text);
    let server = Server::ready(&scene);
    let read = || {
        let (_, text) = get(scene.admin, "/metrics").unwrap();
        let mut counts = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            *counts.entry(line.split(['{', ' ']).next().unwrap().to_owned()).or_insert(0) += 1;
        }
        counts
    };
    let counts = eventually("everything was probed", || {
        let counts = read();
        (counts.get("edgesteer_endpoint_up") == Some(&(pools * endpoints))).then_some(counts)
    });
    drop(server);
    counts
}

#[test]
fn series_are_as_many_as_the_document_says_and_no_domain_has_one() {
    let few = series(2, 3, 1);
    let many = series(2, 3, 500);
    assert_eq!(few["edgesteer_service_active_pool"], 2, "one order, two pools");
    assert_eq!(few["edgesteer_endpoint_degraded"], 6);
    assert_eq!(few["edgesteer_pool_up"], 2);
    let fixed = |counts: &BTreeMap<String, usize>| counts.values().sum::<usize>();
    assert_eq!(fixed(&few), fixed(&many), "domains cost no series");
}
