//! `serve --replace`: the next process takes over sockets and knowledge, and nobody's question is lost.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::load::Load;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, run, said, send};
use edgesteer::demo::edge::Mode;
use edgesteer::handover::{Elder, HandoverError};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, prlimit};
use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Replacements in one go, and how long it may go on where the machine is slow; some there must be.
const REPLACEMENTS: usize = 60;
const ENOUGH: Duration = Duration::from_secs(60);
const AT_LEAST: usize = 8;

const ANSWERED: &str = "edgesteer_dns_queries_total{lane=\"fast\",rcode=\"NOERROR\",transport=\"udp\"}";

/// With a state directory, and pools that come back only by order.
fn text(scene: &Scene) -> String {
    scene.text("failback = \"manual\"", QUICK).replacen("[server]", "[server]\nstate_dir = \"state\"", 1)
}

fn pool(scene: &Scene) -> &'static str {
    scene.pool(&look_up(scene.listen, "sip.contoso.com", T::A))
}

fn hold(scene: &Scene, pool: &str) -> Option<u16> {
    let order = r#"{"state":"drain","for":"2h","reason":"patch night"}"#;
    send(scene.admin, "PUT", &format!("/api/v1/holds/{pool}"), order).map(|(status, _)| status)
}

fn trail_is_whole(scene: &Scene) {
    let state = scene.path().join("state");
    let verified = run(&["audit", "verify", state.to_str().unwrap()]);
    assert!(verified.status.success(), "{:?}", said(&verified));
}

#[test]
fn one_process_after_the_other_takes_over_and_no_question_is_lost() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&text(&scene));
    let mut servers = vec![Server::ready(&scene)];
    let load = Load::start(scene.listen, "sip.contoso.com", 2, 2);
    let (began, mut counted) = (Instant::now(), 0.0);
    while servers.len() <= REPLACEMENTS && (servers.len() <= AT_LEAST || began.elapsed() < ENOUGH) {
        let mut next = Server::replacing(&scene, &format!("serve-{}.log", servers.len()));
        next.wait_for_log("answering");
        let now = eventually("metrics", || next.metric(ANSWERED));
        assert!(now >= counted, "a counter fell from {counted} to {now}");
        counted = now;
        servers.push(next);
    }
    let took = began.elapsed();
    let last = servers.pop().unwrap();
    for server in &mut servers {
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    }
    let asked = load.end();
    eprintln!("{} replacements in {took:?}: {asked:?}", servers.len());
    assert_eq!(asked.lost, 0, "{asked:?}");
    assert!(asked.answered > 1000, "{asked:?}");
    eventually("all are counted that were answered over UDP", || {
        let tcp = last.metric("edgesteer_dns_queries_total{lane=\"full\",rcode=\"NOERROR\",transport=\"tcp\"}")?;
        (last.metric(ANSWERED)? + tcp >= asked.answered as f64).then_some(())
    });
    trail_is_whole(&scene);
}

#[test]
fn verdicts_holds_and_tokens_are_handed_over_and_no_probe_is_waited_for() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    // Without a state directory: what is known goes from one to the other.
    scene.write(&scene.text("failback = \"manual\"", QUICK));
    let mut first = Server::ready(&scene);
    edges.set("seoul", Mode::Refusing);
    eventually("dublin is told", || (pool(&scene) == "dublin").then_some(()));
    assert_eq!(hold(&scene, "seoul"), Some(200));
    edges.set("seoul", Mode::Serving);
    // A target that says nothing holds up no start when it is known.
    edges.set("dublin", Mode::Silent);
    let token = edgesteer::admin::local_token(scene.admin);

    let mut second = Server::replacing(&scene, "second.log");
    second.wait_ready();
    assert_eq!(first.wait().code(), Some(0), "{}", first.log());
    assert_eq!(pool(&scene), "dublin", "seoul waits for a release");
    assert_eq!(edgesteer::admin::local_token(scene.admin), token);
    assert!(token.is_some());
    second.wait_for_log("still held");
    let (_, holds) = send(scene.admin, "GET", "/api/v1/holds", "").unwrap();
    assert!(holds.contains("patch night"), "{holds}");
    second.wait_for_log("the process before this one has gone");
    second.signal(Signal::TERM);
    assert_eq!(second.wait().code(), Some(0));
}

#[test]
fn a_next_process_that_cannot_start_changes_nothing() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let good = text(&scene);
    scene.write(&good);
    let server = Server::ready(&scene);
    let load = Load::start(scene.listen, "sip.contoso.com", 1, 1);
    let config = scene.config();
    let replace = || run(&["serve", "--replace", "-c", config.to_str().unwrap()]);

    scene.write(&good.replace("ttl = \"1s\"", "colour = \"blue\""));
    let refused = replace();
    assert_eq!(refused.status.code(), Some(2), "{:?}", said(&refused));
    assert!(said(&refused).1.contains("colour"), "{:?}", said(&refused));

    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let listen = format!("listen = [\"{}\", \"{}\"]", scene.listen, taken.local_addr().unwrap());
    scene.write(&good.replace(&format!("listen = [\"{}\"]", scene.listen), &listen));
    let refused = replace();
    assert_eq!(refused.status.code(), Some(1), "{:?}", said(&refused));
    assert!(said(&refused).1.contains("another DNS server holds this address"), "{:?}", said(&refused));

    assert_eq!(hold(&scene, "dublin"), Some(200), "orders are taken as before");
    assert_eq!(server.status("/readyz"), Some(200));
    let asked = load.end();
    assert_eq!(asked.lost, 0, "{asked:?}");
}

#[test]
fn where_the_next_process_dies_half_way_the_running_one_goes_on() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let good = text(&scene);
    scene.write(&good);
    let mut server = Server::ready(&scene);
    let load = Load::start(scene.listen, "sip.contoso.com", 1, 1);
    // Whoever looks on must not have what happens told twice.
    let mut stream = TcpStream::connect(scene.admin).unwrap();
    write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n\r\n", scene.admin).unwrap();
    // Another check makes another target, of which nothing is known, and it is silent.
    edges.set("dublin", Mode::Silent);
    let other = good.replace("timeout = \"5s\"", "timeout = \"60s\", name = \"sip.contoso.com\"");
    scene.write(&other.replace("startup_grace = \"30s\"", "startup_grace = \"300s\""));
    let mut next = Server::replacing(&scene, "next.log");
    next.wait_for_log("configuration is loaded");
    next.signal(Signal::KILL);
    next.wait();
    server.wait_for_log("another process was to take over, and did not");
    assert_eq!(hold(&scene, "dublin"), Some(200), "orders are taken as before");
    let (_, events) = send(scene.admin, "GET", "/api/v1/events/recent", "").unwrap();
    assert_eq!(events.matches("\"what\":\"hold\"").count(), 1, "{events}");
    let asked = load.end();
    assert_eq!(asked.lost, 0, "{asked:?}");

    edges.set("dublin", Mode::Serving);
    scene.write(&good);
    let mut last = Server::replacing(&scene, "last.log");
    last.wait_ready();
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    assert!(last.log().contains("patch night"), "what was ordered since is handed over: {}", last.log());
    trail_is_whole(&scene);
}

#[test]
fn where_the_running_one_cannot_tell_what_it_knows_it_goes_on() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&text(&scene));
    let mut server = Server::ready(&scene);
    let elder = Elder::find(scene.admin, None).unwrap().unwrap();
    let sockets = elder.take().unwrap();
    assert!(sockets.len() > 3, "those of DNS, of the admin listener, and the door");
    // Not one more file: neither for what it knows, nor for the admin listener that it wants back.
    let (pid, allowed) = (Some(server.pid()), getrlimit(Resource::Nofile));
    prlimit(pid, Resource::Nofile, Rlimit { current: Some(0), maximum: allowed.maximum }).unwrap();
    let asking = std::thread::spawn(move || elder.ready().map(drop));
    server.wait_for_log("the admin listener cannot be had again yet");
    prlimit(pid, Resource::Nofile, allowed).unwrap();
    let told = asking.join().unwrap();
    assert!(matches!(told, Err(HandoverError::Gone(_))), "{told:?}");
    drop(sockets);
    server.wait_for_log("another process was to take over, and did not");
    let opened = || (server.log().matches("the token of this machine for orders").count() == 2).then_some(());
    eventually("the admin listener is there once more", opened);
    assert_eq!(hold(&scene, "dublin"), Some(200), "orders are taken as before");
    assert_eq!(server.status("/readyz"), Some(200));
    trail_is_whole(&scene);
}

#[test]
fn where_nobody_runs_it_starts_as_ever() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&text(&scene));
    let mut server = Server::replacing(&scene, "serve.log");
    server.wait_ready();
    look_up(scene.listen, "sip.contoso.com", T::A);
}
