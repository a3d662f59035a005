//! The single writer: observations, commands and the clock to verdicts, rows and publishes.
//!
//! Here: the loop, how it is asked (`handle`), what operators order (`operate`) and what is unsafe of that (`safety`), and
//! what it tells the world (`event`, `metrics`, `record`). Not here: any rule; those are `health`, `steering` and `beliefs`,
//! which is pure. Only this task owns the publisher.

use crate::health::{Moment, Outcome};
use crate::ids::ServiceId;
use crate::limits::{LOCAL_TROUBLE_EVERY, OBSERVATIONS_BATCH, RETIRE_SWEEP};
use crate::probe::{Observation, Prober};
use crate::snapshot::{Publisher, Row, Snapshot};
use crate::state::{Kept, Store};
use crate::topology::Topology;
use gate::{Answer, Gates};
use handle::{Command, Ends};
use linger::Linger;
use operate::Saved;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

mod beliefs;
mod certificates;
mod event;
mod gate;
mod handle;
mod linger;
mod metrics;
mod operate;
mod record;
mod safety;
mod watchdog;

pub use beliefs::{Beliefs, Flap, Left, NoSuchSubject, Seen, Step, Trial};
pub use certificates::Certificates;
pub use event::{Event, Lost, Move};
pub use gate::Asked;
pub use handle::{Done, Handle, Order, Refusal, Release, Report, Stopped};
pub use linger::Lingers;
pub use metrics::Metrics;
pub use record::{entry, record};
pub use safety::{Recent, Unsafe};
pub use watchdog::Watchdog;

/// Seconds since 1970, as the system has them: a clock that may be set while we run.
pub fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Now, on both clocks.
pub fn moment() -> Moment {
    Moment { at: instant(), unix: wall() }
}

/// Now on the runtime's clock, which only runs forward, and which a simulation stops.
fn instant() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The control task before it runs.
#[derive(Debug)]
pub struct Control {
    beliefs: Beliefs,
    publisher: Publisher,
    prober: Prober,
    observations: mpsc::Receiver<Observation>,
    ends: Ends,
    store: Store,
    saved: Saved,
    recent: Recent,
    linger: Linger,
    gates: Gates,
    gate_answers: mpsc::Receiver<Answer>,
    metrics: Metrics,
    /// Generations since the last that was told, which changed nothing but TTLs.
    untold: u64,
    trouble_said: Option<Instant>,
    /// Where the clock that may be set is read.
    wall: fn() -> u64,
    /// Whether another process replaces us, which has taken over holds and files.
    is_resting: bool,
}

impl Control {
    /// Publishes the first snapshot of a topology, in which what an earlier process kept is known, and starts its probes.
    pub fn new(
        topology: Arc<Topology>,
        prober: Prober,
        observations: mpsc::Receiver<Observation>,
        kept: (Store, Kept),
        metrics: Metrics,
    ) -> (Self, Handle) {
        Self::by(wall, topology, prober, observations, kept, metrics)
    }

    /// The same where seconds since 1970 are read from `wall`.
    pub fn by(
        wall: fn() -> u64,
        topology: Arc<Topology>,
        mut prober: Prober,
        observations: mpsc::Receiver<Observation>,
        (store, kept): (Store, Kept),
        metrics: Metrics,
    ) -> (Self, Handle) {
        let now = Moment { at: instant(), unix: wall() };
        let mut beliefs = Beliefs::new(topology.clone());
        beliefs.set_holds(kept.holds);
        kept.past.iter().for_each(|past| beliefs.recall(past, now));
        let publisher = Publisher::new(topology.clone(), beliefs.render_all(now.at));
        prober.retarget(topology.probed());
        let watchdog = Watchdog::new(prober.heartbeat(), now.at);
        let (handle, ends) = Handle::new(publisher.lake(), beliefs.unseen(), watchdog);
        let (saved, recent) = (Saved::at(now.at), Recent::default());
        let (untold, trouble_said, is_resting) = (0, None, false);
        let linger = Linger::begin(&publisher.lake().load(), beliefs.holds(), now);
        let (gates, gate_answers) = Gates::new();
        let control = Self {
            beliefs,
            publisher,
            prober,
            observations,
            ends,
            store,
            saved,
            recent,
            linger,
            gates,
            gate_answers,
            metrics,
            untold,
            trouble_said,
            wall,
            is_resting,
        };
        (control, handle)
    }

    fn moment(&self) -> Moment {
        Moment { at: instant(), unix: (self.wall)() }
    }

    /// Runs until the task is dropped.
    pub async fn run(mut self) {
        let mut batch = Vec::with_capacity(OBSERVATIONS_BATCH);
        let mut sweep = tokio::time::interval(RETIRE_SWEEP);
        loop {
            self.ends.watchdog.beat(instant());
            let ripe =
                self.beliefs.next_ripe().into_iter().chain(self.linger.next_due()).chain(self.gates.next_due()).min();
            tokio::select! {
                // Observations may come without end: whoever orders something is heard between them.
                biased;
                Some(command) = self.ends.commands.recv() => self.obey(command),
                Some(answer) = self.gate_answers.recv() => self.pass_gate(answer),
                () = sleep_until(ripe) => self.ripen(instant()),
                _ = sweep.tick() => {
                    self.sweep();
                    self.save_now_and_then();
                }
                count = self.observations.recv_many(&mut batch, OBSERVATIONS_BATCH) => {
                    if count == 0 {
                        return;
                    }
                    self.judge(batch.drain(..));
                }
            }
        }
    }

    fn judge(&mut self, observations: impl Iterator<Item = Observation>) {
        let mut services = BTreeSet::new();
        let (mut changes, mut ending) = (Vec::new(), Vec::new());
        for observation in observations {
            let left = self.metrics.observed(&observation);
            ending.extend(left.map(|left| (observation.target.clone(), left)));
            self.note_local_trouble(&observation);
            let took = observation.ended.saturating_duration_since(observation.started);
            self.beliefs.remember(&observation.target, &observation.outcome, took, observation.ended);
            let change = self.beliefs.observe(&observation.target, &observation.outcome, observation.ended);
            if let Some(change) = change {
                services.extend(self.beliefs.topology().affected(change.target));
                self.saved.note();
                changes.push((observation, change));
            }
        }
        let suspicions = self.beliefs.take_suspicions();
        services.extend(suspicions.into_iter().flat_map(|target| self.beliefs.topology().affected(target)));
        // What is true goes out first; it is told afterwards, and readiness comes last.
        let first_sign = changes.iter().map(|(_, change)| change.first_sign).min();
        let decided = instant();
        let published = self.publish_by_itself(services, first_sign, decided);
        let ended = changes.iter().map(|(observation, _)| observation.ended).max();
        if let Some((first_sign, ended)) = first_sign.zip(ended) {
            self.time(&published, first_sign, ended, decided);
        }
        let generation = self.publisher.lake().load().generation;
        for (observation, change) in changes {
            let pools = event::pools_of(self.beliefs.topology(), change.target);
            let took = observation.ended.saturating_duration_since(change.first_sign);
            self.tell(Event::Verdict { target: observation.target, pools, verdict: change.verdict, took, generation });
        }
        published.into_iter().for_each(|event| self.tell(event));
        for (target, left) in ending {
            let pools = event::pools_at(self.beliefs.topology(), &target);
            self.tell(Event::Certificate { target, pools, left, generation });
        }
        self.tell_doubt();
        if self.beliefs.unseen() == 0 {
            self.gates.shut();
        }
        let unseen = &self.ends.unseen;
        unseen.send_if_modified(|unseen| std::mem::replace(unseen, self.beliefs.unseen()) != self.beliefs.unseen());
    }

    /// Measures a failover, if one was published.
    fn time(&self, published: &[Event], first_sign: Instant, ended: Instant, decided: Instant) {
        let moved = published.iter().find_map(|event| match event {
            Event::Moved(moved) if moved.from != moved.to => Some(moved.published),
            _ => None,
        });
        if let Some(took) = moved {
            let between = |from: Instant, to: Instant| to.saturating_duration_since(from);
            self.metrics.failed_over([between(first_sign, ended), between(ended, decided), took]);
        }
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
                let began = instant();
                self.beliefs.reseat(topology.clone());
                self.gates.forget_all();
                self.metrics.gates_are(&topology.gates);
                let rows = self.beliefs.render_all(began);
                self.linger.replaced(&self.publisher.lake().load(), began);
                let published = self.publisher.replace(topology.clone(), rows);
                self.linger.revise(&self.publisher.lake().load(), began);
                self.metrics.published(instant().saturating_duration_since(began));
                self.metrics.certificates().retain(&topology);
                self.prober.retarget(topology.probed());
                self.tell(Event::Replaced { generation: published.generation });
                self.pools_to_tell().into_iter().for_each(|event| self.tell(event));
                let _ = reply.send(published.generation);
            }
            // Whoever replaces us does not know of it: not to be answered tells who ordered that we are stopping.
            Command::Hold(..) | Command::Release(..) if self.is_resting => {}
            Command::Hold(order, reply) => self.hold(order, reply),
            Command::Release(release, reply) => self.release(release, reply),
            Command::Report(reply) => {
                let now = self.moment();
                let lingers = self.linger.of_all(&self.publisher.lake().load(), self.beliefs.holds(), now);
                let _ = reply.send(Report { lingers, ..self.beliefs.report(now) });
            }
            Command::Histories(targets, reply) => {
                let _ = reply.send(self.beliefs.histories(&targets, self.moment()));
            }
            Command::Save(reply) => self.save(reply),
            Command::HandOver(reply) => self.hand_over(reply),
            Command::Resume => self.rest(false),
        }
    }

    /// What time alone changes.
    fn ripen(&mut self, now: Instant) {
        let (ended, mut services) = self.beliefs.expire(now);
        services.extend(self.beliefs.ripe(now));
        services.extend(self.gates.due(now));
        self.tell_doubt();
        self.publish_by_itself(services, None, now).into_iter().for_each(|event| self.tell(event));
        if !ended.is_empty() {
            self.saved.note();
            // The file still has them, with their ends: a restart would not take them up again.
            drop(self.store.save_holds(self.beliefs.holds(), self.moment()));
        }
        for (subject, hold) in ended {
            self.linger.forget(&subject);
            self.tell(Event::HoldEnded { subject, hold });
        }
        let snapshot = self.publisher.lake().load();
        for subject in self.linger.due(&snapshot, now) {
            self.tell(Event::Drained { subject, generation: snapshot.generation });
        }
    }

    /// Goes on where a gate lets it.
    fn pass_gate(&mut self, answer: Answer) {
        let now = instant();
        let before = self.publisher.lake().load();
        let Some((services, said)) = self.gates.hear(answer, &before, now) else { return };
        self.metrics.gate_said(&said);
        self.tell(Event::Gate { said, generation: before.generation });
        let services = services.into_iter().collect();
        self.publish_by_itself(services, None, now).into_iter().for_each(|event| self.tell(event));
    }

    /// As [`Self::publish`], of what no operator ordered: gates are asked first.
    fn publish_by_itself(
        &mut self,
        services: BTreeSet<ServiceId>,
        first_sign: Option<Instant>,
        now: Instant,
    ) -> Vec<Event> {
        let before = self.publisher.lake().load();
        let mut changes = self.changes(services, &before, now);
        let asked = self.gates.sift(&before, &mut changes);
        self.metrics.gates_wait(&before.topology.gates, &self.gates.waiting());
        let asked = asked.into_iter().map(|said| Event::Gate { said, generation: before.generation });
        let mut events: Vec<Event> = asked.collect();
        events.extend(self.apply(&before, changes, first_sign, now));
        events
    }

    /// Renders these services anew and publishes those that changed as one generation; returns what is to be told of it.
    fn publish(&mut self, services: BTreeSet<ServiceId>, first_sign: Option<Instant>, now: Instant) -> Vec<Event> {
        let before = self.publisher.lake().load();
        self.gates.forget(services.iter().copied());
        let changes = self.changes(services, &before, now);
        self.apply(&before, changes, first_sign, now)
    }

    /// What services say otherwise than before.
    fn changes(
        &mut self,
        services: BTreeSet<ServiceId>,
        before: &Snapshot,
        now: Instant,
    ) -> Vec<(ServiceId, Arc<Row>)> {
        let rendered = services.into_iter().map(|service| {
            let row = self.beliefs.render_after(service, |pool| before.row(service).keeps(pool), now);
            (service, Arc::new(row))
        });
        rendered.filter(|(service, row)| **row != *before.row(*service)).collect()
    }

    fn apply(
        &mut self,
        before: &Snapshot,
        changes: Vec<(ServiceId, Arc<Row>)>,
        first_sign: Option<Instant>,
        now: Instant,
    ) -> Vec<Event> {
        if changes.is_empty() {
            return Vec::new();
        }
        let began = instant();
        let published = self.publisher.apply(changes.iter().cloned());
        let took = instant().saturating_duration_since(began);
        self.metrics.published(took);
        let after = self.publisher.lake().load();
        for (id, row) in &changes {
            self.linger.changed(&after, after.topology.service(*id), (before.row(*id), &**row), began + took);
        }
        let pools = self.pools_to_tell();
        // An endpoint that fails now and then would fill the trail; what it did to TTLs is counted there.
        if pools.is_empty() && changes.iter().all(|(service, row)| row.differs_in_doubt_alone(before.row(*service))) {
            self.untold += 1;
            tracing::debug!(generation = published.generation, services = changes.len(), "published, TTLs alone");
            return Vec::new();
        }
        let untold = std::mem::take(&mut self.untold);
        let decided = first_sign.map_or(Duration::ZERO, |sign| now.saturating_duration_since(sign));
        let generation = published.generation;
        let name = |(service, _): &(ServiceId, _)| before.topology.service(*service).name.clone();
        let services = changes.iter().map(name).collect();
        let moves = changes.iter().flat_map(|(service, row)| event::moves(before, *service, row));
        let moves = moves.map(|moved| Event::Moved(Move { generation, decided, published: took, ..moved }));
        std::iter::once(Event::Published { generation, services, untold }).chain(pools).chain(moves).collect()
    }

    /// What rendering has found of pools that began or ended to flap or to be tried.
    fn pools_to_tell(&mut self) -> Vec<Event> {
        let flaps = self.beliefs.take_flaps().into_iter().map(Event::Flap);
        let trials = self.beliefs.take_trials().into_iter().map(|trial| {
            let gate = self.gates.of(&trial.service, self.beliefs.topology());
            Event::Trial(Trial { gate, ..trial })
        });
        flaps.chain(trials).collect()
    }

    /// Tells when a doubt of ourselves begins or ends.
    fn tell_doubt(&mut self) {
        let doubt = self.beliefs.doubt();
        if self.ends.doubt.send_if_modified(|told| std::mem::replace(told, doubt) != doubt) {
            self.metrics.doubts(doubt.is_some());
            self.prober.begin_anew();
            self.tell(Event::Doubt { why: doubt, generation: self.publisher.lake().load().generation });
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
        let _ = self.ends.events.send(event);
    }
}

async fn sleep_until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when.into()).await,
        None => std::future::pending().await,
    }
}
