//! Tells people's systems what happens: webhooks and commands, out of a queue on disk.
//!
//! One thread hears of events and writes what somebody wants to hear into his queue (`spool`); a thread for each of them empties
//! it (`deliver`). What always holds: nobody who is slow or gone holds up anybody else, or the control task; what was written is told
//! at least once, also after a restart, in order, until `NOTIFY_GIVE_UP`; a queue has a bound, and the oldest give way. Not
//! here: what a message says (`message`).

use crate::config::{Notify, Topic};
use crate::control::{Event, Move};
use crate::limits::NOTIFY_GIVE_UP;
use message::Message;
use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry};
use sink::Sink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::sync::broadcast::{Receiver, error::RecvError};

mod deliver;
mod message;
mod sink;
mod spool;

pub use deliver::deliver;
pub use message::trial;

/// Where queues lie, below the state directory.
const DIRECTORY: &str = "notify";

/// Counters of messages.
#[derive(Clone, Debug)]
pub struct Metrics {
    messages: IntCounterVec,
    waiting: IntGaugeVec,
}

impl Metrics {
    /// Registers them.
    ///
    /// # Errors
    /// Where one is registered already.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let messages = Opts::new(
            "edgesteer_notifications_total",
            "Attempts to tell somebody of events, by outcome: sent, failed (tried again), dropped.",
        );
        let waiting = Opts::new("edgesteer_notifications_waiting", "Messages that wait for somebody.");
        let metrics = Self {
            messages: IntCounterVec::new(messages, &["notify", "outcome"])?,
            waiting: IntGaugeVec::new(waiting, &["notify"])?,
        };
        registry.register(Box::new(metrics.messages.clone()))?;
        registry.register(Box::new(metrics.waiting.clone()))?;
        Ok(metrics)
    }
}

/// Everybody who is told. Dropping it ends the threads; what waits stays on the disk.
#[derive(Debug)]
pub struct Notifier {
    directory: Option<PathBuf>,
    sinks: Arc<Mutex<Vec<Sink>>>,
    metrics: Metrics,
    /// Who was told before it came to rest.
    resting: Vec<Notify>,
}

impl Notifier {
    /// Nobody yet. Queues lie in the state directory; without one there is nobody to tell.
    pub fn new(state_dir: Option<&Path>, events: Receiver<Event>, metrics: Metrics) -> std::io::Result<Self> {
        let sinks = Arc::new(Mutex::new(Vec::new()));
        let told = sinks.clone();
        std::thread::Builder::new().name("notify".to_owned()).spawn(move || listen(events, &told))?;
        Ok(Self {
            directory: state_dir.map(|directory| directory.join(DIRECTORY)),
            sinks,
            metrics,
            resting: Vec::new(),
        })
    }

    /// Tells those of a configuration from now on, and nobody else. Whoever is the same as before goes on. The disk is waited for where it
    /// holds nobody up. Returns whether all of them are told; of whom that is not so is said.
    pub async fn obey(&self, configured: &[Notify]) -> bool {
        let Some(directory) = self.directory.clone() else { return configured.is_empty() };
        let (sinks, configured, metrics) = (self.sinks.clone(), configured.to_vec(), self.metrics.clone());
        let seated = tokio::task::spawn_blocking(move || seat(&mut lock(&sinks), &configured, &directory, &metrics));
        seated.await.unwrap_or_else(|panic| {
            tracing::error!("who is told of events could not be changed: {panic}");
            false
        })
    }

    /// Tells nobody, so that another process can: a queue has one keeper.
    pub async fn rest(&mut self) {
        let sinks = self.sinks.clone();
        let told = move || lock(&sinks).drain(..).map(|sink| sink.notify().clone()).collect();
        self.resting = tokio::task::spawn_blocking(told).await.unwrap_or_default();
    }

    /// Tells those again who were told before [`Self::rest`]. Returns whether all of them are; may be said again where not.
    pub async fn resume(&self) -> bool {
        self.obey(&self.resting).await
    }
}

/// Makes `sinks` those of a configuration. Returns whether they are.
fn seat(sinks: &mut Vec<Sink>, configured: &[Notify], directory: &Path, metrics: &Metrics) -> bool {
    // The queue of one that changed is taken over by the new one of its name, so the old one ends first.
    sinks.retain(|sink| configured.contains(sink.notify()));
    for notify in configured {
        if sinks.iter().any(|sink| sink.notify() == notify) {
            continue;
        }
        match Sink::start(notify.clone(), directory, metrics.clone()) {
            Ok(sink) => sinks.push(sink),
            Err(error) => {
                let (name, path) = (&notify.name, directory.display());
                tracing::error!(name, "nobody is told: the queue in {path} cannot be used: {error}");
            }
        }
    }
    sinks.len() == configured.len()
}

/// Queues what somebody wants to hear until the control task ends.
fn listen(mut events: Receiver<Event>, sinks: &Mutex<Vec<Sink>>) {
    loop {
        match events.blocking_recv() {
            Ok(event) => {
                let Some(topic) = topic(&event) else { continue };
                let sinks = lock(sinks);
                let mut wanting = sinks.iter().filter(|sink| sink.notify().on.contains(&topic)).peekable();
                if wanting.peek().is_some() {
                    let message = Message::of(topic, &event, SystemTime::now());
                    wanting.for_each(|sink| sink.put(&message));
                }
            }
            Err(RecvError::Lagged(lost)) => tracing::error!(lost, "events came faster than they could be queued"),
            Err(RecvError::Closed) => return,
        }
    }
}

/// What an event is about, if it is one that people are told of.
fn topic(event: &Event) -> Option<Topic> {
    match event {
        Event::Verdict { .. } => Some(Topic::Verdict),
        Event::Moved(moved) => of_move(moved),
        // Somebody may have to act: a failover waits.
        Event::Gate { .. } => Some(Topic::Failover),
        Event::Trial(_) => Some(Topic::Failback),
        Event::Certificate { .. } => Some(Topic::Certificate),
        Event::Doubt { .. } => Some(Topic::SelfDoubt),
        Event::Held { .. }
        | Event::Released { .. }
        | Event::HoldEnded { .. }
        | Event::Drained { .. }
        | Event::Refused { .. } => Some(Topic::Hold),
        _ => None,
    }
}

/// The end of an outage is told though it may move nobody: they stayed where they were.
fn of_move(Move { from, to, lost, was, basis, .. }: &Move) -> Option<Topic> {
    if basis.is_all_down() || !lost.is_empty() {
        return Some(Topic::Failover);
    }
    (was.is_all_down() || from != to).then_some(Topic::Failback)
}

/// Whether a message of that time, seconds since 1970, is too old to be told.
fn is_stale(at: u64, now: SystemTime) -> bool {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    now.saturating_sub(at) > NOTIFY_GIVE_UP.as_secs()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
