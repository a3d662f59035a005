//! `drill`: a failover that ends by itself, whoever dies meanwhile.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::process::Process;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, edgesteer, get, run, said};
use edgesteer::demo::edge::Mode;
use rustix::process::Signal;
use serde_json::Value;
use std::path::PathBuf;

const NAME: &str = "sip.contoso.com";

fn set_up(more: &str) -> (Scene, Server, Edges) {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&format!("{}{more}", scene.text("", QUICK)));
    let server = Server::ready(&scene);
    eventually("both are proven", || {
        let status = status(&scene);
        let targets = status["targets"].as_array().unwrap().clone();
        targets.iter().all(|target| target["state"] == "up").then_some(())
    });
    (scene, server, edges)
}

fn status(scene: &Scene) -> Value {
    serde_json::from_str(&get(scene.admin, "/api/v1/status").unwrap().1).unwrap()
}

fn holds(scene: &Scene) -> Vec<Value> {
    status(scene)["holds"].as_array().unwrap().clone()
}

fn told(scene: &Scene) -> &'static str {
    scene.pool(&look_up(scene.listen, NAME, T::A))
}

fn arguments(scene: &Scene, more: &[&str]) -> Vec<String> {
    let (admin, dns) = (scene.admin.to_string(), scene.listen.to_string());
    let own = ["drill", "seoul", "--reason", "spring", "--admin", &admin, "--dns", &dns];
    own.iter().chain(more).map(|&word| word.to_owned()).collect()
}

/// A drill under way, whose report will be a file.
fn begun(scene: &Scene, length: &str) -> (Process, PathBuf) {
    let report = scene.path().join(format!("report-{length}.json"));
    let more = ["--for", length, "--json", "--report", report.to_str().unwrap()];
    let mut command = edgesteer();
    command.args(arguments(scene, &more));
    let mut drill = Process::start(&mut command, &report.with_extension("log"), "");
    drill.wait_for_log("answers have changed");
    assert_eq!(told(scene), "dublin");
    (drill, report)
}

fn read(report: &PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap()
}

/// Runs one that is refused; returns all that it said.
fn refused(scene: &Scene) -> String {
    let arguments = arguments(scene, &["--for", "1m"]);
    let output = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let (out, error) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{out}{error}");
    out + &error
}

#[test]
fn a_drill_measures_every_phase_and_leaves_everything_as_it_was() {
    let (scene, _server, _edges) = set_up("");
    let (mut drill, report) = begun(&scene, "3s");
    let held = &holds(&scene)[0];
    assert_eq!((&held["state"], &held["reason"]), (&"drain".into(), &"drill: spring".into()), "{held}");
    assert!(held["until"].is_u64(), "it ends though the command dies: {held}");
    assert_eq!(drill.wait().code(), Some(0), "{}", drill.log());
    assert_eq!((told(&scene), holds(&scene).len()), ("seoul", 0));
    let report = read(&report);
    let phase = |word: &str| report["phases"][word].as_f64().unwrap_or_else(|| panic!("{word} in {report:#}"));
    assert!(phase("run_out") >= phase("changed") && phase("returned") >= phase("changed"), "{report:#}");
    assert!(phase("released") >= 3.0 && phase("accepted") <= phase("released"), "{report:#}");
    assert_eq!((&report["ok"], report["foretold"][0]["service"].as_str()), (&true.into(), Some("federation")));
    let events: Vec<&str> = report["events"].as_array().unwrap().iter().filter_map(|it| it["what"].as_str()).collect();
    for expected in [
        "hold seoul: drill: spring",
        "move federation: seoul -> dublin",
        "drained seoul",
        "release seoul: drill: spring",
    ] {
        assert!(events.iter().any(|event| event.starts_with(expected)), "{expected:?} in {events:?}");
    }
}

#[test]
fn the_report_is_markdown_for_people() {
    let (scene, _server, _edges) = set_up("");
    let arguments = arguments(&scene, &["--for", "300ms", "--state", "down"]);
    let output = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let (out, error) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{out}{error}");
    let parts = [
        "# Drill: seoul as if lost",
        "It went as it should. Held down at 2",
        "| federation | ",
        "the first changed answer",
    ];
    for part in parts.iter().chain(&["for a client of ", "sip.contoso.com A"]) {
        assert!(out.contains(part), "{part:?} in {out}");
    }
}

#[test]
fn a_drill_that_would_hurt_is_refused() {
    let (scene, server, _edges) = set_up("[safety]\nmin_active_pools = 2\n");
    let words = refused(&scene);
    assert!(words.contains("drill: refused") && words.contains("min_active_pools"), "{words}");
    assert_eq!((told(&scene), holds(&scene).len()), ("seoul", 0));
    drop(server);

    let (scene, _server, mut edges) = set_up("");
    edges.set("dublin", Mode::Refusing);
    eventually("dublin is down", || {
        status(&scene)["targets"].as_array()?.iter().find(|it| it["state"] == "down").map(drop)
    });
    let words = refused(&scene);
    assert!(words.contains("the drill is refused: without seoul federation: no live pool for"), "{words}");
    assert_eq!((told(&scene), holds(&scene).len()), ("seoul", 0));
}

#[test]
fn where_the_other_pool_dies_the_drill_ends_at_once() {
    let (scene, _server, mut edges) = set_up("");
    let (mut drill, report) = begun(&scene, "10m");
    edges.set("dublin", Mode::Refusing);
    assert_eq!(drill.wait().code(), Some(1), "{}", drill.log());
    assert_eq!((told(&scene), holds(&scene).len()), ("seoul", 0));
    let report = read(&report);
    assert!(
        report["troubles"][0].as_str().unwrap().contains("no other pool serves any more in federation"),
        "{report:#}"
    );
}

#[test]
fn a_hold_of_somebody_else_is_left_alone() {
    let (scene, _server, _edges) = set_up("");
    let (mut drill, report) = begun(&scene, "10m");
    let admin = scene.admin.to_string();
    let order = run(&["hold", "seoul", "down", "--for", "2h", "--reason", "it burns", "--admin", &admin]);
    assert_eq!(order.status.code(), Some(0), "{:?}", said(&order));
    assert_eq!(drill.wait().code(), Some(1), "{}", drill.log());
    assert_eq!(holds(&scene)[0]["reason"], "it burns");
    assert!(read(&report)["troubles"][0].as_str().unwrap().contains("somebody else"), "{}", drill.log());
}

#[test]
fn an_interrupt_ends_it_and_a_kill_leaves_a_hold_that_ends_by_itself() {
    let (scene, _server, _edges) = set_up("");
    let (mut drill, report) = begun(&scene, "10m");
    drill.signal(Signal::INT);
    assert_eq!(drill.wait().code(), Some(1), "{}", drill.log());
    assert_eq!((told(&scene), holds(&scene).len()), ("seoul", 0));
    assert_eq!(read(&report)["troubles"][0], "it was ended before its time");

    // Long enough to be killed in it.
    let (mut drill, _) = begun(&scene, "5s");
    drill.kill();
    assert_eq!(holds(&scene).len(), 1);
    eventually("the hold ends by itself", || holds(&scene).is_empty().then_some(()));
}
