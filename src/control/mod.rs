//! The single writer: observations, commands and the clock to verdicts, rows and publishes.
//!
//! Here: the loop, and what it tells the world (`event`, `metrics`, `record`). Not here: any rule; those are `health`, `steering` and
//! `beliefs`, which is pure. Only this task owns the publisher.

use crate::health::Outcome;
use crate::ids::ServiceId;
use crate::limits::{COMMANDS_QUEUE, EVENTS_QUEUE, LOCAL_TROUBLE_EVERY, OBSERVATIONS_BATCH, RETIRE_SWEEP};
use crate::probe::{Observation, Prober};
use crate::snapshot::{Lake, Publisher, Row};
use crate::topology::Topology;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

mod beliefs;
mod certificates;
mod event;
mod metrics;
mod record;

pub use beliefs::Beliefs;
pub use certificates::Certificates;
pub use event::{Event, Move};
pub use metrics::Metrics;
pub use record::record;

/// What the control task may be asked.
#[derive(Debug)]
enum Command {
    /// Makes another topology true.
    Replace(Arc<Topology>, oneshot::Sender<u64>),
    /// Lets a pool that waits for its failback be preferred again at once.
    Release(String, oneshot::Sender<Result<usize, NoSuchPool>>),
}

/// A command named a pool that the configuration does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no pool \"{0}\"")]
pub struct NoSuchPool(pub String);

/// The control task is gone: the process is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server is stopping")]
pub struct Stopped;

/// How everyone else asks the control task and hears of it.
#[derive(Clone, Debug)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    events: broadcast::Sender<Event>,
    unseen: watch::Receiver<usize>,
    lake: Lake,
}

impl Handle {
    /// Publishes another topology, with verdicts carried over; returns the new generation.
    ///
    /// # Errors
    /// Where the process is stopping.
    pub async fn replace(&self, topology: Arc<Topology>) -> Result<u64, Stopped> {
        self.ask(|reply| Command::Replace(topology, reply)).await
    }

    /// Ends a pool's wait for failback; returns in how many services it waited.
    ///
    /// # Errors
    /// Where there is no such pool, or the process is stopping.
    pub async fn release(&self, pool: String) -> Result<Result<usize, NoSuchPool>, Stopped> {
        self.ask(|reply| Command::Release(pool, reply)).await
    }

    /// Changes of mind from now on. A reader that falls `EVENTS_QUEUE` behind loses the oldest.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Waits until every target was probed once.
    pub async fn first_round(&self) {
        // An error means that the control task ended: then nobody needs to wait.
        let _ = self.unseen.clone().wait_for(|unseen| *unseen == 0).await;
    }

    /// How many targets no probe of has ended yet.
    pub fn unseen(&self) -> usize {
        *self.unseen.borrow()
    }

    /// Whether the control task is there.
    pub fn is_deciding(&self) -> bool {
        !self.commands.is_closed()
    }

    /// Where the current snapshot is read.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }
}

/// The control task before it runs.
#[derive(Debug)]
pub struct Control {
    beliefs: Beliefs,
    publisher: Publisher,
    prober: Prober,
    observations: mpsc::Receiver<Observation>,
    commands: mpsc::Receiver<Command>,
    events: broadcast::Sender<Event>,
    unseen: watch::Sender<usize>,
    metrics: Metrics,
    trouble_said: Option<Instant>,
}

impl Control {
    /// Publishes the first snapshot of a topology, in which nothing is known, and starts its probes.
    pub fn new(
        topology: Arc<Topology>,
        mut prober: Prober,
        observations: mpsc::Receiver<Observation>,
        metrics: Metrics,
    ) -> (Self, Handle) {
        let mut beliefs = Beliefs::new(topology.clone());
        let publisher = Publisher::new(topology.clone(), beliefs.render_all(Instant::now()));
        prober.retarget(topology.targets.clone());
        let (commands_in, commands) = mpsc::channel(COMMANDS_QUEUE);
        let (events, _) = broadcast::channel(EVENTS_QUEUE);
        let (unseen, unseen_out) = watch::channel(topology.targets.len());
        let lake = publisher.lake();
        let handle = Handle { commands: commands_in, events: events.clone(), unseen: unseen_out, lake };
        (
            Self { beliefs, publisher, prober, observations, commands, events, unseen, metrics, trouble_said: None },
            handle,
        )
    }

    /// Runs until the task is dropped.
    pub async fn run(mut self) {
        let mut batch = Vec::with_capacity(OBSERVATIONS_BATCH);
        let mut sweep = tokio::time::interval(RETIRE_SWEEP);
        loop {
            let ripe = self.beliefs.next_ripe();
            tokio::select! {
                count = self.observations.recv_many(&mut batch, OBSERVATIONS_BATCH) => {
                    if count == 0 {
                        return;
                    }
                    self.judge(batch.drain(..));
                }
                Some(command) = self.commands.recv() => self.obey(command),
                () = sleep_until(ripe) => {
                    let services = self.beliefs.ripe(Instant::now());
                    self.publish_and_tell(services);
                }
                _ = sweep.tick() => self.sweep(),
            }
        }
    }

    fn judge(&mut self, observations: impl Iterator<Item = Observation>) {
        let mut services = BTreeSet::new();
        let mut changes = Vec::new();
        for observation in observations {
            self.metrics.observed(&observation);
            self.note_local_trouble(&observation);
            let change = self.beliefs.observe(&observation.target, &observation.outcome, observation.ended);
            if let Some(change) = change {
                services.extend(self.beliefs.topology().affected(change.target));
                changes.push((observation, change));
            }
        }
        // What is true goes out first; it is told afterwards, and readiness comes last.
        let first_sign = changes.iter().map(|(_, change)| change.first_sign).min();
        let published = self.publish(services, first_sign, Instant::now());
        let generation = self.publisher.lake().load().generation;
        for (observation, change) in changes {
            let pools = event::pools_of(self.beliefs.topology(), change.target);
            let took = observation.ended.saturating_duration_since(change.first_sign);
            self.tell(Event::Verdict { target: observation.target, pools, verdict: change.verdict, took, generation });
        }
        published.into_iter().for_each(|event| self.tell(event));
        self.unseen
            .send_if_modified(|unseen| std::mem::replace(unseen, self.beliefs.unseen()) != self.beliefs.unseen());
    }

    /// A probe that we could not send says nothing of its target, and much of us.
    fn note_local_trouble(&mut self, observation: &Observation) {
        let Outcome::Fail(failure) = &observation.outcome else { return };
        let said =
            self.trouble_said.is_some_and(|at| observation.ended.saturating_duration_since(at) < LOCAL_TROUBLE_EVERY);
        if !observation.outcome.is_evidence() && !said {
            self.trouble_said = Some(observation.ended);
            tracing::error!(address = %observation.target.address, "probes cannot be sent, so verdicts stay as they are: {failure}");
        }
    }

    fn obey(&mut self, command: Command) {
        // A caller that no longer listens needs no answer.
        match command {
            Command::Replace(topology, reply) => {
                let began = Instant::now();
                self.beliefs.reseat(topology.clone());
                let rows = self.beliefs.render_all(began);
                let published = self.publisher.replace(topology.clone(), rows);
                self.metrics.published(began.elapsed());
                self.metrics.certificates().retain(&topology);
                self.prober.retarget(topology.targets.clone());
                self.tell(Event::Replaced { generation: published.generation });
                let _ = reply.send(published.generation);
            }
            Command::Release(pool, reply) => {
                let released = self.beliefs.release(&pool);
                let count = released.as_ref().map(BTreeSet::len).map_err(Clone::clone);
                if let Ok(services) = released {
                    self.publish_and_tell(services);
                }
                let _ = reply.send(count);
            }
        }
    }

    /// Renders these services anew and publishes those that changed as one generation; returns what is to be told of it.
    fn publish(&mut self, services: BTreeSet<ServiceId>, first_sign: Option<Instant>, now: Instant) -> Vec<Event> {
        let before = self.publisher.lake().load();
        let rendered = services.into_iter().map(|service| (service, Arc::new(self.beliefs.render(service, now))));
        let changes: Vec<(ServiceId, Arc<Row>)> =
            rendered.filter(|(service, row)| **row != *before.row(*service)).collect();
        if changes.is_empty() {
            return Vec::new();
        }
        let began = Instant::now();
        let published = self.publisher.apply(changes.iter().cloned());
        let took = began.elapsed();
        self.metrics.published(took);
        let decided = first_sign.map_or(Duration::ZERO, |sign| now.saturating_duration_since(sign));
        let generation = published.generation;
        let name = |(service, _): &(ServiceId, _)| before.topology.service(*service).name.clone();
        let services = changes.iter().map(name).collect();
        let moves = changes.iter().flat_map(|(service, row)| event::moves(&before, *service, row));
        let moves = moves.map(|moved| Event::Moved(Move { generation, decided, published: took, ..moved }));
        std::iter::once(Event::Published { generation, services }).chain(moves).collect()
    }

    /// Publishes and tells what time or a command has changed.
    fn publish_and_tell(&mut self, services: BTreeSet<ServiceId>) {
        for event in self.publish(services, None, Instant::now()) {
            self.tell(event);
        }
    }

    fn sweep(&mut self) {
        let free = self.publisher.sweep();
        if !free.is_empty() {
            // A large topology takes milliseconds to free.
            tokio::task::spawn_blocking(move || drop(free));
        }
    }

    fn tell(&self, event: Event) {
        event.log();
        // Nobody listens: the log line is enough.
        let _ = self.events.send(event);
    }
}

async fn sleep_until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when.into()).await,
        None => std::future::pending().await,
    }
}
