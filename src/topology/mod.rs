//! What exists: zones, names, services, pools, endpoints, targets, regions; immutable once compiled, says nothing of health.
//!
//! Here: the tables that an answer is decided from. Not here: who is up (`health`), who is chosen (`steering`).
//! Ids index these tables and are valid for this topology only. Compiling takes seconds at a million domains; reading is free.

use crate::config::{Country, Ecs, Gate, Rung, Safety, Soa};
use crate::federation::runbook::Organisation;
use crate::federation::{self, Shape};
use crate::geo::{Geography, Places, Point, Prefixes, RegionMap};
use crate::health::Damping;
use crate::ids::{PoolId, RegionId, ServiceId, TargetId, ViewId, ZoneId};
use crate::name::{Name, Prefix};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

mod compile;
mod group;
mod names;
mod order;
mod organisation;
mod records;
mod regions;
mod target;
mod views;

pub use compile::{CompileError, Stamps, compile};
pub use group::Group;
pub use names::{Found, Here, Names, SrvOwner};
pub use order::{Canary, Dependence, Orders, network_length};
pub use records::{Node, Place, Records, Set};
pub use target::{TargetSpec, demands};
pub use views::Views;

/// Everything compiled from one configuration and its geography.
#[derive(Debug)]
pub struct Topology {
    /// Zones of the configuration, then one template for each service whose names are delegated one by one.
    pub zones: Vec<Arc<Zone>>,
    /// Pools in the order of the configuration.
    pub pools: Vec<Pool>,
    /// Services of the configuration, then what they are to views, then one for each pool's own name and what that is to views.
    pub services: Vec<Service>,
    /// What probes aim at, each once however many services share it.
    pub targets: Vec<Arc<TargetSpec>>,
    /// Third parties that are probed to know whether our own uplink works.
    pub references: Vec<Arc<TargetSpec>>,
    /// Clients that every service treats alike; the first is "anywhere else".
    pub regions: Vec<Region>,
    /// The region of a client at each country's point; `None` where no client is like that.
    pub countries: Vec<(Country, Option<RegionId>)>,
    /// Owner names to zones and services.
    pub names: Names,
    /// Client addresses to regions.
    pub region_map: RegionMap,
    /// Where a client is and how we know, for explanations.
    pub places: Places,
    /// Who is inside.
    pub views: Views,
    /// Who may ask for names that are not ours, for explanations; `None` is nobody.
    pub resolves_for: Option<Prefixes>,
    /// When the geography's database was built, seconds since 1970.
    pub geo_build_epoch: u64,
    /// Whose client subnet option is believed.
    pub ecs: Ecs,
    /// How pools that flap are damped; `None` not at all.
    pub damping: Option<Damping>,
    /// What operators may not do by accident.
    pub safety: Safety,
    /// Who is asked before services send clients elsewhere.
    pub gates: Vec<Gate>,
    /// Name servers' addresses, published at their own names.
    pub hosts: Vec<Addresses>,
    /// What run-books say.
    pub organisation: Organisation,
    affected: Vec<Box<[ServiceId]>>,
}

impl Topology {
    /// The services whose answers may depend on this target, the pools' own names and whole groups included.
    pub fn affected(&self, target: TargetId) -> &[ServiceId] {
        &self.affected[target.index()]
    }

    /// The place of the gate that is asked before a service sends clients elsewhere; a view's is that of its service, and
    /// one member's is that of a whole group.
    pub fn gate_of(&self, id: ServiceId) -> Option<usize> {
        let own = |id: ServiceId| self.service(id).name.split('@').next().unwrap_or_default();
        let names = |gate: &Gate, id: ServiceId| gate.services.iter().any(|name| name == own(id));
        let is_its = |gate: &Gate| self.steered_as_one(id).any(|member| names(gate, member));
        self.gates.iter().position(is_its).filter(|_| self.service(id).face == Face::Configured)
    }

    /// Everything that is probed.
    pub fn probed(&self) -> Vec<Arc<TargetSpec>> {
        self.targets.iter().chain(&self.references).cloned().collect()
    }

    /// The service of an id.
    pub fn service(&self, id: ServiceId) -> &Service {
        &self.services[id.index()]
    }

    /// The service that stands for this one before a view; by an id that names and pools know.
    pub fn seen_from(&self, view: Option<ViewId>, id: ServiceId) -> ServiceId {
        self.service(id).seen_from(view, id)
    }

    /// The pool of an id.
    pub fn pool(&self, id: PoolId) -> &Pool {
        &self.pools[id.index()]
    }

    /// The zone of an id.
    pub fn zone(&self, id: ZoneId) -> &Zone {
        &self.zones[id.index()]
    }

    /// A service's order as people read it: its pools' names, preferred first. It names the clients that have it too.
    pub fn order_label(&self, service: &Service, order: usize) -> String {
        let pools = service.orders.list()[order].iter().map(|&place| &service.pools[usize::from(place)]);
        pools.map(|pool| self.pool(pool.pool).name.as_str()).collect::<Vec<_>>().join(">")
    }

    /// Services of the configuration, as everybody sees them who is in no view.
    pub fn configured(&self) -> impl Iterator<Item = (ServiceId, &Service)> {
        let views = self.services.iter().flat_map(|service| service.views.iter().map(|(_, seen)| seen.index())).min();
        // What they are to views, and the pools' own names, stand behind them.
        let ends = views.unwrap_or(self.services.len());
        let named = self.services.iter().take(ends).enumerate();
        let named = named.take_while(|(_, service)| service.face == Face::Configured);
        named.map(|(i, service)| (ServiceId::at(i), service))
    }

    /// Who is where, to be counted.
    pub fn geography(&self) -> Geography<'_> {
        Geography { regions: &self.region_map, places: &self.places, views: self.views.prefixes() }
    }

    /// The region of an id.
    pub fn region(&self, id: RegionId) -> &Region {
        &self.regions[id.index()]
    }
}

/// A name space that we are authoritative for.
#[derive(Debug)]
pub struct Zone {
    /// The apex; `None` where every steered name of a service is an apex of its own.
    pub apex: Option<Name>,
    /// The apex NS set; the first is the SOA's MNAME.
    pub ns: Box<[Name]>,
    /// TTL of SOA and NS, seconds.
    pub ttl: u32,
    /// SOA MINIMUM, seconds (RFC 2308 section 5).
    pub negative_ttl: u32,
    /// SOA SERIAL: that of the file's SOA, else the time of the load, so that it rises.
    pub serial: u32,
    /// What the zone's file says in its SOA.
    pub soa: Option<Soa>,
    /// What the zone's file says otherwise; `None` without a file.
    pub records: Option<Records>,
    /// Who may have all of it; `None` is nobody.
    pub transfer: Option<Transfer>,
}

/// What a transfer of a zone needs beside its records.
#[derive(Debug)]
pub struct Transfer {
    /// Addresses of its secondaries.
    pub to: Vec<IpNet>,
    /// The key with which they sign.
    pub key: Name,
    /// Name servers in it with the addresses that the configuration gives them.
    pub hosts: Vec<(Name, Addresses)>,
}

/// Endpoints that can stand in for each other.
#[derive(Debug)]
pub struct Pool {
    /// The name in the configuration.
    pub name: String,
    /// Where it is; `None` is behind every other pool in "nearest".
    pub point: Option<Point>,
    /// Its country, where the configuration named one.
    pub country: Option<Country>,
    /// Its own name.
    pub fqdn: Option<Name>,
    /// The service that answers for its own name, where it lies in our zones.
    pub own_name: Option<ServiceId>,
}

/// One answer behaviour.
#[derive(Debug)]
pub struct Service {
    /// The name in the configuration; `pool NAME` for a pool's own name; `NAME@VIEW` for what it is to a view.
    pub name: String,
    /// What it stands for.
    pub face: Face,
    /// What its SRV names.
    pub shape: Shape,
    /// SRV owners with their ports, relative to a domain.
    pub srv: Box<[(Prefix, u16)]>,
    /// The SRV target in shape "address", relative to the domain.
    pub target: Option<Prefix>,
    /// TTL of its records, seconds; never 0.
    pub ttl: u32,
    /// The same while what they say may soon change, seconds; never 0 nor above `ttl`.
    pub suspect_ttl: u32,
    /// How long a pool must have been up again before it is preferred again; `None` waits for a release.
    pub failback: Option<Duration>,
    /// Who tries such a pool before that.
    pub canary: Option<Canary>,
    /// What is answered when no pool is live.
    pub all_down: Box<[Rung]>,
    /// Its pools in the order of the configuration.
    pub pools: Box<[ServicePool]>,
    /// Which pool is preferred for whom.
    pub orders: Orders,
    /// The word for what it is in the configuration; empty for a pool's own name.
    pub kind: &'static str,
    /// How many domains it serves.
    pub domains: usize,
    /// The first `DOMAINS_FIRST_MAX` of them, to show whom it is about.
    pub first_domains: Box<[Name]>,
    /// What stands for it before a view; empty for that itself.
    pub views: Vec<(ViewId, ServiceId)>,
    /// Those with which it is steered as one, itself among them.
    pub group: Option<Arc<Group>>,
}

impl Service {
    /// What the web server of a domain tells its peers to come to; `None` where they do not ask one. In shape "address" that is the
    /// name whose addresses follow the chosen pool. In every other shape it is the domain itself, so that its SRV decides: peers keep
    /// what they are told for a day, and the name of a pool would stay.
    pub fn delegated(&self, domain: &Name) -> Option<Name> {
        federation::find(self.kind).filter(|kind| kind.delegates)?;
        match (self.shape, &self.target) {
            (Shape::Address, Some(target)) => target.under(domain.wire()).ok(),
            _ => Some(domain.clone()),
        }
    }
}

/// What a service stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// A `[service]`.
    Configured,
    /// The own name of a pool that SRV records may name.
    PoolName,
}

/// A pool as one service sees it.
#[derive(Debug)]
pub struct ServicePool {
    /// The pool.
    pub pool: PoolId,
    /// How many endpoints must be up.
    pub min_healthy: usize,
    /// Its endpoints of the service's role.
    pub endpoints: Box<[Endpoint]>,
}

/// One address that clients may be sent to, as one service sees it.
#[derive(Debug)]
pub struct Endpoint {
    /// The address.
    pub address: IpAddr,
    /// What proves that it is up, each by itself: one for a service, those of all its services for a pool's own name.
    pub proofs: Box<[Proof]>,
}

/// Targets at one address that prove together that it serves: one for each port that is handed out. As good as the worst of them.
pub type Proof = Box<[TargetId]>;

impl Endpoint {
    /// Every target that has a part in it.
    pub fn targets(&self) -> impl Iterator<Item = TargetId> {
        self.proofs.iter().flat_map(|proof| proof.iter().copied())
    }
}

/// Clients that every service treats alike.
#[derive(Debug, PartialEq)]
pub struct Region {
    /// The partner whose clients they are.
    pub partner: Option<String>,
}

/// Addresses by family, as A and AAAA say them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// For A.
    pub v4: Vec<Ipv4Addr>,
    /// For AAAA.
    pub v6: Vec<Ipv6Addr>,
}

impl Addresses {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }
}

impl Extend<IpAddr> for Addresses {
    fn extend<I: IntoIterator<Item = IpAddr>>(&mut self, addresses: I) {
        for address in addresses {
            match address {
                IpAddr::V4(v4) => self.v4.push(v4),
                IpAddr::V6(v6) => self.v6.push(v6),
            }
        }
    }
}

impl FromIterator<IpAddr> for Addresses {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(addresses: I) -> Self {
        let mut all = Self::default();
        all.extend(addresses);
        all
    }
}
