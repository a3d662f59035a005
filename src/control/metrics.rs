//! What the control task counts.

use super::Certificates;
use crate::probe::Observation;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry};
use std::time::Duration;

/// Counters of probes and publishes.
#[derive(Clone, Debug)]
pub struct Metrics {
    probes: IntCounterVec,
    probe_duration: HistogramVec,
    publish_duration: Histogram,
    self_doubt: IntGauge,
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
        let metrics = Self {
            probes: IntCounterVec::new(probes, &["kind", "outcome"])?,
            probe_duration: HistogramVec::new(probe_duration, &["kind"])?,
            publish_duration: Histogram::with_opts(publish_duration)?,
            self_doubt: IntGauge::new(
                "edgesteer_self_doubt",
                "1 while what probes see is not believed, and verdicts stay as they are; else 0.",
            )?,
            certificates: Certificates::default(),
        };
        registry.register(Box::new(metrics.self_doubt.clone()))?;
        registry.register(Box::new(metrics.probes.clone()))?;
        registry.register(Box::new(metrics.probe_duration.clone()))?;
        registry.register(Box::new(metrics.publish_duration.clone()))?;
        Ok(metrics)
    }

    /// When the certificates end that probes were shown.
    pub fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    pub(super) fn observed(&self, observation: &Observation) {
        self.certificates.observed(observation);
        let kind = observation.target.kind().word();
        let took = observation.ended.saturating_duration_since(observation.started);
        self.probes.with_label_values(&[kind, observation.outcome.word()]).inc();
        self.probe_duration.with_label_values(&[kind]).observe(took.as_secs_f64());
    }

    pub(super) fn doubts(&self, is_doubting: bool) {
        self.self_doubt.set(i64::from(is_doubting));
    }

    pub(super) fn published(&self, took: Duration) {
        self.publish_duration.observe(took.as_secs_f64());
    }
}
