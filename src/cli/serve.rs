//! `edgesteer serve` and what talks to it.

use super::{complain, load, log_to_stderr, say};
use crate::app::Running;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(path: PathBuf) -> ExitCode {
    let _written_at_the_end = log_to_stderr("info");
    super::on_runtime(async {
        match Signals::install() {
            Ok(signals) => serve(path, signals).await,
            Err(error) => {
                complain(&format!("error: signals cannot be received: {error}"));
                ExitCode::FAILURE
            }
        }
    })
}

/// Loads, starts, reloads and stops; a signal to stop is obeyed in each of these.
async fn serve(path: PathBuf, signals: Signals) -> ExitCode {
    let Signals { mut hangup, mut stop } = signals;
    let file = path.clone();
    let loaded = tokio::select! {
        loaded = tokio::task::spawn_blocking(move || load(&file)) => loaded,
        () = stop.received() => return ExitCode::SUCCESS,
    };
    let world = match loaded {
        Ok(Ok(world)) => world,
        Ok(Err(code)) => return code,
        Err(panic) => {
            complain(&format!("error: reading {} failed: {panic}", path.display()));
            return ExitCode::FAILURE;
        }
    };
    let started = tokio::select! {
        started = Running::start(path, world) => started,
        () = stop.received() => return ExitCode::SUCCESS,
    };
    let mut running = match started {
        Ok(running) => running,
        Err(error) => {
            complain(&format!("error: {error}"));
            return ExitCode::FAILURE;
        }
    };
    loop {
        tokio::select! {
            () = stop.received() => break,
            () = running.broken() => {
                tracing::error!("the control task ended: nobody decides any more, so nobody may answer");
                return ExitCode::FAILURE;
            }
            _ = hangup.recv() => tokio::select! {
                () = running.reload() => {}
                () = stop.received() => break,
            },
        }
    }
    running.stop().await;
    ExitCode::SUCCESS
}

/// The signals that we obey, from the first moment on.
struct Signals {
    hangup: Signal,
    stop: StopSignals,
}

impl Signals {
    fn install() -> std::io::Result<Self> {
        Ok(Self { hangup: signal(SignalKind::hangup())?, stop: StopSignals::install()? })
    }
}

/// The signals that mean the end.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Takes them over from the system's defaults.
    ///
    /// # Errors
    /// Where the system does not let us.
    pub(crate) fn install() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one.
    pub(crate) async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// How long a running server may take to answer a command.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks a running server to let a pool be preferred again.
pub(super) fn release(admin: SocketAddr, pool: &str) -> ExitCode {
    // Names of pools have no character that a path would need escaped.
    if pool.is_empty() || !pool.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        complain(&format!("error: there is no pool \"{pool}\""));
        return ExitCode::FAILURE;
    }
    match request(admin, "DELETE", &format!("/api/v1/holds/{pool}")) {
        Ok((200, body)) => {
            say(body.trim_end());
            ExitCode::SUCCESS
        }
        Ok((status, body)) => {
            complain(&format!("error: {} (HTTP {status})", body.trim_end()));
            ExitCode::FAILURE
        }
        Err(error) => {
            complain(&format!("error: no server answers on {admin}: {error}; name its admin address with --admin"));
            ExitCode::FAILURE
        }
    }
}

/// One HTTP request without a body; returns the status and the body.
fn request(admin: SocketAddr, method: &str, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&admin, ADMIN_TIMEOUT)?;
    stream.set_read_timeout(Some(ADMIN_TIMEOUT))?;
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    status.map(|status| (status, body.to_owned())).ok_or_else(|| std::io::Error::other("that is no HTTP answer"))
}
