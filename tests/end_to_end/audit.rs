//! The audit trail of a running server: what happened is told, and no line of it can be changed unseen.

use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, run, said};
use edgesteer::demo::edge::Mode;
use rustix::process::Signal;
use std::path::Path;

fn verify(path: &Path) -> (Option<i32>, String) {
    let output = run(&["audit", "verify", path.to_str().unwrap()]);
    let (out, err) = said(&output);
    (output.status.code(), out + &err)
}

#[test]
fn a_failover_a_refused_reload_and_a_restart_are_told_in_one_sealed_trail() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let good = scene.text("", QUICK).replace("[server]", "[server]\nstate_dir = \"state\"");
    scene.write(&good);
    let state = scene.path().join("state");
    let trail = || std::fs::read_to_string(state.join("audit.log")).unwrap();
    let wait = |what: &str| eventually(what, || trail().contains(what).then_some(()));

    let mut server = Server::ready(&scene);
    edges.set("seoul", Mode::Refusing);
    wait(r#""what":"move""#);
    scene.write(&good.replace("ttl = \"1s\"", "colour = \"blue\""));
    server.signal(Signal::HUP);
    wait(r#""what":"reload-refused""#);
    scene.write(&good.replace("ttl = \"1s\"", "ttl = \"7s\""));
    server.signal(Signal::HUP);
    wait(r#""what":"reload""#);
    server.signal(Signal::TERM);
    assert!(server.wait().success());

    let down = trail().lines().find(|line| line.contains(r#""state":"down""#)).unwrap().to_owned();
    assert!(down.contains("connection refused") && down.contains(r#""pools":["seoul"]"#), "{down}");
    assert!(trail().lines().last().unwrap().contains(r#""what":"stop""#));
    let (code, told) = verify(&state);
    assert_eq!(code, Some(0), "{told}");

    scene.write(&good);
    let mut server = Server::ready(&scene);
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    assert_eq!(trail().matches(r#""what":"start""#).count(), 2, "one trail over both runs");
    assert_eq!(verify(&state).0, Some(0));

    let line = 1 + trail().lines().position(|line| *line == down).unwrap();
    std::fs::write(state.join("audit.log"), trail().replace("connection refused", "connection reset")).unwrap();
    let (code, told) = verify(&state);
    assert_eq!(code, Some(1));
    assert!(told.contains(&format!("audit.log:{line}: the line was changed")), "{told}");
}

#[test]
fn a_state_directory_that_cannot_be_used_stops_nothing() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    std::fs::write(scene.path().join("state"), "a file").unwrap();
    scene.write(&scene.text("", QUICK).replace("[server]", "[server]\nstate_dir = \"state\""));
    let mut server = Server::ready(&scene);
    server.wait_for_log("going on without an audit trail");
}
