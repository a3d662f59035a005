//! When each target is asked: one task per target, paced by `health::Pace` and woken by its tripwire.
//!
//! Here: how many are asked at once, in all and in one network (`network`), and whether the asking goes on (`Heartbeat`). Not
//! here: what an observation changes. What always holds: a target has at most one probe in flight, and after the first its
//! probes are `confirm` apart at least, but for one that the tripwire asks for; nothing but removal ends the probing of a
//! target. A dead target is found within `interval + fall x (confirm + timeout)`, also when thousands die at once: there is
//! room for a probe of every target as long as the system allows the files.
//! A prober may ask a script in the place of the world, on whatever clock the runtime has: then equal seeds make equal days.

use super::dial::Connection;
use super::network::{self, Bucket, Network};
use super::tripwire::Tripwire;
use super::trust::Configs;
use super::{Aim, Observation, random};
use crate::health::{Outcome, Pace};
use crate::limits::{
    FILES_SPARE, FIRST_PROBES_AT_ONCE, FIRST_PROBES_SPREAD, FOREVER, PROBES_IN_FLIGHT_MIN, PROBES_RESERVED, STREAMS_MAX,
};
use crate::topology::TargetSpec;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::task::AbortHandle;
use tokio::time;

/// Probes a set of targets until it is dropped.
#[derive(Debug)]
pub struct Prober {
    shared: Arc<Shared>,
    running: HashMap<Arc<TargetSpec>, Running>,
    /// Open files that the process may have.
    files: usize,
    script: Option<(Script, u64)>,
}

/// What a simulation makes of one probe: what it finds, and how long that takes.
type Script = fn(&TargetSpec) -> (Outcome, Duration);

#[derive(Debug)]
struct Running {
    task: AbortHandle,
    promise: Arc<Promise>,
}

#[derive(Debug)]
struct Shared {
    observations: mpsc::Sender<Observation>,
    room: Room,
    networks: Mutex<HashMap<Network, Bucket>>,
    began: Instant,
    started: AtomicU64,
    ended: AtomicU64,
    promises: Mutex<Vec<Arc<Promise>>>,
    /// How often all was to be judged anew.
    anew: AtomicU64,
}

/// Makes one target's probes.
trait Asker: Send + Sync + 'static {
    fn ask(&self) -> impl Future<Output = (Observation, Option<Connection>)> + Send;
}

impl Asker for Aim {
    fn ask(&self) -> impl Future<Output = (Observation, Option<Connection>)> + Send {
        self.probe()
    }
}

/// Makes a target's probes by a script.
struct Scripted {
    target: Arc<TargetSpec>,
    script: Script,
}

impl Asker for Scripted {
    async fn ask(&self) -> (Observation, Option<Connection>) {
        let started = time::Instant::now();
        let (outcome, took) = (self.script)(&self.target);
        time::sleep(took).await;
        let (started, ended) = (started.into_std(), time::Instant::now().into_std());
        (Observation { target: self.target.clone(), outcome, started, ended, not_after: None }, None)
    }
}

impl Prober {
    /// A prober without targets. What it will see goes to `observations`; probing waits while that queue is full, and ends
    /// when its receiver is gone.
    pub fn start(observations: mpsc::Sender<Observation>) -> Self {
        let files = rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(0, |(soft, _)| soft);
        Self::with_files(observations, usize::try_from(files).unwrap_or(usize::MAX))
    }

    /// A prober that asks `script` in the place of the world; `seed` is what its jitter comes from.
    pub fn scripted(
        observations: mpsc::Sender<Observation>,
        script: fn(&TargetSpec) -> (Outcome, Duration),
        seed: u64,
    ) -> Self {
        let mut prober = Self::with_files(observations, usize::MAX);
        prober.script = Some((script, seed));
        prober
    }

    fn with_files(observations: mpsc::Sender<Observation>, files: usize) -> Self {
        let shared = Shared {
            observations,
            room: Room::new(),
            networks: Mutex::default(),
            began: time::Instant::now().into_std(),
            started: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            promises: Mutex::default(),
            anew: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared), running: HashMap::new(), files, script: None }
    }

    /// Probes these targets from now on. Targets are compared by value: one that stays keeps its pace and its kept
    /// connection, one that goes is stopped, one that is new is probed at once. What was seen of a removed target may
    /// still arrive.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn retarget(&mut self, targets: Vec<Arc<TargetSpec>>) {
        let mut configs = Configs::default();
        match self.script {
            Some((script, _)) => self.retarget_as(targets, |target| Scripted { target, script }),
            None => self.retarget_as(targets, |target| Aim::new(target, &mut configs)),
        }
    }

    fn retarget_as<A: Asker>(&mut self, targets: Vec<Arc<TargetSpec>>, mut asker: impl FnMut(Arc<TargetSpec>) -> A) {
        let mut wanted: HashSet<_> = targets.iter().cloned().collect();
        let rates = network::rates(wanted.iter());
        *locked(&self.shared.networks) =
            rates.into_iter().map(|(network, rate)| (network, Bucket::new(rate))).collect();
        self.shared.room.resize(wanted.len(), self.files);
        self.running.retain(|target, running| {
            let stays = wanted.remove(target);
            if !stays {
                running.task.abort();
            }
            stays
        });
        let is_crowd = wanted.len() > FIRST_PROBES_AT_ONCE;
        // In their order, so that equal seeds make equal days.
        for target in targets {
            if !wanted.remove(&target) {
                continue;
            }
            let mut luck = Luck(self.script.map_or_else(random, |(_, seed)| seed ^ self.running.len() as u64));
            let spread = if is_crowd { target.interval.min(FIRST_PROBES_SPREAD) } else { Duration::ZERO };
            let promise = Arc::new(Promise::default());
            let watch = Watch { spec: target.clone(), shared: self.shared.clone(), promise: promise.clone() };
            let task = tokio::spawn(watch.run(asker(target.clone()), spread.mul_f64(luck.fraction()), luck));
            self.running.insert(target, Running { task: task.abort_handle(), promise });
        }
        *locked(&self.shared.promises) = self.running.values().map(|running| running.promise.clone()).collect();
    }

    /// What was seen in a row counts no more: each target is paced as if its next outcome were a first one, so that the bound on
    /// detection holds from now on.
    pub fn begin_anew(&self) {
        self.shared.anew.fetch_add(1, Ordering::Relaxed);
    }

    /// How many targets are probed.
    pub fn targets(&self) -> usize {
        self.running.len()
    }

    /// Whether probing goes on, for whoever watches over it.
    pub fn heartbeat(&self) -> Heartbeat {
        Heartbeat(self.shared.clone())
    }

    /// Stops probing and closes every kept connection; `retarget` starts anew.
    pub fn stop(&mut self) {
        self.retarget(Vec::new());
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Tells whether a prober does its work; outlives it.
#[derive(Clone, Debug)]
pub struct Heartbeat(Arc<Shared>);

impl Heartbeat {
    /// Probes that were begun.
    pub fn started(&self) -> u64 {
        self.0.started.load(Ordering::Relaxed)
    }

    /// Probes that ended, and whose observations were taken.
    pub fn ended(&self) -> u64 {
        self.0.ended.load(Ordering::Relaxed)
    }

    /// By how much the most overdue target is over the time by which its observation should have been there. Anything beyond a
    /// second or two means that probes are not made, or that nobody takes what they see. Costs a look at each target.
    pub fn overdue(&self, now: Instant) -> Duration {
        let now = self.0.micros(now);
        let promises = locked(&self.0.promises);
        let over = promises.iter().map(|promise| now.saturating_sub(promise.0.load(Ordering::Relaxed)));
        Duration::from_micros(over.max().unwrap_or(0))
    }
}

/// When one target's next observation is there at the latest, in microseconds since the prober's start.
#[derive(Debug)]
struct Promise(AtomicU64);

impl Default for Promise {
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

/// One target's task.
struct Watch {
    spec: Arc<TargetSpec>,
    shared: Arc<Shared>,
    promise: Arc<Promise>,
}

impl Watch {
    /// Probes for as long as somebody listens.
    async fn run(self, asker: impl Asker, first: Duration, mut luck: Luck) {
        let Self { spec, shared, .. } = &self;
        let (mut pace, mut anew) = (Pace::default(), shared.anew.load(Ordering::Relaxed));
        let mut tripwire = Tripwire::new(spec.tripwire, spec.confirm);
        let mut is_urgent = false;
        self.promise(time::Instant::now() + first);
        time::sleep(first).await;
        loop {
            let room = shared.room.take(is_urgent).await;
            time::sleep_until(shared.turn(spec)).await;
            shared.started.fetch_add(1, Ordering::Relaxed);
            let (observation, connection) = asker.ask().await;
            drop(room);
            let ended = observation.ended;
            if std::mem::replace(&mut anew, shared.anew.load(Ordering::Relaxed)) != anew {
                pace = Pace::default();
            }
            let wait = pace.after(&observation.outcome, spec.thresholds, spec.interval, spec.confirm);
            tripwire.probed(connection, ended);
            if shared.observations.send(observation).await.is_err() {
                return;
            }
            shared.ended.fetch_add(1, Ordering::Relaxed);
            let is_routine = wait == spec.interval;
            let wait = if is_routine { jittered(wait, luck.fraction()) } else { wait };
            let due = time::Instant::from_std(ended) + wait.min(FOREVER);
            self.promise(due);
            is_urgent = tokio::select! {
                () = time::sleep_until(due) => !is_routine,
                () = tripwire.lost() => true,
            };
            self.promise(due.min(time::Instant::now()));
        }
    }

    /// Notes that the next probe begins at `due`, give or take its turn.
    fn promise(&self, due: time::Instant) {
        let latest = due.into_std() + self.spec.confirm.min(FOREVER) + self.spec.timeout.min(FOREVER);
        self.promise.0.store(self.shared.micros(latest), Ordering::Relaxed);
    }
}

impl Shared {
    /// Takes a turn in the target's network.
    fn turn(&self, spec: &TargetSpec) -> time::Instant {
        let now = time::Instant::now();
        let mut networks = locked(&self.networks);
        // A target that was just removed is in no network, and is about to end.
        let bucket = networks.get_mut(&Network::of(spec.address.ip()));
        bucket.map_or(now, |bucket| time::Instant::from_std(bucket.take(now.into_std())))
    }

    fn micros(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.began).as_micros()).unwrap_or(u64::MAX)
    }
}

/// Room for probes in flight.
#[derive(Debug)]
struct Room {
    /// For any probe.
    open: Semaphore,
    /// For confirmations alone.
    reserved: Semaphore,
    size: Mutex<usize>,
}

impl Room {
    fn new() -> Self {
        let size = PROBES_IN_FLIGHT_MIN - PROBES_RESERVED;
        Self { open: Semaphore::new(size), reserved: Semaphore::new(PROBES_RESERVED), size: Mutex::new(size) }
    }

    /// Makes room for so many targets, as far as files allow it.
    fn resize(&self, targets: usize, files: usize) {
        let wanted = places(targets, files) - PROBES_RESERVED;
        let mut size = locked(&self.size);
        match wanted.checked_sub(*size) {
            Some(more) => {
                self.open.add_permits(more);
                *size = wanted;
            }
            // What is taken now stays until another change.
            None => *size -= self.open.forget_permits(*size - wanted),
        }
    }

    /// Waits for room for one probe.
    async fn take(&self, is_urgent: bool) -> Option<SemaphorePermit<'_>> {
        // The semaphores are never closed, so that there is always a permit in the end.
        tokio::select! {
            biased;
            permit = self.open.acquire() => permit.ok(),
            permit = self.reserved.acquire(), if is_urgent => permit.ok(),
        }
    }
}

/// How many probes may be in flight: one of every target, if beside their kept connections and those of DNS clients there are files
/// for it.
fn places(targets: usize, files: usize) -> usize {
    let left = files.saturating_sub(targets + FILES_SPARE + 2 * STREAMS_MAX);
    targets.min(left).clamp(PROBES_IN_FLIGHT_MIN, Semaphore::MAX_PERMITS / 2)
}

/// Nothing panics while it holds one of these locks, and all are held for no longer than a look.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `interval` less up to a tenth, so that targets that started together drift apart; never more, so that the bound on detection
/// holds.
fn jittered(interval: Duration, fraction: f64) -> Duration {
    interval.min(FOREVER).mul_f64(1.0 - 0.1 * fraction)
}

/// Numbers that hardly repeat (SplitMix64), for jitter.
struct Luck(u64);

impl Luck {
    /// 0 to below 1.
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests;
