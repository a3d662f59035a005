//! `edgesteer serve` and what talks to it.

use super::{complain, load, log_to_stderr, say};
use crate::app::Running;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(path: PathBuf) -> ExitCode {
    log_to_stderr("info");
    let world = match load(&path) {
        Ok(world) => world,
        Err(code) => return code,
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("error: the system gave no threads: {error}"));
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(async {
        let mut running = match Running::start(path, world).await {
            Ok(running) => running,
            Err(error) => {
                complain(&format!("error: {error}"));
                return ExitCode::FAILURE;
            }
        };
        match obey_signals(&mut running).await {
            Ok(()) => {
                running.stop().await;
                ExitCode::SUCCESS
            }
            Err(error) => {
                complain(&format!("error: signals cannot be received: {error}"));
                ExitCode::FAILURE
            }
        }
    })
}

async fn obey_signals(running: &mut Running) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            _ = hangup.recv() => running.reload().await,
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        }
    }
}

/// How long a running server may take to answer a command.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks a running server to let a pool be preferred again.
pub(super) fn release(admin: SocketAddr, pool: &str) -> ExitCode {
    match request(admin, "DELETE", &format!("/api/v1/holds/{pool}")) {
        Ok((200, body)) => {
            say(body.trim_end());
            ExitCode::SUCCESS
        }
        Ok((_, body)) => {
            complain(&format!("error: {}", body.trim_end()));
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
