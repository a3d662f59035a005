//! When each target is asked: one task per target, paced by `health::Pace` and woken by its tripwire.
//!
//! Not here: what an observation changes. What always holds: a target has at most one probe in flight; the targets together
//! have at most `PROBES_IN_FLIGHT_MAX`; nothing but removal ends the probing of a target.

use super::tripwire::Tripwire;
use super::trust::Configs;
use super::{Aim, Observation, random};
use crate::health::Pace;
use crate::limits::{FIRST_PROBES_AT_ONCE, FIRST_PROBES_SPREAD, FOREVER, PROBES_IN_FLIGHT_MAX, PROBES_RESERVED};
use crate::topology::TargetSpec;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::task::AbortHandle;
use tokio::time;

/// Probes a set of targets until it is dropped.
#[derive(Debug)]
pub struct Prober {
    shared: Arc<Shared>,
    running: HashMap<Arc<TargetSpec>, AbortHandle>,
}

#[derive(Debug)]
struct Shared {
    observations: mpsc::Sender<Observation>,
    /// Room for any probe.
    open: Semaphore,
    /// Room for confirmations alone.
    reserved: Semaphore,
}

impl Prober {
    /// A prober without targets. What it will see goes to `observations`; probing waits while that queue is full, and ends
    /// when its receiver is gone.
    pub fn start(observations: mpsc::Sender<Observation>) -> Self {
        let open = Semaphore::new(PROBES_IN_FLIGHT_MAX - PROBES_RESERVED);
        let reserved = Semaphore::new(PROBES_RESERVED);
        Self { shared: Arc::new(Shared { observations, open, reserved }), running: HashMap::new() }
    }

    /// Probes these targets from now on. Targets are compared by value: one that stays keeps its pace and its kept
    /// connection, one that goes is stopped, one that is new is probed at once. What was seen of a removed target may
    /// still arrive.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn retarget(&mut self, targets: Vec<Arc<TargetSpec>>) {
        let mut wanted: HashSet<_> = targets.into_iter().collect();
        self.running.retain(|target, task| {
            let stays = wanted.remove(target);
            if !stays {
                task.abort();
            }
            stays
        });
        let is_crowd = wanted.len() > FIRST_PROBES_AT_ONCE;
        let mut configs = Configs::default();
        for target in wanted {
            let spread = if is_crowd { target.interval.min(FIRST_PROBES_SPREAD) } else { Duration::ZERO };
            let aim = Aim::new(target.clone(), &mut configs);
            let task = tokio::spawn(watch(aim, self.shared.clone(), spread.mul_f64(fraction(random()))));
            self.running.insert(target, task.abort_handle());
        }
    }

    /// How many targets are probed.
    pub fn targets(&self) -> usize {
        self.running.len()
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

/// Probes one target for as long as somebody listens.
async fn watch(aim: Aim, shared: Arc<Shared>, first: Duration) {
    let spec = aim.target.clone();
    let mut pace = Pace::default();
    let mut tripwire = Tripwire::new(spec.tripwire, spec.confirm);
    let mut is_urgent = false;
    time::sleep(first).await;
    loop {
        let room = shared.room(is_urgent).await;
        let (observation, connection) = aim.probe().await;
        drop(room);
        let ended = observation.ended;
        let wait = pace.after(&observation.outcome, spec.thresholds, spec.interval, spec.confirm);
        tripwire.probed(connection, ended);
        if shared.observations.send(observation).await.is_err() {
            return;
        }
        let is_routine = wait == spec.interval;
        let wait = if is_routine { jittered(wait, random()) } else { wait };
        is_urgent = tokio::select! {
            () = time::sleep_until(time::Instant::from_std(ended) + wait.min(FOREVER)) => !is_routine,
            () = tripwire.lost() => true,
        };
    }
}

impl Shared {
    /// Waits for room for one probe.
    async fn room(&self, is_urgent: bool) -> Option<SemaphorePermit<'_>> {
        // The semaphores are never closed, so that there is always a permit in the end.
        tokio::select! {
            biased;
            permit = self.open.acquire() => permit.ok(),
            permit = self.reserved.acquire(), if is_urgent => permit.ok(),
        }
    }
}

/// `interval` give or take a tenth, so that targets that started together drift apart.
fn jittered(interval: Duration, random: u64) -> Duration {
    interval.min(FOREVER).mul_f64(0.9 + 0.2 * fraction(random))
}

/// 0 to below 1.
fn fraction(random: u64) -> f64 {
    (random >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests;
