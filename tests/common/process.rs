//! Child processes in groups of their own; none outlives its guard.

use super::{GENEROUS, eventually};
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A program of a system package; Debian keeps servers where only root looks for programs.
pub(crate) fn system(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// A child with its descendants. Dropping it kills all of them, and shows what they wrote where the test fails.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command whose output goes to the file `log`.
    ///
    /// A program that is not there fails the test with the `remedy`: a test that cannot run has not passed.
    pub(crate) fn start(command: &mut Command, log: &Path, remedy: &str) -> Self {
        let output = File::options().create(true).append(true).open(log).unwrap();
        let started =
            command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output).process_group(0).spawn();
        let program = command.get_program().to_string_lossy().into_owned();
        let child = started.unwrap_or_else(|error| panic!("{program} cannot be started: {error}; {remedy}"));
        Self { child, log: log.to_owned() }
    }

    /// Sends a signal to the child and its descendants.
    pub(crate) fn signal(&self, signal: Signal) {
        // The group lives for as long as its leader was not waited for, and that is ours to do.
        kill_process_group(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The child's process id.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Kills all of them and waits until they are gone.
    pub(crate) fn kill(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.signal(Signal::KILL);
            self.child.wait().unwrap();
        }
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        eventually(&format!("{} ends", self.log.display()), || self.child.try_wait().unwrap())
    }

    /// What it has written so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until it has written `text`.
    pub(crate) fn wait_for_log(&mut self, text: &str) {
        eventually(&format!("{text:?} in {}", self.log.display()), || {
            let ended = self.child.try_wait().unwrap();
            let log = self.log();
            assert!(ended.is_none() || log.contains(text), "ended with {ended:?} before {text:?} within {GENEROUS:?}");
            log.contains(text).then_some(())
        });
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_else(|error| error.to_string());
            eprintln!("--- {}\n{log}", self.log.display());
        }
    }
}
