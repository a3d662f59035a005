//! How everyone else asks the control task and hears of it.

use super::event::Event;
use super::{Lingers, NoSuchSubject, Seen, Unsafe, Watchdog};
use crate::health::{Grounds, Held, Hold, Subject, Suspicion, Verdict};
use crate::limits::{COMMANDS_QUEUE, EVENTS_QUEUE};
use crate::snapshot::Lake;
use crate::state::NotKept;
use crate::topology::{TargetSpec, Topology};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// What the control task may be asked.
#[derive(Debug)]
pub(super) enum Command {
    /// Makes another topology true.
    Replace(Arc<Topology>, oneshot::Sender<u64>),
    /// Holds a pool or an endpoint.
    Hold(Order, oneshot::Sender<Result<Done, Refusal>>),
    /// Ends a hold and a wait for failback.
    Release(Release, oneshot::Sender<Result<Done, Refusal>>),
    /// Tells what is believed.
    Report(oneshot::Sender<Report>),
    /// Tells what was seen of some targets lately.
    Histories(Vec<Arc<TargetSpec>>, oneshot::Sender<Vec<Vec<Seen>>>),
    /// Writes down what the next process must know.
    Save(oneshot::Sender<()>),
    /// Tells what the process that replaces us must know, and takes no orders and writes nothing from then on.
    HandOver(oneshot::Sender<String>),
    /// Takes orders and writes again.
    Resume,
}

/// An operator's order to hold something.
#[derive(Clone, Debug)]
pub struct Order {
    /// What.
    pub subject: Subject,
    /// At what.
    pub held: Held,
    /// For how long; `None` until a release.
    pub length: Option<Duration>,
    /// Why, and who says so.
    pub grounds: Grounds,
    /// Whether `[safety]` is overridden.
    pub force: bool,
}

/// An operator's order to let go.
#[derive(Clone, Debug)]
pub struct Release {
    /// What.
    pub subject: Subject,
    /// Why, and who says so.
    pub grounds: Grounds,
    /// Whether `[safety]` is overridden.
    pub force: bool,
}

/// What an order did.
#[derive(Clone, Debug)]
pub struct Done {
    /// How many services look at their pools anew.
    pub services: usize,
    /// Whether there was a hold before.
    pub was_held: bool,
    /// The generation that says so.
    pub generation: u64,
    /// Whether it will survive a restart.
    pub kept: Result<(), NotKept>,
    /// How far what is kept away has left the answers; `None` where nothing is.
    pub lingers: Option<Lingers>,
    /// What `[safety]` would have refused, had it not been forced.
    pub forced: Option<Unsafe>,
}

/// Why an order was not obeyed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such thing.
    #[error(transparent)]
    Unknown(#[from] NoSuchSubject),
    /// It is not safe.
    #[error("{0}; repeat it with --force (\"force\": true) if that is meant")]
    Unsafe(#[from] Unsafe),
    /// More is held than can be kept.
    #[error("{max} holds are the limit; release some", max = crate::limits::HOLDS_MAX)]
    TooMany,
}

/// What is believed of every target, and every hold.
#[derive(Clone, Debug)]
pub struct Report {
    /// Targets with their verdicts, and since when, seconds since 1970.
    pub targets: Vec<(Arc<TargetSpec>, Verdict, Option<u64>)>,
    /// How far what is held away has left the answers.
    pub lingers: Vec<(Subject, Lingers)>,
    /// Every hold, also on what the configuration does not have, and when it ends, seconds since 1970.
    pub holds: Vec<(Subject, Arc<Hold>, Option<u64>)>,
}

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
    doubt: watch::Receiver<Option<Suspicion>>,
    watchdog: Watchdog,
    lake: Lake,
}

/// The control task's ends of what a handle holds.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) unseen: watch::Sender<usize>,
    pub(super) doubt: watch::Sender<Option<Suspicion>>,
    pub(super) watchdog: Watchdog,
}

impl Handle {
    /// A handle and the ends that belong to it.
    pub(super) fn new(lake: Lake, unseen: usize, watchdog: Watchdog) -> (Self, Ends) {
        let (commands_in, commands) = mpsc::channel(COMMANDS_QUEUE);
        let (events, _) = broadcast::channel(EVENTS_QUEUE);
        let (unseen, unseen_out) = watch::channel(unseen);
        let (doubt, doubt_out) = watch::channel(None);
        let handle = Self {
            commands: commands_in,
            events: events.clone(),
            unseen: unseen_out,
            doubt: doubt_out,
            watchdog: watchdog.clone(),
            lake,
        };
        (handle, Ends { commands, events, unseen, doubt, watchdog })
    }

    /// Publishes another topology, with verdicts carried over; returns the new generation.
    ///
    /// # Errors
    /// Where the process is stopping.
    pub async fn replace(&self, topology: Arc<Topology>) -> Result<u64, Stopped> {
        self.ask(|reply| Command::Replace(topology, reply)).await
    }

    /// Holds a pool or an endpoint. Answers once the hold is on the disk, or will not be.
    ///
    /// # Errors
    /// Where the process is stopping.
    pub async fn hold(&self, order: Order) -> Result<Result<Done, Refusal>, Stopped> {
        self.ask(|reply| Command::Hold(order, reply)).await
    }

    /// Ends a hold, and a pool's wait for failback. Answers as `hold` does.
    ///
    /// # Errors
    /// Where the process is stopping.
    pub async fn release(&self, release: Release) -> Result<Result<Done, Refusal>, Stopped> {
        self.ask(|reply| Command::Release(release, reply)).await
    }

    /// What is believed now.
    ///
    /// # Errors
    /// Where the process is stopping.
    pub async fn report(&self) -> Result<Report, Stopped> {
        self.ask(Command::Report).await
    }

    /// What was seen lately of these targets, oldest first, one list for each; of no more than `HISTORIES_ASKED_MAX` of them, since the
    /// control task tells it between its decisions.
    ///
    /// # Errors
    /// Where the process is stopping.
    pub async fn histories(&self, targets: Vec<Arc<TargetSpec>>) -> Result<Vec<Vec<Seen>>, Stopped> {
        self.ask(|reply| Command::Histories(targets, reply)).await
    }

    /// Has written down what the next process must know; returns when that is on the disk or cannot be.
    ///
    /// # Errors
    /// Where the process is stopping.
    pub async fn save(&self) -> Result<(), Stopped> {
        self.ask(Command::Save).await
    }

    /// What the process that replaces us must know, as [`crate::state::Kept`] reads it. From then on no order is taken and nothing
    /// written, until [`Self::resume`]; probes and verdicts go on.
    ///
    /// # Errors
    /// Where the process is stopping.
    pub async fn hand_over(&self) -> Result<String, Stopped> {
        self.ask(Command::HandOver).await
    }

    /// Takes orders and writes again: the other process did not come to anything.
    pub async fn resume(&self) {
        // A control task that is gone has nothing to go on with.
        let _ = self.commands.send(Command::Resume).await;
    }

    /// Returns when the control task has come to this question: it lives and decides.
    ///
    /// # Errors
    /// Where the process is stopping.
    pub async fn answers(&self) -> Result<(), Stopped> {
        self.ask(|reply| Command::Histories(Vec::new(), reply)).await.map(drop)
    }

    /// Changes of mind from now on. A reader that falls `EVENTS_QUEUE` behind loses the oldest.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Waits until something is known of every target.
    pub async fn first_round(&self) {
        // An error means that the control task ended: then nobody needs to wait.
        let _ = self.unseen.clone().wait_for(|unseen| *unseen == 0).await;
    }

    /// Of how many targets nothing is known yet.
    pub fn unseen(&self) -> usize {
        *self.unseen.borrow()
    }

    /// Why verdicts stay as they are, if we doubt ourselves.
    pub fn doubt(&self) -> Option<Suspicion> {
        *self.doubt.borrow()
    }

    /// Who notices that probing or deciding has come to a stop.
    pub fn watchdog(&self) -> &Watchdog {
        &self.watchdog
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
