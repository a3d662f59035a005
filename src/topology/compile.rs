//! Configuration and geography to a topology: the slow step, done off the packet path.

use super::group;
use super::names::NamesBuilder;
use super::order::Orders;
use super::organisation;
use super::records::Records;
use super::regions::Regions;
use super::target;
use super::views::{Face as Seen, faces};
use super::{
    Addresses, Canary, Endpoint, Face, Here, Names, Pool, Proof, Service, ServicePool, SrvOwner, TargetSpec, Topology,
    Transfer, Views, Zone,
};
use crate::config::{self, Config, Delegation, Location};
use crate::federation::{Failback, Shape};
use crate::geo::{self, Places, Point, Prefixes};
use crate::ids::{PoolId, ServiceId, TargetId, ViewId, ZoneId};
use crate::limits::DOMAINS_FIRST_MAX;
use crate::name::{Name, NameList, Prefix};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// Why a configuration without errors of its own still makes no topology.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CompileError {
    /// The pools divide the world more finely than an answer table can hold.
    #[error(
        "the pools divide clients into {0} regions, and {max} are the limit; steer fewer different sets of pools by \"nearest\"",
        max = crate::limits::REGIONS_MAX
    )]
    TooManyRegions(usize),
}

/// When things were made, seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamps {
    /// The load: becomes the SOA serial of every zone.
    pub serial: u32,
    /// The geographic database.
    pub geo_build_epoch: u64,
}

/// Compiles what exists.
///
/// # Errors
/// Where the regions are too many.
pub fn compile(config: &Config, places: Places, stamps: Stamps) -> Result<Topology, CompileError> {
    let serial = stamps.serial;
    let mut pools: Vec<_> = config.pools.iter().map(pool).collect();
    let (regions, region_map) = Regions::compile(config, &places, &pools)?;
    let mut targets = Targets::default();
    let mut zones: Vec<Zone> = config.zones.iter().map(|zone| configured_zone(zone, serial)).collect();
    let mut services: Vec<Service> = faces(config)
        .map(|face| {
            let pools = face.pools.iter().map(|&i| service_pool(config, &face, i, &mut targets)).collect();
            configured_service(config, &face, pools, regions.orders(config, &face))
        })
        .collect();
    for (i, face) in faces(config).enumerate() {
        face.view.into_iter().for_each(|view| services[face.own].views.push((view, ServiceId::at(i))));
    }
    group::tie(config, &mut services);
    let total = |of: fn(&NameList) -> usize| config.services.iter().map(|service| of(&service.domains)).sum();
    let mut builder = NamesBuilder::with_capacity(total(NameList::len), total(NameList::octets));
    for (i, zone) in config.zones.iter().enumerate() {
        builder.zone(&zone.apex, ZoneId::at(i));
    }
    let hosts = name_servers(config, &mut builder);
    config.zones.iter().zip(&mut zones).for_each(|(zone, compiled)| {
        compiled.transfer.iter_mut().for_each(|transfer| transfer.hosts = hosts_in(config, &zone.apex));
    });
    for (i, pool) in pools.iter_mut().enumerate() {
        let Some(fqdn) = pool.fqdn.as_ref().filter(|fqdn| builder.in_zone(fqdn.wire())) else { continue };
        let id = ServiceId::at(services.len());
        pool_name_services(config, i, &mut services, regions.len());
        builder.pool_name(fqdn, id);
        pool.own_name = Some(id);
    }
    let names = names(config, builder, &mut zones, serial);
    let affected = affected(targets.list.len(), &services);
    let resolver = config.server.dns.resolver.as_ref();
    Ok(Topology {
        zones: zones.into_iter().map(Arc::new).collect(),
        pools,
        services,
        targets: targets.list,
        references: config.health.references.iter().map(|&address| Arc::new(target::reference(address))).collect(),
        regions: regions.described(config),
        countries: regions.countries(),
        names,
        region_map,
        places,
        views: Views::new(config),
        resolves_for: resolver.map(|resolver| Prefixes::new(resolver.allow.iter().map(|&prefix| (prefix, 0)))),
        hosts,
        geo_build_epoch: stamps.geo_build_epoch,
        ecs: config.geoip.ecs.clone(),
        damping: config.health.damping,
        safety: config.safety,
        gates: config.gates.clone(),
        organisation: organisation::of(config),
        affected,
    })
}

fn pool(pool: &config::Pool) -> Pool {
    let (point, country) = match pool.location {
        None => (None, None),
        Some(Location::Coordinates { latitude, longitude }) => (Point::new(latitude, longitude), None),
        Some(Location::Country(country)) => (geo::country_point(country), Some(country)),
    };
    Pool { name: pool.name.clone(), point, country, fqdn: pool.fqdn.clone(), own_name: None }
}

fn configured_zone(zone: &config::Zone, serial: u32) -> Zone {
    Zone {
        apex: Some(zone.apex.clone()),
        ns: zone.ns.iter().map(|server| server.host.clone()).collect(),
        ttl: seconds(zone.ttl),
        negative_ttl: seconds(zone.negative_ttl),
        serial: zone.soa.as_ref().map_or(serial, |soa| soa.serial),
        soa: zone.soa.clone(),
        records: (!zone.records.is_empty()).then(|| Records::new(&zone.apex, &zone.records)),
        transfer: zone.transfer.as_ref().map(|transfer| Transfer {
            to: transfer.to.clone(),
            key: transfer.key.clone(),
            hosts: Vec::new(),
        }),
    }
}

fn configured_service(config: &Config, face: &Seen<'_>, pools: Box<[ServicePool]>, orders: Orders) -> Service {
    let service = face.service;
    Service {
        name: face.name(config),
        face: Face::Configured,
        shape: service.shape,
        srv: service.owners.srv.iter().cloned().collect(),
        target: service.owners.addresses.first().cloned(),
        ttl: seconds(face.ttl),
        suspect_ttl: seconds(service.suspect_ttl.min(face.ttl)),
        failback: match service.failback {
            Failback::Auto => Some(Duration::ZERO),
            Failback::After(wait) => Some(wait),
            Failback::Canary { after, length, .. } => Some(after + length),
            Failback::Manual => None,
        },
        canary: match service.failback {
            Failback::Canary { after, share, .. } => Some(Canary { after, share }),
            _ => None,
        },
        all_down: service.all_down.iter().copied().collect(),
        pools,
        orders,
        kind: service.kind.name,
        domains: service.domains.len(),
        first_domains: service.domains.iter().take(DOMAINS_FIRST_MAX).map(Name::from_wire).collect(),
        views: Vec::new(),
        group: None,
    }
}

fn service_pool(config: &Config, face: &Seen<'_>, index: usize, targets: &mut Targets) -> ServicePool {
    let (pool, service) = (&config.pools[index], face.service);
    let endpoints = pool.endpoints.iter().filter(|endpoint| endpoint.role == face.role);
    let aims: Vec<_> = std::iter::once(&service.check)
        .chain(&service.beside)
        .map(|check| target::Aim::new(service, check, pool, !config.server.well_known.is_empty()))
        .collect();
    ServicePool {
        pool: PoolId::at(index),
        min_healthy: pool.min_healthy,
        endpoints: endpoints
            .map(|endpoint| Endpoint {
                address: endpoint.address,
                proofs: [aims.iter().map(|aim| targets.intern(aim.at(endpoint.address))).collect()].into(),
            })
            .collect(),
    }
}

/// Each target once, however many services share it.
#[derive(Default)]
struct Targets {
    list: Vec<Arc<TargetSpec>>,
    known: HashMap<Arc<TargetSpec>, TargetId>,
}

impl Targets {
    fn intern(&mut self, spec: TargetSpec) -> TargetId {
        let spec = Arc::new(spec);
        *self.known.entry(spec).or_insert_with_key(|spec| {
            self.list.push(spec.clone());
            TargetId::at(self.list.len() - 1)
        })
    }
}

/// The name servers within our zones and their addresses.
fn name_servers(config: &Config, builder: &mut NamesBuilder) -> Vec<Addresses> {
    let mut hosts: Vec<Addresses> = Vec::new();
    let mut known: HashMap<&Name, usize> = HashMap::new();
    for server in config.zones.iter().flat_map(|zone| &zone.ns) {
        if server.addresses.is_empty() || !builder.in_zone(server.host.wire()) {
            continue;
        }
        let place = *known.entry(&server.host).or_insert_with(|| {
            hosts.push(Addresses::default());
            builder.host(&server.host, hosts.len() as u32 - 1);
            hosts.len() - 1
        });
        let mut missing: Vec<_> = server.addresses.clone();
        missing.retain(|address| match address {
            std::net::IpAddr::V4(v4) => !hosts[place].v4.contains(v4),
            std::net::IpAddr::V6(v6) => !hosts[place].v6.contains(v6),
        });
        hosts[place].extend(missing);
    }
    hosts
}

/// The name servers of all zones that lie in this one, and not in one below it, with their addresses.
fn hosts_in(config: &Config, apex: &Name) -> Vec<(Name, Addresses)> {
    let mut hosts: BTreeMap<&Name, BTreeSet<std::net::IpAddr>> = BTreeMap::new();
    let closest = |host: &Name| {
        let above = config.zones.iter().map(|zone| &zone.apex).filter(|apex| host.is_within(apex));
        above.max_by_key(|apex| apex.wire().len()) == Some(apex)
    };
    for server in config.zones.iter().flat_map(|zone| &zone.ns).filter(|server| closest(&server.host)) {
        hosts.entry(&server.host).or_default().extend(&server.addresses);
    }
    let given = hosts.into_iter().filter(|(_, addresses)| !addresses.is_empty());
    given.map(|(host, addresses)| (host.clone(), addresses.into_iter().collect())).collect()
}

/// Adds the services behind a pool's own name: to everybody, and to each view for which a service is something of its own.
fn pool_name_services(config: &Config, index: usize, services: &mut Vec<Service>, regions: usize) {
    let views: BTreeSet<ViewId> = services.iter().flat_map(|s| &s.views).map(|(view, _)| *view).collect();
    let uses = |service: &Service| service.pools.iter().any(|pool| pool.pool.index() == index);
    let own = services.len();
    let mut made: Vec<Service> = Vec::new();
    for view in std::iter::once(None).chain(views.into_iter().map(Some)) {
        let seen = (0..config.services.len()).map(|i| &services[services[i].seen_from(view, ServiceId::at(i)).index()]);
        let users: Vec<&Service> = seen.filter(|service| uses(service)).collect();
        let mut service = pool_name_service(config, index, &users, regions);
        if users.is_empty() && !services.iter().any(uses) {
            // Nobody says which of its addresses are meant: all of them.
            let all = config.pools[index].endpoints.iter();
            service.pools[0].endpoints = all.map(|e| Endpoint { address: e.address, proofs: Box::default() }).collect();
        }
        match view {
            None => made.push(service),
            Some(view) => {
                service.name = format!("{}@{}", service.name, config.views[view.index()].name);
                let id = ServiceId::at(own + made.len());
                made[0].views.push((view, id));
                made.push(service);
            }
        }
    }
    services.extend(made);
}

/// The service behind a pool's own name: the endpoints that SRV records naming it mean, up while any service finds them up.
fn pool_name_service(config: &Config, index: usize, users: &[&Service], regions: usize) -> Service {
    let named_by_srv = users.iter().any(|s| s.shape != Shape::Address);
    let meant = || users.iter().filter(|s| !named_by_srv || s.shape != Shape::Address);
    let mut endpoints: Vec<(std::net::IpAddr, Vec<Proof>)> = Vec::new();
    for endpoint in meant().flat_map(|s| s.pools.iter()).filter(|p| p.pool.index() == index).flat_map(|p| &p.endpoints)
    {
        match endpoints.iter_mut().find(|(address, _)| *address == endpoint.address) {
            Some((_, proofs)) => {
                let new = endpoint.proofs.iter().filter(|proof| !proofs.contains(proof));
                proofs.extend(new.cloned().collect::<Vec<_>>());
            }
            None => endpoints.push((endpoint.address, endpoint.proofs.to_vec())),
        }
    }
    let endpoints = endpoints.into_iter().map(|(address, proofs)| Endpoint { address, proofs: proofs.into() });
    Service {
        name: format!("pool {}", config.pools[index].name),
        face: Face::PoolName,
        shape: Shape::Address,
        srv: Box::default(),
        target: None,
        ttl: meant().map(|s| s.ttl).min().unwrap_or(30),
        suspect_ttl: meant().map(|s| s.suspect_ttl).min().unwrap_or(30),
        failback: Some(Duration::ZERO),
        canary: None,
        all_down: [config::Rung::All].into(),
        pools: [ServicePool { pool: PoolId::at(index), min_healthy: 1, endpoints: endpoints.collect() }].into(),
        orders: Orders::constant([0].into(), regions),
        kind: "",
        domains: 0,
        first_domains: Box::default(),
        views: Vec::new(),
        group: None,
    }
}

/// Adds every domain, then says what the services' owner names are.
fn names(config: &Config, mut builder: NamesBuilder, zones: &mut Vec<Zone>, serial: u32) -> Names {
    let mut apexes: Vec<Option<ZoneId>> = Vec::new();
    for (i, service) in config.services.iter().enumerate() {
        for domain in service.domains.iter() {
            builder.domain(domain, ServiceId::at(i));
        }
        apexes.push(match &service.delegation {
            Delegation::Zone => None,
            Delegation::Names { ns, ttl, negative_ttl } => {
                let (ttl, negative_ttl) = (seconds(*ttl), seconds(*negative_ttl));
                let ns = ns.iter().cloned().collect();
                zones.push(Zone {
                    apex: None,
                    ns,
                    ttl,
                    negative_ttl,
                    serial,
                    soa: None,
                    records: None,
                    transfer: None,
                });
                Some(ZoneId::at(zones.len() - 1))
            }
        });
    }
    builder.finish(|id| {
        let owners = &config.services[id.index()].owners;
        let srv = owners.srv.iter().map(|(prefix, port)| {
            (prefix.clone(), Here { srv: Some(SrvOwner { service: id, port: *port, domain_at: 0 }), ..Here::default() })
        });
        let addresses =
            owners.addresses.iter().map(|prefix| (prefix.clone(), Here { address: Some(id), ..Here::default() }));
        srv.chain(addresses).map(|(prefix, here): (Prefix, Here)| (prefix, here, apexes[id.index()])).collect()
    })
}

fn affected(targets: usize, services: &[Service]) -> Vec<Box<[ServiceId]>> {
    let mut affected = vec![BTreeSet::new(); targets];
    for (i, service) in services.iter().enumerate() {
        let tied = service.group.iter().flat_map(|group| group.members.iter().copied());
        let whole: Vec<ServiceId> = tied.chain([ServiceId::at(i)]).collect();
        for target in service.pools.iter().flat_map(|p| &p.endpoints).flat_map(Endpoint::targets) {
            affected[target.index()].extend(&whole);
        }
    }
    affected.into_iter().map(|services| services.into_iter().collect()).collect()
}

/// Whole seconds; the configuration room refuses what does not fit.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
