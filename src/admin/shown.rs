//! What the admin listener shows: where everything is found that a handler may tell.

use super::Problem;
use super::config::Loaded;
use super::inherited::{self, Inherited};
use super::ring::Ring;
use crate::audit::Audit;
use crate::control::{Certificates, Handle, Report};
use crate::limits::{EVENT_STREAMS_MAX, REPORT_FRESH};
use prometheus::Registry;
use prometheus::proto::MetricFamily;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Instant;
use tokio::sync::{Mutex, Semaphore};

/// What the admin listener shows. A clone shows the same.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Everything that counts registers here.
    registry: Registry,
    /// The control task.
    pub(super) control: Handle,
    /// Whether the DNS sockets answer.
    serving: Arc<AtomicBool>,
    /// When certificates end.
    pub(super) certificates: Certificates,
    /// What happened lately.
    pub(super) ring: Arc<Ring>,
    /// Seats for streams of events.
    pub(super) streams: Arc<Semaphore>,
    /// Where refusals are told.
    pub(super) audit: Audit,
    report: Arc<Mutex<Option<Told>>>,
    /// What processes before us have counted.
    inherited: Inherited,
    /// The configuration at work.
    loaded: Arc<std::sync::Mutex<Loaded>>,
}

/// What the control task told, when, and in which generation.
#[derive(Debug)]
struct Told {
    report: Arc<Report>,
    at: Instant,
    generation: u64,
}

/// Whether questions are answered as they should be, and what to know of it.
#[derive(Debug)]
pub(super) struct Readiness {
    pub(super) ready: bool,
    pub(super) remarks: Vec<String>,
}

impl Shown {
    /// Shows this process; `serving` says whether the DNS sockets answer.
    pub fn new(
        registry: Registry,
        control: Handle,
        serving: Arc<AtomicBool>,
        certificates: Certificates,
        audit: Audit,
        loaded: Loaded,
    ) -> Self {
        let streams = Arc::new(Semaphore::new(EVENT_STREAMS_MAX));
        let (ring, report, inherited) = (Arc::default(), Arc::default(), Inherited::default());
        let loaded = Arc::new(loaded.into());
        Self { registry, control, serving, certificates, ring, streams, audit, report, inherited, loaded }
    }

    /// Goes on with what the process before us has counted, as its [`Self::counters`] says it. What another version says is left.
    pub fn inherit(&self, counters: &str) {
        if !self.inherited.replace(counters) {
            tracing::warn!("what the process before this one has counted is not understood: counters begin anew");
        }
    }

    /// Keeps events for those who come later, until the control task ends; once in a process, however often it listens.
    pub fn keep_events(&self) -> impl Future<Output = ()> + use<> {
        self.ring.clone().keep(self.control.events())
    }

    /// Everything that was counted, by this process and those before it, for the next one.
    pub fn counters(&self) -> String {
        inherited::say(&self.gather())
    }

    /// Everything that is measured.
    pub(super) fn gather(&self) -> Vec<MetricFamily> {
        let mut families = self.registry.gather();
        self.inherited.add_to(&mut families);
        families
    }

    /// The configuration at work.
    pub(super) fn loaded(&self) -> Loaded {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another configuration is at work.
    pub(super) fn take_over(&self, loaded: Loaded) {
        *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = loaded;
    }

    pub(super) fn readiness(&self, now: Instant) -> Readiness {
        let mut remarks = self.stuck(now);
        if remarks.is_empty() && !self.serving.load(Ordering::Acquire) {
            remarks.push("the first round of probes has not ended".to_owned());
        }
        let ready = remarks.is_empty();
        // The answers are the last that were known to be true, and those of a node beside it would be no better: DNS goes on.
        remarks
            .extend(self.control.doubt().map(|why| format!("self-doubt, verdicts stay as they are: {}", why.words())));
        Readiness { ready, remarks }
    }

    /// What has come to a stop: only a new process helps.
    pub(super) fn stuck(&self, now: Instant) -> Vec<String> {
        if self.control.is_deciding() {
            return self.control.watchdog().troubles(now);
        }
        vec!["the control task has ended: restart the process".to_owned()]
    }

    /// What is believed: no older than `REPORT_FRESH`, and never of another generation than the current.
    pub(super) async fn report(&self) -> Result<Arc<Report>, Problem> {
        let mut told = self.report.lock().await;
        let generation = self.control.lake().load().generation;
        let is_fresh = |told: &&Told| told.generation == generation && told.at.elapsed() < REPORT_FRESH;
        if let Some(told) = told.as_ref().filter(is_fresh) {
            return Ok(told.report.clone());
        }
        let report = Arc::new(self.control.report().await.map_err(Problem::stopping)?);
        *told = Some(Told { report: report.clone(), at: Instant::now(), generation });
        Ok(report)
    }
}

#[cfg(test)]
mod tests;
