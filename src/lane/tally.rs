//! What the lanes count, as metrics.

use super::Transport;
use super::counts::{ACTIONS, Counts, LOSSES, REASONS};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Histogram, HistogramOpts, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// `edgesteer_dns_queries_total{transport,lane,rcode}`, `edgesteer_dns_limited_total{lane,action}`,
/// `edgesteer_dns_declined_total{reason}`, `edgesteer_dns_lost_total{reason}`, `edgesteer_dns_connections{transport}` and
/// `edgesteer_dns_connections_refused_total{transport,reason}`.
#[derive(Clone, Debug)]
pub struct Tally {
    folded: Folded,
    connections: IntGaugeVec,
    refused: IntCounterVec,
    /// What is asked of upstreams.
    pub(super) forwards: Forwards,
}

/// `edgesteer_resolver_forwarded_total{outcome}`, `edgesteer_resolver_in_flight` and `edgesteer_resolver_duration_seconds`.
#[derive(Clone, Debug)]
pub(super) struct Forwards {
    outcomes: IntCounterVec,
    in_flight: IntGauge,
    duration: Histogram,
}

/// A question that upstreams are asked; ends when it is dropped.
pub(super) struct Flight(IntGauge);

impl Forwards {
    fn new(registry: &Registry) -> prometheus::Result<Self> {
        let opts = Opts::new(
            "edgesteer_resolver_forwarded_total",
            "Questions for names that are not ours, by outcome; cached were known without asking, busy were too many at once.",
        );
        let outcomes = IntCounterVec::new(opts, &["outcome"])?;
        registry.register(Box::new(outcomes.clone()))?;
        // Alarms want to see the zero from which they rise.
        for outcome in ["answer", "nodata", "nxdomain", "cached", "upstream", "timeout", "network", "busy"] {
            outcomes.with_label_values(&[outcome]).reset();
        }
        let in_flight = IntGauge::new("edgesteer_resolver_in_flight", "Questions that upstreams are asked now.")?;
        registry.register(Box::new(in_flight.clone()))?;
        let opts = HistogramOpts::new("edgesteer_resolver_duration_seconds", "How long upstreams took.");
        let duration = Histogram::with_opts(opts)?;
        registry.register(Box::new(duration.clone()))?;
        Ok(Self { outcomes, in_flight, duration })
    }

    /// A question is over.
    pub(super) fn count(&self, outcome: &str) {
        self.outcomes.with_label_values(&[outcome]).inc();
    }

    /// Upstreams took so long.
    pub(super) fn took(&self, time: Duration) {
        self.duration.observe(time.as_secs_f64());
    }

    /// A question begins.
    pub(super) fn flight(&self) -> Flight {
        self.in_flight.inc();
        Flight(self.in_flight.clone())
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Why a connection was refused, or closed early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It was the idlest when every seat was taken.
    Full,
    /// It was the idlest of a client that had its share.
    Client,
    /// The system gave no socket for it.
    Accept,
    /// Its TLS handshake failed or took too long.
    Handshake,
}

/// Counters that are folded from those of the fast lanes whenever they are scraped; the full lane counts in them itself.
#[derive(Clone, Debug)]
struct Folded {
    queries: IntCounterVec,
    limited: IntCounterVec,
    declined: IntCounterVec,
    lost: IntCounterVec,
    /// Locked by who scrapes and who starts a lane, never by a lane.
    lanes: Arc<Mutex<Vec<Arc<Counts>>>>,
}

impl Tally {
    /// Registers it.
    ///
    /// # Errors
    /// Where it is registered already.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let vec = |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let folded = Folded {
            queries: vec(
                "edgesteer_dns_queries_total",
                "Questions answered, by transport, lane and response code.",
                &["transport", "lane", "rcode"],
            )?,
            limited: vec(
                "edgesteer_dns_limited_total",
                "Answers over the rate limit of their client network: slip said to ask again, drop said nothing.",
                &["lane", "action"],
            )?,
            declined: vec(
                "edgesteer_dns_declined_total",
                "Questions that the fast lane left to the full lane, by reason.",
                &["reason"],
            )?,
            lost: vec(
                "edgesteer_dns_lost_total",
                "Questions without an answer: the full lane's queue was full, or the system did not send.",
                &["reason"],
            )?,
            lanes: Arc::default(),
        };
        // Alarms want to see the zero from which they rise.
        for action in ACTIONS {
            folded.limited.with_label_values(&["fast", action]).reset();
        }
        REASONS.iter().for_each(|reason| folded.declined.with_label_values(&[reason]).reset());
        LOSSES.iter().for_each(|reason| folded.lost.with_label_values(&[reason]).reset());
        registry.register(Box::new(folded.clone()))?;
        let opts = Opts::new("edgesteer_dns_connections", "Open connections of DNS clients, by transport.");
        let connections = IntGaugeVec::new(opts, &["transport"])?;
        registry.register(Box::new(connections.clone()))?;
        let refused = vec(
            "edgesteer_dns_connections_refused_total",
            "Connections refused, or closed early to make room, by transport and reason.",
            &["transport", "reason"],
        )?;
        registry.register(Box::new(refused.clone()))?;
        let forwards = Forwards::new(registry)?;
        Ok(Self { folded, connections, refused, forwards })
    }

    pub(super) fn count(&self, transport: Transport, rcode: &str) {
        self.folded.queries.with_label_values(&[transport.word(), "full", rcode]).inc();
    }

    /// Counters of one more fast lane.
    pub(super) fn lane(&self) -> Arc<Counts> {
        let counts = Arc::<Counts>::default();
        self.folded.lanes.lock().unwrap_or_else(PoisonError::into_inner).push(counts.clone());
        counts
    }

    pub(super) fn connections(&self, transport: Transport) -> IntGauge {
        self.connections.with_label_values(&[transport.word()])
    }

    pub(super) fn refused(&self, transport: Transport, why: Refused) {
        let reason = match why {
            Refused::Full => "full",
            Refused::Client => "client",
            Refused::Accept => "accept",
            Refused::Handshake => "handshake",
        };
        self.refused.with_label_values(&[transport.word(), reason]).inc();
    }
}

impl Folded {
    fn vecs(&self) -> [&IntCounterVec; 4] {
        [&self.queries, &self.limited, &self.declined, &self.lost]
    }

    /// The labels of a fast lane's counter in each of `vecs`, around its word.
    fn labels(place: usize, word: &str) -> Vec<&str> {
        match place {
            0 => vec![Transport::Udp.word(), "fast", word],
            1 => vec!["fast", word],
            _ => vec![word],
        }
    }
}

impl Collector for Folded {
    fn desc(&self) -> Vec<&Desc> {
        self.vecs().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // Two scrapes at once must not both fold.
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let read: Vec<_> = lanes.iter().map(|lane| lane.read()).collect();
        for (place, vec) in self.vecs().into_iter().enumerate() {
            let words = read.first().map(|first| first[place].clone()).unwrap_or_default();
            for (i, (word, _)) in words.into_iter().enumerate() {
                let counter = vec.with_label_values(&Self::labels(place, word));
                let sum: u64 = read.iter().map(|lane| lane[place][i].1).sum();
                counter.inc_by(sum.saturating_sub(counter.get()));
            }
        }
        self.vecs().into_iter().flat_map(Collector::collect).collect()
    }
}

#[cfg(test)]
mod tests;
