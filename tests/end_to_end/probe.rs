//! `edgesteer check --probe`, beside edges that serve and edges that do not.

use crate::common::edges::Edges;
use crate::common::fresh_ip;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{run, said};
use edgesteer::demo::ca::{ThrowawayCa, now_valid};
use edgesteer::demo::edge::{Mode, SimulatedEdge};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};
use tokio::runtime::Runtime;

fn probe(scene: &Scene, more: &[&str]) -> (Option<i32>, String, String) {
    let config = scene.config();
    let output =
        run(&[&["check", "-c", config.to_str().unwrap(), "--allow", "strange-port", "--probe"], more].concat());
    let (out, error) = said(&output);
    (output.status.code(), out, error)
}

fn scene(edges: &Edges) -> Scene {
    let scene = Scene::of(edges);
    scene.write(&own_srv(&scene.text("", QUICK)));
    scene
}

/// The same service with an SRV that leads to the port of the simulated edges.
fn own_srv(text: &str) -> String {
    let port = text.split("port = ").nth(1).unwrap().split(',').next().unwrap();
    text.replace(
        "kind = \"sip-federation\"",
        &format!("kind = \"generic\"\nsrv = {{ owner = \"_test._tcp.{{domain}}\", port = {port}, target = \"sip.{{domain}}\" }}"),
    )
}

#[test]
fn pools_that_serve_are_shown_and_nothing_is_found() {
    let edges = Edges::start();
    let scene = scene(&edges);
    let (code, out, error) = probe(&scene, &["--strict"]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    for pool in [("seoul", scene.seoul), ("dublin", scene.dublin)] {
        let line = out.lines().find(|line| line.contains(&pool.1.to_string())).unwrap();
        assert!(line.contains(pool.0) && line.contains("ok in ") && line.contains("certificate until "), "{line}");
    }
}

#[test]
fn a_standby_that_does_not_answer_is_an_error_of_the_world() {
    let mut edges = Edges::start();
    let scene = scene(&edges);
    edges.set("dublin", Mode::Refusing);
    let (code, out, error) = probe(&scene, &[]);
    assert_eq!(code, Some(3), "{out}{error}");
    assert!(error.contains("error[pool-silent]: the pool dublin does not serve federation"), "{error}");
    assert!(!error.contains("the pool seoul"), "{error}");
    assert!(out.contains("FAILED: connection refused"), "{out}");
    let (code, out, _) = probe(&scene, &["--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["errors"], &told["diagnostics"][0]["code"]), (Some(3), &json!(1), &json!("pool-silent")));
    assert_eq!(told["diagnostics"][0]["line"], Value::Null);
    let rows = told["probe"].as_array().unwrap();
    let passed: Vec<_> = rows.iter().map(|row| (&row["pool"], &row["passed"], &row["outcome"])).collect();
    let expected =
        [(&json!("seoul"), &json!(true), &json!("pass")), (&json!("dublin"), &json!(false), &json!("refused"))];
    assert_eq!(passed, expected);
}

#[test]
fn one_silent_endpoint_of_a_pool_that_lives_is_a_warning() {
    let edges = Edges::start();
    let scene = scene(&edges);
    let nobody = fresh_ip();
    let text = std::fs::read_to_string(scene.config()).unwrap();
    scene.write(&text.replace(&format!("[\"{}\"]", scene.seoul), &format!("[\"{}\", \"{nobody}\"]", scene.seoul)));
    let (code, _, error) = probe(&scene, &[]);
    assert_eq!(code, Some(0), "{error}");
    assert!(
        error.contains(&format!("warning[endpoint-silent]: {nobody} of the pool seoul does not serve federation")),
        "{error}"
    );
    assert_eq!(probe(&scene, &["--strict"]).0, Some(1));
    assert_eq!(probe(&scene, &["--strict", "--allow", "endpoint-silent"]).0, Some(0));
}

#[test]
fn certificates_must_name_all_that_partners_come_for_though_the_check_asks_for_less() {
    let runtime = Runtime::new().unwrap();
    let ca = ThrowawayCa::new().unwrap();
    let (whole, part) =
        (&["sip.contoso.com", "access-seoul.contoso.com"][..], &["access-dublin.contoso.com", "probe.example"][..]);
    let soon = now_valid().start..SystemTime::now() + Duration::from_secs(9 * 86_400);
    let seoul_identity = ca.issue(&[whole, &["probe.example"]].concat(), soon).unwrap();
    let dublin_identity = ca.issue(part, now_valid()).unwrap();
    let (seoul, _dublin, scene) = runtime.block_on(async {
        let seoul = SimulatedEdge::start(SocketAddr::new(fresh_ip(), 0), &seoul_identity).unwrap();
        let at = SocketAddr::new(fresh_ip(), seoul.address().port());
        let dublin = SimulatedEdge::start(at, &dublin_identity).unwrap();
        let scene = Scene::new(seoul.address().ip(), at.ip(), at.port(), ca.pem());
        (seoul, dublin, scene)
    });
    scene.write(&own_srv(&scene.text("", &format!("{QUICK}, name = \"probe.example\""))));
    let (code, out, error) = probe(&scene, &[]);
    assert_eq!(code, Some(3), "{out}{error}");
    assert_eq!(out.matches("ok in ").count(), 2, "the check itself is content: {out}");
    let lacks =
        format!("error[certificate-names]: the pool dublin may be handed out by federation, and {}", scene.dublin);
    assert!(error.contains(&lacks) && error.contains("not sip.contoso.com"), "{error}");
    assert!(!error.contains("certificate-names]: the pool seoul"), "{error}");
    assert!(
        error.contains(&format!("warning[certificate-ending]: a certificate of {}", seoul.address().ip())),
        "{error}"
    );
}

#[test]
fn a_port_that_an_srv_names_and_no_check_asks_must_serve_too() {
    let edges = Edges::start();
    let scene = scene(&edges);
    let text = std::fs::read_to_string(scene.config()).unwrap();
    // An XMPP service whose check is by TLS at the edges' port, and whose SRV names lead to 5269 and 5270.
    let xmpp = format!(
        "[service.xmpp]\nkind = \"xmpp\"\ndirect_tls = true\ndomains = [\"contoso.com\"]\npools = [\"seoul\", \"dublin\"]\n\
         check = {{ kind = \"tcp\", port = {} }}\n",
        edges.port()
    );
    scene.write(&format!("{text}\n{xmpp}"));
    let (code, _, error) = probe(&scene, &[]);
    assert_eq!(code, Some(3), "{error}");
    for (port, pool, ip) in [(5269, "seoul", scene.seoul), (5270, "dublin", scene.dublin)] {
        let silent = format!(
            "error[port-silent]: xmpp sends partners to {ip}:{port} ({pool}), where nobody serves them: connection refused"
        );
        assert!(error.contains(&silent), "{silent:?} in {error}");
    }
}
