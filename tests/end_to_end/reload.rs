//! SIGHUP: a broken configuration changes nothing, a good one says what it changes.

use crate::common::dns::{RecordType as T, ask_tcp, look_up, question};
use crate::common::edges::Edges;
use crate::common::load::Load;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use crate::common::{eventually, fresh_address};
use hickory_proto::rr::DNSClass;
use rustix::process::Signal;

const SUCCESS: &str = "edgesteer_config_last_reload_success";

fn reload(server: &Server, scene: &Scene, text: &str, success: f64) {
    scene.write(text);
    server.signal(Signal::HUP);
    eventually(&format!("{SUCCESS} becomes {success}"), || (server.metric(SUCCESS) == Some(success)).then_some(()));
}

fn ttl(scene: &Scene) -> u32 {
    look_up(scene.listen, "sip.contoso.com", T::A).answers[0].ttl
}

#[test]
fn a_broken_configuration_changes_nothing_and_a_good_one_says_what_it_changes() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let good = scene.text("", QUICK);
    scene.write(&good);
    let mut server = Server::ready(&scene);
    assert_eq!((server.metric(SUCCESS), ttl(&scene)), (Some(1.0), 1));
    let generation = server.metric("edgesteer_snapshot_generation");
    let load = Load::start(scene.listen, "sip.contoso.com", 1, 1);

    let broken = good.replace("ttl = \"1s\"", "ttl = \"7s\"\ncolour = \"blue\"");
    reload(&server, &scene, &broken, 0.0);
    let line = 1 + broken.lines().position(|line| line.starts_with("colour")).unwrap();
    server.wait_for_log(&format!("{}:{line}:1", scene.config().display()));
    assert_eq!((ttl(&scene), server.metric("edgesteer_snapshot_generation")), (1, generation));

    let listen = good.replace("ttl = \"1s\"", "ttl = \"7s\"");
    let elsewhere = fresh_address().to_string();
    let listen = listen.replace(&format!("listen = [\"{}\"]", scene.listen), &format!("listen = [\"{elsewhere}\"]"));
    reload(&server, &scene, &listen, 1.0);
    assert_eq!(ttl(&scene), 7, "what needs no restart is true at once, where the server listens still");
    server.wait_for_log("service federation: ttl changed");
    server.wait_for_log("[server] listen changed: needs a restart");
    let asked = load.end();
    assert!(asked.lost == 0 && asked.answered > 10, "{asked:?}");
}

#[test]
fn who_we_are_and_what_clients_may_ask_is_taken_over_at_once() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let with = |keys: &str| scene.text("", QUICK).replacen("[server]", &format!("[server]\n{keys}"), 1);
    scene.write(&with("version = \"one\"\nrate_limit = \"off\""));
    let mut server = Server::ready(&scene);
    let burst = || (0..50).filter(|_| look_up(scene.listen, "sip.contoso.com", T::A).metadata.truncation).count();
    assert_eq!((version(&scene), burst()), ("one".into(), 0));

    reload(&server, &scene, &with("version = \"two\"\nrate_limit = { per_second = 1, slip = 1, exempt = [] }"), 1.0);
    server.wait_for_log("taken over");
    assert_eq!(version(&scene), "two");
    assert!(burst() > 0, "nothing is over a limit of one a second");
    assert!(!server.log().contains("restart"), "{}", server.log());

    reload(&server, &scene, &with("version = \"two\""), 1.0);
    eventually("loopback is exempt again", || (burst() == 0).then_some(()));
}

#[test]
fn a_changed_zone_file_is_taken_over_and_a_broken_one_changes_nothing() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let file = scene.path().join("static.zone");
    let own = "[zone.\"static.example\"]\nns = { \"ns.elsewhere.example\" = [] }\nrecords = \"static.zone\"\n";
    let text = scene.text("", QUICK) + own;
    let zone = |serial: u32, web: &str| {
        let soa = format!("@ 60 SOA ns.elsewhere.example. hostmaster {serial} 7200 900 1209600 60");
        std::fs::write(&file, format!("{soa}\nweb 60 A {web}\n")).unwrap();
    };
    let web = || look_up(scene.listen, "web.static.example", T::A).answers[0].data.to_string();
    zone(1, "192.0.2.1");
    scene.write(&text);
    let mut server = Server::ready(&scene);
    assert_eq!(web(), "192.0.2.1");

    zone(2, "192.0.2.1.1");
    reload(&server, &scene, &text, 0.0);
    server.wait_for_log(&format!("{}:2:", file.display()));
    assert_eq!(web(), "192.0.2.1");

    zone(2, "192.0.2.2");
    reload(&server, &scene, &text, 1.0);
    assert_eq!(web(), "192.0.2.2");
    assert!(!server.log().contains("the serial did not rise"), "{}", server.log());

    zone(2, "192.0.2.3");
    server.signal(Signal::HUP);
    server.wait_for_log("zone static.example: the content changed and the serial did not rise (2, now 2)");
    assert_eq!(web(), "192.0.2.3");
}

/// What `version.bind` says.
fn version(scene: &Scene) -> String {
    let mut asked = question("version.bind", T::TXT);
    asked.queries[0].set_query_class(DNSClass::CH);
    // Over TCP, where there is no limit.
    ask_tcp(scene.listen, &asked).answers[0].data.to_string()
}

#[test]
fn verdicts_outlive_a_reload() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let good = scene.text("failback = \"manual\"", QUICK);
    scene.write(&good);
    let mut server = Server::ready(&scene);
    edges.set("seoul", edgesteer::demo::edge::Mode::Refusing);
    let pool = || scene.pool(&look_up(scene.listen, "sip.contoso.com", T::A));
    eventually("dublin is told", || (pool() == "dublin").then_some(()));
    edges.set("seoul", edgesteer::demo::edge::Mode::Serving);
    scene.write(&good.replace("ttl = \"1s\"", "ttl = \"7s\""));
    server.signal(Signal::HUP);
    eventually("the new TTL is told", || {
        assert_eq!(pool(), "dublin", "seoul waits for a release, whatever is loaded meanwhile");
        (ttl(&scene) == 7).then_some(())
    });
    server.wait_for_log("taken over");
}
