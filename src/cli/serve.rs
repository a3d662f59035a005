//! `edgesteer serve`.

use super::{complain, load, log_to_stderr};
use crate::app::Running;
use std::path::PathBuf;
use std::process::ExitCode;
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
