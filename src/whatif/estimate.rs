//! How long it takes from the death of a pool until its partners come to another, as ranges.
//!
//! found (probes) + decided and published + what resolvers and peers keep. The first follows from the service's checks as
//! docs/failover.md says, the last from its TTL and `federation::peers`.
//!
//! | fault | found at best | found at worst |
//! |---|---|---|
//! | the process is killed, a connection is kept | (fall - 1) x confirm | fall x confirm |
//! | the port refuses, or no connection is kept | (fall - 1) x confirm | interval + fall x confirm |
//! | packets vanish | fall x timeout + (fall - 1) x confirm | interval + fall x (confirm + timeout) |
//!
//! One `confirm` more than there are pauses is what probes wait for their turn in a network. A refusal takes no time here.

use crate::federation::{CheckKind, Peer, peers};
use crate::ids::TargetId;
use crate::topology::{Service, TargetSpec, Topology};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long something takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// At best.
    pub least: Duration,
    /// At worst; `None` where nobody knows.
    pub most: Option<Duration>,
}

impl Span {
    const fn between(least: Duration, most: Duration) -> Self {
        Self { least, most: Some(most) }
    }

    /// Both one after the other.
    fn then(self, next: Self) -> Self {
        let most = self.most.zip(next.most).map(|(a, b)| a.saturating_add(b));
        Self { least: self.least.saturating_add(next.least), most }
    }

    /// Either of the two.
    fn or(self, other: Self) -> Self {
        let most = self.most.zip(other.most).map(|(a, b)| a.max(b));
        Self { least: self.least.min(other.least), most }
    }
}

/// How a pool dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its processes are killed: connections break, and new ones are refused.
    Killed,
    /// New connections are refused.
    Refused,
    /// It says nothing any more.
    Silent,
}

impl Fault {
    /// All of them with their words.
    pub const WORDS: [(&'static str, Self); 3] =
        [("killed", Self::Killed), ("refused", Self::Refused), ("silent", Self::Silent)];
}

/// From a verdict to the last answer by the old one: the longest that docs/performance.md saw among a million domains under full load,
/// rounded up.
const PUBLISHED: Span = Span::between(Duration::ZERO, Duration::from_millis(10));

/// What is to be expected of one service.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The service.
    pub service: String,
    /// Its kind, as the configuration says it.
    pub kind: &'static str,
    /// How long after a fault it is found, for each of `Fault::WORDS`.
    pub found: [Span; 3],
    /// From the verdict to the answers.
    pub published: Span,
    /// What resolvers keep.
    pub ttl: Span,
    /// What each sort of peer keeps beyond it, and how long it all takes for each fault.
    pub peers: Vec<PeerEstimate>,
}

/// What is to be expected of one sort of peer.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerEstimate {
    /// Which.
    pub peer: &'static Peer,
    /// How long it goes on beyond the TTL.
    pub keeps: Span,
    /// From the fault to the first contact with another pool, for each of `Fault::WORDS`.
    pub whole: [Span; 3],
}

/// What is to be expected of every service of the configuration that is probed at all.
pub fn estimates(topology: &Topology) -> impl Iterator<Item = Estimate> + '_ {
    topology.configured().filter_map(|(_, service)| estimate(topology, service))
}

fn estimate(topology: &Topology, service: &Service) -> Option<Estimate> {
    let endpoints = service.pools.iter().flat_map(|pool| &pool.endpoints);
    let targets: BTreeSet<TargetId> = endpoints.flat_map(|endpoint| endpoint.targets()).collect();
    let specs = || targets.iter().map(|target| &*topology.targets[target.index()]);
    let by_fault = |fault| specs().map(|spec| found(spec, fault)).reduce(Span::or);
    let [killed, refused, silent] = Fault::WORDS.map(|(_, fault)| by_fault(fault));
    let found = [killed?, refused?, silent?];
    let ttl = Span::between(Duration::ZERO, Duration::from_secs(service.ttl.into()));
    let told = |peer: &'static Peer| {
        let keeps = Span { least: Duration::ZERO, most: peer.keeps.longest(service.shape) };
        PeerEstimate { peer, keeps, whole: found.map(|found| found.then(PUBLISHED).then(ttl).then(keeps)) }
    };
    let peers = peers(service.kind).map(told).collect();
    Some(Estimate { service: service.name.clone(), kind: service.kind, found, published: PUBLISHED, ttl, peers })
}

/// How long after a fault a target is down.
pub(super) fn found(spec: &TargetSpec, fault: Fault) -> Span {
    let (fall, confirm) = (spec.thresholds.fall, spec.confirm.min(spec.interval));
    let keeps = spec.tripwire && !matches!(spec.kind(), CheckKind::Stun | CheckKind::Exec | CheckKind::File);
    let (pauses, turns) = (confirm.saturating_mul(fall.saturating_sub(1)), confirm.saturating_mul(fall));
    let timeouts = spec.timeout.saturating_mul(fall);
    let routine = spec.interval.saturating_add(turns);
    match fault {
        Fault::Killed if keeps => Span::between(pauses, turns),
        Fault::Killed | Fault::Refused => Span::between(pauses, routine),
        Fault::Silent => Span::between(timeouts.saturating_add(pauses), routine.saturating_add(timeouts)),
    }
}
