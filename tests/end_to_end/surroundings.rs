//! What surrounds the process misbehaves: who reads its output, its files, its signals, the limits it gets.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::process::Process;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, edgesteer, get};
use edgesteer::demo::edge::Mode;
use rustix::process::{Pid, Signal, kill_process};
use std::process::{Child, Command, Stdio};

/// A child that is killed with its guard.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        // It has ended already where the test passed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Guarded {
    /// Tells it to end and waits until it does.
    fn terminate(&mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        eventually("it ends", || self.0.try_wait().unwrap()).code()
    }
}

/// `serve` with its log in a pipe, whose reading end is given back; waits until it answers.
fn piped(scene: &Scene) -> (Guarded, std::process::ChildStderr) {
    let mut child = edgesteer().arg("serve").arg("-c").arg(scene.config()).stderr(Stdio::piped()).spawn().unwrap();
    let log = child.stderr.take().unwrap();
    let child = Guarded(child);
    let ready = || get(scene.admin, "/readyz").filter(|(status, _)| *status == 200);
    eventually("readyz says 200", ready);
    (child, log)
}

/// Breaks seoul and mends it, and sees partners follow each time.
fn partners_are_moved(edges: &mut Edges, scene: &Scene) {
    for (mode, pool) in [(Mode::Refusing, "dublin"), (Mode::Serving, "seoul")] {
        edges.set("seoul", mode);
        eventually("partners move", || {
            (scene.pool(&look_up(scene.listen, "sip.contoso.com", T::A)) == pool).then_some(())
        });
    }
    assert_eq!(get(scene.admin, "/healthz").map(|(status, _)| status), Some(200));
}

#[test]
fn nobody_reading_the_log_stops_nothing() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("failback = \"auto\"", QUICK));
    let (mut child, log) = piped(&scene);
    drop(log);
    partners_are_moved(&mut edges, &scene);
    assert_eq!(child.terminate(), Some(0));
}

#[test]
fn a_log_reader_that_stalls_stops_nothing() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("failback = \"auto\"", QUICK));
    let mut command = edgesteer();
    command.arg("serve").arg("-c").arg(scene.config()).env("RUST_LOG", "trace").stderr(Stdio::piped());
    let mut child = Guarded(command.spawn().unwrap());
    let _unread = child.0.stderr.take().unwrap();
    eventually("readyz says 200", || get(scene.admin, "/readyz").filter(|(status, _)| *status == 200));
    // More lines than a pipe holds.
    for _ in 0..2000 {
        look_up(scene.listen, "sip.contoso.com", T::A);
    }
    partners_are_moved(&mut edges, &scene);
    kill_process(Pid::from_child(&child.0), Signal::TERM).unwrap();
    eventually("it ends", || child.0.try_wait().unwrap());
}

#[test]
fn signals_are_obeyed_from_the_first_moment() {
    let mut edges = Edges::start();
    edges.set("dublin", Mode::Silent);
    let scene = Scene::of(&edges);
    let patient = r#"interval = "200ms", confirm = "50ms", timeout = "60s""#;
    scene.write(&scene.text("", patient).replace("startup_grace = \"30s\"", "startup_grace = \"300s\""));
    let mut server = Server::start(&scene);
    eventually("readyz answers", || server.status("/readyz"));
    server.signal(Signal::HUP);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
}

#[test]
fn an_address_that_is_taken_is_known_before_anything_is_probed() {
    let mut edges = Edges::start();
    edges.set("dublin", Mode::Silent);
    let scene = Scene::of(&edges);
    let patient = r#"interval = "200ms", confirm = "50ms", timeout = "60s""#;
    scene.write(&scene.text("", patient).replace("startup_grace = \"30s\"", "startup_grace = \"300s\""));
    let _taken = std::net::UdpSocket::bind(scene.listen).unwrap();
    let mut server = Server::start(&scene);
    assert_eq!(server.wait().code(), Some(1));
    assert!(server.log().contains("another DNS server holds this address"), "{}", server.log());
    assert!(!server.log().contains("endpoint is"), "{}", server.log());
}

#[test]
fn a_list_that_is_a_pipe_is_refused_and_not_waited_for() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    let mut server = Server::ready(&scene);
    let made = Command::new("mkfifo").arg(scene.path().join("domains.txt")).status().unwrap();
    assert!(made.success());
    scene.write(&scene.text("domains_file = \"domains.txt\"", QUICK));
    server.signal(Signal::HUP);
    server.wait_for_log("it is a pipe");
    assert_eq!(server.metric("edgesteer_config_last_reload_success"), Some(0.0));
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn without_free_descriptors_no_pool_is_thought_dead() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("failback = \"auto\"", &format!("{QUICK}, tripwire = false")));
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!(
        "ulimit -n 40; exec {} serve -c {}",
        env!("CARGO_BIN_EXE_edgesteer"),
        scene.config().display()
    ));
    let mut process = Process::start(&mut command, &scene.path().join("serve.log"), "");
    process.wait_for_log("answering");
    // Admin connections take every descriptor there is.
    let held: Vec<_> = (0..60).filter_map(|_| std::net::TcpStream::connect(scene.admin).ok()).collect();
    process.wait_for_log("probes cannot be sent");
    assert!(!process.log().contains("is down"), "{}", process.log());
    assert_eq!(scene.pool(&look_up(scene.listen, "sip.contoso.com", T::A)), "seoul");
    drop(held);
    partners_are_moved(&mut edges, &scene);
}

#[test]
fn idle_admin_connections_take_no_file_that_a_probe_needs() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("failback = \"auto\"", QUICK));
    let mut server = Server::ready(&scene);
    let files = || std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count();
    let before = files();
    // As many as are served and as the system lets wait.
    let held: Vec<_> = (0..300).filter_map(|_| std::net::TcpStream::connect(scene.admin).ok()).collect();
    assert!(held.len() > 250);
    edges.set("seoul", Mode::Refusing);
    eventually("partners move", || {
        (scene.pool(&look_up(scene.listen, "sip.contoso.com", T::A)) == "dublin").then_some(())
    });
    assert!(files() < before + 220, "{} files with {} idle connections, {before} before", files(), held.len());
    drop(held);
    eventually("it is free again", || server.status("/healthz"));
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
}
