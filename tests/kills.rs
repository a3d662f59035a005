//! SIGKILL in the middle of state: whatever was acknowledged is there afterwards, and the file is whole.
//!
//! The child is this same test binary, told to run `writer` alone. It says each hold that was acknowledged; the parent kills it
//! at moments of every kind and looks at what is on the disk.

use edgesteer::health::{Grounds, Held, Hold, Holds, Moment, Subject};
use edgesteer::state::{Kept, StateError, Store};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Where the child finds its directory.
const DIRECTORY: &str = "EDGESTEER_TEST_STATE_DIR";

fn subject() -> Subject {
    Subject { pool: "seoul".into(), endpoint: None }
}

fn hold(number: u64) -> Hold {
    let grounds = Grounds::new(&number.to_string(), "the test").expect("grounds");
    Hold { held: Held::Down, grounds, made: number, ends: None }
}

fn now() -> Moment {
    Moment { at: Instant::now(), unix: 1_000_000 }
}

/// Opens the directory; a thread of this process that wrote there before may not have let go of it yet.
fn open(directory: &Path) -> (Store, Kept) {
    loop {
        match Store::open(directory, None, now(), &prometheus::Registry::new()) {
            Ok(opened) => return opened,
            Err(StateError::Locked(_)) => std::thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    }
}

/// The number of the last hold on the disk; 0 where there is none.
fn number(kept: &Kept) -> u64 {
    kept.holds.get(&subject()).map_or(0, |hold| hold.made)
}

#[test]
#[ignore = "this is the child, which writes until it is killed"]
fn writer() {
    let directory = std::env::var_os(DIRECTORY).expect("run by the other tests alone");
    let (store, kept) = open(Path::new(&directory));
    let mut out = std::io::stderr();
    for next in number(&kept) + 1.. {
        let holds: Holds = [(subject(), hold(next))].into_iter().collect();
        store.save_holds(&holds, now()).blocking_recv().expect("an answer").expect("a disk that works");
        out.write_all(format!("{next}\n").as_bytes()).expect("the parent listens");
    }
}

/// Kills a writer `kills` times, after each number of acknowledged writes and at moments between two.
fn survive(kills: u64) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut acknowledged = 0;
    for kill in 0..kills {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--ignored", "--exact", "writer", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this binary runs");
        let mut lines = BufReader::new(child.stderr.take().expect("its output")).lines();
        let mut note = |line: Option<std::io::Result<String>>| {
            let told = line.and_then(Result::ok).and_then(|line| line.parse().ok());
            acknowledged = told.unwrap_or(acknowledged);
        };
        for _ in 0..=kill % 4 {
            note(lines.next());
        }
        std::thread::sleep(Duration::from_micros(kill * 7919 % 3000));
        kill_process(Pid::from_child(&child), Signal::KILL).expect("it writes until it is killed");
        lines.for_each(|line| note(Some(line)));
        child.wait().expect("our own child");
        let (_store, kept) = open(directory.path());
        let found = number(&kept);
        assert!(
            (acknowledged..=acknowledged + 1).contains(&found),
            "{acknowledged} was acknowledged, {found} is there"
        );
        acknowledged = found;
    }
    assert!(acknowledged >= kills, "each child wrote something");
    let names = directory.path().read_dir().expect("the directory").map(|entry| entry.expect("a file").file_name());
    let aside: Vec<_> = names.filter(|name| name.to_string_lossy().contains(".bad-")).collect();
    assert!(aside.is_empty(), "no file was ever torn: {aside:?}");
}

#[test]
fn nothing_acknowledged_is_lost_in_forty_kills() {
    survive(40);
}

#[test]
#[ignore = "takes most of a minute; .ci/run does it"]
fn nothing_acknowledged_is_lost_in_a_thousand_kills() {
    survive(1000);
}
