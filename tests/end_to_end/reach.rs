//! `edgesteer reach`, on a host that plays a Front End.

use crate::common::fresh_ip;
use crate::common::server::{run, said};
use serde_json::{Value, json};
use std::net::{IpAddr, SocketAddr, TcpListener};

/// What Front Ends need of an Edge pool that serves federation and XMPP.
const PORTS: [u16; 3] = [4443, 5061, 23456];

fn config(insides: [&str; 2]) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let [seoul, dublin] = insides;
    let text = format!(
        r#"
[zone."contoso.com"]
ns = {{ "ns1.contoso.com" = ["192.0.2.53"] }}
[pool.seoul]
location = "KR"
endpoints = {{ access = ["192.0.2.10"] {seoul} }}
[pool.dublin]
location = "IE"
endpoints = {{ access = ["198.51.100.10"] {dublin} }}
[service.federation]
kind = "sip-federation"
domains = ["contoso.com"]
pools = ["seoul", "dublin"]
[service.xmpp]
kind = "xmpp"
domains = ["contoso.com"]
pools = ["seoul", "dublin"]
"#
    );
    let path = directory.path().join("edgesteer.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

fn reach(config: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let output = run(&[&["reach", "-c", config], more].concat());
    let (out, error) = said(&output);
    (output.status.code(), out, error)
}

fn edge(ip: IpAddr, ports: &[u16]) -> Vec<TcpListener> {
    ports.iter().map(|port| TcpListener::bind(SocketAddr::new(ip, *port)).unwrap()).collect()
}

#[test]
fn every_port_of_every_edge_is_asked_and_told() {
    let (seoul, dublin) = (fresh_ip(), fresh_ip());
    let (_directory, config) =
        config([&format!(", internal = [\"{seoul}\"]"), &format!(", internal = [\"{dublin}\"]")]);
    let (_seoul, part) = (edge(seoul, &PORTS), edge(dublin, &PORTS[..2]));
    let (code, out, error) = reach(&config, &[]);
    assert_eq!((code, error.as_str()), (Some(1), ""), "{out}");
    let header = out.lines().next().unwrap();
    assert!(["4443", "5061", "23456"].iter().all(|port| header.contains(port)), "{out}");
    let row =
        |pool: &str| out.lines().find(|line| line.starts_with(pool)).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(row("seoul")[2..], ["ok", "ok", "ok"], "{out}");
    assert_eq!(row("dublin")[2..], ["ok", "ok", "REFUSED"], "{out}");
    assert!(out.contains(&format!("dublin {dublin} 23456/tcp: connection refused")), "{out}");
    assert!(out.contains("1 of 6 ports are not reached from here"), "{out}");

    let (code, out, _) = reach(&config, &["--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["blocked"], &told["unknown"]), (Some(1), &json!(1), &json!([])));
    let ports = told["edges"][1]["ports"].as_array().unwrap();
    let ports: Vec<_> =
        ports.iter().map(|port| (port["port"].as_u64().unwrap(), port["reached"].as_bool().unwrap())).collect();
    assert_eq!(
        (&told["edges"][1]["pool"], ports),
        (&json!("dublin"), vec![(4443, true), (5061, true), (23456, false)])
    );

    drop(part);
    let _dublin = edge(dublin, &PORTS);
    let (code, out, _) = reach(&config, &[]);
    assert!(code == Some(0) && out.contains("all 6 ports are reached"), "{out}");
}

#[test]
fn a_pool_whose_inside_is_unknown_is_said_with_the_key_that_is_missing() {
    let seoul = fresh_ip();
    let (_directory, config) = config([&format!(", internal = [\"{seoul}\"]"), ""]);
    let _seoul = edge(seoul, &PORTS);
    let (code, out, _) = reach(&config, &[]);
    assert!(code == Some(1) && out.contains("give [pool.dublin] an internal_fqdn"), "{out}");
    let output = run(&["reach", "-c", "tests/contract/no-such-file.toml"]);
    assert_eq!(output.status.code(), Some(2));
}
