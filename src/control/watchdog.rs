//! Who notices that probing or deciding has come to a stop, and says so: verdicts that nobody renews look exactly like peace.
//!
//! It only looks, on the runtime of whoever asks; nothing is restarted here. What always holds: it needs nothing of what it watches.

use crate::limits::{WATCHDOG_LOOK, WATCHDOG_PATIENCE};
use crate::probe::Heartbeat;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, Opts, Registry};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Sees when the prober or the control task is late. A clone sees the same.
#[derive(Clone, Debug)]
pub struct Watchdog {
    prober: Heartbeat,
    began: Instant,
    /// When the control task last came round, in microseconds since then.
    beat: Arc<AtomicU64>,
}

impl Watchdog {
    /// Watches from `now` on.
    pub(super) fn new(prober: Heartbeat, now: Instant) -> Self {
        Self { prober, began: now, beat: Arc::default() }
    }

    /// The control task has come round.
    pub(super) fn beat(&self, now: Instant) {
        let micros = now.saturating_duration_since(self.began).as_micros();
        self.beat.store(u64::try_from(micros).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How late each part is: the prober with its most overdue target, the control task since it last came round.
    pub fn late(&self, now: Instant) -> [(&'static str, Duration); 2] {
        let beat = self.began + Duration::from_micros(self.beat.load(Ordering::Relaxed));
        [("prober", self.prober.overdue(now)), ("control task", now.saturating_duration_since(beat))]
    }

    /// What is later than `WATCHDOG_PATIENCE`, a sentence each.
    pub fn troubles(&self, now: Instant) -> Vec<String> {
        self.late(now).into_iter().filter_map(|(part, late)| trouble(part, late)).collect()
    }

    /// Shows how late they are as a metric.
    ///
    /// # Errors
    /// Where that is registered already.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        registry.register(Box::new(Late { watchdog: self.clone(), gauge: gauge()? }))
    }

    /// Says in the log when something comes to a stop, and when it goes on.
    pub async fn watch(self) {
        let mut said = Vec::new();
        loop {
            tokio::time::sleep(WATCHDOG_LOOK).await;
            let stuck: Vec<&str> =
                self.late(Instant::now()).iter().filter(|(_, late)| is_stuck(*late)).map(|(part, _)| *part).collect();
            for (part, late) in self.late(Instant::now()).iter().filter(|(part, _)| !said.contains(part)) {
                trouble(part, *late).into_iter().for_each(|trouble| tracing::error!("watchdog: {trouble}"));
            }
            for part in said.iter().filter(|part| !stuck.contains(part)) {
                tracing::warn!("watchdog: the {part} goes on");
            }
            said = stuck;
        }
    }
}

fn is_stuck(late: Duration) -> bool {
    late > WATCHDOG_PATIENCE
}

fn trouble(part: &str, late: Duration) -> Option<String> {
    let means = match part {
        "prober" => "probes are not made, or nobody takes what they see",
        _ => "nobody decides",
    };
    is_stuck(late).then(|| format!("the {part} is stuck for {} s: {means}; restart the process", late.as_secs()))
}

fn gauge() -> prometheus::Result<GaugeVec> {
    let help =
        "By how much the prober's most overdue target is late, and how long ago the control task last came round.";
    GaugeVec::new(Opts::new("edgesteer_watchdog_late_seconds", help), &["part"])
}

struct Late {
    watchdog: Watchdog,
    gauge: GaugeVec,
}

impl Collector for Late {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        for (part, late) in self.watchdog.late(Instant::now()) {
            self.gauge.with_label_values(&[part]).set(late.as_secs_f64());
        }
        self.gauge.collect()
    }
}

#[cfg(test)]
mod tests;
