//! What is kept of the past, and what is at work: the audit trail and the configuration of a running server, by API and command.

use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::process::Process;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, edgesteer, run, said};
use crate::http::{ask, json};
use edgesteer::admin::{local_token, sha256};
use rustix::process::Signal;
use serde_json::json as value;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

const TOKEN: &str = "es_of_a_test";

fn set_up(edges: &Edges, state: &str) -> (Scene, Server) {
    let scene = Scene::of(edges);
    let text = scene.text("", QUICK).replace("[server]\n", &format!("[server]\n{state}\n"));
    scene.write(&text);
    let server = Server::ready(&scene);
    (scene, server)
}

fn drain(scene: &Scene, reason: &str) {
    let admin = scene.admin.to_string();
    assert!(run(&["drain", "seoul", "--reason", reason, "--admin", &admin]).status.success());
}

#[test]
fn the_end_of_the_trail_is_told_and_followed() {
    let edges = Edges::start();
    let (scene, server) = set_up(&edges, "state_dir = \"state\"");
    let admin = scene.admin.to_string();
    drain(&scene, "patch night");
    // The last that comes of a drain.
    let told = eventually("the pool is drained", || {
        let told = json(scene.admin, "/api/v1/audit");
        told["lines"].as_array()?.iter().any(|line| line["what"] == "drained").then_some(told)
    });
    let file = std::fs::read_to_string(scene.path().join("state/audit.log")).unwrap();
    let lines = told["lines"].as_array().unwrap();
    let newest = told["newest"].as_u64().unwrap();
    assert_eq!((lines[0]["line"].as_u64(), lines.len() as u64), (Some(1), newest));
    let hold = lines.iter().find(|line| line["what"] == "hold").unwrap();
    assert!(file.lines().any(|line| serde_json::from_str::<serde_json::Value>(line).unwrap() == *hold), "as it stands");
    assert_eq!(json(scene.admin, "/api/v1/audit?limit=1")["lines"][0]["line"], newest);
    let none = json(scene.admin, &format!("/api/v1/audit?after={newest}"));
    assert_eq!((&none["lines"], &none["newest"]), (&value!([]), &newest.into()));
    for wrong in ["limit=1001", "after=9223372036854775808"] {
        assert_eq!(ask(scene.admin, &format!("GET /api/v1/audit?{wrong}"), &[], "").status, 400, "{wrong}");
    }

    let (out, error) = said(&run(&["audit", "tail", "-n", "2", "--admin", &admin]));
    assert!(error.is_empty() && out.lines().count() == 2, "{out}{error}");
    let (out, _) = said(&run(&["audit", "tail", "--admin", &admin]));
    assert!(out.contains("hold: patch night") && out.contains("subject=seoul"), "{out}");
    let (out, _) = said(&run(&["audit", "tail", "--json", "--admin", &admin]));
    assert!(out.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["seal"].is_string()));

    let log = scene.path().join("tail.log");
    let mut command = edgesteer();
    command.args(["audit", "tail", "-f", "-n", "1", "--admin", &admin]);
    let mut tail = Process::start(&mut command, &log, "");
    eventually("it has begun", || (!tail.log().is_empty()).then_some(()));
    drain(&scene, "second night");
    tail.wait_for_log("hold: second night");
    drain(&scene, "third night");
    tail.wait_for_log("hold: third night");
    let numbers: Vec<u64> = tail.log().lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "none is missing and none twice: {numbers:?}");

    let mut tail = command.stdout(Stdio::piped()).spawn().unwrap();
    let line = BufReader::new(tail.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    assert!(!line.is_empty());
    drain(&scene, "fourth night");
    let ended = eventually("nobody reads it, so it ends", || tail.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
    drop(server);
}

#[test]
fn without_a_state_dir_it_is_said_how_to_have_a_trail() {
    let edges = Edges::start();
    let (scene, _server) = set_up(&edges, "");
    let answer = ask(scene.admin, "GET /api/v1/audit", &[], "");
    assert_eq!((answer.status, &answer.json()["next"].as_str().unwrap().contains("state_dir")), (404, &true));
    let output = run(&["audit", "tail", "--admin", &scene.admin.to_string()]);
    let (_, error) = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("no audit trail is kept") && error.contains("set state_dir"), "{error}");
}

#[test]
fn the_configuration_at_work_is_told_without_secrets_until_a_reload_replaces_it() {
    let edges = Edges::start();
    let (scene, mut server) = set_up(&edges, "");
    let text = std::fs::read_to_string(scene.config()).unwrap();
    let token = format!("\n[token.kim]\nrole = \"operate\"\nsha256 = \"{}\"\n", sha256(TOKEN));
    let first = json(scene.admin, "/api/v1/config");
    assert_eq!(first["file"], scene.config().to_str().unwrap());
    assert_eq!(first["config"]["pool"]["seoul"]["endpoints"], value!([scene.seoul.to_string()]));
    assert_eq!(first["config"]["service"]["federation"]["check"]["tls"]["ca"], "ca.pem");

    scene.write("colour = \"blue\"");
    server.signal(Signal::HUP);
    server.wait_for_log("reload: refused");
    assert_eq!(json(scene.admin, "/api/v1/config"), first, "a refused reload changes nothing");

    scene.write(&(text + &token));
    server.signal(Signal::HUP);
    server.wait_for_log("reload: taken over");
    let answer = eventually("the new one is told", || {
        let field = format!("Bearer {}", local_token(scene.admin).unwrap());
        let answer = ask(scene.admin, "GET /api/v1/config", &[("Authorization", &field)], "");
        answer.body.contains("kim").then_some(answer)
    });
    assert_eq!(answer.json()["config"]["token"]["kim"], value!({ "role": "operate", "sha256": "(hidden)" }));
    assert!(!answer.body.contains(&sha256(TOKEN)), "{answer:?}");
    assert_eq!(ask(scene.admin, "GET /api/v1/config", &[], "").status, 401, "who may look needs a token");
}

#[test]
fn a_running_server_explains_to_people_and_programs_what_it_answers_now() {
    let edges = Edges::start();
    let (scene, _server) = set_up(&edges, "");
    let admin = scene.admin.to_string();
    let explain = |more: &[&str]| {
        let output = run(&[&["explain", "sip.contoso.com", "A", "--client", "168.126.63.1"], more].concat());
        let (out, error) = said(&output);
        (output.status.code().unwrap(), out, error)
    };
    drain(&scene, "patch night");
    let (code, out, error) = explain(&["--admin", &admin]);
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    assert!(out.contains("patch night") && out.contains("-> dublin") && !out.contains("supposes"), "{out}");
    let (code, out, _) = explain(&["--admin", &admin, "--json"]);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["decision"]["pools"][0]["held"]["state"]), (0, &"drain".into()));
    for (more, code, expected) in [
        (&["--admin", "127.0.0.1:1"][..], 1, "no server answers on 127.0.0.1:1"),
        (&["--admin", &admin, "--down", "seoul"], 2, "--config"),
        (&["--admin", &admin, "-c", "edgesteer.toml"], 2, "cannot be used with"),
    ] {
        let (got, _, error) = explain(more);
        assert!(got == code && error.contains(expected), "{more:?}: {got} {error}");
    }
}
