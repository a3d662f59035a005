//! What must hold after every step, looked at from without: through the lake, the handle and the events.
//!
//! | law | of DESIGN.md |
//! |---|---|
//! | what is published is what is believed, held and chosen; every generation is told, and none is skipped | one writer |
//! | only rows change that a publish names, and it names affected services only | cost of a publish |
//! | a verdict has the observations that it needs behind it, and no doubt | health |
//! | who is dead or alive for long enough is known to be | detection |
//! | `since` and generations only rise | time |
//! | who is chosen is not down while another is not; Unknown is chosen only where nobody lives | steering, unknown |
//! | a held pool stands as it is held | holds |
//! | SRV, A and explanation of one snapshot say the same | no mixed generation |

use crate::Tally;
use crate::edges::{self, Found, Truth};
use crate::luck::Luck;
use edgesteer::admin::explain;
use edgesteer::answer::Target;
use edgesteer::control::{Event, Handle, Report, Step};
use edgesteer::health::{Gate, Held, Hold, Holds, PoolHolds, State, Subject, Verdict};
use edgesteer::ids::{ServiceId, TargetId};
use edgesteer::name::Name;
use edgesteer::resolve::{Asked, Body, Client, Question, resolve, target_addresses};
use edgesteer::snapshot::Snapshot;
use edgesteer::steering::{Basis, Choice, Standing, pool_state};
use edgesteer::topology::{Addresses, Face, Service, TargetSpec, Topology};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;

/// Timers are a millisecond coarse.
const GRAIN: Duration = Duration::from_millis(5);
/// Who asks: nobody knows where, and from two countries.
const CLIENTS: [IpAddr; 3] = [
    IpAddr::V4(std::net::Ipv4Addr::new(10, 200, 0, 1)),
    IpAddr::V4(std::net::Ipv4Addr::new(8, 8, 8, 8)),
    IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)),
];

type Specs<T> = HashMap<Arc<TargetSpec>, T>;
/// An address with a check's word.
type Place = (SocketAddr, &'static str);

/// A hold as operators believe it to be.
#[derive(Clone, Debug)]
pub(crate) struct Ordered {
    pub(crate) held: Held,
    pub(crate) ends: Option<Instant>,
    pub(crate) length: Option<Duration>,
    /// By how much the clock on the wall was set when it was kept.
    pub(crate) clock: i64,
}

/// Looks after one process.
pub(crate) struct Watch {
    pub(crate) handle: Handle,
    events: broadcast::Receiver<Event>,
    last: Arc<Snapshot>,
    /// The last that was told.
    generation: u64,
    untold: u64,
    states: Specs<(State, Option<Instant>)>,
    begun: Specs<Instant>,
    doubting: bool,
    doubt_ended: Instant,
    /// For each service and order, the pool that was proven alive last.
    proven: HashMap<(String, String), String>,
    pub(crate) holds: BTreeMap<Subject, Ordered>,
    /// Holds that seemed to be over when the process started, by a clock that was ahead: still on the disk.
    pub(crate) dormant: BTreeMap<Subject, Ordered>,
    /// Every state that each address was ever in, in any process.
    pub(crate) ever: HashMap<Place, HashSet<State>>,
    luck: Luck,
    pub(crate) tally: Tally,
}

fn place(spec: &TargetSpec) -> Place {
    (spec.address, spec.kind().word())
}

impl Watch {
    /// Begins with a process that has published once and judged nothing.
    pub(crate) fn new(handle: Handle, events: broadcast::Receiver<Event>, seed: u64) -> Self {
        let last = handle.lake().load();
        let begun = last.topology.probed().into_iter().map(|spec| (spec, edges::now())).collect();
        Self {
            events,
            generation: last.generation,
            untold: 0,
            last,
            handle,
            states: HashMap::new(),
            begun,
            doubting: false,
            doubt_ended: edges::now(),
            proven: HashMap::new(),
            holds: BTreeMap::new(),
            dormant: BTreeMap::new(),
            ever: HashMap::new(),
            luck: Luck(seed),
            tally: Tally::new(),
        }
    }

    pub(crate) fn note(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// Lets time pass, looking whenever something is told.
    pub(crate) async fn pass(&mut self, length: Duration) {
        let until = tokio::time::Instant::now() + length;
        loop {
            let told = tokio::select! {
                biased;
                told = self.events.recv() => told.expect("no event is lost"),
                () = tokio::time::sleep_until(until) => break,
            };
            self.look(vec![told]).await;
        }
        self.look(Vec::new()).await;
    }

    /// What is believed, and the snapshot that says so, with what was told until then.
    async fn seen(&mut self, told: &mut Vec<Event>) -> (Report, Arc<Snapshot>) {
        loop {
            let before = self.handle.lake().load();
            let report = self.handle.report().await.expect("the control task lives");
            let after = self.handle.lake().load();
            loop {
                match self.events.try_recv() {
                    Ok(event) => told.push(event),
                    Err(TryRecvError::Empty) => break,
                    Err(lost) => panic!("{lost}"),
                }
            }
            if Arc::ptr_eq(&before, &after) {
                return (report, after);
            }
        }
    }

    /// What is believed of each target.
    pub(crate) async fn states(&mut self) -> Specs<State> {
        let report = self.handle.report().await.expect("the control task lives");
        report.targets.into_iter().map(|(spec, verdict, _)| (spec, verdict.state)).collect()
    }

    /// Looks after every law.
    pub(crate) async fn look(&mut self, mut told: Vec<Event>) {
        let (report, snapshot) = self.seen(&mut told).await;
        let is_news = !told.is_empty() || !Arc::ptr_eq(&snapshot, &self.last) || self.states.is_empty();
        let published = self.told(&told, &snapshot);
        self.rows(&told, &published, &snapshot, &report);
        self.verdicts(&report, &snapshot);
        self.in_time(&report);
        self.held(&report);
        if !is_news {
            return;
        }
        let holds: Holds = report.holds.iter().map(|(subject, hold, _)| (subject.clone(), Hold::clone(hold))).collect();
        for (i, service) in snapshot.topology.services.iter().enumerate() {
            self.standings(service, &snapshot.row(ServiceId::at(i)).standings, &holds, &snapshot, &report);
            self.choices(service, ServiceId::at(i), &snapshot, published.len());
        }
        self.answers(&snapshot);
        self.last = snapshot;
    }

    /// Generations and verdicts in the order in which they are told. Gives the services of each publish.
    fn told(&mut self, told: &[Event], snapshot: &Snapshot) -> Vec<BTreeSet<String>> {
        let mut published = Vec::new();
        let ends_doubt = told.iter().any(|event| matches!(event, Event::Doubt { why: None, .. }));
        for event in told {
            match event {
                Event::Published { generation, services, untold } => {
                    self.note("publish");
                    self.count(*generation);
                    assert_eq!(*untold, std::mem::take(&mut self.untold), "what was not told by itself is counted");
                    published.push(services.iter().cloned().collect());
                }
                Event::Replaced { generation } => {
                    self.count(*generation);
                    let stays = |spec: &Arc<TargetSpec>| self.begun.get(spec).copied().unwrap_or_else(edges::now);
                    self.begun =
                        snapshot.topology.probed().into_iter().map(|spec| (spec.clone(), stays(&spec))).collect();
                    self.proven.clear();
                }
                Event::Verdict { target, verdict, generation, .. } => {
                    assert!((self.generation..=snapshot.generation).contains(generation));
                    let now = edges::now();
                    assert!(
                        !self.doubting || ends_doubt,
                        "{now:?}: no verdict changes in doubt: {target:?} {verdict:?}"
                    );
                    self.verdict(target, verdict);
                }
                Event::Doubt { why, .. } => self.doubt(why.is_some()),
                Event::HoldEnded { .. } => self.note("hold ended"),
                Event::Flap(flap) if flap.damped.is_some() => self.note("pool damped"),
                Event::Moved(moved) if moved.from != moved.to => self.note("partners moved"),
                Event::Trial(trial) if matches!(trial.step, Step::Began { .. }) => self.note("pool in its canary"),
                Event::Trial(trial) if trial.step == Step::Aborted => self.note("canary aborted"),
                Event::Drained { .. } => self.note("pool has left every answer"),
                _ => {}
            }
        }
        // The last ones may have changed TTLs alone: they are counted by the next that is told.
        published
    }

    /// A generation that is told; those before it that were not changed TTLs alone.
    fn count(&mut self, generation: u64) {
        assert!(generation > self.generation, "generations only rise");
        self.untold += generation - self.generation - 1;
        self.generation = generation;
    }

    fn doubt(&mut self, begins: bool) {
        assert_ne!(self.doubting, begins);
        self.doubting = begins;
        if !begins {
            self.doubt_ended = edges::now();
        }
        let by_references = !self.last.topology.references.is_empty();
        self.note(match (begins, by_references) {
            (false, _) => "doubt over",
            (true, true) => "doubt by references",
            (true, false) => "doubt without references",
        });
    }

    /// A verdict has the observations in a row that it needs.
    fn verdict(&mut self, target: &Arc<TargetSpec>, verdict: &Verdict) {
        let Some(&(was, since)) = self.states.get(target) else { return };
        assert_ne!(was, verdict.state, "a verdict that is told is another one");
        assert!(verdict.since >= since && verdict.since <= Some(edges::now()), "time runs only forward");
        let (fall, rise) = (target.thresholds.fall as usize, target.thresholds.rise as usize);
        let lives = |found| matches!(found, Found::Pass | Found::Degraded);
        let (needed, is): (usize, fn(Found) -> bool) = match (verdict.state, was) {
            (State::Down, _) => (fall, |found| found == Found::Fail),
            (State::Unknown, _) => (1, |found| found == Found::Stale),
            (State::Degraded, State::Up) => (fall, |found| matches!(found, Found::Degraded | Found::Fail)),
            (_, State::Down) => (rise, lives),
            (State::Up, State::Degraded) => (rise, |found| found == Found::Pass),
            _ => (1, lives),
        };
        let has = edges::with(|edges| edges.saw(target, needed, is));
        assert!(has, "{} of {was:?} to {:?} rests on {needed} observations in a row", target.address, verdict.state);
        match verdict.state {
            State::Down => self.note("endpoint down"),
            State::Degraded => self.note("endpoint degraded"),
            State::Unknown => self.note("endpoint forgotten"),
            State::Up if was == State::Down => self.note("endpoint up again"),
            State::Up => {}
        }
        self.states.insert(target.clone(), (verdict.state, verdict.since));
    }

    /// What changed is what was said to change, and had reason to.
    fn rows(&mut self, told: &[Event], published: &[BTreeSet<String>], snapshot: &Arc<Snapshot>, report: &Report) {
        if snapshot.generation == self.last.generation {
            assert!(Arc::ptr_eq(snapshot, &self.last), "one generation is one snapshot");
            return;
        }
        assert!(snapshot.generation > self.last.generation, "generations only rise");
        // A reload renders every row.
        if told.iter().any(|event| matches!(event, Event::Replaced { .. })) {
            return;
        }
        let services = snapshot.topology.services.iter().enumerate();
        let rows = |i| (snapshot.row(ServiceId::at(i)), self.last.row(ServiceId::at(i)));
        let changed: Vec<(usize, &Service)> = services.filter(|(i, _)| !std::ptr::eq(rows(*i).0, rows(*i).1)).collect();
        let is_told = |name: &String| published.iter().any(|one| one.contains(name));
        for (i, service) in &changed {
            let is_brief = rows(*i).0.differs_in_doubt_alone(rows(*i).1);
            assert!(is_told(&service.name) || is_brief, "{} changed and nobody said so", service.name);
        }
        let changed: BTreeSet<&str> = changed.iter().map(|(_, service)| service.name.as_str()).collect();
        let [one] = published else { return };
        let all_new = one.iter().all(|name| changed.contains(name.as_str()));
        assert!(all_new, "a publish replaces the rows that it names, and shares all others");
        let targets = told.iter().filter_map(|event| match event {
            Event::Verdict { target, .. } => snapshot.topology.targets.iter().position(|spec| spec == target),
            _ => None,
        });
        let affected = targets.flat_map(|i| snapshot.topology.affected(TargetId::at(i)));
        let affected: BTreeSet<&str> = affected.map(|&id| snapshot.topology.service(id).name.as_str()).collect();
        // Where a hold hides a verdict, what was published is something else that was due at the same instant.
        if !affected.is_empty() && report.holds.is_empty() {
            let is_brief = |name: &str| {
                let place = snapshot.topology.services.iter().position(|service| service.name == name).unwrap();
                rows(place).0.differs_in_doubt_alone(rows(place).1)
            };
            let has_reason = |name: &&String| affected.contains(name.as_str()) || is_brief(name);
            assert!(one.iter().all(|name| has_reason(&name)), "{one:?} of {affected:?}");
        }
    }

    /// Every change is told, and a reload carries over what may be carried over.
    fn verdicts(&mut self, report: &Report, snapshot: &Snapshot) {
        let is_same = report.targets.len() == self.states.len()
            && report.targets.iter().all(|(spec, ..)| self.states.contains_key(spec));
        for (spec, verdict, _) in &report.targets {
            match self.states.get(spec) {
                Some((state, _)) => assert_eq!(*state, verdict.state, "{}: every verdict is told", spec.address),
                None => {
                    let ever = self.ever.get(&place(spec));
                    let was_so =
                        verdict.state == State::Unknown || ever.is_some_and(|ever| ever.contains(&verdict.state));
                    assert!(was_so, "{} is {:?} without a probe", spec.address, verdict.state);
                }
            }
            self.ever.entry(place(spec)).or_default().insert(verdict.state);
        }
        if !is_same {
            let told =
                |(spec, verdict, _): &(Arc<TargetSpec>, Verdict, _)| (spec.clone(), (verdict.state, verdict.since));
            self.states = report.targets.iter().map(told).collect();
        }
        assert_eq!(report.targets.len(), snapshot.topology.targets.len());
    }

    /// Who is dead or alive for long enough is known to be: the bound of docs/failover.md.
    fn in_time(&mut self, report: &Report) {
        if self.doubting {
            return;
        }
        let mut found = 0;
        for (spec, verdict, _) in &report.targets {
            let (truth, since) = edges::with(|edges| edges.truth(spec));
            let since = since.max(self.doubt_ended).max(self.begun[spec]);
            let once = spec.confirm + spec.timeout;
            let (wanted, bound) = match truth {
                Truth::Open => continue,
                Truth::Dead => (State::Down, spec.interval + once * spec.thresholds.fall),
                Truth::Alive => (State::Up, spec.interval + spec.timeout + once * spec.thresholds.rise),
            };
            if edges::now() > since + bound + GRAIN {
                let said = || edges::with(|edges| edges.told(spec));
                let TargetSpec { address, interval, timeout, confirm, thresholds, .. } = &**spec;
                let ago = edges::now() - since;
                assert_eq!(
                    verdict.state,
                    wanted,
                    "{address} for {ago:?}: {interval:?} {timeout:?} {confirm:?} {thresholds:?}{}",
                    said()
                );
                found += 1;
            }
        }
        *self.tally.entry("found in time").or_default() += found;
    }

    /// What is held is what was ordered and has not ended.
    fn held(&mut self, report: &Report) {
        let now = edges::now();
        self.holds.retain(|_, ordered| ordered.ends.is_none_or(|ends| ends + GRAIN > now));
        let told: BTreeMap<&Subject, &Arc<Hold>> =
            report.holds.iter().map(|(subject, hold, _)| (subject, hold)).collect();
        for (subject, ordered) in &self.holds {
            match told.get(subject) {
                Some(hold) => assert_eq!(hold.held, ordered.held, "{subject}"),
                None => assert!(ordered.ends.is_some_and(|ends| ends <= now), "{subject} is held"),
            }
        }
        assert!(told.keys().all(|subject| self.holds.contains_key(*subject)), "nothing else is held: {told:?}");
    }

    /// A row stands as its verdicts and holds are.
    fn standings(&mut self, service: &Service, row: &[Standing], holds: &Holds, snapshot: &Snapshot, report: &Report) {
        for (pool, standing) in service.pools.iter().zip(row) {
            let own = holds.of_pool(&snapshot.topology.pool(pool.pool).name);
            let (state, endpoints) = pool_state(pool, &own, |target| report.targets[target.index()].1.state);
            assert_eq!((&state, &endpoints, &own), (&standing.state, &standing.endpoints, &standing.holds));
            let free = pool_state(pool, &PoolHolds::default(), |target| report.targets[target.index()].1.state).0;
            let is_whole = own.endpoints.is_empty();
            match own.held() {
                Some(Held::Up) if is_whole => {
                    assert_eq!(
                        (state, standing.gate, standing.damped),
                        (State::Up, Gate::In, None),
                        "a held pool stays"
                    );
                    if free == State::Down {
                        self.note("pool held up while dead");
                    }
                }
                Some(Held::Down) => {
                    assert_eq!(state, State::Down, "a held pool stays");
                    self.note("pool held down");
                }
                Some(Held::Drain) => self.note("pool drained"),
                _ => {}
            }
        }
        if row.iter().all(|standing| standing.state == State::Down) && service.face == Face::Configured {
            self.note("all pools of a service down");
        }
    }

    fn choices(&mut self, service: &Service, id: ServiceId, snapshot: &Snapshot, publishes: usize) {
        let row = snapshot.row(id);
        if publishes > 1 {
            self.proven.clear();
        }
        for (order, pools) in service.orders.list().iter().enumerate() {
            let choice = row.choice(order);
            let pools: Vec<usize> = pools.iter().map(|&place| usize::from(place)).collect();
            lawful(choice, &pools, &row.standings, &service.name);
            lawful(&row.trial(order).0, &pools, &row.standings, &service.name);
            let key = (service.name.clone(), snapshot.topology.order_label(service, order));
            let named = |choice: &Choice| {
                Some(snapshot.topology.pool(service.pools[choice.picks.first()?.pool].pool).name.clone())
            };
            match choice.basis {
                Basis::Proven => self.proven.extend(named(choice).map(|pool| (key, pool))),
                Basis::AllDown(rung) if rung.word() == "last-good" => {
                    if let Some(pool) = self.proven.get(&key) {
                        assert_eq!(Some(pool), named(choice).as_ref(), "the last good one stays");
                        *self.tally.entry("last good named").or_default() += 1;
                    }
                }
                _ => {}
            }
        }
    }

    /// SRV, addresses and explanation agree, and name who was chosen.
    fn answers(&mut self, snapshot: &Snapshot) {
        let client = self.luck.of(&CLIENTS);
        let configured = snapshot.topology.services.iter().filter(|service| service.face == Face::Configured);
        let configured: Vec<&Service> = configured.collect();
        // One of them, by lot: looks are many.
        if let Some(service) = configured.get(self.luck.below(configured.len())) {
            let domain = &service.first_domains[0];
            let owner = service.srv[0].0.under(domain.wire()).unwrap();
            let question = Question { name: owner.wire(), kind: Asked::Srv };
            let srv = resolve(snapshot, question, Client::from(client));
            let decision = srv.decision.expect("a service decides");
            let row = snapshot.row(decision.service);
            let (choice, says) = match decision.tries {
                true => (&row.trial(decision.order).0, &row.trial(decision.order).1),
                false => (row.choice(decision.order), row.answer(decision.order)),
            };
            let Body::Srv { answer, .. } = srv.body else {
                assert!(choice.picks.is_empty(), "{owner}: {srv:?}");
                return;
            };
            assert!(std::ptr::eq(answer, says));
            for target in &answer.srv {
                let (told, _) = target_addresses(snapshot, srv.view, answer, target.target).expect("our own names");
                let names = match target.target {
                    Target::InDomain => service.target.clone().unwrap().under(domain.wire()).unwrap(),
                    Target::Pool(pool) => snapshot.topology.pool(pool).fqdn.clone().unwrap(),
                };
                assert_eq!(
                    addresses(snapshot, &names, client),
                    told.v4,
                    "{names}: what SRV carries is what its target says"
                );
                let pools: Vec<_> = choice.picks.iter().map(|pick| service.pools[pick.pool].pool).collect();
                let in_pools = |address: &IpAddr| {
                    let chosen = service.pools.iter().filter(|pool| pools.contains(&pool.pool));
                    chosen.flat_map(|pool| &pool.endpoints).any(|endpoint| endpoint.address == *address)
                };
                assert!(told.v4.iter().all(|v4| in_pools(&(*v4).into())), "{names} is {told:?}, and {choice:?}");
            }
            if self.luck.percent(15) {
                explained(snapshot, &owner, client, choice, service);
                *self.tally.entry("explained").or_default() += 1;
            }
        }
    }
}

/// What a name's A says to a client.
fn addresses(snapshot: &Snapshot, name: &Name, client: IpAddr) -> Vec<std::net::Ipv4Addr> {
    match resolve(snapshot, Question { name: name.wire(), kind: Asked::A }, Client::from(client)).body {
        Body::A(addresses, _) => addresses.to_vec(),
        Body::NoData => Addresses::default().v4,
        other => panic!("{name}: {other:?}"),
    }
}

fn explained(snapshot: &Snapshot, name: &Name, client: IpAddr, choice: &Choice, service: &Service) {
    let told = serde_json::to_value(explain(snapshot, name, Asked::Srv, Client::from(client))).unwrap();
    assert_eq!(told["generation"], snapshot.generation);
    let pools = told["decision"]["pools"].as_array().unwrap();
    let chosen: BTreeSet<&str> =
        pools.iter().filter(|pool| pool["chosen"] == true).map(|pool| pool["pool"].as_str().unwrap()).collect();
    let picked = choice.picks.iter().map(|pick| snapshot.topology.pool(service.pools[pick.pool].pool).name.as_str());
    assert_eq!(chosen, picked.collect(), "{told}");
}

/// What a choice may be, whatever the policy.
fn lawful(choice: &Choice, order: &[usize], standings: &[Standing], service: &str) {
    let said = || format!("{service}: {choice:?} of {order:?} in {standings:#?}");
    let is_held = |pool: usize, held| standings[pool].holds.held() == Some(held);
    let down = |pool: usize| standings[pool].state == State::Down;
    let drained = |pool: usize| is_held(pool, Held::Drain);
    let live: Vec<usize> = order.iter().copied().filter(|&pool| !down(pool)).collect();
    let picked: Vec<usize> = choice.picks.iter().map(|pick| pick.pool).collect();
    assert!(picked.iter().all(|pool| order.contains(pool)), "{}", said());
    for &pool in picked.iter().filter(|&&pool| is_held(pool, Held::Down)) {
        let all_held = order.iter().all(|&pool| is_held(pool, Held::Down));
        assert!(all_held, "{pool} is held down, and others are not: {}", said());
    }
    let all_down = matches!(choice.basis, Basis::AllDown(_));
    assert_eq!(all_down, live.is_empty(), "the ladder is for when all is down: {}", said());
    if all_down {
        return;
    }
    let Some(&first) = picked.first() else { panic!("somebody is named: {}", said()) };
    assert!(!picked.iter().any(|&pool| down(pool)), "no pool that is down is named while another is not: {}", said());
    let free: Vec<usize> = live.iter().copied().filter(|&pool| !drained(pool)).collect();
    assert!(free.is_empty() || !picked.iter().any(|&pool| drained(pool)), "drained: {}", said());
    let eligible = if free.is_empty() { &live } else { &free };
    let lives = |pool: usize| standings[pool].state.is_alive();
    let any_lives = eligible.iter().any(|&pool| lives(pool));
    assert_eq!(choice.basis == Basis::Proven, any_lives, "proven is who lives: {}", said());
    assert!(!any_lives || picked.iter().all(|&pool| lives(pool)), "unknown is not up: {}", said());
    let well = |pool: usize| standings[pool].state == State::Up && standings[pool].damped.is_none();
    assert!(well(first) || !eligible.iter().any(|&pool| well(pool)), "a well one serves: {}", said());
    for pick in &choice.picks {
        let states = &standings[pick.pool].endpoints;
        assert!(!pick.endpoints.is_empty(), "a pool is its endpoints: {}", said());
        let best = |state: &State| standings[pick.pool].state != State::Up || *state == State::Up;
        let fits = |&i: &usize| states[i] != State::Down && best(&states[i]);
        assert!(pick.endpoints.iter().all(fits), "no endpoint that is down is named: {}", said());
    }
}

/// The name of an address's state, for whoever reads a history.
pub(crate) fn shown(topology: &Topology) -> String {
    let services = topology.services.iter().filter(|service| service.face == Face::Configured);
    services.map(|service| format!("{}: {} pools", service.name, service.pools.len())).collect::<Vec<_>>().join(", ")
}
