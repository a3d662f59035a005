//! The audit trail: what was decided, by what and why, in lines of which each seals the one before it.
//!
//! Here: the trail's writer, a thread with a bounded queue that nothing waits for (`Audit`); the lines and their seals
//! (`chain`, pure); the files (`trail`) and their last lines (`tail`); the proof that nothing was changed (`verify`). Not here: what is worth a line; the
//! rooms that decide say so. It always holds that a line which was lost is counted, and that the trail itself tells it.

use crate::limits::{AUDIT_BATCH, AUDIT_COMPLAIN_EVERY, AUDIT_QUEUE};
use prometheus::{IntCounter, Registry};
use serde::Serialize;
use serde_json::{Map, Value};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};
use tokio::sync::{mpsc, oneshot};

mod chain;
mod tail;
mod trail;
mod verify;

pub use tail::Tail;
pub use trail::TrailError;
pub use verify::{Broken, Verified, VerifyError, verify};

/// One thing that was decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// What happened, as "verdict" or "reload"; a word of a small set.
    pub what: &'static str,
    /// The generation that was true afterwards, where it is known.
    pub generation: Option<u64>,
    /// Why, for people.
    pub reason: String,
    /// What else a program may want to know.
    pub detail: Map<String, Value>,
}

impl Entry {
    /// An entry of which only the reason is to be said.
    pub fn of(what: &'static str, reason: impl Into<String>) -> Self {
        Self { what, generation: None, reason: reason.into(), detail: Map::new() }
    }

    /// The same with the generation that was true afterwards.
    #[must_use]
    pub fn at(self, generation: u64) -> Self {
        Self { generation: Some(generation), ..self }
    }

    /// The same with one detail more.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(key.to_owned(), value.into());
        self
    }
}

/// `edgesteer_audit_lines_total` and `edgesteer_audit_lost_total`.
#[derive(Clone, Debug)]
pub struct Metrics {
    written: IntCounter,
    lost: IntCounter,
}

impl Metrics {
    /// Registers them.
    ///
    /// # Errors
    /// Where one is registered already.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let written = IntCounter::new("edgesteer_audit_lines_total", "Lines of the audit trail that are on disk.")?;
        let lost = IntCounter::new(
            "edgesteer_audit_lost_total",
            "Entries of the audit trail that could not be written, or had no room in its queue.",
        )?;
        registry.register(Box::new(written.clone()))?;
        registry.register(Box::new(lost.clone()))?;
        Ok(Self { written, lost })
    }
}

/// Takes entries; a clone leads to the same trail. Without a directory they go nowhere.
#[derive(Clone, Debug)]
pub struct Audit {
    queue: Option<mpsc::Sender<Job>>,
    metrics: Metrics,
    /// Whether another process writes the trail.
    resting: Arc<AtomicBool>,
    directory: Option<Arc<Path>>,
}

/// What the writer is asked.
#[derive(Debug)]
enum Job {
    Write(SystemTime, Entry),
    /// To say when what came before is on the disk.
    Tell(oneshot::Sender<()>),
    /// To look where the trail ends now.
    Reopen,
}

/// The trail's writer. It ends when every `Audit` is gone and what they took is written.
#[derive(Debug)]
pub struct Writer(Option<std::thread::JoinHandle<()>>);

impl Audit {
    /// Keeps no trail: what the log says is all there is.
    pub fn none(metrics: Metrics) -> (Self, Writer) {
        (Self { queue: None, metrics, resting: Arc::default(), directory: None }, Writer(None))
    }

    /// Continues the trail in a directory, which is made where it is missing.
    ///
    /// # Errors
    /// Where the directory or its trail cannot be used, or the system gives no thread.
    pub fn start(directory: &Path, metrics: Metrics) -> Result<(Self, Writer), TrailError> {
        let trail = trail::Trail::open(directory)?;
        let (queue, entries) = mpsc::channel(AUDIT_QUEUE);
        let writing = Writing { trail, metrics: metrics.clone(), told: metrics.lost.get(), complained: None };
        let thread = std::thread::Builder::new().name("audit".into()).spawn(move || writing.run(entries));
        let thread = thread.map_err(|source| TrailError { path: directory.to_owned(), source })?;
        let (resting, directory) = (Arc::default(), Some(directory.into()));
        Ok((Self { queue: Some(queue), metrics, resting, directory }, Writer(Some(thread))))
    }

    /// Takes an entry, and never waits: where the disk is slower than the world, it is counted as lost.
    pub fn record(&self, entry: Entry) {
        let Some(queue) = self.queue.as_ref().filter(|_| !self.resting.load(Ordering::Relaxed)) else { return };
        if queue.try_send(Job::Write(SystemTime::now(), entry)).is_err() {
            self.metrics.lost.inc();
        }
    }

    /// Takes nothing any more, since another process goes on with the trail; returns when what was taken is written.
    pub async fn rest(&self) {
        self.resting.store(true, Ordering::Relaxed);
        let Some(queue) = &self.queue else { return };
        let (tell, told) = oneshot::channel();
        if queue.send(Job::Tell(tell)).await.is_ok() {
            // A writer that is gone has written what it could.
            let _ = told.await;
        }
    }

    /// Takes entries again: the other process did not come to anything. What it wrote is gone on from.
    pub async fn resume(&self) {
        if let Some(queue) = &self.queue {
            // A writer that is gone has nothing to go on with.
            let _ = queue.send(Job::Reopen).await;
        }
        self.resting.store(false, Ordering::Relaxed);
    }

    /// Where the trail is; `None` where none is kept. Its last lines are read by [`Tail::read`].
    pub fn directory(&self) -> Option<Arc<Path>> {
        self.directory.clone()
    }

    /// Counts entries that never came here.
    pub fn lost(&self, count: u64) {
        if self.queue.is_some() {
            self.metrics.lost.inc_by(count);
        }
    }
}

impl Writer {
    /// Waits for its end.
    pub fn finish(self) {
        // A panic in it was reported where it happened.
        let _ = self.0.map(std::thread::JoinHandle::join);
    }
}

/// The writer's thread.
struct Writing {
    trail: trail::Trail,
    metrics: Metrics,
    /// How many lost entries the trail tells of.
    told: u64,
    complained: Option<Instant>,
}

impl Writing {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting = Vec::with_capacity(AUDIT_BATCH);
        while jobs.blocking_recv_many(&mut waiting, AUDIT_BATCH) > 0 {
            let (mut batch, mut asked) = (Vec::new(), Vec::new());
            for job in waiting.drain(..) {
                match job {
                    Job::Write(time, entry) => batch.push((time, entry)),
                    Job::Tell(tell) => asked.push(tell),
                    // While it rests, nothing else comes.
                    Job::Reopen => self.trail.reopen().unwrap_or_else(|error| self.complain(&error, 0)),
                }
            }
            if !batch.is_empty() {
                self.write(batch);
            }
            // Whoever asked may have gone.
            for tell in asked {
                let _ = tell.send(());
            }
        }
    }

    fn write(&mut self, mut batch: Vec<(SystemTime, Entry)>) {
        let lost = self.metrics.lost.get();
        if lost > self.told {
            let reason = "entries could not be written, or came faster than the disk takes them";
            batch.insert(0, (SystemTime::now(), Entry::of("lost", reason).with("entries", lost - self.told)));
        }
        match self.trail.append(&batch) {
            Ok(()) => {
                self.told = lost;
                self.metrics.written.inc_by(batch.len() as u64);
            }
            Err(error) => self.complain(&error, batch.len() as u64 - u64::from(lost > self.told)),
        }
    }

    fn complain(&mut self, error: &io::Error, lost: u64) {
        self.metrics.lost.inc_by(lost);
        if self.complained.is_none_or(|at| at.elapsed() >= AUDIT_COMPLAIN_EVERY) {
            self.complained = Some(Instant::now());
            tracing::error!(lost, "the audit trail cannot be written: {error}; answers are not affected");
        }
    }
}

#[cfg(test)]
mod tests;
