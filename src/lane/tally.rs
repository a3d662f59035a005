//! What the lanes count.

use prometheus::{IntCounterVec, Opts, Registry};

/// `edgesteer_dns_queries_total{transport,lane,rcode}`.
#[derive(Clone, Debug)]
pub struct Tally {
    queries: IntCounterVec,
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
        Ok(Self { queries })
    }

    pub(super) fn count(&self, transport: &str, rcode: &str) {
        self.queries.with_label_values(&[transport, "full", rcode]).inc();
    }
}
