//! A program is asked before clients are sent elsewhere: it may hold up what verdicts decide, and nothing that an operator orders.

use crate::common::dns::{RecordType as T, addresses, ask, from_subnet, question, with_edns};
use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, get, run, said};
use edgesteer::demo::edge::Mode;
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A gate that keeps what it is asked, and ends with the exit code that stands in a file; without one it never ends.
struct Gate {
    asked: PathBuf,
    code: PathBuf,
    /// The configuration without it.
    rest: String,
}

impl Gate {
    fn new(scene: &Scene, further: &str) -> Self {
        Self::before(scene, &scene.text("failback = \"auto\"", QUICK), further)
    }

    /// One for the services of a configuration.
    fn before(scene: &Scene, text: &str, further: &str) -> Self {
        let [program, asked, code] = ["gate", "asked", "code"].map(|name| scene.path().join(name));
        let script = format!(
            "#!/bin/sh\ncat >> {0}; echo >> {0}\n[ -e {1} ] || sleep 60\necho because of the board; exit $(cat {1})\n",
            asked.display(),
            code.display()
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let gate = format!("[gate.board]\ncommand = [\"{}\"]\n{further}", program.display());
        let rest = text.replace("[server]", "[server]\nstate_dir = \"state\"");
        scene.write(&format!("{rest}{gate}"));
        Self { asked, code, rest }
    }

    fn says(&self, code: i32) {
        std::fs::write(&self.code, code.to_string()).unwrap();
    }

    fn asked(&self) -> Vec<serde_json::Value> {
        let asked = std::fs::read_to_string(&self.asked).unwrap_or_default();
        asked.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

/// Where a client in Korea is sent.
fn told(scene: &Scene) -> Vec<IpAddr> {
    told_in(scene, "168.126.63.0/24")
}

/// Where a client of a network is sent.
fn told_in(scene: &Scene, network: &str) -> Vec<IpAddr> {
    let question = from_subnet(with_edns(question("sip.contoso.com", T::A), 1232), network);
    addresses(&ask(scene.listen, &question)).into_iter().collect()
}

/// Where the API says that clients are kept, and on what that rests.
fn kept(scene: &Scene) -> Vec<serde_json::Value> {
    let status: serde_json::Value = serde_json::from_str(&get(scene.admin, "/api/v1/status").unwrap().1).unwrap();
    let choices = status["services"][0]["choices"].as_array().unwrap().iter();
    choices.filter(|choice| choice["kept"] == true).map(|c| serde_json::json!([c["pools"][0], c["basis"]])).collect()
}

/// Edges of which dublin has one more.
fn with_another_in_dublin() -> (Edges, Scene, IpAddr) {
    let mut edges = Edges::start();
    edges.add("further");
    let (further, scene) = (edges.ip("further"), Scene::of(&edges));
    (edges, scene, further)
}

/// A gate before a service whose pool dublin has that endpoint as well.
fn before_three(scene: &Scene, further: IpAddr) -> Gate {
    let dublin = format!("endpoints = [\"{}\"", scene.dublin);
    let text = scene.text("failback = \"auto\"", QUICK).replace(&dublin, &format!("{dublin}, \"{further}\""));
    Gate::before(scene, &text, "timeout = \"30s\"")
}

/// Waits until the gate has said that clients stay where they are.
fn wait_for_stay(server: &Server) {
    eventually("the gate has said stay", || {
        server.metric("edgesteer_gate_decisions_total{gate=\"board\",way=\"stay\"}").filter(|count| *count >= 1.0)
    });
}

#[test]
fn stay_keeps_answers_as_they_are_and_an_order_passes() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let gate = Gate::new(&scene, "timeout = \"30s\"");
    gate.says(1);
    let server = Server::ready(&scene);
    edges.set("seoul", Mode::Refusing);
    wait_for_stay(&server);
    assert_eq!(server.metric("edgesteer_gate_waiting{gate=\"board\"}"), Some(1.0));
    assert_eq!(told(&scene), [scene.seoul], "answers stay as they are");
    let asked = gate.asked();
    assert_eq!((&asked[0]["gate"], &asked[0]["moves"][0]["to"]), (&"board".into(), &serde_json::json!(["dublin"])));
    let trail = std::fs::read_to_string(scene.path().join("state/audit.log")).unwrap();
    assert!(trail.contains("\"gate-asked\"") && trail.contains("because of the board"), "{trail}");
    assert_eq!(kept(&scene), [serde_json::json!(["seoul", "what was told before"])]);
    assert_eq!(server.metric("edgesteer_service_up{service=\"federation\"}"), Some(0.0), "nobody serves them");
    let admin = scene.admin.to_string();
    let (status, _) = said(&run(&["status", "--admin", &admin]));
    assert!(status.contains("-> seoul (what was told before; kept until a gate lets them go)"), "{status}");

    let held = run(&["hold", "seoul", "down", "--reason", "it is dead", "--for", "1h", "--admin", &admin]);
    assert!(held.status.success(), "{:?}", said(&held));
    assert_eq!(told(&scene), [scene.dublin], "an operator asks nobody");
    assert!(kept(&scene).is_empty());
    assert_eq!(gate.asked().len(), 1);
}

#[test]
fn go_is_gone_and_silence_is_what_the_configuration_says() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let gate = Gate::new(&scene, "timeout = \"30s\"");
    gate.says(0);
    let _server = Server::ready(&scene);
    edges.set("seoul", Mode::Refusing);
    eventually("partners are sent elsewhere", || (told(&scene) == [scene.dublin]).then_some(()));
    assert_eq!(gate.asked().len(), 1);

    let scene = Scene::of(&edges);
    let gate = Gate::new(&scene, "timeout = \"200ms\"\notherwise = \"go\"");
    edges.set("seoul", Mode::Serving);
    let server = Server::ready(&scene);
    assert_eq!(told(&scene), [scene.seoul]);
    edges.set("seoul", Mode::Refusing);
    eventually("partners are sent elsewhere", || (told(&scene) == [scene.dublin]).then_some(()));
    assert!(!gate.asked().is_empty());
    assert_eq!(server.metric("edgesteer_gate_waiting{gate=\"board\"}"), Some(0.0));
}

#[test]
fn whom_a_gate_was_not_asked_about_is_told_what_is_true() {
    const IRELAND: &str = "87.32.0.0/24";
    let (mut edges, scene, further) = with_another_in_dublin();
    let gate = before_three(&scene, further);
    gate.says(1);
    let server = Server::ready(&scene);
    let all = |addresses: &[IpAddr]| addresses.iter().copied().collect::<BTreeSet<_>>();
    let ireland = || all(&told_in(&scene, IRELAND));
    eventually("both are told", || (ireland() == all(&[scene.dublin, further])).then_some(()));
    edges.set("seoul", Mode::Refusing);
    wait_for_stay(&server);
    edges.set("further", Mode::Refusing);
    eventually("a dead endpoint leaves the answers of others", || (ireland() == all(&[scene.dublin])).then_some(()));
    assert_eq!(told(&scene), [scene.seoul]);
    assert_eq!(server.metric("edgesteer_gate_waiting{gate=\"board\"}"), Some(1.0));
    assert_eq!(gate.asked().len(), 1, "that another endpoint died moves nobody");
    let path = "/api/v1/explain?name=sip.contoso.com&type=A&client=168.126.63.1";
    let why = get(scene.admin, path).unwrap().1;
    assert!(why.contains("named until a gate lets its clients go elsewhere"), "{why}");
    assert!(why.contains("\"basis\":\"what was told before\""), "{why}");

    scene.write(&gate.rest);
    server.signal(Signal::HUP);
    eventually("a gate that is no more is not waited for", || {
        server.metric("edgesteer_gate_waiting{gate=\"board\"}").is_none().then_some(())
    });
    assert_eq!(told(&scene), [scene.dublin]);
}

#[test]
fn who_is_kept_is_told_how_the_pool_is_and_not_how_it_was() {
    let (mut edges, scene, further) = with_another_in_dublin();
    let gate = before_three(&scene, further);
    gate.says(0);
    let server = Server::ready(&scene);
    let both: BTreeSet<IpAddr> = [scene.dublin, further].into();
    edges.set("seoul", Mode::Refusing);
    eventually("partners are sent elsewhere", || (BTreeSet::from_iter(told(&scene)) == both).then_some(()));
    gate.says(1);
    edges.set("seoul", Mode::Serving);
    wait_for_stay(&server);
    assert_eq!(BTreeSet::from_iter(told(&scene)), both);
    assert_eq!(kept(&scene), [serde_json::json!(["dublin", "proven alive"])]);
    edges.set("further", Mode::Refusing);
    eventually("a dead endpoint leaves their answers", || (told(&scene) == [scene.dublin]).then_some(()));
    edges.set("further", Mode::Serving);
    eventually("and is in them again", || (BTreeSet::from_iter(told(&scene)) == both).then_some(()));
    assert_eq!(gate.asked().len(), 2, "that moves nobody");

    gate.says(0);
    ["dublin", "further"].into_iter().for_each(|edge| edges.set(edge, Mode::Refusing));
    eventually("the pool is dead, which was asked for", || (told(&scene) == [scene.seoul]).then_some(()));
    assert_eq!(gate.asked()[2]["moves"][0]["lost"], serde_json::json!(["dublin"]));
}

#[test]
fn a_pool_that_nobody_has_left_is_not_left_once_it_is_up_again() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let gate = Gate::before(&scene, &scene.text("failback = \"10m\"", QUICK), "timeout = \"30s\"");
    gate.says(1);
    let server = Server::ready(&scene);
    edges.set("seoul", Mode::Refusing);
    wait_for_stay(&server);
    // Who would be asked about a live pool would let its clients go.
    gate.says(0);
    edges.set("seoul", Mode::Serving);
    eventually("nothing waits for the gate", || {
        server.metric("edgesteer_gate_waiting{gate=\"board\"}").filter(|count| *count == 0.0)
    });
    assert_eq!(told(&scene), [scene.seoul]);
    assert_eq!(gate.asked().len(), 1);
    let status = get(scene.admin, "/api/v1/status").unwrap().1;
    assert!(!status.contains("\"waits_for_failback\":true"), "{status}");
}

#[test]
fn a_canary_asks_before_the_first_client_is_sent_there() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let canary = "steering = \"failover\"\nfailback = { after = \"auto\", canary = { share = \"50%\", for = \"1h\" } }";
    let gate = Gate::before(&scene, &scene.text(canary, QUICK), "timeout = \"30s\"");
    gate.says(0);
    let server = Server::ready(&scene);
    edges.set("seoul", Mode::Refusing);
    eventually("partners are sent elsewhere", || (told(&scene) == [scene.dublin]).then_some(()));
    gate.says(1);
    edges.set("seoul", Mode::Serving);
    wait_for_stay(&server);
    let asked = &gate.asked()[1]["moves"];
    assert_eq!(asked.as_array().map(Vec::len), Some(1), "{asked}");
    assert_eq!((&asked[0]["to"], &asked[0]["canary"]), (&serde_json::json!(["seoul"]), &serde_json::json!(0.5)));
    let sent: BTreeSet<IpAddr> =
        (0..40).flat_map(|network| told_in(&scene, &format!("100.64.{network}.0/24"))).collect();
    assert_eq!(sent, BTreeSet::from([scene.dublin]), "nobody tries it");
    let trail = std::fs::read_to_string(scene.path().join("state/audit.log")).unwrap();
    assert!(trail.contains("once gate board lets them"), "{trail}");
    let why = get(scene.admin, "/api/v1/explain?name=sip.contoso.com&type=A&client=100.64.1.1").unwrap().1;
    assert!(why.contains("up again, and a gate lets nobody try it yet"), "{why}");
}
