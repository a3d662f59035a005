//! `edgesteer serve`.

use super::manager::Manager;
use super::{complain, load, log_to_stderr, secrets};
use crate::app::Running;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(path: PathBuf) -> ExitCode {
    let _written_at_the_end = log_to_stderr("info");
    secrets::keep_in_memory();
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
    let Signals { hangup, mut stop } = signals;
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
    if !world.warnings.is_empty() {
        super::show(&world.warnings);
    }
    let started = tokio::select! {
        started = Running::start(path, world) => started,
        () = stop.received() => return ExitCode::SUCCESS,
    };
    let running = match started {
        Ok(running) => running,
        Err(error) => {
            complain(&format!("error: {error}"));
            return ExitCode::FAILURE;
        }
    };
    attend(running, hangup, stop).await
}

/// Obeys signals until the end, and tells the service manager how it goes.
async fn attend(mut running: Running, mut hangup: Signal, mut stop: StopSignals) -> ExitCode {
    let manager = Manager::of_this_process();
    let control = running.control().clone();
    let feeding = manager.feed(move || {
        let control = control.clone();
        async move { control.answers().await.is_ok() }
    });
    manager.ready("answering");
    loop {
        tokio::select! {
            () = stop.received() => break,
            () = running.broken() => {
                tracing::error!("the control task ended: nobody decides any more, so nobody may answer");
                return ExitCode::FAILURE;
            }
            _ = hangup.recv() => {
                manager.reloading();
                let taken_over = tokio::select! {
                    taken_over = running.reload() => taken_over,
                    () = stop.received() => break,
                };
                manager.ready(if taken_over { "answering" } else { "answering; the last reload was refused" });
            }
        }
    }
    manager.stopping();
    running.stop().await;
    feeding.inspect(JoinHandle::abort);
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
