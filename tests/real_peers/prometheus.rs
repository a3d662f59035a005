//! Debian's Prometheus scrapes the server with the rules of deploy/prometheus, and its query API shows a failover.

use crate::common::edges::Edges;
use crate::common::process::{Process, system};
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, get};
use crate::common::{eventually, fresh_address};
use edgesteer::demo::edge::Mode;
use std::net::SocketAddr;
use std::path::Path;

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
    let octets = query.bytes().map(|octet| format!("%{octet:02x}")).collect::<String>();
    let path = format!("/api/v1/query?query={octets}");
    eventually(query, || get(prometheus, &path)?.1.contains("\"metric\":").then_some(()));
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
