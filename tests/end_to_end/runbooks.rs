//! Run-books of the command line and of a running server that has lost a pool.

use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, get, run, said};
use edgesteer::demo::edge::Mode;

#[test]
fn a_lost_pool_has_a_run_book_that_says_what_dns_has_done() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let text = scene.text("", QUICK).replace("[server]", "[server]\nstate_dir = \"state\"");
    scene.write(&format!(
        "{text}\n[site.korea]\npools = [\"seoul\"]\nfront_ends = [\"fe.corp.contoso.com\"]\noutbound = \"seoul\"\n"
    ));
    let mut server = Server::ready(&scene);
    let path = "/api/v1/runbooks/seoul";
    let (status, before) = get(scene.admin, path).unwrap();
    assert_eq!(status, 200);
    assert!(before.contains("had no reason to yet") && !before.contains("[x]"), "{before}");
    edges.set("seoul", Mode::Refusing);
    server.wait_for_log(path);
    let after = eventually("the run-book is ticked", || {
        let (_, text) = get(scene.admin, path)?;
        text.contains("1. [x]").then_some(text)
    });
    assert!(after.contains("**done by edgesteer at 20") && after.contains("fe.corp.contoso.com"), "{after}");
    let audit = std::fs::read_to_string(scene.path().join("state/audit.log")).unwrap();
    assert!(audit.contains(r#""runbooks":["/api/v1/runbooks/seoul"]"#), "{audit}");
    let (status, unknown) = get(scene.admin, "/api/v1/runbooks/soul").unwrap();
    assert_eq!((status, unknown.contains("the Edge pools are seoul, dublin")), (404, true), "{unknown}");
}

#[test]
fn the_command_needs_no_server_and_knows_its_pools() {
    let output = run(&["runbook", "-c", "tests/contract/minimal.toml", "--lost", "seoul"]);
    let (out, error) = said(&output);
    assert!(output.status.success() && out.starts_with("# Lost: Edge pool seoul\n"), "{out}{error}");
    let output = run(&["runbook", "-c", "tests/contract/minimal.toml", "--lost", "soul"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
