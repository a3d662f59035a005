//! Fifty dashboards and a scraper at once: everyone hears everything, once and in order, and nobody is refused.

use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use crate::http::{Events, ask, json};
use edgesteer::demo::edge::Mode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const DASHBOARDS: usize = 50;
/// Failovers and failbacks that they look at.
const CHANGES: usize = 6;

#[test]
fn fifty_dashboards_and_a_scraper_lose_no_event_of_a_failover() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&(scene.text("failback = \"auto\"", QUICK) + "[health]\ndamping = \"off\"\n"));
    let _server = Server::ready(&scene);
    let newest = json(scene.admin, "/api/v1/events/recent?limit=1")["newest"].as_u64().unwrap();
    let readers: Vec<_> = (0..DASHBOARDS)
        .map(|_| {
            let mut events = Events::open(scene.admin, Some(newest));
            std::thread::spawn(move || {
                let (mut heard, mut moves) = (Vec::new(), 0);
                while moves < CHANGES {
                    let event = events.next();
                    moves += usize::from(event.what == "move");
                    heard.push((event.id, event.what));
                }
                heard
            })
        })
        .collect();
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let lookers: Vec<_> = ["/metrics", "/api/v1/status", "/api/v1/regions"]
        .map(|path| {
            let (stop, asked, admin) = (stop.clone(), asked.clone(), scene.admin);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let answer = ask(admin, &format!("GET {path}"), &[], "");
                    assert_eq!(answer.status, 200, "{path}: {answer:?}");
                    asked.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(std::time::Duration::from_millis(50));
                }
            })
        })
        .into();
    let mut watcher = Events::open(scene.admin, Some(newest));
    for change in 0..CHANGES {
        edges.set("seoul", if change % 2 == 0 { Mode::Refusing } else { Mode::Serving });
        let moved = watcher.wait("move");
        let to = if change % 2 == 0 { "dublin" } else { "seoul" };
        assert_eq!(moved.data["detail"]["to"][0], to, "{moved:?}");
    }
    let heard: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
    stop.store(true, Ordering::Relaxed);
    lookers.into_iter().for_each(|looker| looker.join().unwrap());
    for one in &heard {
        assert_eq!(*one, heard[0], "everyone hears the same");
    }
    let ids: Vec<u64> = heard[0].iter().map(|(id, _)| *id).collect();
    let expected: Vec<u64> = (newest + 1..=newest + ids.len() as u64).collect();
    assert_eq!(ids, expected, "none is missing, none comes twice");
    assert!(heard[0].iter().all(|(_, what)| what != "gap") && asked.load(Ordering::Relaxed) >= 3);
}
