//! `estimate` as an operator reads it, and as `docs/recovery.md` shows it.

use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, get, run, said};
use serde_json::Value;

#[test]
fn the_table_in_the_docs_is_what_the_command_prints() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("contoso.toml");
    std::fs::write(&config, include_str!("../contract/contoso.toml")).unwrap();
    std::fs::write(directory.path().join("overrides.csv"), "203.0.113.0/24,KR\n").unwrap();
    std::fs::write(directory.path().join("contoso.com.zone"), "www A 192.0.2.80\n").unwrap();
    let output = run(&["estimate", "-c", config.to_str().unwrap()]);
    let (out, error) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{error}");
    let path = "docs/recovery.md";
    let page = std::fs::read_to_string(path).unwrap();
    let (head, rest) = page.split_once("<!-- estimate -->\n").unwrap();
    let (table, tail) = rest.split_once("<!-- end -->").unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, format!("{head}<!-- estimate -->\n{out}<!-- end -->{tail}")).unwrap();
    } else {
        assert_eq!(table, out, "UPDATE_GOLDEN=1 cargo test --test end_to_end estimate:: writes {path} anew");
    }
}

#[test]
fn a_running_server_and_the_command_estimate_alike() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    let _server = Server::ready(&scene);
    let (status, body) = get(scene.admin, "/api/v1/estimate").unwrap();
    let told: Value = serde_json::from_str(&body).unwrap();
    let printed = said(&run(&["estimate", "--json", "-c", scene.config().to_str().unwrap()])).0;
    assert_eq!((status, &told), (200, &serde_json::from_str(&printed).unwrap()));
    // 3 probes, 50 ms apart, each at most 5 s, after an interval of 200 ms; then a TTL of 1 s.
    let service = &told["services"][0];
    let span = |it: &Value| (it["least"].as_f64(), it["most"].as_f64());
    assert_eq!(span(&service["found"]["killed"]), (Some(0.1), Some(0.15)));
    assert_eq!(span(&service["found"]["refused"]), (Some(0.1), Some(0.35)));
    assert_eq!(span(&service["found"]["silent"]), (Some(15.1), Some(15.35)));
    let peers = service["peers"].as_array().unwrap();
    assert_eq!(span(&peers[0]["whole"]["refused"]), (Some(0.1), Some(1.36)));
    assert_eq!(peers[1]["keeps"]["most"], Value::Null, "nobody knows what an Access Edge keeps");
}
