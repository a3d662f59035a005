//! What a service's policy makes of verdicts: the ladder when every pool is down, how long answers may be kept, and how
//! a lost pool comes back.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, get, run, said, send};
use edgesteer::demo::edge::Mode;
use hickory_proto::op::ResponseCode;

const SRV: &str = "_sipfederationtls._tcp.contoso.com";
const SIP: &str = "sip.contoso.com";

fn set_up(edges: &Edges, service: &str) -> (Scene, Server) {
    let scene = Scene::of(edges);
    scene.write(&scene.text(&format!("failback = \"auto\"\n{service}"), QUICK));
    let server = Server::ready(&scene);
    assert_eq!(scene.pool(&look_up(scene.listen, SRV, T::SRV)), "seoul");
    (scene, server)
}

/// The TTLs of an answer's records.
fn ttls(scene: &Scene) -> Vec<u32> {
    look_up(scene.listen, SRV, T::SRV).answers.iter().map(|record| record.ttl).collect()
}

#[test]
fn while_failing_probes_are_confirmed_answers_are_short_lived_and_the_trail_is_not_filled() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let check = "interval = \"50ms\", confirm = \"50ms\", timeout = \"5s\", fall = 60, rise = 20";
    let text = scene.text("failback = \"auto\"", check).replace("ttl = \"1s\"", "ttl = \"40s\"\nsuspect_ttl = \"7s\"");
    scene.write(&text);
    let server = Server::ready(&scene);
    let published = || events(&scene, "publish");
    eventually("the answer may be kept", || (ttls(&scene) == [40]).then_some(()));
    let before = published().len();
    let suspect = "edgesteer_pool_suspect{pool=\"seoul\",service=\"federation\"}";
    edges.set("seoul", Mode::Unavailable);
    eventually("the answer may not be kept for long", || (ttls(&scene) == [7]).then_some(()));
    assert_eq!(scene.pool(&look_up(scene.listen, SRV, T::SRV)), "seoul", "it is suspect, and not down");
    let explained = get(scene.admin, "/api/v1/explain?name=sip.contoso.com&type=A").unwrap().1;
    assert!(explained.contains("7 s and not 40 s, since seoul is suspect"), "{explained}");
    assert_eq!(server.metric(suspect), Some(1.0));
    edges.set("seoul", Mode::Serving);
    eventually("the suspicion is over", || (server.metric(suspect) == Some(0.0)).then_some(()));
    assert_eq!(ttls(&scene), [40]);
    assert_eq!(published().len(), before, "what only shortens a TTL is no line of the trail");
    edges.set("seoul", Mode::Refusing);
    eventually("partners are sent to dublin", || {
        (scene.pool(&look_up(scene.listen, SRV, T::SRV)) == "dublin").then_some(())
    });
    // A publish is told after it is true.
    eventually("what only shortened TTLs is counted with the next publish", || {
        published().pop()?["detail"]["ttl_alone_before"].as_u64().filter(|count| *count >= 2)
    });
}

/// The events of one sort so far.
fn events(scene: &Scene, what: &str) -> Vec<serde_json::Value> {
    let (_, text) = get(scene.admin, "/api/v1/events/recent?after=0&limit=1000").unwrap();
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    let all = told["events"].as_array().unwrap().clone();
    all.into_iter().filter(|event| event["what"] == what).collect()
}

#[test]
fn a_drain_tells_when_the_last_answer_that_named_the_pool_expires_and_that_it_has() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("failback = \"auto\"", QUICK).replace("ttl = \"1s\"", "ttl = \"2s\""));
    let server = Server::ready(&scene);
    eventually("both are proven", || server.metric("edgesteer_pool_up{pool=\"dublin\"}").filter(|up| *up == 1.0));
    let admin = scene.admin.to_string();
    let order = |words: &[&str]| said(&run(&[words, &["--reason", "test", "--admin", &admin]].concat())).0;
    let words = order(&["drain", "seoul"]);
    assert!(words.contains("the last answer that named it expires in "), "{words}");
    let held = || {
        let status: serde_json::Value = serde_json::from_str(&get(scene.admin, "/api/v1/status").unwrap().1).unwrap();
        status["holds"][0].clone()
    };
    eventually("the event", || (events(&scene, "drained").len() == 1).then_some(()));
    let event = events(&scene, "drained").remove(0);
    assert_eq!(event["detail"]["subject"], "seoul", "{event}");
    eventually("status knows", || held()["named_until"].is_null().then_some(()));
    let status = said(&run(&["status", "--admin", &admin])).0;
    assert!(status.contains("no answer that names it is left"), "{status}");
    assert_eq!(held()["named"], false);
    let words = order(&["hold", "seoul", "down"]);
    assert!(words.contains("no answer that names it is left"), "{words}");
    // Where both are drained each serves those who are nearest.
    order(&["drain", "seoul"]);
    let words = order(&["drain", "dublin", "--force"]);
    assert!(words.contains("answers still name it, since nothing else is live"), "{words}");
    let text = get(scene.admin, "/api/v1/holds").unwrap().1;
    let holds: serde_json::Value = serde_json::from_str(&text).unwrap();
    let named: Vec<bool> = holds["holds"].as_array().unwrap().iter().map(|hold| hold["named"] == true).collect();
    assert_eq!(named, [true, true], "{text}");
    let status = said(&run(&["status", "--admin", &admin])).0;
    assert!(status.contains("answers still name it, since nothing else is live"), "{status}");
}

#[test]
fn a_pool_that_comes_back_is_tried_by_some_before_all_return_and_its_loss_ends_that() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let failback =
        "steering = \"failover\"\nfailback = { after = \"auto\", canary = { share = \"50%\", for = \"1h\" } }";
    scene.write(&scene.text(failback, QUICK));
    let server = Server::ready(&scene);
    let client = |network: u8| {
        let path = format!("/api/v1/explain?name=sip.contoso.com&type=A&client=100.64.{network}.1");
        let told: serde_json::Value = serde_json::from_str(&get(scene.admin, &path).unwrap().1).unwrap();
        let pools = told["decision"]["pools"].as_array().unwrap();
        let chosen = pools.iter().find(|pool| pool["chosen"] == true).unwrap();
        (
            chosen["pool"].as_str().unwrap().to_owned(),
            chosen["why"].as_str().unwrap().to_owned(),
            told["ecs_scope"].clone(),
        )
    };
    let canary = "edgesteer_pool_canary{pool=\"seoul\",service=\"federation\"}";
    eventually("seoul is told", || (client(0).0 == "seoul").then_some(()));
    assert_eq!(client(0).2, 0, "everybody is told the same");
    edges.set("seoul", Mode::Refusing);
    eventually("dublin is told", || (client(0).0 == "dublin").then_some(()));
    edges.set("seoul", Mode::Serving);
    eventually("some try seoul", || (server.metric(canary) == Some(1.0)).then_some(()));
    let clients: Vec<_> = (0..40).map(client).collect();
    let tried =
        clients.iter().filter(|(pool, why, _)| pool == "seoul" && why.contains("among those who try it")).count();
    assert!((5..35).contains(&tried), "{clients:?}");
    assert!(clients.iter().all(|(pool, _, scope)| scope == 24 && (pool == "seoul" || pool == "dublin")), "{clients:?}");
    assert_eq!(clients, (0..40).map(client).collect::<Vec<_>>(), "each stays on its side");
    assert_eq!(events(&scene, "canary").len(), 1);
    let status = said(&run(&["status", "--admin", &scene.admin.to_string()])).0;
    assert!(status.contains("in its canary") && status.contains("50 % in canary"), "{status}");
    edges.set("seoul", Mode::Refusing);
    eventually("nobody tries seoul", || (server.metric(canary) == Some(0.0)).then_some(()));
    assert!((0..40).all(|network| client(network).0 == "dublin"));
    assert_eq!(events(&scene, "canary-aborted").len(), 1);
}

#[test]
fn safety_bounds_what_orders_do_and_how_many_and_force_is_remembered_with_its_reason() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let text =
        scene.text("failback = \"auto\"", QUICK) + "[safety]\nmin_active_pools = 1\nmax_changes_per_minute = 4\n";
    scene.write(&text);
    let server = Server::ready(&scene);
    eventually("both are proven", || server.metric("edgesteer_pool_up{pool=\"dublin\"}").filter(|up| *up == 1.0));
    let order = |method: &str, pool: &str, body: &str| {
        send(scene.admin, method, &format!("/api/v1/holds/{pool}"), body).unwrap()
    };
    assert_eq!(order("PUT", "seoul", r#"{"state":"down","reason":"patch"}"#).0, 200);
    let (status, words) = order("PUT", "dublin", r#"{"state":"down","reason":"oops"}"#);
    assert!(status == 409 && words.contains("would be left with 0 active pools"), "{words}");
    // What is held up counts; without its hold it would not.
    edges.set("dublin", Mode::Refusing);
    eventually("dublin is down", || server.metric("edgesteer_pool_up{pool=\"dublin\"}").filter(|up| *up == 0.0));
    assert_eq!(order("PUT", "dublin", r#"{"state":"up","reason":"we know better"}"#).0, 200);
    let (status, words) = order("DELETE", "dublin", r#"{"reason":"never mind"}"#);
    assert!(status == 409 && words.contains("would be left with 0 active pools"), "{words}");
    let (status, words) = order("DELETE", "dublin", r#"{"reason":"we do not","force":true}"#);
    assert!(status == 200 && words.contains("by force: the service federation would be left with 0"), "{words}");
    assert_eq!(order("DELETE", "seoul", r#"{"reason":"patched"}"#).0, 200);
    let (status, words) = order("PUT", "seoul", r#"{"state":"up","reason":"once more"}"#);
    assert!(status == 409 && words.contains("4 changes were made within the last minute"), "{words}");
    assert_eq!(order("PUT", "seoul", r#"{"state":"up","reason":"really","force":true}"#).0, 200);
    let refused: Vec<_> =
        events(&scene, "refused").iter().map(|event| event["detail"]["wanted_because"].clone()).collect();
    assert_eq!(refused, ["oops", "never mind", "once more"]);
    let forced = |what: &str| -> Vec<_> {
        let told = events(&scene, what).into_iter().filter(|event| event["detail"]["forced"].is_string());
        told.map(|event| event["reason"].clone()).collect()
    };
    assert_eq!((forced("hold"), forced("release")), (vec!["really".into()], vec!["we do not".into()]));
}

fn every_pool_breaks(edges: &mut Edges, server: &mut Server) {
    edges.set("seoul", Mode::Refusing);
    edges.set("dublin", Mode::Refusing);
    server.wait_for_log("every pool is down");
    eventually("the service is dark", || {
        (server.metric("edgesteer_service_up{service=\"federation\"}") == Some(0.0)).then_some(())
    });
}

#[test]
fn where_the_ladder_says_nodata_the_names_exist_and_have_no_address() {
    let mut edges = Edges::start();
    let (scene, mut server) = set_up(&edges, "all_down = [\"nodata\"]");
    every_pool_breaks(&mut edges, &mut server);
    for (name, kind) in [(SRV, T::SRV), (SIP, T::A), (SIP, T::AAAA)] {
        let reply = look_up(scene.listen, name, kind);
        let section =
            |records: &[hickory_proto::rr::Record]| records.iter().map(|r| r.record_type()).collect::<Vec<_>>();
        assert_eq!(reply.response_code, ResponseCode::NoError, "{reply:?}");
        assert_eq!((section(&reply.answers), section(&reply.authorities)), (vec![], vec![T::SOA]), "{reply:?}");
        assert!(reply.authoritative, "{reply:?}");
    }
    let status = get(scene.admin, "/api/v1/status").unwrap().1;
    assert!(status.contains("\"basis\":\"every pool is down: nodata\"") && status.contains("\"pools\":[]"), "{status}");
    edges.set("dublin", Mode::Serving);
    eventually("dublin is told again", || (!look_up(scene.listen, SRV, T::SRV).answers.is_empty()).then_some(()));
    assert_eq!(scene.pool(&look_up(scene.listen, SIP, T::A)), "dublin");
}

#[test]
fn the_ladder_may_name_a_pool() {
    let mut edges = Edges::start();
    let (scene, mut server) = set_up(&edges, "all_down = [{ pool = \"dublin\" }, \"nodata\"]");
    every_pool_breaks(&mut edges, &mut server);
    assert_eq!(scene.pool(&look_up(scene.listen, SRV, T::SRV)), "dublin");
    assert_eq!(scene.pool(&look_up(scene.listen, SIP, T::A)), "dublin");
    let explained = get(scene.admin, "/api/v1/explain?name=sip.contoso.com&type=A").unwrap().1;
    assert!(explained.contains("every pool is down: the pool that the ladder names"), "{explained}");
}
