//! Configuration and geography to a topology: the slow step, done off the packet path.

use super::names::NamesBuilder;
use super::order::Orders;
use super::regions::Regions;
use super::{Addresses, Endpoint, Face, Here, Names, Pool, Service, ServicePool, SrvOwner, TargetSpec, Topology, Zone};
use crate::config::{self, Config, Country, Delegation, Location};
use crate::federation::{CheckKind, Failback, Shape};
use crate::geo::{self, Places, Point};
use crate::health::Thresholds;
use crate::ids::{PoolId, ServiceId, TargetId, ZoneId};
use crate::name::{Name, Prefix};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Why a configuration without errors of its own still makes no topology.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CompileError {
    /// A pool's location names no country.
    #[error("pool \"{pool}\": there is no country \"{}\"; write an ISO 3166 code such as \"KR\", or [latitude, longitude]", country.code())]
    NoSuchCountry {
        /// The pool.
        pool: String,
        /// What was written.
        country: Country,
    },
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
/// Where a location is no country, or the regions are too many.
pub fn compile(config: &Config, places: Places, stamps: Stamps) -> Result<Topology, CompileError> {
    let serial = stamps.serial;
    let mut pools = config.pools.iter().map(pool).collect::<Result<Vec<_>, _>>()?;
    let (regions, region_map) = Regions::compile(config, &places, &pools)?;
    let mut targets = Targets::default();
    let mut zones: Vec<Zone> = config.zones.iter().map(|zone| configured_zone(zone, serial)).collect();
    let mut services: Vec<Service> = config
        .services
        .iter()
        .map(|service| {
            let pools = service.pools.iter().map(|&i| service_pool(config, service, i, &mut targets)).collect();
            configured_service(service, pools, regions.orders(config, service))
        })
        .collect();
    let mut builder = NamesBuilder::with_capacity(config.services.iter().map(|s| s.domains.len()).sum());
    for (i, zone) in config.zones.iter().enumerate() {
        builder.zone(&zone.apex, ZoneId::at(i));
    }
    let hosts = name_servers(config, &mut builder);
    for (i, pool) in pools.iter_mut().enumerate() {
        let Some(fqdn) = pool.fqdn.as_ref().filter(|fqdn| builder.in_zone(fqdn.wire())) else { continue };
        let id = ServiceId::at(services.len());
        services.push(pool_name_service(config, i, &services, regions.len()));
        builder.pool_name(fqdn, id);
        pool.own_name = Some(id);
    }
    let names = names(config, builder, &mut zones, serial);
    let affected = affected(targets.list.len(), &services);
    Ok(Topology {
        zones,
        pools,
        services,
        targets: targets.list,
        regions: regions.described(config),
        names,
        region_map,
        places,
        hosts,
        geo_build_epoch: stamps.geo_build_epoch,
        ecs: config.geoip.ecs.clone(),
        safety: config.safety,
        affected,
    })
}

fn pool(pool: &config::Pool) -> Result<Pool, CompileError> {
    let (point, country) = match pool.location {
        None => (None, None),
        Some(Location::Coordinates { latitude, longitude }) => (Point::new(latitude, longitude), None),
        Some(Location::Country(country)) => {
            let point = geo::country_point(country);
            if point.is_none() {
                return Err(CompileError::NoSuchCountry { pool: pool.name.clone(), country });
            }
            (point, Some(country))
        }
    };
    Ok(Pool { name: pool.name.clone(), point, country, fqdn: pool.fqdn.clone(), own_name: None })
}

fn configured_zone(zone: &config::Zone, serial: u32) -> Zone {
    Zone {
        apex: Some(zone.apex.clone()),
        ns: zone.ns.iter().map(|server| server.host.clone()).collect(),
        ttl: seconds(zone.ttl),
        negative_ttl: seconds(zone.negative_ttl),
        serial,
    }
}

fn configured_service(service: &config::Service, pools: Box<[ServicePool]>, orders: Orders) -> Service {
    Service {
        name: service.name.clone(),
        face: Face::Configured,
        shape: service.shape,
        srv: service.owners.srv.iter().cloned().collect(),
        target: service.owners.addresses.first().cloned(),
        ttl: seconds(service.ttl),
        failback: match service.failback {
            Failback::Auto => Some(Duration::ZERO),
            Failback::After(wait) => Some(wait),
            Failback::Manual => None,
        },
        all_down: service.all_down.iter().copied().collect(),
        pools,
        orders,
        domains: service.domains.len(),
    }
}

fn service_pool(config: &Config, service: &config::Service, index: usize, targets: &mut Targets) -> ServicePool {
    let pool = &config.pools[index];
    let endpoints = pool.endpoints.iter().filter(|endpoint| endpoint.role == service.kind.role);
    ServicePool {
        pool: PoolId::at(index),
        min_healthy: pool.min_healthy,
        endpoints: endpoints
            .map(|endpoint| {
                let spec = target_spec(service, pool, SocketAddr::new(endpoint.address, service.check.port));
                Endpoint { address: endpoint.address, targets: [targets.intern(spec)].into() }
            })
            .collect(),
    }
}

fn target_spec(service: &config::Service, pool: &config::Pool, address: SocketAddr) -> TargetSpec {
    let check = &service.check;
    let domain = check.name.clone().unwrap_or_else(|| Name::from_wire(service.domains.get(0)));
    let handed_out = match service.shape {
        Shape::Address => service.owners.addresses.first().and_then(|prefix| prefix.under(domain.wire()).ok()),
        Shape::Target | Shape::Ordered => pool.fqdn.clone(),
    };
    let server_name = check.name.clone().or(handed_out).unwrap_or_else(|| domain.clone());
    // What a check does not say must not keep two services from sharing a target.
    TargetSpec {
        address,
        kind: check.kind,
        server_name: if check.kind.is_tls() { server_name } else { Name::root() },
        domain: if check.kind == CheckKind::Sip { domain } else { Name::root() },
        interval: check.interval,
        timeout: check.timeout,
        confirm: check.confirm,
        thresholds: Thresholds { fall: check.fall, rise: check.rise },
        tripwire: check.tripwire,
        tls: if check.kind.is_tls() { check.tls.clone() } else { config::TlsOptions::default() },
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

/// The service behind a pool's own name: the endpoints that SRV records naming it mean, up while any service finds them up.
fn pool_name_service(config: &Config, index: usize, services: &[Service], regions: usize) -> Service {
    let users = || config.services.iter().zip(services).filter(|(c, _)| c.pools.contains(&index));
    let named_by_srv = users().any(|(_, s)| s.shape != Shape::Address);
    let meant = || users().filter(|(_, s)| !named_by_srv || s.shape != Shape::Address);
    let mut endpoints: Vec<(std::net::IpAddr, Vec<TargetId>)> = Vec::new();
    for endpoint in
        meant().flat_map(|(_, s)| s.pools.iter()).filter(|p| p.pool.index() == index).flat_map(|p| &p.endpoints)
    {
        match endpoints.iter_mut().find(|(address, _)| *address == endpoint.address) {
            Some((_, targets)) => {
                targets.extend(endpoint.targets.iter().filter(|t| !targets.contains(t)).copied().collect::<Vec<_>>())
            }
            None => endpoints.push((endpoint.address, endpoint.targets.to_vec())),
        }
    }
    if endpoints.is_empty() {
        endpoints = config.pools[index].endpoints.iter().map(|e| (e.address, Vec::new())).collect();
    }
    let ttl = meant().map(|(_, s)| s.ttl).min().unwrap_or(30);
    Service {
        name: format!("pool {}", config.pools[index].name),
        face: Face::PoolName,
        shape: Shape::Address,
        srv: Box::default(),
        target: None,
        ttl,
        failback: Some(Duration::ZERO),
        all_down: [config::Rung::All].into(),
        pools: [ServicePool {
            pool: PoolId::at(index),
            min_healthy: 1,
            endpoints: endpoints
                .into_iter()
                .map(|(address, targets)| Endpoint { address, targets: targets.into() })
                .collect(),
        }]
        .into(),
        orders: Orders::constant([0].into(), regions),
        domains: 0,
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
                zones.push(Zone { apex: None, ns: ns.iter().cloned().collect(), ttl, negative_ttl, serial });
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
    let mut affected = vec![Vec::new(); targets];
    for (i, service) in services.iter().enumerate() {
        let own: HashSet<TargetId> =
            service.pools.iter().flat_map(|p| &p.endpoints).flat_map(|e| e.targets.iter().copied()).collect();
        for target in own {
            affected[target.index()].push(ServiceId::at(i));
        }
    }
    affected.into_iter().map(Vec::into_boxed_slice).collect()
}

/// Whole seconds; the configuration room refuses what does not fit.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
