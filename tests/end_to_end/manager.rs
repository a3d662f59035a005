//! What a service manager is told: a socket of the test plays systemd.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::load::Load;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, edgesteer};
use crate::common::{GENEROUS, eventually, fresh_address};
use nix::fcntl::{FcntlArg, fcntl};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::Signal;
use std::cell::RefCell;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Command;

/// The manager's end, and the sockets that it keeps, with their names.
struct Manager {
    socket: UnixDatagram,
    kept: RefCell<Vec<(String, OwnedFd)>>,
}

impl Manager {
    /// Listens in the scene's directory.
    fn at(scene: &Scene) -> (Self, String) {
        let path = scene.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(GENEROUS)).unwrap();
        (Self { socket, kept: RefCell::default() }, path.to_str().unwrap().to_owned())
    }

    /// The next message, read as its lines. Sockets that come are kept and closed as it says, and that is no message.
    fn hear(&self) -> Vec<String> {
        loop {
            let mut text = [0; 4096];
            let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
            let mut beside = RecvAncillaryBuffer::new(&mut room);
            let text_room = &mut [IoSliceMut::new(&mut text)];
            let got = recvmsg(&self.socket, text_room, &mut beside, RecvFlags::CMSG_CLOEXEC);
            let length = got.expect("the manager is told something").bytes;
            let lines: Vec<String> = String::from_utf8_lossy(&text[..length]).lines().map(str::to_owned).collect();
            let name = |lines: &[String]| lines[1].strip_prefix("FDNAME=").unwrap().to_owned();
            match lines[0].as_str() {
                "FDSTORE=1" => {
                    let files = beside.drain().filter_map(|message| match message {
                        RecvAncillaryMessage::ScmRights(files) => Some(files),
                        _ => None,
                    });
                    self.kept.borrow_mut().extend(files.flatten().map(|file| (name(&lines), file)));
                }
                "FDSTOREREMOVE=1" => self.kept.borrow_mut().retain(|(kept, _)| *kept != name(&lines)),
                _ => return lines,
            }
        }
    }

    /// A command that gives a program what is kept, as systemd does.
    fn giving(&self) -> Command {
        // At numbers that nothing else has, which the child has from its start on; the shell moves them to where they are looked for.
        let kept = self.kept.borrow();
        let at = kept.iter().map(|(_, socket)| fcntl(socket, FcntlArg::F_DUPFD(100)).unwrap());
        let moves: String = at.zip(3..).map(|(fd, place)| format!(" {place}<&{fd}")).collect();
        let script = format!("exec{moves}; LISTEN_PID=$$ LISTEN_FDS={} exec \"$0\" \"$@\"", kept.len());
        let mut command = Command::new("bash");
        command.arg("-c").arg(script).arg(edgesteer().get_program());
        command
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
fn what_is_asked_while_a_service_is_restarted_waits_in_the_sockets_that_the_manager_keeps() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let text = scene.text("", QUICK).replacen("[server]", "[server]\nstate_dir = \"state\"\nthreads = 2", 1);
    scene.write(&text);
    let (manager, path) = Manager::at(&scene);
    let mut server = Server::start_in(&scene, &[("NOTIFY_SOCKET", &path)]);
    manager.hear_of("READY=1");
    let [dns, admin] = [scene.listen, scene.admin].map(|address| address.to_string().replace(':', "-"));
    let names = || manager.kept.borrow().iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(), [&dns, &dns, &dns, &admin].map(String::clone), "two lanes, TCP, and the admin listener");

    let load = Load::start(scene.listen, "sip.contoso.com", 2, 1);
    for turn in 0..3 {
        server.signal(Signal::TERM);
        manager.hear_of("STOPPING=1");
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());
        server = Server::run(&scene, manager.giving().env("NOTIFY_SOCKET", &path), &[], &format!("turn-{turn}.log"));
        manager.hear_of("READY=1");
        assert_eq!(names().len(), 4, "what was given is not given back a second time");
        let before = load.answered();
        eventually("the next process answers", || (load.answered() > before + 20).then_some(()));
    }
    let asked = load.end();
    assert_eq!(asked.lost, 0, "{asked:?}");

    // A socket that the configuration no longer wants would fill up unread.
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    let elsewhere = fresh_address();
    scene.write(&text.replace(&format!("listen = [\"{}\"]", scene.listen), &format!("listen = [\"{elsewhere}\"]")));
    let server = Server::run(&scene, manager.giving().env("NOTIFY_SOCKET", &path), &[], "elsewhere.log");
    manager.hear_of("READY=1");
    look_up(elsewhere, "sip.contoso.com", T::A);
    let elsewhere = elsewhere.to_string().replace(':', "-");
    assert_eq!(names(), [admin, elsewhere.clone(), elsewhere.clone(), elsewhere], "{}", server.log());
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
