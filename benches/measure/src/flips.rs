//! From a verdict's evidence to the last flow that hears of it, with very many domains and under load.
//!
//! The server's own lanes and control task, in this process, on core 0; load from core 1, which also hands the control task
//! what a probe would have seen. A flip is over when every flow, and so every lane, has answered by it; when an answer came is
//! told by the kernel, so that a slow reader measures no more than a fast one.

use crate::answer::Answer;
use crate::compare::LOAD_CORE;
use crate::mix::{self, Random, Template};
use crate::pools::{DUBLIN, SEOUL};
use crate::process::SERVER_CORE;
use crate::sys::{Batch, Peers, pin, roomy, tell_times};
use crate::{Failure, machine, world};
use edgesteer::config::Dns;
use edgesteer::control::{Control, Handle, Metrics};
use edgesteer::health::{FailureClass, Outcome};
use edgesteer::lane::{Doors, Given, Lanes, Sockets, Tally};
use edgesteer::probe::{Observation, Prober};
use edgesteer::state::{Kept, Store};
use edgesteer::topology::{TargetSpec, Topology};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

const SOCKETS: usize = 8;
/// Questions of one socket that wait: so many keep a lane busy without rest, and more only stand in a queue before it.
const WINDOW: usize = 16;
/// The most that there is room for.
const WINDOW_MAX: usize = 32;
/// From the end of one flip to the next, at least.
const PAUSE: Duration = Duration::from_millis(3);
/// A flow without an answer for so long has lost its questions, and asks anew.
const SILENCE: Duration = Duration::from_millis(200);
const GIVE_UP: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many domains.
    #[arg(long, default_value_t = 1_000_000)]
    domains: u32,
    /// How many changes of mind.
    #[arg(long, default_value_t = 2_000)]
    flips: usize,
    /// Questions of each of the 8 sockets that wait.
    #[arg(long, default_value_t = WINDOW, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=WINDOW_MAX as u64))]
    window: usize,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    println!("{}\n", machine::describe());
    pin(SERVER_CORE)?;
    let world = World::start(options.domains)?;
    pin(LOAD_CORE)?;
    let template = mix::parse("sip.t{n}.hoster.example A edns")?.remove(0);
    let mut flips = Flips::new(&world, template, options)?;
    let began = Instant::now();
    let mut latencies = flips.run(options.flips)?;
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    println!(
        "{} domains, {} flips, {:.0} answers a second, window {}: evidence to the last flow's first new answer",
        options.domains,
        latencies.len(),
        flips.answers as f64 / began.elapsed().as_secs_f64(),
        options.window * SOCKETS
    );
    println!(
        "| median | 90 % | 99 % | 99.9 % | longest | answers by the old verdict after one by the new |\n|---|---|---|---|---|---|"
    );
    println!(
        "| {:.0} us | {:.0} us | {:.0} us | {:.0} us | {:.0} us | {} |",
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0),
        flips.late
    );
    Ok(())
}

/// Lanes and a control task that believes what it is told.
struct World {
    lanes: Lanes,
    control: Handle,
    topology: Arc<Topology>,
    observations: mpsc::Sender<Observation>,
    runtime: Runtime,
    /// Probes are spawned here and never run.
    _asleep: Runtime,
}

impl World {
    fn start(domains: u32) -> Result<Self, Failure> {
        let topology = world::topology(domains)?;
        let registry = prometheus::Registry::new();
        let (observations, received) = mpsc::channel(16);
        let asleep = Builder::new_current_thread().enable_all().build()?;
        let (control, handle) = {
            let _nobody_turns_it = asleep.enter();
            let prober = Prober::start(mpsc::channel(1).0);
            Control::new(
                topology.clone(),
                prober,
                received,
                (Store::nowhere(), Kept::default()),
                Metrics::new(&registry)?,
            )
        };
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.spawn(control.run());
        let lanes = {
            let _context = runtime.enter();
            let doors =
                Doors { listen: &[SocketAddr::from((Ipv4Addr::LOCALHOST, 0))], tls: None, connections: 16, lanes: 1 };
            let sockets = Sockets::bind(doors, &mut Given::default())?;
            Lanes::start(doors, sockets, &Dns::default(), handle.lake(), Tally::new(&registry)?)?
        };
        let world = Self { lanes, control: handle, topology, observations, runtime, _asleep: asleep };
        for target in &world.topology.targets {
            world.observe(target, Outcome::Pass)?;
        }
        world.runtime.block_on(world.control.first_round());
        Ok(world)
    }

    fn observe(&self, target: &Arc<TargetSpec>, outcome: Outcome) -> Result<(), Failure> {
        let now = Instant::now();
        Ok(self.observations.blocking_send(Observation {
            target: target.clone(),
            outcome,
            started: now,
            ended: now,
            not_after: None,
        })?)
    }

    /// Makes clients go to that pool.
    fn send_to(&self, pool: Ipv4Addr) -> Result<(), Failure> {
        let target = self.topology.targets.iter().find(|target| target.address.ip() == IpAddr::V4(SEOUL));
        let outcome = if pool == SEOUL { Outcome::Pass } else { Outcome::fail(FailureClass::Refused, "as told") };
        self.observe(target.ok_or("seoul is not probed")?, outcome)
    }
}

/// Load that flips what is true and watches who says so.
struct Flips<'a> {
    world: &'a World,
    flows: Vec<Flow>,
    template: Template,
    domains: u32,
    window: usize,
    random: Random,
    answers: u64,
    /// Answers by an old verdict from a flow that had the new one.
    late: u64,
    received: Batch,
    questions: Batch,
}

struct Flow {
    socket: UdpSocket,
    waiting: usize,
    heard: Instant,
    /// When it first heard of the flip that is under way.
    told: Option<SystemTime>,
}

impl<'a> Flips<'a> {
    fn new(world: &'a World, template: Template, options: &Options) -> Result<Self, Failure> {
        let flow = |_| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            roomy(&socket)?;
            tell_times(&socket)?;
            socket.connect(world.lanes.addresses()[0])?;
            Ok(Flow { socket, waiting: 0, heard: Instant::now(), told: None })
        };
        Ok(Self {
            world,
            flows: (0..SOCKETS).map(flow).collect::<Result<_, std::io::Error>>()?,
            template,
            domains: options.domains,
            window: options.window,
            random: Random::new(0x9e37_79b9_7f4a_7c15),
            answers: 0,
            late: 0,
            received: Batch::with_times(WINDOW_MAX),
            questions: Batch::new(WINDOW_MAX, Peers::Connected),
        })
    }

    /// How long each of so many flips took.
    fn run(&mut self, flips: usize) -> Result<Vec<Duration>, Failure> {
        self.flows.iter_mut().for_each(|flow| flow.told = Some(SystemTime::now()));
        let mut latencies = Vec::with_capacity(flips);
        for n in 0..flips {
            let pool = if n % 2 == 0 { DUBLIN } else { SEOUL };
            // At no fixed phase of the load.
            let pause = PAUSE + Duration::from_micros(self.random.below(2_000).into());
            let old = if pool == SEOUL { DUBLIN } else { SEOUL };
            let began = Instant::now();
            while began.elapsed() < pause {
                self.turn(old)?;
            }
            self.flows.iter_mut().for_each(|flow| flow.told = None);
            let evidence = SystemTime::now();
            self.world.send_to(pool)?;
            let began = Instant::now();
            while self.flows.iter().any(|flow| flow.told.is_none()) {
                self.turn(pool)?;
                if began.elapsed() > GIVE_UP {
                    return Err(format!("flip {n} reached nobody").into());
                }
            }
            let last = self.flows.iter().filter_map(|flow| flow.told).max().unwrap_or(evidence);
            latencies.push(last.duration_since(evidence).unwrap_or_default());
        }
        Ok(latencies)
    }

    /// Reads and asks once on every socket; `pool` is true now, or will be when the flip is over.
    fn turn(&mut self, pool: Ipv4Addr) -> Result<(), Failure> {
        for flow in &mut self.flows {
            let count = self.received.receive(&flow.socket, WINDOW_MAX, false)?;
            for i in 0..count {
                let time = self.received.time(i).ok_or("the kernel does not tell when datagrams come")?;
                let answer = Answer::read(self.received.received(i)).ok_or("an answer cannot be read")?;
                let [address] = &answer.answers[..] else { return Err(format!("no address: {answer:?}").into()) };
                if address.data == pool.octets() {
                    flow.told.get_or_insert(time);
                } else {
                    self.late += u64::from(flow.told.is_some());
                }
            }
            self.answers += count as u64;
            flow.waiting = flow.waiting.saturating_sub(count);
            if count > 0 {
                flow.heard = Instant::now();
            } else if flow.waiting > 0 && flow.heard.elapsed() > SILENCE {
                flow.waiting = 0;
            }
            let asked = self.window.saturating_sub(flow.waiting);
            for i in 0..asked {
                let id = self.random.below(1 << 16) as u16;
                let length = self.template.write(self.questions.room(i), id, self.domains, &mut self.random);
                self.questions.set_length(i, length);
            }
            if asked > 0 {
                self.questions.send(&flow.socket, asked)?;
                flow.waiting += asked;
            }
        }
        Ok(())
    }
}
