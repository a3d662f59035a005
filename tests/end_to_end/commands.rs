//! `check`, `explain` and `release` as an operator runs them.

use crate::common::edges::Edges;
use crate::common::fresh_address;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, get, run, said};
use serde_json::Value;

const SRV: &str = "_sipfederationtls._tcp.contoso.com";

fn scene() -> (Scene, Edges) {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    (scene, edges)
}

/// Runs a command on the scene's configuration; returns code, standard output and standard error.
fn on(scene: &Scene, command: &str, arguments: &[&str]) -> (i32, String, String) {
    let config = scene.config();
    let output = run(&[&[command, "-c", config.to_str().unwrap()], arguments].concat());
    let (out, error) = said(&output);
    (output.status.code().unwrap(), out, error)
}

#[test]
fn check_counts_what_there_is() {
    let (scene, _edges) = scene();
    let (code, out, error) = on(&scene, "check", &["--strict", "--allow", "strange-port"]);
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    assert!(out.contains("1 service, 2 pools, 1 domain, 2 targets to probe"), "{out}");
}

#[test]
fn check_shows_warnings_and_is_strict_on_request() {
    let (scene, _edges) = scene();
    scene.write(&scene.text("", QUICK).replace("ttl = \"1s\"", "ttl = \"2h\""));
    for (arguments, expected) in [(&[][..], 0), (&["--strict"], 1)] {
        let (code, _, error) = on(&scene, "check", arguments);
        assert_eq!(code, expected, "{error}");
        assert!(error.contains("warning[long-ttl]"), "{error}");
    }
}

#[test]
fn explain_says_who_is_told_what_and_why() {
    let (scene, _edges) = scene();
    let (code, out, error) = on(&scene, "explain", &["sip.contoso.com", "A", "--client", "168.126.63.1"]);
    assert_eq!((code, error.as_str()), (0, ""));
    for part in
        ["country KR", &scene.seoul.to_string(), "-> seoul", "live, first in order", "up, behind the chosen pool"]
    {
        assert!(out.contains(part), "{part:?} in {out}");
    }
    let (code, out, _) =
        on(&scene, "explain", &["sip.contoso.com", "A", "--client", "168.126.63.1", "--down", "seoul"]);
    assert_eq!(code, 0);
    for part in [&scene.dublin.to_string(), "-> dublin", "seoul            down"] {
        assert!(out.contains(part), "{part:?} in {out}");
    }
    assert!(on(&scene, "explain", &["www.fabrikam.example", "A"]).1.contains("none of our zones"));
}

#[test]
fn explain_says_the_same_to_programs() {
    let (scene, _edges) = scene();
    let (code, out, _) = on(&scene, "explain", &[SRV, "srv", "--client", "87.32.0.1", "--json"]);
    assert_eq!(code, 0, "{out}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["name"], &told["type"]), (&SRV.into(), &"SRV".into()));
    let decision = &told["decision"];
    assert_eq!((&decision["service"], &decision["country"]), (&"federation".into(), &"IE".into()));
    let pools: Vec<_> = decision["pools"].as_array().unwrap().iter().map(|p| (&p["pool"], &p["chosen"])).collect();
    assert_eq!(pools, [(&"dublin".into(), &true.into()), (&"seoul".into(), &false.into())]);
    let additional = told["additional"][0].as_str().unwrap();
    assert!(additional.ends_with(&scene.dublin.to_string()), "{additional}");
}

#[test]
fn a_running_server_explains_what_it_answers() {
    let (scene, _edges) = scene();
    let _server = Server::ready(&scene);
    let path = "/api/v1/explain?name=sip.contoso.com&type=A&client=168.126.63.1";
    let (status, body) = get(scene.admin, path).unwrap();
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &told["decision"]["pools"][0]["pool"]), (200, &"seoul".into()));
    assert_eq!(get(scene.admin, "/api/v1/explain?name=sip.contoso.com&type=MXX").unwrap().0, 400);
}

#[test]
fn wrong_usage_is_told_what_would_be_right() {
    let (scene, _edges) = scene();
    let cases: [(&[&str], &str); 4] = [
        (&["sip.contoso.com", "MXX"], "as A, SRV, MX or TYPE65280"),
        (&["sip..com", "A"], "is no domain name"),
        (&["sip.contoso.com", "A", "--down", "busan"], "the pools are seoul, dublin"),
        (&["sip.contoso.com", "A", "--client", "korea"], "--client"),
    ];
    for (arguments, expected) in cases {
        let (code, _, error) = on(&scene, "explain", arguments);
        assert_eq!(code, 2, "{error}");
        assert!(error.contains(expected), "{expected:?} in {error}");
    }
}

#[test]
fn release_tells_what_it_did() {
    let (scene, _edges) = scene();
    let _server = Server::ready(&scene);
    let (admin, nobody) = (scene.admin.to_string(), fresh_address().to_string());
    let cases = [
        ("seoul", &admin, 0, "nothing to release"),
        ("busan", &admin, 1, "there is no pool \"busan\""),
        ("seoul", &nobody, 1, "no server answers on"),
    ];
    for (pool, admin, code, expected) in cases {
        let output = run(&["release", pool, "--reason", "test", "--admin", admin]);
        let (out, error) = said(&output);
        assert_eq!(output.status.code(), Some(code), "{out}{error}");
        assert!(format!("{out}{error}").contains(expected), "{expected:?} in {out}{error}");
    }
}
