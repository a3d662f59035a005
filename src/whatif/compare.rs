//! Who is sent where in two worlds, with what share of the client address space they are.

use crate::config::Country;
use crate::geo::{Crowd, Lot, census};
use crate::ids::{RegionId, ServiceId, ViewId};
use crate::limits::{CENSUS_EXAMPLES, WEIGHT_SLOTS};
use crate::name::Prefix;
use crate::snapshot::Snapshot;
use crate::steering::Basis;
use crate::topology::{Dependence, Service, Topology};
use ipnet::IpNet;
use std::collections::{BTreeMap, HashMap};

/// Two worlds beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Services of either, by name: in the order of the second, then those that are gone.
    pub services: Vec<ServiceMoves>,
}

/// What becomes of one service's clients.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceMoves {
    /// Its name.
    pub service: String,
    /// Who goes where, those who stay included: by `Clients`, those who move or get nothing first, and of them those of most address space.
    pub moves: Vec<Move>,
    /// A question, name and type, whose answer tells where a client is sent in the second world; `None` where we know of none.
    pub ask: Option<(String, &'static str)>,
}

/// Clients who are treated alike in both worlds.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// Who they are.
    pub clients: Clients,
    /// What they get in the first world; `None` where that does not have the service.
    pub from: Option<Fate>,
    /// What they get in the second.
    pub to: Option<Fate>,
    /// How much of the IPv4 and of the IPv6 address space that has a place they are, 0 to 1; where nothing has a place, of all. 0 in a
    /// family of which nothing has a place while something of the other has. `None` for partners, who are counted among the rest as well, for views, and for those without a place.
    pub share: Option<[f64; 2]>,
    /// Countries at whose point a client is one of them.
    pub countries: Vec<Country>,
    /// Some of their prefixes, IPv4 first. Empty where only some networks of a prefix are meant, as by weight.
    pub examples: Vec<IpNet>,
}

/// Which clients.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clients {
    /// Those whose place is known, partners included, in no view.
    Located,
    /// Those of whom nothing is known, in no view.
    Elsewhere,
    /// Those of a partner.
    Partner(String),
    /// Those who ask from inside.
    View(String),
}

/// What clients get of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Fate {
    /// The pools that they are sent to, preferred first.
    pub pools: Vec<String>,
    /// What that rests on.
    pub basis: Basis,
}

impl Fate {
    /// Whether somebody answers there, as far as is known.
    pub fn is_served(&self) -> bool {
        !matches!(self.basis, Basis::AllDown(_))
    }
}

impl Move {
    /// Whether their first pool is another, or there is one in only one of the worlds. Clients take the first.
    pub fn is_moved(&self) -> bool {
        let first = |fate: &Option<Fate>| fate.as_ref().map(|fate| fate.pools.first().cloned());
        first(&self.from) != first(&self.to)
    }

    /// Whether they get nothing in the second world.
    pub fn is_bereft(&self) -> bool {
        !self.to.as_ref().is_some_and(Fate::is_served)
    }
}

/// Why the second world is not to be had.
#[derive(Clone, Debug, PartialEq)]
pub enum Objection {
    /// Clients of a service get nothing in it.
    Nothing {
        /// The service.
        service: String,
        /// Whose.
        clients: Clients,
    },
    /// More move than may.
    Moved {
        /// The service.
        service: String,
        /// How much of the address space with a place, 0 to 1: of the family of which it is more.
        share: f64,
    },
}

impl ServiceMoves {
    /// How much of the IPv4 and of the IPv6 address space with a place is sent elsewhere.
    pub fn moved(&self) -> [f64; 2] {
        let moved = self.moves.iter().filter(|it| it.is_moved()).filter_map(|it| it.share);
        moved.fold([0.0; 2], |sum, share| [sum[0] + share[0], sum[1] + share[1]])
    }

    fn objections(&self, max_moved: Option<f64>) -> Vec<Objection> {
        let (service, [v4, v6]) = (&self.service, self.moved());
        let mut bereft: Vec<&Clients> = self.moves.iter().filter(|it| it.is_bereft()).map(|it| &it.clients).collect();
        bereft.dedup();
        let nothing =
            bereft.into_iter().map(|clients| Objection::Nothing { service: service.clone(), clients: clients.clone() });
        let share = v4.max(v6);
        // Sums of shares are exact only nearly.
        let is_over = max_moved.is_some_and(|max| share > max + 1e-9);
        nothing.chain(is_over.then(|| Objection::Moved { service: service.clone(), share })).collect()
    }
}

impl Comparison {
    /// What speaks against the second world: whoever gets nothing, and services of which more than `max_moved` of the address
    /// space with a place is sent elsewhere.
    pub fn objections(&self, max_moved: Option<f64>) -> Vec<Objection> {
        self.services.iter().flat_map(|service| service.objections(max_moved)).collect()
    }
}

/// Lays two worlds beside each other. They may have the same topology.
pub fn compare(before: &Snapshot, after: &Snapshot) -> Comparison {
    let worlds = [before, after];
    let crowds = census(worlds.map(|world| world.topology.geography()));
    let weighed = Weighed::new(&crowds);
    let by_name = |topology: &Topology| -> HashMap<String, ServiceId> {
        topology.configured().map(|(id, service)| (service.name.clone(), id)).collect()
    };
    let known = worlds.map(|world| by_name(&world.topology));
    let second = after.topology.configured().map(|(_, service)| &service.name);
    let gone =
        before.topology.configured().map(|(_, service)| &service.name).filter(|name| !known[1].contains_key(*name));
    let one = |name: &String| {
        let ids = [known[0].get(name).copied(), known[1].get(name).copied()];
        let ask = ids[1].and_then(|id| ask(after.topology.service(id)));
        ServiceMoves { service: name.clone(), moves: moves(worlds, ids, &weighed), ask }
    };
    Comparison { services: second.chain(gone).map(one).collect() }
}

/// The address that follows the chosen pool, or else the SRV that names it.
fn ask(service: &Service) -> Option<(String, &'static str)> {
    let domain = service.first_domains.first()?;
    let below =
        |prefix: &Prefix| if *prefix == Prefix::empty() { domain.to_string() } else { format!("{prefix}.{domain}") };
    let address = service.target.as_ref().map(|target| (below(target), "A"));
    address.or_else(|| service.srv.first().map(|(owner, _)| (below(owner), "SRV")))
}

/// Crowds with what their shares are divided by.
struct Weighed<'c> {
    crowds: &'c [Crowd],
    whole: [f64; 2],
    /// Whether anybody has a place.
    has_places: bool,
}

impl<'c> Weighed<'c> {
    fn new(crowds: &'c [Crowd]) -> Self {
        let sum = |is_counted: fn(&Crowd) -> bool| {
            let counted = crowds.iter().filter(|crowd| is_counted(crowd));
            counted.fold([0.0; 2], |sum, crowd| [sum[0] + crowd.share[0], sum[1] + crowd.share[1]])
        };
        let located = sum(|crowd| is_located(&crowd.lots) && crowd.lots.iter().all(|lot| lot.view.is_none()));
        let has_places = located != [0.0; 2];
        let whole = if has_places { located } else { sum(|crowd| crowd.lots.iter().all(|lot| lot.view.is_none())) };
        Self { crowds, whole, has_places }
    }

    fn share(&self, crowd: &Crowd) -> [f64; 2] {
        std::array::from_fn(
            |family| if self.whole[family] > 0.0 { crowd.share[family] / self.whole[family] } else { 0.0 },
        )
    }
}

fn is_located(lots: &[Lot; 2]) -> bool {
    lots.iter().any(|lot| lot.is_located)
}

/// What decides what a client gets of a service in one world: the row, and the order in it.
type Decided = Option<(ServiceId, usize)>;

/// Who is sent where by one service, which each world has under its id.
fn moves(worlds: [&Snapshot; 2], ids: [Option<ServiceId>; 2], weighed: &Weighed<'_>) -> Vec<Move> {
    let mut found: BTreeMap<(Clients, [Decided; 2]), Part> = BTreeMap::new();
    for crowd in weighed.crowds {
        let is_counted = |clients: &Clients| match clients {
            Clients::Located => true,
            Clients::Elsewhere => !weighed.has_places,
            Clients::Partner(_) | Clients::View(_) => false,
        };
        for clients in clients(worlds, &crowd.lots) {
            let share = is_counted(&clients).then(|| weighed.share(crowd));
            for (decided, weight) in decide(worlds, ids, &crowd.lots) {
                let part = found.entry((clients.clone(), decided)).or_default();
                part.add(share.map(|share| share.map(|share| share * weight)));
                if weight == 1.0 {
                    part.examples.extend(&crowd.examples);
                }
            }
        }
    }
    for (country, lots) in countries(worlds) {
        for (decided, _) in decide(worlds, ids, &lots) {
            if let Some(part) = found.get_mut(&(Clients::Located, decided)) {
                part.countries.push(country);
            }
        }
    }
    let fate = |world: usize, decided: Decided| decided.map(|(service, order)| fate(worlds[world], service, order));
    let told = found.into_iter().map(|((clients, [from, to]), part)| part.told(clients, fate(0, from), fate(1, to)));
    let mut moves: Vec<Move> = Vec::new();
    for it in told {
        match moves.iter_mut().find(|known| (&known.clients, &known.from, &known.to) == (&it.clients, &it.from, &it.to))
        {
            Some(known) => known.join(it),
            None => moves.push(it),
        }
    }
    moves.iter_mut().for_each(|it| it.examples = few(&it.examples));
    let size = |it: &Move| it.share.map_or(0.0, |[v4, v6]| v4 + v6);
    let settled = |it: &Move| !it.is_moved() && !it.is_bereft();
    moves.sort_by(|a, b| {
        let who = a.clients.cmp(&b.clients).then(settled(a).cmp(&settled(b)));
        who.then(size(b).total_cmp(&size(a)))
    });
    moves
}

/// What is known of some clients while they are counted.
#[derive(Default)]
struct Part {
    share: Option<[f64; 2]>,
    countries: Vec<Country>,
    examples: Vec<IpNet>,
}

impl Part {
    fn add(&mut self, share: Option<[f64; 2]>) {
        self.share = sum(self.share, share);
    }

    fn told(self, clients: Clients, from: Option<Fate>, to: Option<Fate>) -> Move {
        let Self { share, countries, examples } = self;
        Move { clients, from, to, share, countries, examples }
    }
}

impl Move {
    fn join(&mut self, other: Self) {
        self.share = sum(self.share, other.share);
        self.countries.extend(other.countries);
        self.countries.sort_by(|a, b| a.code().cmp(b.code()));
        self.countries.dedup();
        self.examples.extend(other.examples);
    }
}

fn sum(one: Option<[f64; 2]>, other: Option<[f64; 2]>) -> Option<[f64; 2]> {
    match (one, other) {
        (Some(one), Some(other)) => Some([one[0] + other[0], one[1] + other[1]]),
        (one, other) => one.or(other),
    }
}

/// The widest prefixes of each family, IPv4 first.
fn few(examples: &[IpNet]) -> Vec<IpNet> {
    let of = |is_v4: bool| {
        let mut family: Vec<IpNet> = examples.iter().filter(|net| net.addr().is_ipv4() == is_v4).copied().collect();
        family.sort_by_key(|net| (net.prefix_len(), net.network()));
        family.truncate(CENSUS_EXAMPLES);
        family
    };
    [of(true), of(false)].concat()
}

/// As whom clients are counted: partners once among those with a place and once by name.
fn clients(worlds: [&Snapshot; 2], lots: &[Lot; 2]) -> Vec<Clients> {
    // The second world's names first: it is what is being judged.
    let both = || worlds.into_iter().zip(lots).rev();
    let view = |(world, lot): (&Snapshot, &Lot)| Some(world.topology.views.name(ViewId(lot.view?.into())).to_owned());
    if let Some(view) = both().find_map(view) {
        return vec![Clients::View(view)];
    }
    let partner = both().find_map(|(world, lot)| world.topology.region(lot.region).partner.clone());
    let place = if is_located(lots) { Clients::Located } else { Clients::Elsewhere };
    std::iter::once(place).chain(partner.map(Clients::Partner)).collect()
}

/// What decides in both worlds, with the share of the clients for whom it does.
fn decide(worlds: [&Snapshot; 2], ids: [Option<ServiceId>; 2], lots: &[Lot; 2]) -> Vec<([Decided; 2], f64)> {
    let seen: [Option<(ServiceId, &Service, RegionId)>; 2] = std::array::from_fn(|i| {
        let topology = &worlds[i].topology;
        let id = topology.seen_from(lots[i].view.map(|view| ViewId(view.into())), ids[i]?);
        Some((id, topology.service(id), lots[i].region))
    });
    let at =
        |slot: usize| seen.map(|seen| seen.map(|(id, service, region)| (id, service.orders.in_slot(region, slot))));
    let by_network = |(_, service, region): (ServiceId, &Service, RegionId)| {
        service.orders.dependence(region) == Dependence::Network
    };
    if !seen.into_iter().flatten().any(by_network) {
        return vec![(at(0), 1.0)];
    }
    let mut slots: BTreeMap<[Decided; 2], usize> = BTreeMap::new();
    (0..WEIGHT_SLOTS).for_each(|slot| *slots.entry(at(slot)).or_default() += 1);
    slots.into_iter().map(|(decided, count)| (decided, count as f64 / WEIGHT_SLOTS as f64)).collect()
}

/// What both worlds make of a client at each country's point, where either has one like that.
fn countries(worlds: [&Snapshot; 2]) -> impl Iterator<Item = (Country, [Lot; 2])> + '_ {
    let lot = |region: RegionId| Lot { region, view: None, is_located: true };
    // Both have the same countries in the same order: those of `geo::countries`.
    let [one, other] = worlds.map(|world| world.topology.countries.iter());
    one.zip(other).filter_map(move |((country, a), (_, b))| Some((*country, [lot((*a)?), lot((*b)?)])))
}

fn fate(world: &Snapshot, service: ServiceId, order: usize) -> Fate {
    let choice = world.row(service).choice(order);
    let pools = &world.topology.service(service).pools;
    let name = |place: usize| world.topology.pool(pools[place].pool).name.clone();
    Fate { pools: choice.picks.iter().map(|pick| name(pick.pool)).collect(), basis: choice.basis }
}
