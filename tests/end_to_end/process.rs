//! The process: when it answers, how it ends, and what it says where it cannot start.

use crate::common::dns::{self, RecordType as T, from_subnet, look_up, question};
use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, run, said};
use edgesteer::demo::edge::Mode;
use rustix::process::Signal;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};

/// A probe of a silent edge waits as long as it may, so that nothing ends by time.
const PATIENT: &str = r#"interval = "200ms", confirm = "50ms", timeout = "60s""#;

#[test]
fn nobody_is_answered_before_the_first_round_of_probes() {
    let mut edges = Edges::start();
    edges.set("dublin", Mode::Silent);
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", PATIENT).replace("startup_grace = \"30s\"", "startup_grace = \"300s\""));
    let mut server = Server::start(&scene);
    eventually("readyz answers", || server.status("/readyz"));
    eventually("seoul is seen", || server.metric("edgesteer_pool_up{pool=\"seoul\"}"));
    assert_eq!((server.status("/readyz"), server.status("/healthz")), (Some(503), Some(200)));
    let question = question("sip.contoso.com", T::A).to_vec().unwrap();
    assert_eq!(dns::udp(scene.listen, &question).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(TcpStream::connect(scene.listen).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);

    edges.set("dublin", Mode::Serving);
    server.wait_ready();
    look_up(scene.listen, "sip.contoso.com", T::A);
}

#[test]
fn after_the_grace_a_pool_that_is_not_proven_yields_to_one_that_is() {
    let mut edges = Edges::start();
    edges.set("seoul", Mode::Silent);
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", PATIENT).replace("startup_grace = \"30s\"", "startup_grace = \"200ms\""));
    let mut server = Server::ready(&scene);
    server.wait_for_log("startup_grace is over");
    assert_eq!(server.metric("edgesteer_pool_up{pool=\"seoul\"}"), None, "unknown is neither up nor down");
    let korean =
        || scene.pool(&dns::ask(scene.listen, &from_subnet(question("sip.contoso.com", T::A), "168.126.63.0/24")));
    eventually("dublin is proven", || server.metric("edgesteer_pool_up{pool=\"dublin\"}"));
    assert_eq!(korean(), "dublin");
    edges.set("seoul", Mode::Serving);
    eventually("seoul is proven", || (korean() == "seoul").then_some(()));
}

#[test]
fn it_ends_in_order_when_it_is_told_to() {
    let edges = Edges::start();
    for signal in [Signal::TERM, Signal::INT] {
        let scene = Scene::of(&edges);
        scene.write(&scene.text("", QUICK));
        let mut server = Server::ready(&scene);
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0), "{signal:?}");
        assert!(server.log().contains("stopped"), "{}", server.log());
        // Nothing of it is left: the same address can be had again.
        UdpSocket::bind(scene.listen).unwrap();
    }
}

#[test]
fn it_ends_while_somebody_looks_at_the_page() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK).replacen("[server]", "[server]\nstate_dir = \"state\"", 1));
    let mut server = Server::ready(&scene);
    let [mut stream, mut half] = [(); 2].map(|()| TcpStream::connect(scene.admin).unwrap());
    write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n\r\n", scene.admin).unwrap();
    assert!(stream.read(&mut [0; 8]).unwrap() > 0, "the stream has begun");
    half.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    let trail = std::fs::read_to_string(scene.path().join("state/audit.log")).unwrap();
    assert!(trail.lines().last().unwrap().contains("\"what\":\"stop\""), "{trail}");
    assert!(!server.log().contains("not waited for"), "{}", server.log());
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    assert!(told.ends_with("0\r\n\r\n"), "the stream ends in order: {told:?}");
}

#[test]
fn an_address_that_is_taken_is_named_with_the_remedy() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    let config = scene.config();
    let serve = || run(&["serve", "-c", config.to_str().unwrap()]);

    let taken = UdpSocket::bind(scene.listen).unwrap();
    let output = serve();
    let (_, error) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains(&format!("error: cannot listen on {} (UDP)", scene.listen)), "{error}");
    assert!(error.contains("another DNS server holds this address"), "{error}");
    drop(taken);

    let _taken = TcpListener::bind(scene.admin).unwrap();
    let output = serve();
    let (_, error) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains(&format!("error: cannot listen on {} (admin)", scene.admin)), "{error}");
    assert!(error.contains("set `admin` under [server]"), "{error}");
}

#[test]
fn a_bad_configuration_is_refused_with_the_place_and_the_remedy() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let text = scene.text("", QUICK).replace("pools = [\"seoul\", \"dublin\"]", "pools = [\"seoul\", \"dubln\"]");
    scene.write(&text);
    let config = scene.config();
    let line = 1 + text.lines().position(|line| line.contains("dubln")).unwrap();
    for command in ["serve", "check"] {
        let output = run(&[command, "-c", config.to_str().unwrap()]);
        let (_, error) = said(&output);
        assert_eq!(output.status.code(), Some(2), "{command}: {error}");
        assert!(error.contains(&format!("{}:{line}:19", config.display())), "{command}: {error}");
        assert!(error.contains("dublin"), "{command}: the pool that was meant is named: {error}");
    }
    let output = run(&["serve", "-c", "/nowhere/edgesteer.toml"]);
    let (_, error) = said(&output);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("/nowhere/edgesteer.toml"), "{error}");
}

#[test]
fn a_crash_writes_no_secrets_to_the_disk() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    let server = Server::ready(&scene);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid().as_raw_nonzero())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
}

#[test]
fn lanes_let_whoever_decides_go_first() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    let server = Server::ready(&scene);
    eventually("every lane, and no other thread, stepped back", || {
        let threads = nice_of_threads(&server);
        let own = threads.iter().find(|(name, _)| name == "edgesteer")?.1;
        let expected = |name: &str| if name.starts_with("lane-") { own + 5 } else { own };
        let lanes = threads.iter().filter(|(name, _)| name.starts_with("lane-")).count();
        (lanes > 0 && threads.iter().all(|(name, nice)| *nice == expected(name))).then_some(())
    });
}

/// Each thread's name and niceness, as Linux tells them.
fn nice_of_threads(server: &Server) -> Vec<(String, i32)> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid().as_raw_nonzero())).unwrap();
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
    let read = |stat: String| {
        let (head, tail) = stat.rsplit_once(") ").unwrap();
        (head.split_once('(').unwrap().1.to_owned(), tail.split(' ').nth(16).unwrap().parse().unwrap())
    };
    stats.map(read).collect()
}
