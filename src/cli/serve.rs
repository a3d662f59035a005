//! `edgesteer serve`.
//!
//! What changes this process as a whole is done before its runtime has threads, in this order: sockets are taken over or bound, root
//! becomes somebody else, and the process forbids itself what it will not need.

use super::manager::Manager;
use super::{allocator, complain, given, load, log_to_stderr, privileges, sandbox, secrets};
use crate::admin;
use crate::app::{Estate, Running, Watch, World};
use crate::handover::{Door, Visitor};
use crate::limits::STOP_WITHIN;
use crate::state;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

/// Runs until SIGTERM or SIGINT, or until another process takes over. With `replace`, takes over from the one that runs.
pub(super) fn run(path: PathBuf, replace: bool) -> ExitCode {
    allocator::give_back();
    // Before anything else may open a file.
    let sockets = given::sockets();
    let known = given::inodes(&sockets);
    let kept = secrets::keep_in_memory();
    let (world, signals) = match read(&path) {
        Ok(read) => read,
        Err(code) => return code,
    };
    if !world.warnings.is_empty() {
        super::show(&world.warnings);
    }
    let prepared = estate(&world, sockets, replace).and_then(|estate| confine(&world, estate));
    let (estate, sandbox) = match prepared {
        Ok(prepared) => prepared,
        Err(why) => {
            complain(&format!("error: {why}"));
            return ExitCode::FAILURE;
        }
    };
    let _written_at_the_end = log_to_stderr("info");
    if let Err(why) = kept {
        tracing::warn!("{why}");
    }
    tracing::info!("sandbox: {sandbox}");
    super::on_runtime(serve(path, world, estate, signals, known))
}

/// Reads the configuration; a signal to stop is obeyed meanwhile.
fn read(path: &Path) -> Result<(World, Signals), ExitCode> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        complain(&format!("error: {what}: {error}"));
        ExitCode::FAILURE
    };
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed("the system gave no thread", &error))?;
    let file = path.to_owned();
    let read = runtime.block_on(async {
        // They are received on the runtime to come as well: there is one place in a process where signals arrive.
        let mut signals = Signals::install().map_err(|error| failed("signals cannot be received", &error))?;
        let loaded = tokio::select! {
            loaded = tokio::task::spawn_blocking(move || load(&file)) => loaded,
            () = signals.stop.received() => return Err(ExitCode::SUCCESS),
        };
        let world = loaded.map_err(|panic| failed(&format!("reading {} failed", path.display()), &panic))?;
        Ok((world?, signals))
    });
    // What still runs then, as a read of a file that never ends, is left behind.
    runtime.shutdown_timeout(STOP_WITHIN);
    read
}

/// The sockets that the service manager gave us, or those of the process that runs; what is missing is bound.
fn estate(world: &World, sockets: Vec<std::os::fd::OwnedFd>, replace: bool) -> Result<Estate, String> {
    let config = world.outline.config();
    let mut estate = if replace {
        let user = config.server.user.as_deref().and_then(privileges::number);
        Estate::of_elder(config, user).map_err(|why| format!("the process that runs cannot be replaced: {why}"))?
    } else {
        Estate::of(sockets)
    };
    if estate.is_empty() && config.server.user.is_none() {
        // Its sockets are bound when they are needed.
        return Ok(Estate::default());
    }
    estate.bind(config).map_err(|error| error.to_string())?;
    estate.inherit().map_err(|why| format!("the process that runs cannot be replaced: {why}"))?;
    Ok(estate)
}

/// Becomes the configured user, and forbids itself what is not needed; says what came of the latter.
fn confine(world: &World, mut estate: Estate) -> Result<(Estate, String), String> {
    let server = &world.outline.config().server;
    if let Some(user) = &server.user {
        privileges::become_user(user, server.state_dir.as_deref()).map_err(|error| error.to_string())?;
    }
    if !server.sandbox {
        return Ok((estate, "off, as the configuration says".to_owned()));
    }
    if world.outline.config().runs_commands() {
        return Ok((estate, "off, because commands are run, whose needs are not known".to_owned()));
    }
    let parts = sandbox::close(&needs(world));
    estate.confined();
    Ok((estate, parts.join("; ")))
}

/// The directories of every file of the configuration, also where links lead, and those in which we write.
fn needs(world: &World) -> sandbox::Needs {
    let config = world.outline.config();
    let named = world.files.iter().map(|stamp| stamp.path().to_owned()).chain(config.files_of_checks());
    let files = named.flat_map(|path| path.canonicalize().ok().into_iter().chain([path]));
    let directory = |path: PathBuf| match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory.to_owned(),
        _ => PathBuf::from("."),
    };
    let state = config.server.state_dir.iter().filter(|directory| state::make(directory).is_ok()).cloned();
    sandbox::Needs { read: files.map(directory).collect(), write: state.chain(admin::token_directory()).collect() }
}

/// Starts, reloads and stops; a signal to stop is obeyed in each of these.
async fn serve(path: PathBuf, world: World, mut estate: Estate, signals: Signals, known: Vec<u64>) -> ExitCode {
    let Signals { hangup, mut stop } = signals;
    let manager = Manager::of_this_process();
    manager.forget(&estate.refuse_the_rest());
    let started = tokio::select! {
        started = Running::start(path, world, estate) => started,
        () = stop.received() => return ExitCode::SUCCESS,
    };
    let running = match started {
        Ok(running) => running,
        Err(error) => {
            complain(&format!("error: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match running.sockets() {
        Ok(sockets) => manager.keep(sockets.iter().filter(|socket| !given::is_one_of(socket, &known))),
        Err(error) => tracing::warn!("the service manager is given no sockets to keep: {error}"),
    }
    attend(running, manager, hangup, stop).await
}

/// Obeys signals until the end, and tells the service manager how it goes.
async fn attend(mut running: Running, manager: Manager, mut hangup: Signal, mut stop: StopSignals) -> ExitCode {
    let control = running.control().clone();
    let feeding = manager.feed(move || {
        let control = control.clone();
        async move { control.answers().await.is_ok() }
    });
    manager.ready("answering");
    loop {
        let (watch, door) = (running.watch().clone(), running.door());
        tokio::select! {
            () = stop.received() => break,
            () = running.broken() => {
                tracing::error!("the control task ended: nobody decides any more, so nobody may answer");
                return ExitCode::FAILURE;
            }
            () = asked_to_reload(&mut hangup, &watch) => {
                manager.reloading();
                let taken_over = tokio::select! {
                    taken_over = running.reload() => taken_over,
                    () = stop.received() => break,
                };
                manager.ready(if taken_over { "answering" } else { "answering; the last reload was refused" });
            }
            visitor = knocked(door) => {
                let handed_over = tokio::select! {
                    handed_over = running.hand_over(visitor) => handed_over,
                    () = stop.received() => break,
                };
                match handed_over {
                    Ok(visitor) => {
                        running.leave(visitor).await;
                        feeding.inspect(JoinHandle::abort);
                        return ExitCode::SUCCESS;
                    }
                    Err(why) => tracing::warn!("another process was to take over, and did not: {why}; going on"),
                }
            }
        }
    }
    manager.stopping();
    running.stop().await;
    feeding.inspect(JoinHandle::abort);
    ExitCode::SUCCESS
}

/// Waits for SIGHUP, or a change of a file that we are to watch.
async fn asked_to_reload(hangup: &mut Signal, watch: &Watch) {
    tokio::select! {
        _ = hangup.recv() => {}
        () = watch.changed() => tracing::info!("reload: a file of the configuration was changed"),
    }
}

/// Waits for a process that is to replace this one.
async fn knocked(door: Option<Arc<Door>>) -> Visitor {
    match door {
        Some(door) => door.knocked().await,
        None => std::future::pending().await,
    }
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
