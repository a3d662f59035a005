//! 1,000,000 questions while the answer is changed more than 1,000 times: every one is answered once, by one generation.
//!
//! The real lanes, control task and publisher; only the probes are left out, and their observations made by hand. Changes
//! are spread over the questions by count, so that the test means the same on any machine.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use common::dns::{self, RecordType, addresses, look_up, question};
use common::{GENEROUS, eventually, fresh_ip};
use edgesteer::app;
use edgesteer::config::Dns;
use edgesteer::control::{Control, Handle, Metrics};
use edgesteer::health::{FailureClass, Outcome};
use edgesteer::lane::{Doors, Given, Lanes, Sockets, Tally};
use edgesteer::probe::{Observation, Prober};
use edgesteer::state::{Kept, Store};
use edgesteer::topology::{TargetSpec, Topology};
use hickory_proto::op::Message;
use prometheus::Registry;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

const QUESTIONS: u64 = 1_000_000;
const CLIENTS: u64 = 4;
/// Questions of one client that wait for their answers.
const WINDOW: u64 = 64;
/// From one look to the next: long enough that looking costs the server nothing, short enough that it never runs dry.
const PAUSE: Duration = Duration::from_millis(1);
/// From one change to the next.
const QUESTIONS_PER_FLIP: u64 = 800;
const FLIPS: u64 = QUESTIONS / QUESTIONS_PER_FLIP;
/// What is asked, in turn.
const ASKED: [(&str, RecordType); 3] = [
    ("_sipfederationtls._tcp.contoso.com", RecordType::SRV),
    ("sip.contoso.com", RecordType::A),
    ("sip.contoso.com", RecordType::AAAA),
];
/// The pools with their addresses. A pool is up only with both, so that no answer is ever a part of one.
const POOLS: [[&str; 2]; 2] = [["192.0.2.10", "2001:db8:1::10"], ["198.51.100.10", "2001:db8:2::10"]];
const SEOUL: usize = 0;
const DUBLIN: usize = 1;

const CONFIGURATION: &str = r#"
[health]
damping = "off"
[zone."contoso.com"]
ns = { "ns1.contoso.com" = ["192.0.2.53"] }

[pool.seoul]
min_healthy = 2
endpoints = ["192.0.2.10", "2001:db8:1::10"]

[pool.dublin]
min_healthy = 2
endpoints = ["198.51.100.10", "2001:db8:2::10"]

[service.federation]
kind = "sip-federation"
domains = ["contoso.com"]
pools = ["seoul", "dublin"]
steering = "failover"
failback = "auto"
check = { kind = "sip", fall = 1, rise = 1 }
"#;

/// Lanes and a control task that believes what it is told.
struct World {
    lanes: Lanes,
    control: Handle,
    topology: Arc<Topology>,
    observations: mpsc::Sender<Observation>,
    /// A thread for the lanes and one for the control task, so that each may be at any point of its work at any time.
    runtimes: [Runtime; 2],
    /// Probes are spawned here and never run.
    _asleep: Runtime,
}

impl World {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("edgesteer.toml");
        std::fs::write(&path, CONFIGURATION).unwrap();
        let topology = app::load(&path).unwrap().topology;
        let registry = Registry::new();
        let (observations, received) = mpsc::channel(16);
        let asleep = Builder::new_current_thread().enable_all().build().unwrap();
        let (control, handle) = {
            let _nobody_turns_it = asleep.enter();
            let prober = Prober::start(mpsc::channel(1).0);
            Control::new(
                topology.clone(),
                prober,
                received,
                (Store::nowhere(), Kept::default()),
                Metrics::new(&registry).unwrap(),
            )
        };
        let runtimes = [(); 2].map(|()| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());
        runtimes[1].spawn(control.run());
        let lanes = {
            let _context = runtimes[0].enter();
            let doors = Doors { listen: &[SocketAddr::new(fresh_ip(), 0)], tls: None, connections: 16, lanes: 2 };
            let sockets = Sockets::bind(doors, &mut Given::default()).unwrap();
            let tally = Tally::new(&registry).unwrap();
            Lanes::start(doors, sockets, &Dns::default(), handle.lake(), tally).unwrap()
        };
        let world = Self { lanes, control: handle, topology, observations, runtimes, _asleep: asleep };
        world.topology.targets.iter().for_each(|target| world.observe(target, Outcome::Pass));
        world.runtimes[1].block_on(world.control.first_round());
        world
    }

    fn listen(&self) -> SocketAddr {
        self.lanes.addresses()[0]
    }

    fn observe(&self, target: &Arc<TargetSpec>, outcome: Outcome) {
        let now = Instant::now();
        let seen = Observation { target: target.clone(), outcome, started: now, ended: now, not_after: None };
        self.observations.blocking_send(seen).unwrap();
    }

    /// Makes partners go to that pool, by what is seen of one endpoint of seoul.
    fn send_partners_to(&self, pool: usize) {
        let address: IpAddr = POOLS[SEOUL][0].parse().unwrap();
        let target = self.topology.targets.iter().find(|target| target.address.ip() == address).unwrap();
        let outcome = if pool == SEOUL { Outcome::Pass } else { Outcome::fail(FailureClass::Refused, "as told") };
        self.observe(target, outcome);
    }

    fn generation(&self) -> u64 {
        self.control.lake().load().generation
    }
}

/// Every answer that may be given, by question and pool, and without its id.
struct Expected([[Vec<u8>; 2]; 3]);

impl Expected {
    /// Learns them from the server while nothing changes; what is learnt tells exactly one pool's addresses.
    fn learn(world: &World) -> Self {
        let mut expected: [[Vec<u8>; 2]; 3] = Default::default();
        for pool in [DUBLIN, SEOUL] {
            world.send_partners_to(pool);
            let both: BTreeSet<IpAddr> = POOLS[pool].iter().map(|ip| ip.parse().unwrap()).collect();
            let (srv, srv_type) = ASKED[0];
            eventually("the answer changes", || {
                (addresses(&look_up(world.listen(), srv, srv_type)) == both).then_some(())
            });
            for (asked, octets) in expected.iter_mut().enumerate() {
                octets[pool] = dns::udp(world.listen(), &packet(asked)).unwrap().split_off(2);
                let told = addresses(&Message::from_vec(&[&[0, 0], &octets[pool][..]].concat()).unwrap());
                let right: BTreeSet<IpAddr> = match ASKED[asked].1 {
                    RecordType::A => both.iter().copied().filter(IpAddr::is_ipv4).collect(),
                    RecordType::AAAA => both.iter().copied().filter(IpAddr::is_ipv6).collect(),
                    _ => both.clone(),
                };
                assert_eq!(told, right, "{:?}", ASKED[asked]);
            }
        }
        Self(expected)
    }
}

/// A question as octets with id 0.
fn packet(asked: usize) -> Vec<u8> {
    let (name, kind) = ASKED[asked];
    let mut octets = question(name, kind).to_vec().unwrap();
    octets[..2].fill(0);
    octets
}

/// What became of a client's questions.
#[derive(Debug, Default, PartialEq)]
struct Tallied {
    /// Answered with wholly this pool.
    pools: [u64; 2],
    /// Answered with anything else.
    mixed: u64,
    /// Answered twice, or never asked.
    unasked: u64,
    /// Not answered.
    lost: u64,
}

/// A client that keeps `WINDOW` questions waiting and never asks one again.
struct Client<'a> {
    socket: UdpSocket,
    packets: Vec<Vec<u8>>,
    expected: &'a Expected,
    answered: &'a AtomicU64,
    /// Which ids wait for an answer; there are many more ids than questions that wait.
    waiting: Vec<bool>,
    tallied: Tallied,
}

impl<'a> Client<'a> {
    fn new(server: SocketAddr, expected: &'a Expected, answered: &'a AtomicU64) -> Self {
        let packets = (0..ASKED.len()).map(packet).collect();
        let waiting = vec![false; 1 << 16];
        let socket = dns::socket(server);
        socket.set_nonblocking(true).unwrap();
        Self { socket, packets, expected, answered, waiting, tallied: Tallied::default() }
    }

    fn run(mut self, questions: u64) -> Tallied {
        let (mut asked, mut taken, mut heard) = (0, 0, Instant::now());
        while taken < questions && heard.elapsed() < GENEROUS {
            for _ in 0..(questions - asked).min(WINDOW - (asked - taken)) {
                self.send(asked as u16);
                asked += 1;
            }
            let came = self.take_all();
            if came > 0 {
                heard = Instant::now();
            }
            taken += came;
            // Waking for each answer by itself would cost the server half its time.
            std::thread::sleep(PAUSE);
        }
        self.tallied.lost = self.waiting.iter().filter(|waiting| **waiting).count() as u64;
        self.tallied
    }

    fn send(&mut self, id: u16) {
        let packet = &mut self.packets[usize::from(id) % ASKED.len()];
        packet[..2].copy_from_slice(&id.to_be_bytes());
        self.waiting[usize::from(id)] = true;
        self.socket.send(packet).unwrap();
    }

    /// Takes the answers that are there; returns how many questions they answer.
    fn take_all(&mut self) -> u64 {
        let mut answer = [0; 1232];
        let mut came = 0;
        while let Ok(length) = self.socket.recv(&mut answer) {
            let id = usize::from(u16::from_be_bytes([answer[0], answer[1]]));
            let wholly = self.expected.0[id % ASKED.len()].iter().position(|octets| answer[2..length] == octets[..]);
            let waited = std::mem::take(&mut self.waiting[id]);
            came += u64::from(waited);
            match (waited, wholly) {
                (false, _) => self.tallied.unasked += 1,
                (true, Some(pool)) => self.tallied.pools[pool] += 1,
                (true, None) => self.tallied.mixed += 1,
            }
        }
        self.answered.fetch_add(came, Ordering::Relaxed);
        came
    }
}

/// Changes the answer each time that so many questions more were answered; returns how many changes were published.
fn flip(world: &World, answered: &AtomicU64) -> u64 {
    let first = world.generation();
    for n in 1..FLIPS {
        let began = Instant::now();
        world.send_partners_to(if n % 2 == 1 { DUBLIN } else { SEOUL });
        while world.generation() < first + n || answered.load(Ordering::Relaxed) < n * QUESTIONS_PER_FLIP {
            assert!(began.elapsed() < GENEROUS, "change {n} is not published, or answers have ceased");
            std::thread::sleep(PAUSE);
        }
    }
    world.generation() - first
}

#[test]
fn no_answer_mixes_generations_and_none_is_lost() {
    let world = World::start();
    let expected = Expected::learn(&world);
    let answered = AtomicU64::new(0);
    let (flips, tallied) = std::thread::scope(|scope| {
        let flips = scope.spawn(|| flip(&world, &answered));
        let client = || Client::new(world.listen(), &expected, &answered).run(QUESTIONS / CLIENTS);
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        let tallied: Vec<Tallied> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        (flips.join().unwrap(), tallied)
    });
    let sum = |part: fn(&Tallied) -> u64| tallied.iter().map(part).sum::<u64>();
    println!(
        "{flips} changes; {} answers from seoul, {} from dublin",
        sum(|t| t.pools[SEOUL]),
        sum(|t| t.pools[DUBLIN])
    );
    assert_eq!((sum(|t| t.lost), sum(|t| t.mixed), sum(|t| t.unasked)), (0, 0, 0), "{tallied:?}");
    assert_eq!(sum(|t| t.pools[SEOUL] + t.pools[DUBLIN]), QUESTIONS);
    assert!(flips >= 1_000, "{flips} changes were published");
    assert!(tallied.iter().all(|t| t.pools.iter().all(|answers| *answers > 0)), "{tallied:?}");
}
