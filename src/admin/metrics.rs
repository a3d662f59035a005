//! Gauges that are read off the current snapshot at each scrape, so that they can never disagree with the answers.

use crate::health::State;
use crate::ids::ServiceId;
use crate::limits::SERVICE_SERIES_OCTETS;
use crate::snapshot::{Lake, Snapshot};
use crate::steering::{Basis, Choice};
use crate::topology::{Face, Service, Topology};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGauge, IntGaugeVec, Opts, Registry};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Registers everything that a snapshot tells, and the build.
///
/// # Errors
/// Where one is registered already.
pub fn register(registry: &Registry, lake: &Lake) -> prometheus::Result<()> {
    registry.register(Box::new(Truth { lake: lake.clone(), gauges: Gauges::new()? }))?;
    let opts = Opts::new("edgesteer_build_info", "Always 1; the labels tell the build.");
    let build = IntGaugeVec::new(opts, &["version", "commit"])?;
    build.with_label_values(&[env!("CARGO_PKG_VERSION"), env!("EDGESTEER_COMMIT")]).set(1);
    registry.register(Box::new(build))
}

/// Octets of a series beside its service and region: the metric's name, those of the labels, a pool and a value.
const SERIES_OCTETS: usize = 96;

/// Of each pool of each service.
const OF_EACH_POOL: [&str; 3] = ["edgesteer_pool_damped", "edgesteer_pool_canary", "edgesteer_pool_suspect"];

struct Truth {
    lake: Lake,
    gauges: Gauges,
}

#[derive(Clone)]
struct Gauges {
    generation: IntGauge,
    geoip: IntGauge,
    endpoint_up: IntGaugeVec,
    pool_up: IntGaugeVec,
    endpoint_degraded: IntGaugeVec,
    pool_degraded: IntGaugeVec,
    damped: IntGaugeVec,
    canary: IntGaugeVec,
    suspect: IntGaugeVec,
    active: IntGaugeVec,
    held: IntGaugeVec,
    service_up: IntGaugeVec,
    left_out: IntGaugeVec,
}

impl Gauges {
    fn new() -> prometheus::Result<Self> {
        let vec = |name: &str, help: &str, labels: &[&str]| IntGaugeVec::new(Opts::new(name, help), labels);
        Ok(Self {
            generation: IntGauge::new(
                "edgesteer_snapshot_generation",
                "Generation of the answers that are given now.",
            )?,
            geoip: IntGauge::new(
                "edgesteer_geoip_build_timestamp_seconds",
                "When the country database was built, seconds since 1970.",
            )?,
            endpoint_up: vec(
                "edgesteer_endpoint_up",
                "Whether an endpoint passes a check, for every service that has it: 1 up, 0 down; absent while unknown.",
                &["pool", "endpoint", "check"],
            )?,
            pool_up: vec(
                "edgesteer_pool_up",
                "Whether a pool is up for every service that uses it: 1 yes, 0 no; absent while unknown.",
                &["pool"],
            )?,
            endpoint_degraded: vec(
                "edgesteer_endpoint_degraded",
                "1 where an endpoint lives but says that what is behind it does not, for some service that has it; else 0.",
                &["pool", "endpoint", "check"],
            )?,
            pool_degraded: vec(
                "edgesteer_pool_degraded",
                "1 where too few of a pool's endpoints serve though enough live, for some service that uses it; else 0.",
                &["pool"],
            )?,
            damped: vec(
                "edgesteer_pool_damped",
                "1 where a pool flaps and so serves only where no other of the service does, else 0.",
                &["service", "pool"],
            )?,
            canary: vec(
                "edgesteer_pool_canary",
                "1 while a share of clients tries a pool that came back before it is preferred by all, else 0.",
                &["service", "pool"],
            )?,
            suspect: vec(
                "edgesteer_pool_suspect",
                "1 while probes that speak against a pool are being confirmed, so that answers naming it have a short TTL; else 0.",
                &["service", "pool"],
            )?,
            active: vec(
                "edgesteer_service_active_pool",
                "1 for the pool that clients are sent to first, 0 for the others. A region is the order in which its clients prefer the pools.",
                &["service", "region", "pool"],
            )?,
            held: vec(
                "edgesteer_pool_held",
                "1 where an operator holds a pool or some of its endpoints; absent where none is held.",
                &["pool", "state"],
            )?,
            service_up: vec(
                "edgesteer_service_up",
                "Whether a service has a live pool for every client: 1 yes, 0 where its all_down ladder decides; absent while unknown.",
                &["service"],
            )?,
            left_out: vec(
                "edgesteer_series_left_out",
                "Series of a metric that are not shown, because those of all services would be too many.",
                &["metric"],
            )?,
        })
    }
}

impl Gauges {
    fn all(&self) -> [&dyn Collector; 13] {
        let Self {
            generation,
            geoip,
            endpoint_up,
            pool_up,
            endpoint_degraded,
            pool_degraded,
            damped,
            canary,
            suspect,
            active,
            held,
            service_up,
            left_out,
        } = self;
        [
            generation,
            geoip,
            endpoint_up,
            pool_up,
            endpoint_degraded,
            pool_degraded,
            damped,
            canary,
            suspect,
            active,
            held,
            service_up,
            left_out,
        ]
    }
}

impl Collector for Truth {
    fn desc(&self) -> Vec<&Desc> {
        self.gauges.all().iter().flat_map(|gauge| gauge.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // Fresh vectors, since pools and regions come and go with reloads.
        let Ok(gauges) = Gauges::new() else { return Vec::new() };
        let snapshot = self.lake.load();
        fill(&gauges, &snapshot);
        of_services(&gauges, &snapshot);
        gauges.all().iter().flat_map(|gauge| gauge.collect()).collect()
    }
}

fn fill(gauges: &Gauges, snapshot: &Snapshot) {
    let topology = &snapshot.topology;
    gauges.generation.set(i64::try_from(snapshot.generation).unwrap_or(i64::MAX));
    gauges.geoip.set(i64::try_from(topology.geo_build_epoch).unwrap_or(i64::MAX));
    let mut pools: BTreeMap<&str, State> = BTreeMap::new();
    let mut endpoints: BTreeMap<(&str, IpAddr, String), State> = BTreeMap::new();
    for (i, service) in topology.services.iter().enumerate().filter(|(_, s)| s.face == Face::Configured) {
        let row = snapshot.row(ServiceId::at(i));
        for (pool, standing) in service.pools.iter().zip(&row.standings) {
            let name = topology.pool(pool.pool).name.as_str();
            let worst = pools.entry(name).or_insert(standing.state);
            *worst = worse(*worst, standing.state);
            let holds = &standing.holds;
            for hold in holds.pool.iter().chain(holds.endpoints.iter().map(|(_, hold)| hold)) {
                gauges.held.with_label_values(&[name, hold.held.word()]).set(1);
            }
            for (endpoint, state) in pool.endpoints.iter().zip(&standing.endpoints) {
                for target in endpoint.targets() {
                    let spec = &topology.targets[target.index()];
                    let check = format!("{}:{}", spec.kind().word(), spec.address.port());
                    let worst = endpoints.entry((name, endpoint.address, check)).or_insert(*state);
                    *worst = worse(*worst, *state);
                }
            }
        }
    }
    for ((pool, address, check), state) in endpoints {
        let labels = [pool, &address.to_string(), &check];
        set(&gauges.endpoint_up, &labels, state);
        gauges.endpoint_degraded.with_label_values(&labels).set(i64::from(state == State::Degraded));
    }
    for (pool, state) in pools {
        set(&gauges.pool_up, &[pool], state);
        gauges.pool_degraded.with_label_values(&[pool]).set(i64::from(state == State::Degraded));
    }
}

/// What is of each service, and of each pool of it. Services x orders x pools can be any number, so that whole services are left
/// out, and counted, beyond `SERVICE_SERIES_OCTETS` of text. Those without a live pool come first.
fn of_services(gauges: &Gauges, snapshot: &Snapshot) {
    let all = snapshot.topology.services.iter().enumerate();
    let configured = all.filter(|(_, service)| service.face == Face::Configured).map(|(i, _)| ServiceId::at(i));
    let mut all: Vec<(Option<bool>, ServiceId)> = configured.map(|id| (is_up(snapshot, id), id)).collect();
    all.sort_by_key(|(is_up, _)| *is_up != Some(false));
    let (mut left, mut up, mut each, mut active) = (SERVICE_SERIES_OCTETS, 0, 0, 0);
    for (is_up, id) in all {
        let service = snapshot.topology.service(id);
        match octets(&snapshot.topology, service).filter(|octets| *octets <= left) {
            Some(octets) => {
                left -= octets;
                of_service(gauges, snapshot, id, is_up);
            }
            None => {
                let pools = service.pools.len();
                up += usize::from(is_up.is_some());
                each += pools;
                active += count(service) * pools;
            }
        }
    }
    let left_out = [("edgesteer_service_up", up), ("edgesteer_service_active_pool", active)];
    for (metric, count) in left_out.into_iter().chain(OF_EACH_POOL.iter().map(|metric| (*metric, each))) {
        gauges.left_out.with_label_values(&[metric]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

/// Octets of all that is of one service, about; `None` where that is too much by itself, whatever its names are.
fn octets(topology: &Topology, service: &Service) -> Option<usize> {
    let (pools, bare) = (service.pools.len(), service.name.len() + SERIES_OCTETS);
    let least = bare * (1 + OF_EACH_POOL.len() * pools + pools * count(service));
    (least <= SERVICE_SERIES_OCTETS).then(|| {
        let names: usize = regions(topology, service).iter().map(|(region, _)| region.len()).sum();
        least + names * pools
    })
}

fn of_service(gauges: &Gauges, snapshot: &Snapshot, id: ServiceId, is_up: Option<bool>) {
    let (topology, row) = (&snapshot.topology, snapshot.row(id));
    let service = topology.service(id);
    let pools = || service.pools.iter().map(|pool| topology.pool(pool.pool).name.as_str());
    if let Some(is_up) = is_up {
        gauges.service_up.with_label_values(&[&service.name]).set(i64::from(is_up));
    }
    for (name, standing) in pools().zip(&row.standings) {
        let is = [
            (&gauges.damped, standing.damped.is_some()),
            (&gauges.canary, standing.canary),
            (&gauges.suspect, standing.suspect),
        ];
        for (gauge, is) in is {
            gauge.with_label_values(&[service.name.as_str(), name]).set(i64::from(is));
        }
    }
    for (region, orders) in regions(topology, service) {
        let first = |order: &usize| row.choice(*order).picks.first().map(|pick| pick.pool);
        let chosen: Vec<usize> = orders.iter().filter_map(first).collect();
        for (place, name) in pools().enumerate() {
            let active = gauges.active.with_label_values(&[service.name.as_str(), &region, name]);
            active.set(i64::from(chosen.contains(&place)));
        }
    }
}

/// How many regions a service has.
fn count(service: &Service) -> usize {
    service.orders.of_regions().len() + usize::from(!service.orders.of_slots().is_empty())
}

/// The names of a service's regions, each with its orders.
fn regions(topology: &Topology, service: &Service) -> Vec<(String, Vec<usize>)> {
    let of_regions = service.orders.of_regions().into_iter();
    let mut regions: Vec<_> = of_regions.map(|order| (topology.order_label(service, order), vec![order])).collect();
    let by_weight = service.orders.of_slots();
    regions.extend((!by_weight.is_empty()).then(|| ("by weight".to_owned(), by_weight)));
    regions
}

/// Whether a service serves: by what its choices rest on, since a pool may be up for one service and down for another.
fn is_up(snapshot: &Snapshot, id: ServiceId) -> Option<bool> {
    let row = snapshot.row(id);
    // Whom a gate keeps at a pool is served as that pool is now.
    let basis = |(order, choice): (usize, &Choice)| match row.is_kept(order, false) {
        true => choice.picks.iter().any(|pick| row.standings[pick.pool].state.is_alive()).then_some(Basis::Proven),
        false => (!matches!(choice.basis, Basis::AllDown(_))).then_some(choice.basis),
    };
    let Some(bases) = row.choices().enumerate().map(basis).collect::<Option<Vec<_>>>() else { return Some(false) };
    (!bases.contains(&Basis::Unproven)).then_some(true)
}

fn set(gauge: &IntGaugeVec, labels: &[&str], state: State) {
    match state {
        State::Up | State::Degraded => gauge.with_label_values(labels).set(1),
        State::Down => gauge.with_label_values(labels).set(0),
        State::Unknown => {}
    }
}

fn worse(a: State, b: State) -> State {
    match (a, b) {
        (State::Down, _) | (_, State::Down) => State::Down,
        (State::Unknown, _) | (_, State::Unknown) => State::Unknown,
        (State::Degraded, _) | (_, State::Degraded) => State::Degraded,
        _ => State::Up,
    }
}

#[cfg(test)]
mod tests;
