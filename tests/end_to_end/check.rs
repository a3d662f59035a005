//! `edgesteer check` as people and programs run it.

use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{run, said};
use serde_json::{Value, json};

fn scene() -> (Scene, Edges) {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    (scene, edges)
}

/// Runs `edgesteer check` on the scene's configuration, whose edges are not at the ports of the protocol; returns code, standard
/// output and standard error.
fn check(scene: &Scene, arguments: &[&str]) -> (i32, String, String) {
    let config = scene.config();
    let output = run(&[&["check", "-c", config.to_str().unwrap(), "--allow", "strange-port"], arguments].concat());
    let (out, error) = said(&output);
    (output.status.code().unwrap(), out, error)
}

#[test]
fn a_warning_that_is_meant_can_be_allowed_by_its_name() {
    let (scene, _edges) = scene();
    scene.write(&scene.text("", QUICK).replace("ttl = \"1s\"", "ttl = \"2h\""));
    let (code, _, error) = check(&scene, &["--strict"]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("edgesteer check --explain CODE"), "{error}");
    let (code, _, error) = check(&scene, &["--strict", "--allow", "long-ttl"]);
    assert_eq!((code, error.as_str()), (0, ""));
    let (code, _, error) = check(&scene, &["--strict", "--allow", "weak-check"]);
    assert_eq!(code, 1, "{error}");
    let (code, _, error) = check(&scene, &["--allow", "longttl"]);
    assert!(code == 2 && error.contains("there is no such code"), "{error}");
}

#[test]
fn an_error_cannot_be_allowed() {
    let (scene, _edges) = scene();
    scene.write(&scene.text("", QUICK).replace("ttl = \"1s\"", "ttl = \"0s\""));
    let (code, _, error) = check(&scene, &["--allow", "bad-ttl"]);
    assert!(code == 2 && error.contains("error[bad-ttl]"), "{error}");
}

#[test]
fn programs_are_told_every_finding_with_its_place() {
    let (scene, _edges) = scene();
    let text = scene.text("", QUICK).replace("ttl = \"1s\"", "ttl = \"2h\"");
    scene.write(&text);
    let (code, out, error) = check(&scene, &["--json", "--strict"]);
    assert_eq!((code, error.as_str()), (1, ""));
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["usable"], &told["errors"], &told["warnings"]), (&json!(true), &json!(0), &json!(1)));
    assert_eq!((&told["contents"]["pools"], &told["contents"]["domains"]), (&json!(2), &json!(1)));
    let found = &told["diagnostics"][0];
    let line = 1 + text.lines().position(|line| line.contains("\"2h\"")).unwrap();
    let file = scene.config();
    assert_eq!(found["file"], json!(file));
    assert_eq!(
        (&found["code"], &found["severity"], &found["line"]),
        (&json!("long-ttl"), &json!("warning"), &json!(line))
    );
    assert!(found["column"].as_u64().unwrap() > 1 && found["help"].as_str().unwrap().contains("30s"), "{found}");
    assert_eq!(found["page"], json!("docs/lints/long-ttl.md"));

    scene.write("[zone]\nx = 1\n[pool.a]\n");
    let (code, out, _) = check(&scene, &["--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["usable"], &told["contents"]), (2, &json!(false), &Value::Null));
    let errors = told["diagnostics"].as_array().unwrap();
    assert_eq!(told["errors"], json!(errors.len()));
    assert!(errors.iter().all(|found| found["severity"] == json!("error")), "{out}");
}

#[test]
fn each_code_can_be_explained() {
    let cases = [
        ("long-ttl", 0, "## Remedy"),
        ("unknown-key", 0, "unknown-key (error): No such key exists."),
        ("lang-ttl", 2, "there is no code"),
    ];
    for (code, expected, part) in cases {
        let output = run(&["check", "--explain", code]);
        let (out, error) = said(&output);
        assert_eq!(output.status.code(), Some(expected), "{out}{error}");
        assert!(format!("{out}{error}").contains(part), "{part:?} in {out}{error}");
    }
    let output = run(&["check"]);
    assert_eq!(output.status.code(), Some(2), "a configuration is needed");
}
