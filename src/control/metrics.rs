//! What the control task counts.

use super::{Asked, Certificates};
use crate::config::Gate;
use crate::probe::Observation;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use std::collections::BTreeMap;
use std::time::Duration;

/// The phases of a failover.
const PHASES: [&str; 3] = ["detect", "decide", "publish"];

/// Counters of probes and publishes.
#[derive(Clone, Debug)]
pub struct Metrics {
    probes: IntCounterVec,
    probe_duration: HistogramVec,
    publish_duration: Histogram,
    failover: HistogramVec,
    self_doubt: IntGauge,
    gate_decisions: IntCounterVec,
    gate_waiting: IntGaugeVec,
    certificates: Certificates,
}

impl Metrics {
    /// Registers them.
    ///
    /// # Errors
    /// Where one is registered already.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let probes = Opts::new("edgesteer_probes_total", "Probes that ended, by kind of check and outcome.");
        let probe_duration =
            HistogramOpts::new("edgesteer_probe_duration_seconds", "From a probe's first packet to its end.")
                .buckets(vec![0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0]);
        let publish_duration = HistogramOpts::new(
            "edgesteer_publish_duration_seconds",
            "From a decision to the snapshot that every lane reads.",
        )
        .buckets(vec![1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 1e-2, 0.1, 1.0]);
        let failover = HistogramOpts::new(
            "edgesteer_failover_phase_seconds",
            "What sending clients elsewhere took: detect from the first sign to the last probe that it needed, decide from there to the decision, publish from there to the snapshot.",
        )
        .buckets(vec![1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0]);
        let gate_decisions = Opts::new("edgesteer_gate_decisions_total", "What gates said: go or stay.");
        let gate_waiting = Opts::new("edgesteer_gate_waiting", "Services that would send clients elsewhere, and wait.");
        let metrics = Self {
            probes: IntCounterVec::new(probes, &["kind", "outcome"])?,
            probe_duration: HistogramVec::new(probe_duration, &["kind"])?,
            publish_duration: Histogram::with_opts(publish_duration)?,
            failover: HistogramVec::new(failover, &["phase"])?,
            self_doubt: IntGauge::new(
                "edgesteer_self_doubt",
                "1 while what probes see is not believed, and verdicts stay as they are; else 0.",
            )?,
            gate_decisions: IntCounterVec::new(gate_decisions, &["gate", "way"])?,
            gate_waiting: IntGaugeVec::new(gate_waiting, &["gate"])?,
            certificates: Certificates::default(),
        };
        registry.register(Box::new(metrics.self_doubt.clone()))?;
        registry.register(Box::new(metrics.probes.clone()))?;
        registry.register(Box::new(metrics.probe_duration.clone()))?;
        registry.register(Box::new(metrics.publish_duration.clone()))?;
        registry.register(Box::new(metrics.failover.clone()))?;
        registry.register(Box::new(metrics.gate_decisions.clone()))?;
        registry.register(Box::new(metrics.gate_waiting.clone()))?;
        // Alarms want to see the zero from which they rise.
        PHASES.iter().for_each(|phase| drop(metrics.failover.with_label_values(&[phase])));
        Ok(metrics)
    }

    /// When the certificates end that probes were shown.
    pub fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Counts a probe; how many seconds are left of a certificate, where that is to be told.
    pub(super) fn observed(&self, observation: &Observation) -> Option<i64> {
        let kind = observation.target.kind().word();
        let took = observation.ended.saturating_duration_since(observation.started);
        self.probes.with_label_values(&[kind, observation.outcome.word()]).inc();
        self.probe_duration.with_label_values(&[kind]).observe(took.as_secs_f64());
        self.certificates.observed(observation)
    }

    pub(super) fn doubts(&self, is_doubting: bool) {
        self.self_doubt.set(i64::from(is_doubting));
    }

    /// Clients were sent elsewhere because of what probes saw; the phases in the order of `PHASES`.
    pub(super) fn failed_over(&self, phases: [Duration; PHASES.len()]) {
        for (phase, took) in PHASES.iter().zip(phases) {
            self.failover.with_label_values(&[phase]).observe(took.as_secs_f64());
        }
    }

    /// A gate has said something.
    pub(super) fn gate_said(&self, said: &Asked) {
        if let Some(way) = said.way {
            self.gate_decisions.with_label_values(&[said.gate.as_str(), way.word()]).inc();
        }
    }

    /// There are these gates and no others from now on.
    pub(super) fn gates_are(&self, gates: &[Gate]) {
        self.gate_waiting.reset();
        self.gates_wait(gates, &BTreeMap::new());
    }

    /// So many services wait for each gate.
    pub(super) fn gates_wait(&self, gates: &[Gate], waiting: &BTreeMap<&str, usize>) {
        for gate in gates {
            let count = waiting.get(gate.name.as_str()).copied().unwrap_or(0);
            self.gate_waiting.with_label_values(&[gate.name.as_str()]).set(count as i64);
        }
    }

    pub(super) fn published(&self, took: Duration) {
        self.publish_duration.observe(took.as_secs_f64());
    }
}
