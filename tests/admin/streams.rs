//! Event streams: what happens, in order, and on from where a reader was.

use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use crate::http::{Events, ask, json};
use edgesteer::demo::edge::Mode;

fn set_up(edges: &Edges) -> (Scene, Server) {
    let scene = Scene::of(edges);
    scene.write(&scene.text("failback = \"auto\"", QUICK));
    let server = Server::ready(&scene);
    let proven = || {
        (json(scene.admin, "/api/v1/status")["targets"].as_array()?.iter().all(|t| t["state"] == "up")).then_some(())
    };
    eventually("both pools are proven", proven);
    (scene, server)
}

#[test]
fn a_reader_that_was_away_hears_what_it_missed_in_order() {
    let mut edges = Edges::start();
    let (scene, _server) = set_up(&edges);
    let mut events = Events::open(scene.admin, None);
    edges.set("seoul", Mode::Refusing);
    let verdict = events.wait("verdict");
    assert_eq!((&verdict.data["detail"]["state"], &verdict.data["id"]), (&"down".into(), &verdict.id.into()));
    let moved = events.wait("move");
    assert_eq!(moved.data["detail"]["to"][0], "dublin");
    let generation = moved.data["generation"].as_u64().unwrap();
    drop(events);

    // A whole failback happens while nobody listens.
    edges.set("seoul", Mode::Serving);
    eventually("seoul is back", || {
        (json(scene.admin, "/api/v1/status")["generation"].as_u64()? > generation).then_some(())
    });
    let mut again = Events::open(scene.admin, Some(verdict.id));
    let mut last = verdict.id;
    let back = loop {
        let event = again.next();
        assert!(event.id > last, "{event:?} after {last}");
        assert_ne!(event.what, "gap", "nothing was lost");
        last = event.id;
        if event.what == "move" && event.data["detail"]["to"][0] == "seoul" {
            break event;
        }
    };
    assert!(back.data["generation"].as_u64().unwrap() > generation);

    let list = json(scene.admin, &format!("/api/v1/events/recent?after={}", moved.id));
    let ids: Vec<u64> = list["events"].as_array().unwrap().iter().map(|e| e["id"].as_u64().unwrap()).collect();
    assert!(ids.contains(&back.id) && !ids.contains(&moved.id) && ids.is_sorted(), "{ids:?}");
    assert_eq!(list["gap"], false);
}

#[test]
fn a_reader_from_another_time_is_told_of_the_gap() {
    let edges = Edges::start();
    let (scene, _server) = set_up(&edges);
    let newest = json(scene.admin, "/api/v1/events/recent?limit=1")["newest"].as_u64().unwrap();
    for strange in [7, newest + 1000] {
        let mut events = Events::open(scene.admin, Some(strange));
        let gap = events.next();
        assert_eq!((gap.what.as_str(), &gap.data["after"]), ("gap", &strange.into()));
        assert_eq!(json(scene.admin, &format!("/api/v1/events/recent?after={strange}"))["gap"], true);
    }
}

#[test]
fn an_order_is_an_event() {
    let edges = Edges::start();
    let (scene, _server) = set_up(&edges);
    let mut events = Events::open(scene.admin, None);
    let token = format!("Bearer {}", edgesteer::admin::local_token(scene.admin).unwrap());
    let fields = [("Content-Type", "application/json"), ("Authorization", &*token)];
    let order = r#"{"state":"drain","reason":"patch night","author":"kim"}"#;
    assert_eq!(ask(scene.admin, "PUT /api/v1/holds/seoul", &fields, order).status, 200);
    let held = events.wait("hold");
    assert_eq!((&held.data["reason"], &held.data["detail"]["author"]), (&"patch night".into(), &"kim".into()));
}
