//! Holds and what is kept of them, as operators use them: by command, by API, over reloads, kills and restarts.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, get, run, said, send};
use edgesteer::demo::edge::Mode;
use rustix::process::Signal;

const NAME: &str = "sip.contoso.com";

fn set_up(edges: &Edges, service: &str) -> (Scene, Server) {
    let scene = Scene::of(edges);
    scene.write(&with_state(&scene.text(service, QUICK)));
    let server = Server::ready(&scene);
    (scene, server)
}

fn with_state(text: &str) -> String {
    text.replace("[server]\n", "[server]\nstate_dir = \"state\"\n")
}

/// A command to the scene's server; returns its exit code and all that it said.
fn order(scene: &Scene, arguments: &[&str]) -> (Option<i32>, String) {
    let admin = scene.admin.to_string();
    let output = run(&[arguments, &["--admin", &admin]].concat());
    let (out, error) = said(&output);
    (output.status.code(), out + &error)
}

fn told(scene: &Scene) -> &'static str {
    scene.pool(&look_up(scene.listen, NAME, T::A))
}

#[test]
fn a_held_pool_stays_held_over_reload_kill_and_restart_and_is_seen_everywhere() {
    let edges = Edges::start();
    let (scene, server) = set_up(&edges, "failback = \"manual\"");
    eventually("both are proven", || (told(&scene) == "seoul").then_some(()));
    let (code, words) =
        order(&scene, &["hold", "seoul", "down", "--for", "2h", "--reason", "patch night", "--author", "kim"]);
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("seoul is held down for 2h") && !words.contains("forgets"), "{words}");
    assert_eq!(told(&scene), "dublin", "at once");
    let is_seen = |server: &Server| {
        assert_eq!(server.metric("edgesteer_pool_held{pool=\"seoul\",state=\"down\"}"), Some(1.0));
        let (_, explained) = get(scene.admin, &format!("/api/v1/explain?name={NAME}&type=A")).unwrap();
        assert!(explained.contains("patch night") && explained.contains("held down by an operator"), "{explained}");
        let (code, status) = order(&scene, &["status"]);
        assert_eq!(code, Some(0));
        assert!(status.contains("HELD seoul down for ") && status.contains("by kim: patch night"), "{status}");
        assert_eq!(told(&scene), "dublin");
    };
    is_seen(&server);
    let text = scene.text("failback = \"manual\"", QUICK).replace("ttl = \"1s\"", "ttl = \"2s\"");
    scene.write(&with_state(&text));
    server.signal(Signal::HUP);
    let mut server = server;
    server.wait_for_log("reload: taken over");
    is_seen(&server);
    server.signal(Signal::KILL);
    server.wait();
    drop(server);
    let server = Server::ready(&scene);
    is_seen(&server);
    let (code, words) = order(&scene, &["release", "seoul", "--reason", "patched"]);
    assert_eq!(code, Some(0), "{words}");
    assert_eq!(told(&scene), "seoul", "a release needs no failback");
    assert_eq!(server.metric("edgesteer_pool_held{pool=\"seoul\",state=\"down\"}"), None);
}

#[test]
fn programs_are_told_of_an_order_what_people_are() {
    let edges = Edges::start();
    let (scene, _server) = set_up(&edges, "failback = \"manual\"");
    let json = |arguments: &[&str]| {
        let (code, words) = order(&scene, &[arguments, &["--reason", "patch night", "--json"]].concat());
        assert_eq!(code, Some(0), "{words}");
        serde_json::from_str::<serde_json::Value>(&words).unwrap()
    };
    for arguments in [&["drain", "seoul"][..], &["hold", "seoul", "down"], &["release", "seoul"]] {
        let told = json(arguments);
        assert_eq!(told["subject"], "seoul");
        assert!(told["message"].is_string() && told["generation"].is_u64() && told["named"].is_boolean(), "{told}");
    }
    let (code, words) = order(&scene, &["drain", "busan", "--reason", "x", "--json"]);
    assert!(code == Some(1) && words.starts_with("error: "), "{words}");
}

#[test]
fn what_is_not_safe_is_refused_and_done_by_force() {
    let edges = Edges::start();
    let (scene, mut server) = set_up(&edges, "");
    eventually("both are proven", || server.metric("edgesteer_pool_up{pool=\"dublin\"}").filter(|up| *up == 1.0));
    assert_eq!(order(&scene, &["drain", "dublin", "--reason", "move"]).0, Some(0));
    let (code, words) = order(&scene, &["hold", "seoul", "down", "--reason", "oops"]);
    assert_eq!(code, Some(1));
    assert!(words.contains("would be left with 0 active pools") && words.contains("--force"), "{words}");
    assert_eq!(told(&scene), "seoul", "nothing was done");
    server.wait_for_log("refused");
    let (code, words) = order(&scene, &["hold", "seoul", "down", "--reason", "meant", "--force"]);
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("by force"), "{words}");
    assert_eq!(told(&scene), "dublin", "a drained pool serves where nothing else does");
    server.wait_for_log("held by force");
}

#[test]
fn the_api_says_what_is_wrong_with_an_order() {
    let edges = Edges::start();
    let (scene, _server) = set_up(&edges, "");
    for (path, body, status, expected) in [
        ("seoul", "", 400, "as JSON"),
        ("seoul", "{}", 400, "\\\"state\\\" must be one of"),
        ("seoul", r#"{"state":"sideways","reason":"x"}"#, 400, "must be one of"),
        ("seoul", r#"{"state":"down"}"#, 400, "the reason is empty"),
        ("seoul", r#"{"state":"down","reason":"a\nb"}"#, 400, "control characters"),
        ("seoul", r#"{"state":"down","reason":"x","for":"soon"}"#, 400, "write it as"),
        ("seoul", r#"{"state":"down","reason":"x","for":"90days"}"#, 400, "from 1s to"),
        ("seoul", r#"{"state":"down","reason":"x","untl":"2h"}"#, 400, "unknown field"),
        ("busan", r#"{"state":"down","reason":"x"}"#, 404, "there is no pool"),
        ("seoul/127.9.9.9", r#"{"state":"down","reason":"x"}"#, 404, "has no endpoint"),
    ] {
        let (got, words) = send(scene.admin, "PUT", &format!("/api/v1/holds/{path}"), body).unwrap();
        assert_eq!(got, status, "{body}: {words}");
        assert!(words.contains(expected), "{expected:?} in {words}");
    }
    let endpoint = format!("/api/v1/holds/dublin/{}", scene.dublin);
    let drain = r#"{"state":"drain","for":"1h","reason":"x"}"#;
    assert_eq!(send(scene.admin, "PUT", &endpoint, drain).unwrap().0, 200);
    let (_, status) = get(scene.admin, "/api/v1/status").unwrap();
    assert!(status.contains(&format!("\"subject\":\"dublin/{}\"", scene.dublin)), "{status}");
    assert_eq!(send(scene.admin, "DELETE", &endpoint, "{}").unwrap().0, 400, "no state change without a reason");
    assert_eq!(send(scene.admin, "DELETE", &endpoint, r#"{"reason":"x"}"#).unwrap().0, 200);
}

#[test]
fn a_disk_that_fails_is_said_and_answers_go_on() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&with_state(&scene.text("", QUICK)));
    // A file where the directory should be: nothing can be written, whoever runs this.
    std::fs::write(scene.path().join("state"), "in the way").unwrap();
    let mut server = Server::ready(&scene);
    server.wait_for_log("cannot be used");
    let (code, words) = order(&scene, &["hold", "seoul", "down", "--reason", "x"]);
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("a restart forgets this: the state_dir cannot be written"), "{words}");
    assert_eq!(told(&scene), "dublin");
    eventually("the metric says so", || server.metric("edgesteer_state_unsaved").filter(|unsaved| *unsaved >= 1.0));
}

#[test]
fn two_servers_do_not_share_a_state_dir() {
    let edges = Edges::start();
    let (scene, _server) = set_up(&edges, "");
    let other = Scene::of(&edges);
    let state = format!("state_dir = {:?}", scene.path().join("state"));
    other.write(&with_state(&other.text("", QUICK)).replace("state_dir = \"state\"", &state));
    let output = run(&["serve", "-c", other.config().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).1.contains("is in use by another server"), "{}", said(&output).1);
}

#[test]
fn a_warm_restart_answers_before_any_probe_has_ended() {
    let mut edges = Edges::start();
    let (scene, mut server) = set_up(&edges, "failback = \"manual\"");
    edges.set("seoul", Mode::Refusing);
    eventually("partners moved", || (told(&scene) == "dublin").then_some(()));
    server.signal(Signal::TERM);
    server.wait();
    drop(server);
    // Now every probe waits for an answer that never comes, and the grace is longer than any test.
    edges.set("seoul", Mode::Silent);
    edges.set("dublin", Mode::Silent);
    let patient = r#"interval = "200ms", confirm = "50ms", timeout = "60s""#;
    let text = with_state(&scene.text("failback = \"manual\"", patient));
    scene.write(&text.replace("startup_grace = \"30s\"", "startup_grace = \"300s\""));
    let server = Server::ready(&scene);
    assert_eq!(told(&scene), "dublin", "seoul was down");
    assert_eq!(server.metric("edgesteer_pool_up{pool=\"seoul\"}"), Some(0.0));
}
