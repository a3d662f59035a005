//! `check --probe`: runs every check once, now and from here, and says what the world lacks of what the configuration promises.
//!
//! Not here: how a probe is made (`probe`). One failed probe is a finding here, where a server would ask again: who runs this
//! looks at it.

use super::live::{self, Findings};
use crate::app::World;
use crate::cli::progress::Progress;
use crate::config::{Ask, Config, codes};
use crate::federation::CheckKind;
use crate::health::{Failure, FailureClass, Outcome, PoolHolds, State};
use crate::ids::TargetId;
use crate::limits::{CERTIFICATE_ENDS_SOON, CHECK_PROBES_AT_ONCE};
use crate::probe::{Observation, observe};
use crate::steering::pool_state;
use crate::topology::{Face, Service, ServicePool, TargetSpec, demands};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Why an Edge that runs may not answer partners (federation.md 0, finding 4).
const ENABLE: &str = ", and that Topology Builder has \"Enable federation for this Edge pool\" set for it";

/// What is probed beyond the checks: known from the configuration, and lost when it is compiled.
pub(super) struct Plan {
    /// For each service and pool, probes whose certificate must hold for every name that is handed out.
    demands: Vec<(String, String, Vec<Arc<TargetSpec>>)>,
}

impl Plan {
    pub(super) fn of(config: &Config) -> Self {
        let pairs = config.services.iter().flat_map(|service| service.pools.iter().map(move |&pool| (service, pool)));
        let demand = |(service, pool): (&crate::config::Service, usize)| {
            let pool = &config.pools[pool];
            let targets =
                demands(service, pool, !config.server.well_known.is_empty()).into_iter().map(Arc::new).collect();
            (service.name.clone(), pool.name.clone(), targets)
        };
        Self { demands: pairs.map(demand).collect() }
    }
}

/// What was seen.
pub(super) struct Seen {
    rows: Vec<Row>,
}

/// One endpoint as one service's check sees it.
struct Row {
    service: String,
    pool: String,
    address: IpAddr,
    /// As "sip:5061".
    check: String,
    observation: Arc<Observation>,
}

/// Probes everything.
pub(super) async fn look(world: &World, plan: Plan, findings: &mut Findings<'_>) -> Seen {
    let others = other_ports(world);
    let asked: HashSet<Arc<TargetSpec>> = world.topology.targets.iter().cloned().collect();
    let demanded = plan.demands.iter().flat_map(|(_, _, targets)| targets.iter().cloned());
    let all: HashSet<Arc<TargetSpec>> =
        asked.into_iter().chain(demanded).chain(others.iter().map(|(_, _, target)| target.clone())).collect();
    let all: Vec<_> = all.into_iter().collect();
    let progress = Progress::counting("probing", all.len());
    let seen = live::each(all, CHECK_PROBES_AT_ONCE, &progress, observe).await;
    drop(progress);
    let seen: Looks = seen.into_iter().map(|observation| (observation.target.clone(), Arc::new(observation))).collect();
    let rows = rows(world, &seen);
    pools(world, (&rows, &seen), findings);
    certificates(&rows, findings);
    coverage(&plan, &seen, &rows, findings);
    silent_ports(&others, &seen, findings);
    Seen { rows }
}

/// The services that were configured, with their pools; views and pools' own names share their targets.
fn configured(world: &World) -> impl Iterator<Item = (&Service, &ServicePool)> {
    let services = world.topology.services.iter().filter(|service| service.face == Face::Configured);
    services.flat_map(|service| service.pools.iter().map(move |pool| (service, pool)))
}

fn rows(world: &World, seen: &Looks) -> Vec<Row> {
    let topology = &world.topology;
    let mut rows = Vec::new();
    for (service, pool) in configured(world) {
        for endpoint in &pool.endpoints {
            for target in endpoint.targets().map(|id| &topology.targets[id.index()]) {
                let Some(observation) = seen.get(target) else { continue };
                rows.push(Row {
                    service: service.name.clone(),
                    pool: topology.pool(pool.pool).name.clone(),
                    address: endpoint.address,
                    check: match target.kind().needs_port() {
                        true => format!("{}:{}", target.kind().word(), target.address.port()),
                        false => target.kind().word().to_owned(),
                    },
                    observation: observation.clone(),
                });
            }
        }
    }
    rows
}

/// Probes by their target.
type Looks = HashMap<Arc<TargetSpec>, Arc<Observation>>;

/// A pool that would be down, and an endpoint that would be, as a server judges that.
fn pools(world: &World, (rows, seen): (&[Row], &Looks), findings: &mut Findings<'_>) {
    let state_of = |target: TargetId| match seen.get(&world.topology.targets[target.index()]).map(|it| &it.outcome) {
        Some(Outcome::Pass) => State::Up,
        Some(Outcome::Degraded(_)) => State::Degraded,
        Some(Outcome::Fail(_)) => State::Down,
        Some(Outcome::Stale(_)) | None => State::Unknown,
    };
    for (service, pool) in configured(world) {
        let name = &world.topology.pool(pool.pool).name;
        let own = || rows.iter().filter(|row| row.service == service.name && row.pool == *name);
        let failed: Vec<&Row> = own().filter(|row| !row.observation.outcome.passed()).collect();
        let Some(first) = failed.first() else { continue };
        let why = words(&first.observation.outcome);
        if !pool_state(pool, &PoolHolds::default(), state_of).0.is_alive() {
            let title =
                format!("the pool {name} does not serve {}: {} {}: {why}", service.name, first.address, first.check);
            let federates = if service.kind == "sip-federation" { ENABLE } else { "" };
            let help =
                format!("see that it runs and is reached from here{federates}: a standby that does not answer is none");
            findings.add(codes::POOL_SILENT, title, help);
            continue;
        }
        for row in failed {
            let why = words(&row.observation.outcome);
            let title =
                format!("{} of the pool {name} does not serve {}: {}: {why}", row.address, service.name, row.check);
            findings.add(codes::ENDPOINT_SILENT, title, "mend it, or take it out of the pool: it gets no partners");
        }
    }
}

/// Certificates that end soon; one that has ended failed its check.
fn certificates(rows: &[Row], findings: &mut Findings<'_>) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut told = HashSet::new();
    for row in rows {
        let Some(end) = row.observation.not_after.and_then(|end| u64::try_from(end).ok()) else { continue };
        let left = Duration::from_secs(end).saturating_sub(now);
        if left < CERTIFICATE_ENDS_SOON
            && row.observation.outcome.passed()
            && told.insert((row.address, row.check.clone()))
        {
            let days = left.as_secs() / 86_400;
            let title = format!(
                "a certificate of {} {} ({}) ends in {days} days, on {}",
                row.address,
                row.check,
                row.pool,
                day(end)
            );
            findings.add(
                codes::CERTIFICATE_ENDING,
                title,
                "renew it now: when it has ended, the pool is down for everybody",
            );
        }
    }
}

/// Names that a pool may be handed out for and that its certificate lacks. What a check demands by itself failed that check.
fn coverage(plan: &Plan, seen: &Looks, rows: &[Row], findings: &mut Findings<'_>) {
    let mut tell = |service: &str, pool: &str, address: SocketAddr, detail: &str| {
        let title = format!("the pool {pool} may be handed out by {service}, and {address} would be refused: {detail}");
        let help = "issue one certificate for the whole pool that names everything partners come for, and sip.DOMAIN for each domain";
        findings.add(codes::CERTIFICATE_NAMES, title, help);
    };
    for row in rows {
        if let Some(detail) = misnamed(&row.observation) {
            tell(&row.service, &row.pool, row.observation.target.address, detail);
        }
    }
    for (service, pool, targets) in &plan.demands {
        for observation in targets.iter().filter_map(|target| seen.get(target)) {
            if let Some(detail) = misnamed(observation) {
                tell(service, pool, observation.target.address, detail);
            }
        }
    }
}

fn misnamed(observation: &Observation) -> Option<&str> {
    match &observation.outcome {
        Outcome::Fail(Failure { class: FailureClass::Certificate, detail }) => {
            // Of a certificate's faults this is the one that names tell.
            detail.starts_with("certificate names ").then_some(detail)
        }
        _ => None,
    }
}

/// Ports to which an SRV sends partners and at which no check asks, as that of direct TLS: service, pool, probe.
fn other_ports(world: &World) -> Vec<(String, String, Arc<TargetSpec>)> {
    let topology = &world.topology;
    let mut others = Vec::new();
    for (service, pool) in configured(world) {
        for endpoint in &pool.endpoints {
            let targets: Vec<_> = endpoint.targets().map(|id| &topology.targets[id.index()]).collect();
            let Some(target) = targets.first() else { continue };
            let is_asked = |port: u16| targets.iter().any(|target| target.address.port() == port);
            let ports = service.srv.iter().map(|(_, port)| *port).filter(|port| !is_asked(*port));
            for port in ports.collect::<HashSet<_>>() {
                let ask = match target.kind() {
                    CheckKind::Xmpp => Ask::Xmpp { direct_tls: true },
                    kind if kind.is_tls() => Ask::Tls,
                    _ => Ask::Tcp,
                };
                let address = SocketAddr::new(target.address.ip(), port);
                let spec = TargetSpec { address, ask: Arc::new(ask), ..(***target).clone() };
                others.push((service.name.clone(), topology.pool(pool.pool).name.clone(), Arc::new(spec)));
            }
        }
    }
    others
}

fn silent_ports(others: &[(String, String, Arc<TargetSpec>)], seen: &Looks, findings: &mut Findings<'_>) {
    for (service, pool, target) in others {
        let Some(observation) = seen.get(target).filter(|observation| !observation.outcome.passed()) else { continue };
        let why = words(&observation.outcome);
        let title = format!("{service} sends partners to {} ({pool}), where nobody serves them: {why}", target.address);
        findings.add(
            codes::PORT_SILENT,
            title,
            "open that port on every pool, or leave out the SRV name that leads there",
        );
    }
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Pass => "ok".to_owned(),
        Outcome::Degraded(why) => format!("degraded: {why}"),
        Outcome::Stale(why) => format!("stale: {why}"),
        Outcome::Fail(failure) => failure.to_string(),
    }
}

/// The day of a time since 1970, as 2027-01-31.
fn day(seconds: u64) -> String {
    let time = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string();
    time.split('T').next().unwrap_or_default().to_owned()
}

impl Seen {
    /// For people.
    pub(super) fn table(&self) -> String {
        let header = ["service", "pool", "endpoint", "check", "outcome"].map(str::to_owned).to_vec();
        let row = |row: &Row| {
            let observation = &row.observation;
            let took = observation.ended.saturating_duration_since(observation.started).as_millis();
            let until = observation
                .not_after
                .and_then(|end| u64::try_from(end).ok())
                .map(|end| format!("; certificate until {}", day(end)));
            let outcome = match &observation.outcome {
                Outcome::Pass => format!("ok in {took} ms{}", until.unwrap_or_default()),
                Outcome::Fail(failure) => format!("FAILED: {failure}"),
                other => words(other),
            };
            vec![row.service.clone(), row.pool.clone(), row.address.to_string(), row.check.clone(), outcome]
        };
        live::table(&std::iter::once(header).chain(self.rows.iter().map(row)).collect::<Vec<_>>())
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let row = |row: &Row| {
            let observation = &row.observation;
            json!({
                "service": row.service,
                "pool": row.pool,
                "endpoint": row.address,
                "check": row.check,
                "outcome": observation.outcome.word(),
                "passed": observation.outcome.passed(),
                "why": (observation.outcome != Outcome::Pass).then(|| words(&observation.outcome)),
                "milliseconds": u64::try_from(observation.ended.saturating_duration_since(observation.started).as_millis()).unwrap_or(u64::MAX),
                "certificate_not_after": observation.not_after,
            })
        };
        self.rows.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests;
