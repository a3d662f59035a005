//! What the lanes count.

use super::Transport;
use super::limit::Verdict;
use prometheus::{Histogram, HistogramOpts, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use std::time::Duration;

/// `edgesteer_dns_queries_total{transport,lane,rcode}`, `edgesteer_dns_limited_total{action}`,
/// `edgesteer_dns_connections{transport}` and `edgesteer_dns_connections_refused_total{transport,reason}`.
#[derive(Clone, Debug)]
pub struct Tally {
    queries: IntCounterVec,
    limited: IntCounterVec,
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

impl Tally {
    /// Registers it.
    ///
    /// # Errors
    /// Where it is registered already.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let opts =
            Opts::new("edgesteer_dns_queries_total", "Questions answered, by transport, lane and response code.");
        let queries = IntCounterVec::new(opts, &["transport", "lane", "rcode"])?;
        registry.register(Box::new(queries.clone()))?;
        let opts = Opts::new(
            "edgesteer_dns_limited_total",
            "Answers over the rate limit of their client network: slip said to ask again, drop said nothing.",
        );
        let limited = IntCounterVec::new(opts, &["action"])?;
        registry.register(Box::new(limited.clone()))?;
        // Alarms want to see the zero from which they rise.
        for action in ["slip", "drop"] {
            limited.with_label_values(&[action]).reset();
        }
        let opts = Opts::new("edgesteer_dns_connections", "Open connections of DNS clients, by transport.");
        let connections = IntGaugeVec::new(opts, &["transport"])?;
        registry.register(Box::new(connections.clone()))?;
        let opts = Opts::new(
            "edgesteer_dns_connections_refused_total",
            "Connections refused, or closed early to make room, by transport and reason.",
        );
        let refused = IntCounterVec::new(opts, &["transport", "reason"])?;
        registry.register(Box::new(refused.clone()))?;
        let forwards = Forwards::new(registry)?;
        Ok(Self { queries, limited, connections, refused, forwards })
    }

    pub(super) fn count(&self, transport: Transport, rcode: &str) {
        self.queries.with_label_values(&[transport.word(), "full", rcode]).inc();
    }

    pub(super) fn limited(&self, verdict: Verdict) {
        let action = match verdict {
            Verdict::Pass => return,
            Verdict::Slip => "slip",
            Verdict::Drop => "drop",
        };
        self.limited.with_label_values(&[action]).inc();
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
