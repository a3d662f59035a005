//! Pools of one service that came back and are tried by a share of its clients first.
//!
//! A canary is no state of its own: it is the last part of a wait. So whatever ends the wait ends it, and a pool that is lost in it
//! begins to wait anew.

use super::Beliefs;
use super::memory::Memory;
use crate::health::Gate;
use crate::limits::FOREVER;
use crate::steering::Standing;
use crate::topology::{Canary, Service, Topology};
use std::time::{Duration, Instant};

/// A pool whose canary began or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The service.
    pub service: String,
    /// The pool.
    pub pool: String,
    /// What happened.
    pub step: Step,
    /// The gate that holds up whoever would be sent elsewhere by it.
    pub gate: Option<String>,
}

impl Trial {
    /// A sentence for people.
    pub fn words(&self) -> String {
        let once = self.gate.iter().map(|gate| format!(", once gate {gate} lets them")).collect::<String>();
        self.step.words() + &once
    }
}

/// What happened to a pool in its canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A share of client networks, in ten thousandths, is sent there for so long.
    Began {
        /// Their share.
        share: u16,
        /// For how long, if all goes well.
        length: Duration,
    },
    /// It is preferred by everybody whose order says so.
    Passed,
    /// It was lost or is held away: everybody is sent elsewhere, and the wait begins anew.
    Aborted,
}

impl Step {
    /// A sentence for people.
    pub fn words(self) -> String {
        match self {
            Self::Began { share, length } => {
                let (percent, seconds) = (f64::from(share) / 100.0, length.as_secs());
                format!("{percent} % of client networks try it for {seconds} s")
            }
            Self::Passed => "everybody prefers it again whose order says so".to_owned(),
            Self::Aborted => {
                "it was lost or is held away: everybody is sent elsewhere, and its wait begins anew".to_owned()
            }
        }
    }
}

/// When a gate's canary begins; `None` where it has none.
pub(super) fn begins(gate: Gate, canary: Option<Canary>) -> Option<Instant> {
    match (gate, canary) {
        (Gate::Waiting { since }, Some(canary)) => since.checked_add(canary.after.min(FOREVER)),
        _ => None,
    }
}

/// Says in the standings who is in its canary, and gives what began or ended. While a pool is damped nobody would try it, so its wait
/// begins when that is over.
pub(super) fn follow(
    topology: &Topology,
    service: &Service,
    memory: &mut Memory,
    standings: &mut [Standing],
    now: Instant,
) -> Vec<Trial> {
    let mut trials = Vec::new();
    for ((place, was), standing) in service.pools.iter().zip(&mut memory.canaries).zip(standings) {
        if let (Some(_), Some(until), Gate::Waiting { since }) = (service.canary, standing.damped, standing.gate) {
            standing.gate = Gate::Waiting { since: since.max(until) };
        }
        let began = begins(standing.gate, service.canary).filter(|began| *began <= now);
        standing.canary = began.is_some();
        if standing.canary == *was {
            continue;
        }
        *was = standing.canary;
        let step = match (began.zip(service.canary), standing.gate) {
            (Some((began, canary)), gate) => {
                let ends = gate.ripe_at(service.failback).unwrap_or(began);
                // A moment has passed since it was due.
                let length = ends.saturating_duration_since(now) + Duration::from_millis(500);
                Step::Began { share: canary.share, length: Duration::from_secs(length.as_secs()) }
            }
            (None, Gate::In) => Step::Passed,
            (None, _) => Step::Aborted,
        };
        let pool = topology.pool(place.pool).name.clone();
        trials.push(Trial { service: service.name.clone(), pool, step, gate: None });
    }
    trials
}

impl Beliefs {
    /// What began or ended to be tried by a share of clients since this was asked last.
    pub fn take_trials(&mut self) -> Vec<Trial> {
        std::mem::take(&mut self.trials)
    }
}

#[cfg(test)]
mod tests;
