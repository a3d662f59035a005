//! `edgesteer watch` in a terminal of its own, and where there is none.

use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, edgesteer, run, said};
use crate::common::{eventually, fresh_address};
use edgesteer::demo::edge::Mode;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

/// What a terminal is told at the beginning and at the end: the alternate screen, and the cursor.
const BEGINS: &str = "\x1b[?1049h\x1b[?25l";
const ENDS: &str = "\x1b[?25h\x1b[?1049l";

/// A terminal of 100 columns and 40 rows, and the command that was typed in it.
struct Terminal {
    keyboard: File,
    /// Open, so that the terminal lives on when the command has ended.
    side: OwnedFd,
    told: Arc<Mutex<Vec<u8>>>,
    child: Child,
}

impl Terminal {
    fn watch(admin: SocketAddr, environment: &[(&str, &str)]) -> Self {
        let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&near).unwrap();
        unlockpt(&near).unwrap();
        let side = ioctl_tiocgptpeer(&near, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        tcsetwinsize(&side, Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let end = || Stdio::from(side.try_clone().unwrap());
        let mut command = watch(admin);
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR").envs(environment.iter().copied());
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let (mut screen, told) = (File::from(near.try_clone().unwrap()), Arc::<Mutex<Vec<u8>>>::default());
        let heard = told.clone();
        std::thread::spawn(move || {
            let mut octets = [0; 4096];
            while let Ok(length @ 1..) = screen.read(&mut octets) {
                heard.lock().unwrap().extend(&octets[..length]);
            }
        });
        Self { keyboard: near.into(), side, told, child }
    }

    /// All that it was told.
    fn told(&self) -> String {
        String::from_utf8_lossy(&self.told.lock().unwrap()).into_owned()
    }

    /// Waits for a whole picture that has all of that.
    fn wait_for(&self, parts: &[&str]) -> String {
        eventually(&format!("{parts:?} is on the screen"), || {
            let told = self.told();
            let (pictures, _) = told.rsplit_once("\x1b[J")?;
            let picture = pictures.rsplit("\x1b[H").next()?;
            parts.iter().all(|part| picture.contains(part)).then(|| picture.to_owned())
        })
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Whether what is typed is shown and read by lines, as it was before.
    fn is_usual(&self) -> bool {
        tcgetattr(&self.side).unwrap().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Waits for the end, after which the terminal must be as it was. Returns what was said afterwards.
    fn ended(&mut self) -> (ExitStatus, String) {
        let status = eventually("the command ends", || self.child.try_wait().unwrap());
        let after = eventually("the screen is left", || Some(self.told().rsplit_once(ENDS)?.1.to_owned()));
        assert!(self.is_usual());
        let told = self.told();
        assert_eq!(told.matches(BEGINS).count(), told.matches(ENDS).count());
        (status, after)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn watch(admin: SocketAddr) -> Command {
    let mut command = edgesteer();
    command.args(["watch", "--admin", &admin.to_string()]);
    command
}

fn scene() -> (Scene, Edges) {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    (scene, edges)
}

#[test]
fn a_failover_appears_and_the_terminal_is_as_it_was_afterwards() {
    let (scene, mut edges) = scene();
    let _server = Server::ready(&scene);
    let [mut one, mut other] =
        [&[][..], &[("NO_COLOR", "1")]].map(|environment| Terminal::watch(scene.admin, environment));
    for terminal in [&one, &other] {
        terminal.wait_for(&["seoul>dublin                 -> seoul (proven alive)", "q ends this"]);
        assert!(terminal.told().starts_with(BEGINS) && !terminal.is_usual());
    }
    edges.set("seoul", Mode::Refusing);
    let failover = ["seoul>dublin                 -> dublin (proven alive)", "move federation: seoul -> dublin: "];
    let (coloured, plain) = (one.wait_for(&failover), other.wait_for(&failover));
    assert!(coloured.contains("seoul                \x1b[1;31mdown\x1b[0m"), "{coloured:?}");
    assert!(plain.contains("seoul                down"), "{plain:?}");
    let sequences: Vec<_> = plain.split('\x1b').skip(1).collect();
    assert!(sequences.iter().all(|sequence| sequence.starts_with("[K")), "{plain:?}");
    one.signal(Signal::INT);
    other.keyboard.write_all(b"q").unwrap();
    for terminal in [&mut one, &mut other] {
        let (status, after) = terminal.ended();
        assert_eq!((status.code(), after.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_server_that_is_restarted_is_waited_for_and_one_that_is_not_ends_it() {
    let (scene, mut edges) = scene();
    let mut server = Server::ready(&scene);
    let mut terminal = Terminal::watch(scene.admin, &[]);
    terminal.wait_for(&["seoul>dublin                 -> seoul (proven alive)"]);
    server.signal(Signal::TERM);
    server.wait();
    // The next one is there as soon as can be, and says what the first cannot have said.
    edges.set("seoul", Mode::Refusing);
    let mut server = Server::ready(&scene);
    terminal.wait_for(&["seoul>dublin                 -> dublin (proven alive)"]);
    server.signal(Signal::TERM);
    server.wait();
    let (status, after) = terminal.ended();
    // The last picture; it is not taken back.
    terminal.wait_for(&["seoul>dublin                 -> dublin (proven alive)", "this is from ", ": no answer from "]);
    assert_eq!(status.code(), Some(1));
    assert!(after.contains("error: no server answers on") && after.contains("help: "), "{after:?}");
}

#[test]
fn a_server_that_hangs_is_told_of_and_waited_for() {
    let (scene, _edges) = scene();
    let server = Server::ready(&scene);
    let mut terminal = Terminal::watch(scene.admin, &[]);
    terminal.wait_for(&["-> seoul (proven alive)", "q ends this"]);
    server.signal(Signal::STOP);
    terminal.wait_for(&["-> seoul (proven alive)", "this is from ", ": no answer from ", ": it takes too long"]);
    server.signal(Signal::CONT);
    eventually("it is fresh again", || {
        Some(terminal.wait_for(&["q ends this"])).filter(|picture| !picture.contains("this is from "))
    });
    terminal.keyboard.write_all(b"q").unwrap();
    assert_eq!(terminal.ended().0.code(), Some(0));
}

#[test]
fn where_nobody_answers_the_terminal_is_left_alone() {
    let mut terminal = Terminal::watch(fresh_address(), &[]);
    let status = eventually("the command ends", || terminal.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(1));
    let told = eventually("the error", || Some(terminal.told()).filter(|told| told.contains("help: ")));
    assert!(told.starts_with("error: no server answers on") && !told.contains('\x1b'), "{told:?}");
}

#[test]
fn without_a_terminal_events_are_lines_and_end_where_nobody_reads_them() {
    let (scene, mut edges) = scene();
    let _server = Server::ready(&scene);
    for (more, is_event) in [
        (&[][..], (|line| line.contains("Z verdict: ")) as fn(&str) -> bool),
        (&["--json"], |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["what"] == "verdict"),
    ] {
        let mut child = watch(scene.admin).args(more).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.find(|line| is_event(line.as_ref().unwrap())).unwrap().unwrap();
        assert!(!line.contains('\x1b'), "{line:?}");
        drop(lines);
        let mut modes = [Mode::Refusing, Mode::Serving].into_iter().cycle();
        let status = eventually("it ends", || {
            edges.set("seoul", modes.next().unwrap());
            std::thread::sleep(std::time::Duration::from_millis(500));
            child.try_wait().unwrap()
        });
        assert_eq!(status.code(), Some(0));
    }
}

#[test]
fn status_has_no_colours_where_there_is_no_terminal() {
    let (scene, _edges) = scene();
    let _server = Server::ready(&scene);
    let (out, error) = said(&run(&["status", "--admin", &scene.admin.to_string()]));
    assert!(out.contains("seoul                up") && !out.contains('\x1b'), "{out}{error}");
}
