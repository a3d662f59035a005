//! `what-if` as an operator and as a gate in CI run it.

use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, get, run, said};
use edgesteer::demo::edge::Mode;
use serde_json::Value;

/// Runs it on the scene's configuration; returns code, standard output and standard error.
fn what_if(scene: &Scene, arguments: &[&str]) -> (i32, String, String) {
    let config = scene.config();
    let output = run(&[&["what-if", "-c", config.to_str().unwrap()], arguments].concat());
    let (out, error) = said(&output);
    (output.status.code().unwrap(), out, error)
}

/// A scene with a partner of Dublin's.
fn scene() -> (Scene, Edges) {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let partner = "[partner.bigcloud]\nprefixes = [\"203.0.113.0/24\"]\npools = [\"dublin\", \"seoul\"]\n";
    scene.write(&format!("{}{partner}", scene.text("", QUICK)));
    (scene, edges)
}

#[test]
fn the_exit_code_says_whether_it_may_happen() {
    let (scene, _edges) = scene();
    let cases: [(&[&str], i32, &str); 7] = [
        (&["--lost", "seoul"], 0, "Everybody has a live pool."),
        (&["--lost", "seoul", "--max-moved", "60%"], 0, "Everybody has a live pool."),
        (&["--lost", "dublin", "--max-moved", "60%"], 1, "go elsewhere, more than 60.0 %"),
        (&["--lost", "seoul,dublin"], 1, "! federation: no live pool for partner bigcloud"),
        (&["--lost", "busan"], 2, "there is no pool \"busan\"; the pools are seoul, dublin"),
        (&["--lost", "seoul", "--max-moved", "most"], 2, "a share is from 0% to 100%"),
        (&[], 2, "--lost"),
    ];
    for (arguments, expected, words) in cases {
        let (code, out, error) = what_if(&scene, arguments);
        assert_eq!(code, expected, "{arguments:?}: {out}{error}");
        assert!(format!("{out}{error}").contains(words), "{words:?} in {out}{error}");
    }
}

#[test]
fn programs_are_told_who_goes_where() {
    let (scene, _edges) = scene();
    let (code, out, error) = what_if(&scene, &["--lost", "dublin", "--json"]);
    assert_eq!(code, 0, "{error}");
    let told: Value = serde_json::from_str(&out).unwrap();
    let service = &told["services"][0];
    let moves = service["moves"].as_array().unwrap();
    let sum = |family: &str| -> f64 { moves.iter().filter_map(|it| it[family].as_f64()).sum() };
    assert!((sum("ipv4") - 1.0).abs() < 1e-9 && (sum("ipv6") - 1.0).abs() < 1e-9, "{out}");
    let moved = moves.iter().find(|it| it["moved"] == true && it["clients"] == "located").unwrap();
    assert_eq!((&moved["from"]["pools"][0], &moved["to"]["pools"][0]), (&"dublin".into(), &"seoul".into()));
    assert_eq!(service["moved_ipv4"], moved["ipv4"]);
    assert!(moved["countries"].as_array().unwrap().contains(&"IE".into()), "{moved}");
    // What it says of an example is what that client is told.
    let example = moved["examples"][0].as_str().unwrap().split('/').next().unwrap();
    let config = scene.config();
    let explain = ["explain", "-c", config.to_str().unwrap(), "sip.contoso.com", "A", "--client", example];
    assert!(said(&run(&explain)).0.contains("-> dublin"));
    assert!(said(&run(&[&explain[..], &["--down", "dublin"]].concat())).0.contains("-> seoul"));
    let partner = moves.iter().find(|it| it["name"] == "bigcloud").unwrap();
    assert_eq!((&partner["clients"], &partner["to"]["pools"][0]), (&"partner".into(), &"seoul".into()));
}

#[test]
fn two_configurations_and_two_databases_are_compared() {
    let (scene, _edges) = scene();
    let text = std::fs::read_to_string(scene.config()).unwrap();
    let other = scene.path().join("other.toml");
    std::fs::write(&other, text.replace("[\"dublin\", \"seoul\"]", "[\"seoul\"]")).unwrap();
    let other = other.to_str().unwrap();
    let (code, out, _) = what_if(&scene, &["--diff", other]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("partner bigcloud"), "{out}");
    assert!(out.contains("dublin -> seoul  (203.0.113.0/24)"), "{out}");
    assert_eq!(what_if(&scene, &["--diff", other, "--max-moved", "0%"]).0, 1);
    assert_eq!(what_if(&scene, &["--diff", other, "--lost", "seoul,dublin"]).0, 1);

    let (code, out, _) = what_if(&scene, &["--diff-geoip", "geoip/fixtures/flat-v4.mmdb"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("dublin -> seoul"), "nearly nobody has a place any more: {out}");

    let broken = scene.path().join("broken.toml");
    std::fs::write(&broken, "[pool.seoul]\n").unwrap();
    let (code, _, error) = what_if(&scene, &["--diff", broken.to_str().unwrap()]);
    assert!(code == 2 && error.contains("broken.toml"), "{code} {error}");
    let (code, _, error) = what_if(&scene, &["--diff-geoip", "geoip/fixtures/truncated.mmdb"]);
    assert!(code == 2 && error.contains("truncated.mmdb"), "{code} {error}");
}

#[test]
fn a_running_server_tells_it_of_its_live_pools() {
    let (scene, mut edges) = scene();
    let _server = Server::ready(&scene);
    let ask = |lost: &str| {
        let (status, body) = get(scene.admin, &format!("/api/v1/what-if?lost={lost}")).unwrap();
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };
    let settled = |pool: &'static str| {
        eventually("it is known", || {
            let (_, told) = ask(pool);
            (told["ok"] == (pool == "dublin")).then_some(told)
        })
    };
    let told = settled("dublin");
    assert_eq!(told["services"][0]["ask"]["name"], "sip.contoso.com");
    // What is down already counts.
    edges.set("dublin", Mode::Refusing);
    let told = settled("seoul");
    let objections = told["objections"].as_array().unwrap();
    assert!(objections.contains(&"federation: no live pool for clients with a known place".into()), "{told:#}");
    let (status, told) = ask("seoul,busan");
    assert_eq!((status, &told["detail"]), (404, &"there is no pool \"busan\"; the pools are seoul, dublin".into()));
    assert_eq!(get(scene.admin, "/api/v1/what-if").unwrap().0, 400);
}
