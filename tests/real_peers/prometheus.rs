//! Debian's Prometheus scrapes the server with the rules of deploy/prometheus, and its query API shows a failover.

use crate::common::dns::{RecordType, look_up};
use crate::common::edges::Edges;
use crate::common::process::{Process, system};
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, get, send};
use crate::common::{eventually, fresh_address};
use edgesteer::demo::edge::Mode;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

const DASHBOARD: &str = include_str!("../../deploy/grafana/edgesteer.json");
const SOURCE: &str = include_str!("../../deploy/grafana/provisioning/datasources/prometheus.yml");
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/prometheus");

/// A Prometheus that scrapes that server every 200 ms.
fn start(directory: &Path, admin: SocketAddr) -> (SocketAddr, Process) {
    let configuration = directory.join("prometheus.yml");
    let text = format!(
        "global: {{ scrape_interval: 200ms, evaluation_interval: 200ms }}\n\
         rule_files: [\"{RULES}/recording.yml\", \"{RULES}/alerts.yml\"]\n\
         scrape_configs:\n  - {{ job_name: edgesteer, static_configs: [{{ targets: [\"{admin}\"] }}] }}\n"
    );
    std::fs::write(&configuration, text).unwrap();
    let listen = fresh_address();
    let mut command = system("prometheus");
    command.arg(format!("--config.file={}", configuration.display()));
    command.arg(format!("--storage.tsdb.path={}", directory.join("series").display()));
    command.arg(format!("--web.listen-address={listen}"));
    let process = Process::start(&mut command, &directory.join("prometheus.log"), "install prometheus");
    (listen, process)
}

/// Waits until a query has an answer.
fn until(prometheus: SocketAddr, query: &str) {
    eventually(query, || (!answer(prometheus, query)?.is_empty()).then_some(()));
}

/// The series that a query gives; `None` while Prometheus does not answer. A query that it does not take fails the test.
fn answer(prometheus: SocketAddr, query: &str) -> Option<Vec<Value>> {
    let octets = query.bytes().map(|octet| format!("%{octet:02x}")).collect::<String>();
    let (_, body) = get(prometheus, &format!("/api/v1/query?query={octets}"))?;
    let told: Value = serde_json::from_str(&body).ok()?;
    assert!(told["status"] == "success" && told["warnings"].is_null(), "{query}: {told}");
    Some(told["data"]["result"].as_array().unwrap().clone())
}

#[test]
#[ignore = "needs prometheus"]
fn prometheus_sees_the_failover() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    let _server = Server::ready(&scene);
    let (prometheus, _process) = start(scene.path(), scene.admin);
    until(prometheus, "edgesteer_pool_up{pool=\"seoul\"} == 1");
    until(prometheus, "edgesteer_service_active_pool{region=\"seoul>dublin\", pool=\"seoul\"} == 1");
    edges.set("seoul", Mode::Refusing);
    until(prometheus, "edgesteer_pool_up{pool=\"seoul\"} == 0");
    until(prometheus, "edgesteer_service_active_pool{region=\"seoul>dublin\", pool=\"dublin\"} == 1");
    until(prometheus, "ALERTS{alertname=\"EdgesteerFailover\", pool=\"dublin\", alertstate=\"firing\"}");
    until(prometheus, "edgesteer:service_pools_active{pool=\"dublin\"} == 1");
}

/// What the dashboard asks, with the panel that asks it and the labels that its legend names.
fn questions(dashboard: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let panels = dashboard["panels"].as_array().unwrap().iter().flat_map(|panel| {
        let targets = panel["targets"].as_array().unwrap().iter();
        targets.map(|target| (text(&panel["title"]), text(&target["expr"]), text(&target["legendFormat"])))
    });
    let notes = dashboard["annotations"]["list"].as_array().unwrap().iter();
    let notes = notes.map(|note| (text(&note["name"]), text(&note["expr"]), text(&note["titleFormat"])));
    panels.chain(notes).map(|(title, expr, legend)| (title, expr.replace("$instance", ".+"), legend)).collect()
}

/// The labels that a legend names, as {{pool}}.
fn labels(legend: &str) -> BTreeSet<&str> {
    legend.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim())).collect()
}

#[test]
#[ignore = "needs prometheus"]
fn every_panel_of_the_dashboard_has_something_to_show() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let ids: BTreeSet<_> = dashboard["panels"].as_array().unwrap().iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), dashboard["panels"].as_array().unwrap().len(), "each panel has an id of its own");
    for (at, source) in sources(&dashboard) {
        assert!(
            source["type"] == "prometheus" && SOURCE.contains(&format!("uid: {}", source["uid"].as_str().unwrap())),
            "{at}"
        );
    }
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    let _server = Server::ready(&scene);
    let (prometheus, _process) = start(scene.path(), scene.admin);
    until(prometheus, "edgesteer_pool_up{pool=\"seoul\"} == 1");
    let order = r#"{"state":"drain","reason":"patch night"}"#;
    assert_eq!(send(scene.admin, "PUT", "/api/v1/holds/dublin", order).unwrap().0, 200);
    look_up(scene.listen, "sip.contoso.com", RecordType::A);
    edges.set("seoul", Mode::Refusing);
    let questions = questions(&dashboard);
    assert!(questions.len() >= 18, "the dashboard was misread: {questions:?}");
    for (title, query, legend) in questions {
        let series = eventually(&format!("{title}: {query}"), || {
            Some(answer(prometheus, &query)?).filter(|series| !series.is_empty())
        });
        for label in labels(&legend) {
            assert!(series.iter().all(|one| one["metric"][label].is_string()), "{title}: no {label} in {series:?}");
        }
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        let query = variable["query"]["query"].as_str().unwrap();
        let asked = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')')).unwrap();
        let (metric, label) = asked.split_once(", ").unwrap();
        until(prometheus, &format!("{metric}{{{label}!=\"\"}}"));
    }
}

/// Every data source that is named anywhere in it, with its place.
fn sources(value: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((at, value)) = open.pop() {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("datasource").map(|source| (at.clone(), source)));
                open.extend(fields.iter().map(|(name, value)| (format!("{at}/{name}"), value)));
            }
            Value::Array(items) => open.extend(items.iter().enumerate().map(|(i, value)| (format!("{at}/{i}"), value))),
            _ => {}
        }
    }
    found
}
