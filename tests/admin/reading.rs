//! What the lists tell of a scene with two pools.

use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use crate::http::{ask, json};
use edgesteer::demo::edge::Mode;
use serde_json::{Value, json as value};

fn set_up(edges: &Edges) -> (Scene, Server) {
    let scene = Scene::of(edges);
    scene.write(&scene.text("", QUICK));
    let server = Server::ready(&scene);
    eventually("both pools are proven", || {
        let states = json(scene.admin, "/api/v1/pools")["pools"]
            .as_array()
            .unwrap()
            .iter()
            .all(|pool| pool["services"][0]["state"] == "up");
        states.then_some(())
    });
    (scene, server)
}

/// The countries that are sent to a pool.
fn sent_to<'v>(regions: &'v Value, pool: &str) -> Vec<&'v str> {
    let choices = regions["choices"].as_array().unwrap().iter();
    let of = choices.filter(|choice| choice["pools"] == value!([pool]));
    of.flat_map(|choice| choice["countries"].as_array().unwrap()).map(|code| code.as_str().unwrap()).collect()
}

#[test]
fn services_pools_and_regions_tell_who_is_sent_where() {
    let mut edges = Edges::start();
    let (scene, _server) = set_up(&edges);
    let services = json(scene.admin, "/api/v1/services");
    let service = &services["services"][0];
    assert_eq!(
        (&services["total"], &service["service"], &service["kind"]),
        (&1.into(), &"federation".into(), &"sip-federation".into())
    );
    assert_eq!((&service["domains"], &service["first_domains"]), (&1.into(), &value!(["contoso.com"])));
    assert!(
        service["choices"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["region"] == "seoul>dublin" && c["pools"] == value!(["seoul"]))
    );
    assert_eq!(json(scene.admin, "/api/v1/services/federation")["service"], "federation");
    let pools = json(scene.admin, "/api/v1/pools");
    assert_eq!((&pools["pools"][0]["pool"], &pools["pools"][0]["country"]), (&"seoul".into(), &"KR".into()));
    assert_eq!(pools["pools"][1]["services"][0]["regions"], value!(["dublin>seoul"]));

    let regions = json(scene.admin, "/api/v1/regions?service=federation");
    assert!(sent_to(&regions, "seoul").contains(&"JP") && sent_to(&regions, "dublin").contains(&"FR"), "{regions}");
    edges.set("seoul", Mode::Refusing);
    let moved = eventually("the whole world is sent to dublin", || {
        let regions = json(scene.admin, "/api/v1/regions");
        sent_to(&regions, "seoul").is_empty().then_some(regions)
    });
    assert!(sent_to(&moved, "dublin").contains(&"JP"), "{moved}");
    assert!(moved["generation"].as_u64() > regions["generation"].as_u64());
}

#[test]
fn endpoints_tell_why_and_what_was_seen() {
    let mut edges = Edges::start();
    let (scene, _server) = set_up(&edges);
    edges.set("dublin", Mode::Refusing);
    let dublin = eventually("dublin is down", || {
        let endpoints = json(scene.admin, "/api/v1/endpoints");
        let of = |endpoint: &&Value| endpoint["address"] == scene.dublin.to_string().as_str();
        let found = endpoints["endpoints"].as_array().unwrap().iter().find(of).cloned();
        found.filter(|endpoint| endpoint["state"] == "down")
    });
    assert_eq!(
        (&dublin["check"], &dublin["pools"], &dublin["services"]),
        (&"sip".into(), &value!(["dublin"]), &value!(["federation"]))
    );
    assert!(dublin["why"].as_str().unwrap().contains("refused") && dublin["since"].is_u64(), "{dublin}");
    assert!(dublin["certificate_not_after"].is_i64(), "{dublin}");
    let seen = dublin["observations"].as_array().unwrap();
    assert!(
        seen.iter().any(|seen| seen["outcome"] == "pass") && seen.iter().any(|seen| seen["outcome"] == "refused"),
        "{dublin}"
    );
}

#[test]
fn long_lists_come_in_pages() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let domains: Vec<String> = (0..25).map(|i| format!("d{i:02}.contoso.com")).collect();
    let list: Vec<String> = domains.iter().map(|domain| format!("{domain:?}")).collect();
    scene.write(
        &scene
            .text("", &format!("{QUICK}, name = \"sip.contoso.com\""))
            .replace("[\"contoso.com\"]", &format!("[{}]", list.join(","))),
    );
    let _server = Server::ready(&scene);
    let (mut from, mut all) = (0, Vec::new());
    loop {
        let page = json(scene.admin, &format!("/api/v1/services/federation/domains?from={from}&limit=10"));
        assert_eq!(page["total"], 25);
        let some: Vec<String> = serde_json::from_value(page["domains"].clone()).unwrap();
        assert!(some.len() <= 10);
        all.extend(some);
        match page["next"].as_u64() {
            Some(next) => from = next,
            None => break,
        }
    }
    assert_eq!(all, domains);
    assert_eq!(json(scene.admin, "/api/v1/services/federation")["first_domains"].as_array().unwrap().len(), 3);
    let page = json(scene.admin, "/api/v1/endpoints?limit=1");
    assert_eq!((&page["total"], &page["next"]), (&2.into(), &1.into()));
    assert_eq!(json(scene.admin, "/api/v1/endpoints?limit=1&from=1")["next"], Value::Null);
}

#[test]
fn what_is_wrong_is_said_in_one_form_with_what_to_do_next() {
    let edges = Edges::start();
    let (scene, _server) = set_up(&edges);
    let token = format!("Bearer {}", edgesteer::admin::local_token(scene.admin).unwrap());
    for (request, status, code) in [
        ("GET /api/v1/nothing", 404, "not-found"),
        ("GET /api/v1/services/nothing", 404, "not-found"),
        ("GET /api/v1/regions?service=nothing", 404, "not-found"),
        ("GET /api/v1/runbooks/nothing", 404, "not-found"),
        ("GET /api/v1/services?limit=0", 400, "bad-request"),
        ("GET /api/v1/services?limit=1001", 400, "bad-request"),
        ("GET /api/v1/services?from=-1", 400, "bad-request"),
        ("GET /api/v1/services?form=1", 400, "bad-request"),
        ("GET /api/v1/explain?name=a..b&type=A", 400, "bad-request"),
        ("GET /api/v1/explain?name=a.b", 400, "bad-request"),
        ("POST /api/v1/status", 405, "method-not-allowed"),
    ] {
        let answer = ask(scene.admin, request, &[("Authorization", &*token)], "");
        assert_eq!(answer.status, status, "{request}: {answer:?}");
        assert!(answer.head.contains("content-type: application/problem+json"), "{request}: {answer:?}");
        let problem = answer.json();
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()), "{request}: {problem}");
        assert!(problem["next"].as_str().is_some_and(|next| !next.is_empty()), "{request}: {problem}");
    }
}

#[test]
fn holds_are_listed_with_reason_and_end() {
    let edges = Edges::start();
    let (scene, _server) = set_up(&edges);
    assert_eq!(json(scene.admin, "/api/v1/holds")["holds"], value!([]));
    let order = r#"{"state":"drain","for":"2h","reason":"patch night","author":"kim"}"#;
    let token = format!("Bearer {}", edgesteer::admin::local_token(scene.admin).unwrap());
    let fields = [("Content-Type", "application/json"), ("Authorization", &*token)];
    assert_eq!(ask(scene.admin, "PUT /api/v1/holds/seoul", &fields, order).status, 200);
    let holds = json(scene.admin, "/api/v1/holds");
    let hold = &holds["holds"][0];
    assert_eq!(
        (&hold["pool"], &hold["state"], &hold["reason"]),
        (&"seoul".into(), &"drain".into(), &"patch night".into())
    );
    assert!(hold["until"].as_u64() > hold["made"].as_u64());
    assert_eq!(json(scene.admin, "/api/v1/pools")["pools"][0]["holds"][0]["author"], "kim");
}

#[test]
fn a_run_book_says_since_when_its_pool_is_lost() {
    let mut edges = Edges::start();
    let (scene, _server) = set_up(&edges);
    let lost_at = |pools: &str| {
        let answer = ask(scene.admin, &format!("GET /api/v1/runbooks/{pools}"), &[], "");
        assert_eq!(answer.status, 200, "{answer:?}");
        let said = answer.head.lines().find_map(|line| line.strip_prefix("edgesteer-lost-at: ").map(str::to_owned));
        said.map(|seconds| seconds.parse::<u64>().unwrap())
    };
    assert_eq!(lost_at("seoul,dublin"), None);
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let before = now();
    edges.set("seoul", Mode::Refusing);
    let at = eventually("seoul is lost", || lost_at("seoul"));
    assert!(before <= at + 1 && at <= now() + 1, "{before} {at} {}", now());
    assert_eq!(lost_at("dublin"), None);
    assert!(lost_at("seoul,dublin").unwrap().abs_diff(at) <= 1);
    edges.set("seoul", Mode::Serving);
    eventually("seoul is back", || lost_at("seoul").is_none().then_some(()));
}
