//! What outlives a restart, in `state_dir`: holds, and what was believed last.
//!
//! Here: the store and its thread, which alone touches the disk; the files (`file`) and what they say (`form`). Not here:
//! what a recalled belief is worth (`control`). What always holds: a file is whole or the one before it, whenever the process
//! is killed; a disk that fails delays nobody and is tried again; a file that is not ours or not whole is set aside, and the
//! start goes on without it.

use crate::health::{Holds, Moment};
use crate::limits::{STATE_QUEUE, STATE_RETRY};
use prometheus::{IntCounterVec, IntGauge, Opts, Registry};
use rustix::fs::{FlockOperation, flock};
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt as _, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

mod file;
mod form;

pub use form::{Past, PastDamp, PastGate, PastService, PastVerdict};

/// The file whose lock says that the directory is in use.
const LOCK: &str = "lock";

/// The files, and what their first lines say that they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Holds,
    Verdicts,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Holds, Self::Verdicts];

    fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Verdicts => "verdicts",
        }
    }
}

/// What was found on the disk at the start.
#[derive(Debug, Default)]
pub struct Kept {
    /// Holds that have not ended.
    pub holds: Holds,
    /// What was believed, if anything was kept.
    pub past: Option<Past>,
}

impl Kept {
    /// What is believed now, for the process that comes after us without a disk between: a line each.
    pub fn say(holds: &Holds, past: &Past, now: Moment) -> String {
        format!("{}\n{}\n", form::say_holds(holds, now), form::say_past(past))
    }

    /// What the process before us believed; `None` where another version says it otherwise.
    pub fn read(text: &str, now: Moment) -> Option<Self> {
        let (holds, past) = text.trim_end().split_once('\n')?;
        Some(Self { holds: form::read_holds(holds, now)?, past: Some(form::read_past(past)?) })
    }
}

/// The state directory cannot be had at all.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Two servers must not write the same files.
    #[error("the state_dir {0} is in use by another server; stop that one, or give each a directory of its own")]
    Locked(PathBuf),
    /// A metric is registered twice: a defect of this program.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The system gave no thread.
    #[error("the state cannot be written: {0}")]
    Thread(io::Error),
}

/// Why something is not on the disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// There is nowhere to keep it.
    #[error("no state_dir is configured under [server]")]
    NoDirectory,
    /// The disk fails; it is tried again.
    #[error("the state_dir cannot be written: {0}")]
    Disk(String),
    /// More waits for the disk than may wait.
    #[error("the disk of the state_dir is too slow")]
    Busy,
}

/// When something is on the disk, or why it is not.
pub type Receipt = oneshot::Receiver<Result<(), NotKept>>;

/// Where state is kept. Cheap to clone; asking it never waits.
#[derive(Clone, Debug)]
pub struct Store {
    requests: Option<SyncSender<Request>>,
    /// Ours for as long as a process has it open, this one or the next.
    lock: Option<Arc<File>>,
    /// Whether another process writes now.
    resting: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Request {
    kind: Kind,
    text: String,
    receipt: oneshot::Sender<Result<(), NotKept>>,
}

impl Store {
    /// A store that keeps nothing, where no `state_dir` is configured.
    pub fn nowhere() -> Self {
        Self { requests: None, lock: None, resting: Arc::default() }
    }

    /// Takes a directory over, reads what is in it, and writes to it on a thread of its own from now on. `given` is the lock of the
    /// process before us, which may be that of another directory.
    ///
    /// # Errors
    /// Where another server has the directory. Everything else is said in the log, and goes on without.
    pub fn open(
        directory: &Path,
        given: Option<OwnedFd>,
        now: Moment,
        registry: &Registry,
    ) -> Result<(Self, Kept), StateError> {
        let metrics = Metrics::new(registry)?;
        let given = given.map(File::from).filter(|given| is_lock_of(given, directory));
        let lock = given.map_or_else(|| lock(directory), |given| Ok(Some(given)))?.map(Arc::new);
        let kept = Kept {
            holds: recall(directory, Kind::Holds, now, |text| form::read_holds(text, now)).unwrap_or_default(),
            past: recall(directory, Kind::Verdicts, now, form::read_past),
        };
        let (requests, waiting) = sync_channel(STATE_QUEUE);
        let slots = Kind::ALL.map(|kind| Slot { kind, unsaved: None, failures: 0, again: None });
        let resting = Arc::<AtomicBool>::default();
        let (directory, lock_of_writer) = (directory.to_owned(), lock.clone());
        let writer = Writer { directory, _lock: lock_of_writer, resting: resting.clone(), slots, metrics };
        let thread = std::thread::Builder::new().name("state".into()).spawn(move || writer.run(&waiting));
        thread.map_err(StateError::Thread)?;
        Ok((Self { requests: Some(requests), lock, resting }, kept))
    }

    /// The lock of the directory, for the process that comes after us.
    pub fn lock(&self) -> Option<&File> {
        self.lock.as_deref()
    }

    /// Whether another process writes from now on; nothing is kept meanwhile.
    pub fn rest(&self, resting: bool) {
        self.resting.store(resting, Ordering::Relaxed);
    }

    /// Keeps the holds.
    pub fn save_holds(&self, holds: &Holds, now: Moment) -> Receipt {
        self.save(Kind::Holds, || form::say_holds(holds, now))
    }

    /// Keeps what is believed.
    pub fn save_past(&self, past: &Past) -> Receipt {
        self.save(Kind::Verdicts, || form::say_past(past))
    }

    /// Whether anything is kept at all.
    pub fn keeps(&self) -> bool {
        self.requests.is_some()
    }

    fn save(&self, kind: Kind, text: impl FnOnce() -> String) -> Receipt {
        let (receipt, answer) = oneshot::channel();
        let requests = match &self.requests {
            Some(requests) if !self.resting.load(Ordering::Relaxed) => requests,
            other => {
                // Whoever asked may have gone already.
                let _ = receipt.send(Err(if other.is_some() { NotKept::Busy } else { NotKept::NoDirectory }));
                return answer;
            }
        };
        if let Err(TrySendError::Full(request) | TrySendError::Disconnected(request)) =
            requests.try_send(Request { kind, text: text(), receipt })
        {
            let _ = request.receipt.send(Err(NotKept::Busy));
        }
        answer
    }
}

/// Makes a state directory where it is missing; only its owner may look into it.
///
/// # Errors
/// Where the system does not let us.
pub fn make(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Makes the directory where it is missing and takes its lock; `None` where the disk does not even let us, which is said.
fn lock(directory: &Path) -> Result<Option<File>, StateError> {
    let made = make(directory);
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600).custom_flags(nix::libc::O_NOFOLLOW);
    let opened = made.and_then(|()| options.open(directory.join(LOCK)));
    let said = |error: &dyn std::fmt::Display| {
        let state_dir = directory.display();
        error!("the state_dir {state_dir} cannot be used: {error}; holds and verdicts may not survive a restart");
    };
    // Not a guard that unlocks when it is dropped: the next process has the same lock.
    match opened.and_then(|file| Ok(flock(&file, FlockOperation::NonBlockingLockExclusive).map(|()| file)?)) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(StateError::Locked(directory.to_owned())),
        Err(error) => {
            said(&error);
            Ok(None)
        }
    }
}

fn is_lock_of(given: &File, directory: &Path) -> bool {
    let inode = |meta: Metadata| (meta.dev(), meta.ino());
    let there = std::fs::symlink_metadata(directory.join(LOCK)).map(inode);
    there.is_ok_and(|there| given.metadata().is_ok_and(|meta| inode(meta) == there))
}

/// Reads one file. What is no file of ours is set aside and said.
fn recall<T>(directory: &Path, kind: Kind, now: Moment, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let path = file::path(directory, kind.word());
    let why = match file::read(&path, kind.word()) {
        Ok(None) => return None,
        Ok(Some(text)) => match read(&text) {
            Some(kept) => return Some(kept),
            None => "its content is not what this version writes".to_owned(),
        },
        Err(file::Unreadable::Foreign(why)) => why.to_owned(),
        Err(file::Unreadable::Io(error)) => {
            error!("{} cannot be read and is not used: {error}", path.display());
            return None;
        }
    };
    match file::set_aside(&path, now.unix) {
        Ok(aside) => error!("{} is not used: {why}; it is now {}", path.display(), aside.display()),
        Err(error) => error!("{} is not used: {why}; it cannot be set aside: {error}", path.display()),
    }
    None
}

/// What is not on the disk yet.
struct Slot {
    kind: Kind,
    unsaved: Option<String>,
    failures: u32,
    again: Option<Instant>,
}

/// The thread that writes.
struct Writer {
    directory: PathBuf,
    /// Ours for as long as we write.
    _lock: Option<Arc<File>>,
    resting: Arc<AtomicBool>,
    slots: [Slot; 2],
    metrics: Metrics,
}

impl Writer {
    fn run(mut self, requests: &Receiver<Request>) {
        loop {
            let again = self.slots.iter().filter_map(|slot| slot.again).min();
            let request = match again {
                Some(at) => requests.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match request {
                Ok(Request { kind, text, receipt }) => {
                    if let Some(slot) = self.slots.iter_mut().find(|slot| slot.kind == kind) {
                        slot.unsaved = Some(text);
                        let kept = slot.write(&self.directory, &self.metrics);
                        // Whoever asked may have gone.
                        let _ = receipt.send(kept);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    let now = Instant::now();
                    for slot in self.slots.iter_mut().filter(|slot| slot.again.is_some_and(|at| at <= now)) {
                        if self.resting.load(Ordering::Relaxed) {
                            // What the next process writes is newer.
                            (slot.unsaved, slot.again) = (None, None);
                        }
                        // The log and the metric say how it went.
                        let _ = slot.write(&self.directory, &self.metrics);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.metrics.unsaved.set(self.slots.iter().filter(|slot| slot.unsaved.is_some()).count() as i64);
        }
    }
}

impl Slot {
    /// Writes what is not on the disk; a failure is tried again later, and later still.
    fn write(&mut self, directory: &Path, metrics: &Metrics) -> Result<(), NotKept> {
        let Some(text) = &self.unsaved else { return Ok(()) };
        let what = self.kind.word();
        match file::write(directory, what, text) {
            Ok(()) => {
                if self.failures > 0 {
                    info!(failures = self.failures, "{what} are kept in the state_dir again");
                }
                metrics.writes.with_label_values(&[what, "kept"]).inc();
                (self.unsaved, self.failures, self.again) = (None, 0, None);
                Ok(())
            }
            Err(error) => {
                metrics.writes.with_label_values(&[what, "failed"]).inc();
                let (shortest, longest) = STATE_RETRY.into_inner();
                let wait = shortest.saturating_mul(1 << self.failures.min(16)).min(longest);
                self.failures = self.failures.saturating_add(1);
                self.again = Some(Instant::now() + wait);
                let (path, again) = (directory.display(), humantime::format_duration(wait));
                warn!(failures = self.failures, "{what} cannot be kept in {path}: {error}; tried again in {again}");
                Err(NotKept::Disk(error.to_string()))
            }
        }
    }
}

struct Metrics {
    writes: IntCounterVec,
    unsaved: IntGauge,
}

impl Metrics {
    fn new(registry: &Registry) -> prometheus::Result<Self> {
        let writes = Opts::new("edgesteer_state_writes_total", "Files of the state_dir written, by file and outcome.");
        let metrics = Self {
            writes: IntCounterVec::new(writes, &["file", "outcome"])?,
            unsaved: IntGauge::new(
                "edgesteer_state_unsaved",
                "Files of the state_dir that are older than what they should say, because the disk fails.",
            )?,
        };
        registry.register(Box::new(metrics.writes.clone()))?;
        registry.register(Box::new(metrics.unsaved.clone()))?;
        Ok(metrics)
    }
}

/// How long somebody who needs the disk waits for it at most: a dying disk may take minutes over one write.
pub const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
