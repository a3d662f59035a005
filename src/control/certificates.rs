//! When the certificates end that probes were shown: a metric for each endpoint and check, and a warning while there is time.
//!
//! The metric is a time and not a number of days, so that it stays true while nothing is probed. A certificate that has ended
//! fails its probe (`probe`); this is for whoever wants to know before.

use crate::limits::{CERTIFICATE_ENDS_SOON, CERTIFICATE_SAID_EVERY};
use crate::probe::Observation;
use crate::snapshot::{Lake, Snapshot};
use crate::topology::{Face, TargetSpec, Topology};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGaugeVec, Opts, Registry};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What was seen of certificates, by target.
#[derive(Clone, Debug, Default)]
pub struct Certificates(Arc<Mutex<HashMap<Arc<TargetSpec>, Seen>>>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Seconds since 1970.
    not_after: i64,
    said: Option<Instant>,
}

impl Certificates {
    /// Shows them as a metric of the targets that the current snapshot has.
    ///
    /// # Errors
    /// Where that is registered already.
    pub fn register(&self, registry: &Registry, lake: &Lake) -> prometheus::Result<()> {
        registry.register(Box::new(Ends { seen: self.clone(), lake: lake.clone(), gauge: gauge()? }))
    }

    /// Notes what a probe saw; how many seconds are left, where that is to be told.
    pub(super) fn observed(&self, observation: &Observation) -> Option<i64> {
        let not_after = observation.not_after?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let left = not_after.saturating_sub(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
        let mut all = self.all();
        let seen = all.entry(observation.target.clone()).or_insert(Seen { not_after, said: None });
        seen.not_after = not_after;
        let recently = |said: Instant| observation.ended.saturating_duration_since(said) < CERTIFICATE_SAID_EVERY;
        let is_news = is_soon(left) && !seen.said.is_some_and(recently);
        seen.said = if is_news { Some(observation.ended) } else { seen.said };
        is_news.then_some(left)
    }

    /// When the first of a target's certificates ends, seconds since 1970, as a probe last saw it.
    pub fn not_after(&self, target: &TargetSpec) -> Option<i64> {
        self.all().get(target).map(|seen| seen.not_after)
    }

    /// Forgets targets that another topology does not have.
    pub(super) fn retain(&self, topology: &Topology) {
        let targets: HashSet<_> = topology.targets.iter().collect();
        self.all().retain(|target, _| targets.contains(target));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Arc<TargetSpec>, Seen>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_soon(seconds: i64) -> bool {
    u64::try_from(seconds).is_ok_and(|left| left < CERTIFICATE_ENDS_SOON.as_secs()) || seconds < 0
}

/// A time that is left, for people.
pub(super) fn days(seconds: i64) -> String {
    match seconds.max(0) / 86_400 {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

fn gauge() -> prometheus::Result<IntGaugeVec> {
    let help = "When the first of an endpoint's certificates ends, seconds since 1970, as a check last saw it.";
    let opts = Opts::new("edgesteer_certificate_not_after_timestamp_seconds", help);
    IntGaugeVec::new(opts, &["pool", "endpoint", "check"])
}

struct Ends {
    seen: Certificates,
    lake: Lake,
    gauge: IntGaugeVec,
}

impl Collector for Ends {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // A fresh vector, since endpoints come and go with reloads.
        let Ok(gauge) = gauge() else { return Vec::new() };
        for ((pool, address, check), not_after) in ends(&self.seen, &self.lake.load()) {
            gauge.with_label_values(&[pool.as_str(), &address.to_string(), &check]).set(not_after);
        }
        gauge.collect()
    }
}

/// The earliest end for each pool, endpoint and check.
fn ends(seen: &Certificates, snapshot: &Snapshot) -> HashMap<(String, IpAddr, String), i64> {
    let (topology, all) = (&snapshot.topology, seen.all());
    let mut ends = HashMap::new();
    for service in topology.services.iter().filter(|service| service.face == Face::Configured) {
        for pool in &service.pools {
            for endpoint in &pool.endpoints {
                for spec in endpoint.targets().map(|target| &topology.targets[target.index()]) {
                    let Some(Seen { not_after, .. }) = all.get(spec) else { continue };
                    let check = format!("{}:{}", spec.kind().word(), spec.address.port());
                    let key = (topology.pool(pool.pool).name.clone(), endpoint.address, check);
                    ends.entry(key).and_modify(|end: &mut i64| *end = *not_after.min(end)).or_insert(*not_after);
                }
            }
        }
    }
    ends
}

#[cfg(test)]
mod tests;
