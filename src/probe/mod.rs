//! Ask the world: one attempt on one address says what was seen there.
//!
//! Here: what a probe is and the one match from check kind to protocol; connecting (`dial`), what is trusted (`trust`), one
//! file per protocol (`tcp`, `tls`, `sip`, `xmpp`, `https` and `matrix` over `http`, `stun`, `exec`, `file`), one look at a path (`fetch`), when to ask (`schedule`), and the connection whose loss asks at once
//! (`tripwire`). Not here: what is believed (`health`). A probe always ends: its deadline lies outside every protocol, and
//! a panic within is a failed probe.
//! Adding a protocol is a file with `probe`, a line in `Aim::ask`, its words in `federation::CheckKind` and `config::Ask`.

use crate::config::Ask;
use crate::health::{Failure, FailureClass, Outcome};
use crate::limits::{FOREVER, QUOTE_MAX};
use crate::topology::TargetSpec;
use dial::Connection;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;
use tokio::time;

mod dial;
mod exec;
mod fetch;
mod file;
mod http;
mod https;
mod matrix;
mod network;
mod schedule;
mod sip;
mod stun;
mod tcp;
mod tls;
mod tripwire;
mod trust;
mod xmpp;

pub use fetch::{Fetched, fetch};
pub use schedule::{Heartbeat, Prober};

/// What one probe of one target found.
#[derive(Clone, Debug)]
pub struct Observation {
    /// What was probed.
    pub target: Arc<TargetSpec>,
    /// What was seen.
    pub outcome: Outcome,
    /// When the first packet left.
    pub started: Instant,
    /// When the outcome was certain.
    pub ended: Instant,
    /// When the first of the certificates ends that the peer showed in a handshake that held, seconds since 1970.
    pub not_after: Option<i64>,
}

/// Probes `target` once, outside any schedule. Ends within the target's timeout.
pub async fn observe(target: Arc<TargetSpec>) -> Observation {
    Aim::new(target, &mut trust::Configs::default()).probe().await.0
}

/// A target with what each of its probes needs and none changes.
struct Aim {
    target: Arc<TargetSpec>,
    /// `None` where the check speaks no TLS; an error where the check's certificates or name cannot be used.
    tls: Option<Result<dial::Tls, Failure>>,
}

/// One run of a probe: how long it may take, and what it waits for now.
struct Attempt {
    deadline: time::Instant,
    /// What a deadline that passes now would mean, as "no TCP answer".
    missing: &'static str,
    /// Whether what is missing now is missing here, so that a deadline says nothing of the peer.
    is_ours: bool,
    /// When the peer's certificates end, once they are known.
    not_after: Option<i64>,
}

type Asked = Result<Answered, Failure>;

/// A probe that did not fail.
struct Answered {
    outcome: Outcome,
    /// The connection that it leaves open, for the tripwire.
    connection: Option<Connection>,
}

impl Answered {
    fn new(outcome: Outcome, connection: impl Into<Option<Connection>>) -> Self {
        Self { outcome, connection: connection.into() }
    }

    fn pass(connection: impl Into<Option<Connection>>) -> Self {
        Self::new(Outcome::Pass, connection)
    }
}

impl Aim {
    fn new(target: Arc<TargetSpec>, configs: &mut trust::Configs) -> Self {
        let tls = target.kind().is_tls().then(|| dial::Tls::new(&target, configs));
        Self { target, tls }
    }

    /// One probe. A passed one leaves its connection open.
    async fn probe(&self) -> (Observation, Option<Connection>) {
        let started = time::Instant::now();
        let deadline = started + self.target.timeout.min(FOREVER);
        let mut attempt = Attempt { deadline, missing: "no answer", is_ours: false, not_after: None };
        // Boxed: its state exists only while the probe runs, and most targets wait most of the time.
        let asked = time::timeout_at(deadline, guarded(Box::pin(self.ask(&mut attempt)))).await;
        let (outcome, connection) = match asked.unwrap_or_else(|_| Err(self.late(&attempt))) {
            Ok(answered) => (answered.outcome, answered.connection),
            Err(failure) => (Outcome::Fail(failure), None),
        };
        let (started, ended) = (started.into_std(), time::Instant::now().into_std());
        let target = self.target.clone();
        (Observation { target, outcome, started, ended, not_after: attempt.not_after }, connection)
    }

    /// The one map from check kind to protocol.
    async fn ask(&self, attempt: &mut Attempt) -> Asked {
        match &*self.target.ask {
            Ask::Tcp => tcp::probe(self, attempt).await,
            Ask::Tls => tls::probe(self, attempt).await,
            Ask::Sip { alive, degraded } => sip::probe(self, (alive, degraded), attempt).await,
            Ask::Xmpp { direct_tls } => xmpp::probe(self, *direct_tls, attempt).await,
            Ask::Matrix => matrix::probe(self, attempt).await,
            Ask::Https(request) => https::probe(self, request, attempt).await,
            Ask::Stun { transport } => stun::probe(self, *transport, attempt).await,
            Ask::Exec { command } => exec::probe(self, command, attempt).await,
            Ask::File { path, max_age } => file::probe(self, path, *max_age, attempt).await,
        }
    }

    fn late(&self, attempt: &Attempt) -> Failure {
        let timeout = humantime::format_duration(self.target.timeout);
        let class = if attempt.is_ours { FailureClass::Local } else { FailureClass::Timeout };
        failure(class, format!("{} within {timeout}", attempt.missing))
    }
}

/// Runs one attempt; a panic in it becomes a failed probe, so that the target is still probed.
async fn guarded(mut asking: Pin<Box<impl Future<Output = Asked>>>) -> Asked {
    std::future::poll_fn(move |context| {
        catch_unwind(AssertUnwindSafe(|| asking.as_mut().poll(context))).unwrap_or_else(|_| {
            tracing::error!("a probe panicked; it counts as failed");
            Poll::Ready(Err(failure(FailureClass::Protocol, "internal: the probe panicked")))
        })
    })
    .await
}

fn failure(class: FailureClass, detail: impl Into<Arc<str>>) -> Failure {
    Failure { class, detail: detail.into() }
}

/// What a peer said, fit for a line of a log: no control characters and not long.
fn quoted(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(&said[..said.len().min(4 * QUOTE_MAX)]);
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTE_MAX).collect();
    shown.trim().to_owned()
}

/// A number that nobody guesses and that hardly repeats; for tags and jitter, not for secrets.
fn random() -> u64 {
    // Each `RandomState` has other keys, seeded by the operating system.
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests;
