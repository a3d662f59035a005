//! What the lanes count.

use super::Transport;
use super::limit::Verdict;
use prometheus::{IntCounterVec, Opts, Registry};

/// `edgesteer_dns_queries_total{transport,lane,rcode}` and `edgesteer_dns_limited_total{action}`.
#[derive(Clone, Debug)]
pub struct Tally {
    queries: IntCounterVec,
    limited: IntCounterVec,
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
        Ok(Self { queries, limited })
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
}
