//! Check kind "exec": a command of the operator's says how the endpoint is.
//!
//! | it ends with | means |
//! |---|---|
//! | exit code 0 | pass |
//! | exit code 1 | failed |
//! | exit code 2 | degraded: it lives, and what is behind it does not |
//! | another code, a signal, or it cannot be started | nothing: no evidence of anything |
//! | nothing within the deadline | failed |
//!
//! The first line that it prints, on either output, is shown to people. It gets no input, an empty environment but for what stands
//! here, and no shell. What always holds: it runs in a process group of its own, which is killed when the probe ends, however
//! it ends; at most `COMMANDS_AT_ONCE` run, and at most `COMMAND_OUTPUT_MAX` octets are read.

use super::{Aim, Answered, Asked, Attempt, failure, quoted};
use crate::health::{Failure, FailureClass, Outcome};
use crate::limits::{COMMAND_OUTPUT_MAX, COMMANDS_AT_ONCE};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Stdio};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PASS: i32 = 0;
const FAIL: i32 = 1;
const DEGRADED: i32 = 2;

static ROOM: Semaphore = Semaphore::const_new(COMMANDS_AT_ONCE);

pub(super) async fn probe(aim: &Aim, command: &[String], attempt: &mut Attempt) -> Asked {
    attempt.is_ours = true;
    attempt.missing = "no room for another command";
    // The semaphore is never closed.
    let _room = ROOM.acquire().await;
    let (mut group, mut output) = start(aim, command).map_err(|error| nothing(&format!("{}: {error}", command[0])))?;
    attempt.is_ours = false;
    attempt.missing = "command not finished";
    let mut printed = Vec::new();
    let status = tokio::select! {
        status = group.child.wait() => status,
        () = overflow(&mut output, &mut printed) => {
            let detail = format!("the command printed over {COMMAND_OUTPUT_MAX} octets: \"{}\"", line(&printed));
            return Err(nothing(&detail));
        }
    };
    // What it printed last may still be in the pipe. A descendant that holds the pipe open is not waited for.
    while output.try_read_buf(&mut printed).is_ok_and(|count| count > 0 && printed.len() < COMMAND_OUTPUT_MAX) {}
    judge(status, &line(&printed))
}

fn judge(status: io::Result<ExitStatus>, said: &str) -> Asked {
    let status = status.map_err(|error| nothing(&error.to_string()))?;
    let or = |default: &str| if said.is_empty() { default.to_owned() } else { said.to_owned() };
    match status.code() {
        Some(PASS) => Ok(Answered::pass(None)),
        Some(FAIL) => Err(failure(FailureClass::Unavailable, or("the command says that it failed"))),
        Some(DEGRADED) => Ok(Answered::new(Outcome::Degraded(or("the command says so").into()), None)),
        _ => Err(nothing(&format!("the command ended with {status}: \"{said}\""))),
    }
}

/// No evidence of the endpoint.
fn nothing(why: &str) -> Failure {
    failure(FailureClass::Local, format!("could not ask: {why}"))
}

/// A child with its descendants; dropping it kills all of them.
struct Group {
    child: Child,
    id: Pid,
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its leader may be gone and waited for. Its number is then free, but the system hands numbers out in turn and will
        // not come to it within the moment since.
        let _ = killpg(self.id, Signal::SIGKILL);
    }
}

fn start(aim: &Aim, command: &[String]) -> io::Result<(Group, pipe::Receiver)> {
    let (output, ours) = io::pipe()?;
    let target = &aim.target;
    let child = Command::new(&command[0])
        .args(&command[1..])
        .env_clear()
        .env("PATH", PATH)
        .env("EDGESTEER_ADDRESS", target.address.ip().to_string())
        .env("EDGESTEER_PORT", target.address.port().to_string())
        .env("EDGESTEER_NAME", target.server_name.to_string())
        .env("EDGESTEER_TIMEOUT_MS", target.timeout.as_millis().to_string())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(ours.try_clone()?)
        .stderr(ours)
        .process_group(0)
        .spawn()?;
    let id = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    // A child that was not waited for has its number.
    let id = id.ok_or_else(|| io::Error::other("it has no process number"))?;
    let group = Group { child, id };
    Ok((group, pipe::Receiver::from_owned_fd(OwnedFd::from(output))?))
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

/// The first line that says something.
fn line(printed: &[u8]) -> String {
    let said = printed.split(|b| *b == b'\n').map(quoted).find(|line| !line.is_empty());
    said.unwrap_or_default()
}
