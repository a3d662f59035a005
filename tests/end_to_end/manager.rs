//! What a service manager is told: a socket of the test plays systemd.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use crate::common::{GENEROUS, eventually};
use rustix::process::Signal;
use std::os::unix::net::UnixDatagram;

/// The manager's end.
struct Manager(UnixDatagram);

impl Manager {
    /// Listens in the scene's directory.
    fn at(scene: &Scene) -> (Self, String) {
        let path = scene.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(GENEROUS)).unwrap();
        (Self(socket), path.to_str().unwrap().to_owned())
    }

    /// The next message, read as its lines.
    fn hear(&self) -> Vec<String> {
        let mut room = [0; 4096];
        let length = self.0.recv(&mut room).expect("the manager is told something");
        String::from_utf8_lossy(&room[..length]).lines().map(str::to_owned).collect()
    }

    /// Waits for the message that has this line.
    fn hear_of(&self, line: &str) -> Vec<String> {
        eventually(line, || Some(self.hear()).filter(|said| said.iter().any(|it| it == line)))
    }
}

#[test]
fn it_is_told_of_start_reload_and_end() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let good = scene.text("", QUICK);
    scene.write(&good);
    let (manager, path) = Manager::at(&scene);
    let mut server = Server::start_in(&scene, &[("NOTIFY_SOCKET", &path)]);
    assert_eq!(manager.hear(), ["READY=1", "STATUS=answering"], "nothing is said before it answers");
    look_up(scene.listen, "sip.contoso.com", T::A);

    scene.write(&good.replace("ttl = \"1s\"", "ttl = \"7s\""));
    server.signal(Signal::HUP);
    let said = manager.hear();
    assert_eq!(said[0], "RELOADING=1");
    let micros: u64 = said[1].strip_prefix("MONOTONIC_USEC=").unwrap().parse().unwrap();
    assert!(micros > 0, "{said:?}");
    assert_eq!(manager.hear(), ["READY=1", "STATUS=answering"]);
    assert_eq!(look_up(scene.listen, "sip.contoso.com", T::A).answers[0].ttl, 7, "ready means taken over");

    scene.write("colour = \"blue\"");
    server.signal(Signal::HUP);
    manager.hear_of("RELOADING=1");
    assert_eq!(manager.hear(), ["READY=1", "STATUS=answering; the last reload was refused"]);

    server.signal(Signal::TERM);
    manager.hear_of("STOPPING=1");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn the_watchdog_is_fed_where_it_asks_us() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    let (manager, path) = Manager::at(&scene);
    let _server = Server::start_in(&scene, &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "200000")]);
    manager.hear_of("READY=1");
    (0..5).for_each(|_| assert_eq!(manager.hear(), ["WATCHDOG=1"]));
}

#[test]
fn a_watchdog_of_another_process_and_a_manager_that_is_gone_change_nothing() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    let (manager, path) = Manager::at(&scene);
    let environment = [("NOTIFY_SOCKET", path.as_str()), ("WATCHDOG_USEC", "20000"), ("WATCHDOG_PID", "1")];
    let mut server = Server::start_in(&scene, &environment);
    manager.hear_of("READY=1");
    server.signal(Signal::HUP);
    assert_eq!(manager.hear()[0], "RELOADING=1", "a watchdog of 20 ms would have been fed before");
    drop(manager);
    server.signal(Signal::HUP);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
}
