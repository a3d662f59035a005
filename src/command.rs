//! Programs of the operator's: checks, notifications and gates that are commands.
//!
//! No shell reads them, and the environment is empty but for PATH and what the caller gives. What always holds: a program runs in a process
//! group of its own, which is killed when its `Running` is dropped, however that comes; at most `COMMANDS_AT_ONCE` run, and at
//! most `COMMAND_OUTPUT_MAX` octets are read of each. Not here: deadlines and what an exit code means (the caller's).

use crate::limits::{COMMAND_OUTPUT_MAX, COMMANDS_AT_ONCE};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::{Semaphore, SemaphorePermit};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static ROOM: Semaphore = Semaphore::const_new(COMMANDS_AT_ONCE);

/// A program that runs, with its descendants; dropping it kills all of them.
#[derive(Debug)]
pub struct Running {
    child: Child,
    group: Pid,
    output: pipe::Receiver,
    /// `None` where the semaphore was closed, which it never is.
    _room: Option<SemaphorePermit<'static>>,
}

/// A program that ended, or had to be ended.
#[derive(Debug)]
pub struct Ended {
    /// How; `None` where it printed more than `COMMAND_OUTPUT_MAX` octets.
    pub status: Option<ExitStatus>,
    /// What it printed on either output.
    pub printed: Vec<u8>,
}

impl Running {
    /// Starts a program once there is room for it: its path and arguments, what is added to its environment, what it reads.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub async fn start(words: &[String], environment: &[(&str, String)], input: Vec<u8>) -> io::Result<Self> {
        let room = ROOM.acquire().await.ok();
        let [program, arguments @ ..] = words else { return Err(io::ErrorKind::InvalidInput.into()) };
        let (output, ours) = io::pipe()?;
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("PATH", PATH)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() })
            .stdout(ours.try_clone()?)
            .stderr(ours)
            .process_group(0)
            .spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        // A child that was not waited for has its number.
        let group = group.ok_or_else(|| io::Error::other("it has no process number"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program need not read what it is told, and its end closes the pipe.
            tokio::spawn(async move { stdin.write_all(&input).await });
        }
        Ok(Self { child, group, output: pipe::Receiver::from_owned_fd(OwnedFd::from(output))?, _room: room })
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// Where the system does not say how it ended.
    pub async fn end(mut self) -> io::Result<Ended> {
        let mut printed = Vec::new();
        let status = tokio::select! {
            status = self.child.wait() => Some(status?),
            () = overflow(&mut self.output, &mut printed) => None,
        };
        // What it printed last may still be in the pipe. A descendant that holds the pipe open is not waited for.
        while printed.len() < COMMAND_OUTPUT_MAX && self.output.try_read_buf(&mut printed).is_ok_and(|count| count > 0)
        {
        }
        Ok(Ended { status, printed })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its leader may be gone and waited for. Its number is then free, but the system hands numbers out in turn and will
        // not come to it within the moment since.
        let _ = killpg(self.group, Signal::SIGKILL);
    }
}

/// Reads what is printed; ends only where it is too much.
async fn overflow(output: &mut pipe::Receiver, printed: &mut Vec<u8>) {
    while printed.len() < COMMAND_OUTPUT_MAX {
        // The end of the output is not the end of the command.
        if !output.read_buf(printed).await.is_ok_and(|count| count > 0) {
            std::future::pending::<()>().await;
        }
    }
}
