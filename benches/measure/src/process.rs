//! A server as a child process on core 0, and what the kernel says of it.

use crate::Failure;
use crate::sys;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Servers have this core to themselves, one at a time.
pub(crate) const SERVER_CORE: usize = 0;

/// Killed when dropped.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a server whose output goes to the file `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self, Failure> {
        let output = File::create(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        sys::before_exec(&mut command, SERVER_CORE);
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().map_err(|error| format!("{program} cannot be started: {error}"))?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Processor time of all its threads and children so far.
    pub(crate) fn cpu(&self) -> Duration {
        self.family().iter().flat_map(|pid| list(&format!("/proc/{pid}/task"))).map(|task| ran(&task)).sum()
    }

    /// Most memory that it has held, octets; of a family the sum.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.family().iter().map(|pid| peak(*pid)).sum()
    }

    /// Sends it SIGHUP.
    pub(crate) fn hang_up(&self) -> Result<(), Failure> {
        Ok(sys::signal(self.child.id(), libc::SIGHUP)?)
    }

    /// Begins to look for the peak of its memory anew.
    pub(crate) fn forget_peak(&self) -> Result<(), Failure> {
        Ok(std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }

    /// Fails with what it has written where it has ended.
    pub(crate) fn must_run(&mut self) -> Result<(), Failure> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("the server ended with {status}:\n{}", self.log()).into()),
        }
    }

    /// What it has written.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Itself, its children and theirs.
    fn family(&self) -> Vec<u32> {
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(&pid) = family.get(next) {
            let children = |task: &PathBuf| std::fs::read_to_string(task.join("children")).unwrap_or_default();
            for task in list(&format!("/proc/{pid}/task")) {
                family.extend(children(&task).split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
            }
            next += 1;
        }
        family
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The family first: a killed parent's children would be nobody's.
        for pid in self.family().into_iter().skip(1) {
            let _ = sys::signal(pid, libc::SIGKILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn list(directory: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// How long a thread ran. To the nanosecond where the kernel keeps that, else by its ticks of 10 ms.
fn ran(task: &Path) -> Duration {
    let field = |file: &str, n: usize| {
        let text = std::fs::read_to_string(task.join(file)).ok()?;
        // The second field of stat, the name, may have blanks in it.
        let fields = text.rsplit_once(')').map_or(text.as_str(), |(_, rest)| rest);
        fields.split_whitespace().nth(n)?.parse::<u64>().ok()
    };
    if let Some(nanoseconds) = field("schedstat", 0) {
        return Duration::from_nanos(nanoseconds);
    }
    Duration::from_millis(10 * (field("stat", 11).unwrap_or(0) + field("stat", 12).unwrap_or(0)))
}

fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
}
