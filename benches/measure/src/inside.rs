//! What one question costs from octets to octets in the fast lane, without sockets: time, and instructions under valgrind.
//!
//! Questions are written by the loop that asks them, as the generator's are, and the cost of writing alone is taken off.

use crate::mix::{self, Random, Template};
use crate::sys::{DATAGRAM, pin};
use crate::{Failure, compare, machine, world};
use edgesteer::config::Dns;
use edgesteer::control::Beliefs;
use edgesteer::health::Outcome as Probed;
use edgesteer::lane::Tally;
use edgesteer::lane::direct::{Direct, Outcome};
use edgesteer::snapshot::Publisher;
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Instant;

/// What is asked; the first is nothing, which costs the loop alone.
const CASES: &[(&str, &str)] = &[
    ("nothing", "sip.t{n}.hoster.example A ecs"),
    ("A", "sip.t{n}.hoster.example A"),
    ("AAAA", "sip.t{n}.hoster.example AAAA"),
    ("SRV", "_sipfederationtls._tcp.t{n}.hoster.example SRV"),
    ("A, client subnet", "sip.t{n}.hoster.example A ecs"),
    ("SRV, client subnet", "_sipfederationtls._tcp.t{n}.hoster.example SRV ecs"),
    ("A, no such name", "x{x}.hoster.example A edns"),
    ("A, not ours", "x{x}.elsewhere.example A edns"),
];
/// How often each is timed; the median counts.
const ROUNDS: usize = 9;
/// Questions of each case that are counted.
const COUNTED: u32 = 32 * 1_000;
/// Questions in a batch, for which a lane looks at the clock once and reads ahead.
const BATCH: u32 = 32;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many domains.
    #[arg(long, default_value_t = 1)]
    domains: u32,
    /// How many questions in each round.
    #[arg(long, default_value_t = 500_000)]
    questions: u32,
    /// Also count instructions and simulated cache misses; needs valgrind, and some minutes with many domains.
    #[arg(long)]
    count: bool,
    /// Asks every case once and says nothing: what valgrind is to see.
    #[arg(long, hide = true)]
    counted: bool,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    pin(compare::LOAD_CORE)?;
    let mut asker = Asker::new(options.domains)?;
    if options.counted {
        return CASES.iter().try_for_each(|case| ask_counted(&mut asker, case));
    }
    println!("{}\n\n{} domains, one core, no sockets\n", machine::describe(), options.domains);
    println!("| question | time | instructions | misses of 32 KiB | of 1 MiB |\n|---|---|---|---|---|");
    let nanoseconds = asker.nanoseconds(options.questions)?;
    let counts = if options.count { counts(options.domains)? } else { Vec::new() };
    for (i, (name, _)) in CASES.iter().enumerate().skip(1) {
        let counted = match (counts.get(i), counts.first()) {
            (Some(counted), Some(nothing)) => {
                let [instructions, small, large] = [0, 1, 2].map(|n| (counted[n] - nothing[n]).max(0.0));
                format!("{instructions:.0} | {small:.1} | {large:.1}")
            }
            _ => " |  | ".to_owned(),
        };
        println!("| {name} | {:.0} ns | {counted} |", nanoseconds[i] - nanoseconds[0]);
    }
    Ok(())
}

/// A fast lane with both pools up, and who asks it.
struct Asker {
    lane: Direct,
    domains: u32,
    random: Random,
}

impl Asker {
    fn new(domains: u32) -> Result<Self, Failure> {
        let topology = world::topology(domains)?;
        let (mut beliefs, now) = (Beliefs::new(topology.clone()), Instant::now());
        for target in &topology.targets {
            beliefs.observe(target, &Probed::Pass, now);
        }
        let publisher = Publisher::new(topology, beliefs.render_all(now));
        let tally = Tally::new(&prometheus::Registry::new())?;
        let lane = Direct::new(&publisher.lake(), &Dns::default(), &tally);
        Ok(Self { lane, domains, random: Random::new(0x9e37_79b9_7f4a_7c15) })
    }

    /// Nanoseconds for one question of each case, by rounds in which every case has its turn.
    fn nanoseconds(&mut self, questions: u32) -> Result<Vec<f64>, Failure> {
        let mut rounds: Vec<Vec<f64>> = CASES.iter().map(|_| Vec::new()).collect();
        for _ in 0..ROUNDS {
            for (case, rounds) in CASES.iter().zip(&mut rounds) {
                let began = Instant::now();
                self.ask(case, questions)?;
                rounds.push(began.elapsed().as_nanos() as f64 / f64::from(questions));
            }
        }
        Ok(rounds.into_iter().map(|rounds| compare::median(rounds.into_iter())).collect())
    }

    fn ask(&mut self, (name, line): &(&str, &str), questions: u32) -> Result<(), Failure> {
        let template: Template = mix::parse(line)?.remove(0);
        let client = SocketAddr::from((Ipv4Addr::LOCALHOST, 4_000));
        let (mut batch, mut answered) = ([([0; DATAGRAM], 0); BATCH as usize], 0);
        for begin in (0..questions).step_by(BATCH as usize) {
            let batch = &mut batch[..(questions - begin).min(BATCH) as usize];
            for (n, (octets, length)) in batch.iter_mut().enumerate() {
                *length = template.write(octets, begin as u16 + n as u16, self.domains, &mut self.random);
            }
            let batch = black_box(&*batch);
            if *name == CASES[0].0 {
                continue;
            }
            self.lane.begin(batch.iter().map(|(octets, length)| &octets[..*length]));
            for (octets, length) in batch {
                let said = self.lane.fast(&octets[..*length], client);
                answered += u32::from(matches!(black_box(said), Outcome::Answer(_)));
            }
        }
        if answered == questions || *name == CASES[0].0 { Ok(()) } else { Err(format!("{name} is declined").into()) }
    }
}

/// Instructions and data misses of 32 KiB and of 1 MiB, of one question of each case, as callgrind simulates them. The start,
/// where the world is compiled, is not counted.
fn counts(domains: u32) -> Result<Vec<[f64; 3]>, Failure> {
    let directory = tempfile::tempdir()?;
    let out = directory.path().join("out");
    let mut command = Command::new("valgrind");
    // The caches that one core has for itself: 32 KiB and 1 MiB. What a virtual machine says of its own need not be so.
    command.args(["--tool=callgrind", "--cache-sim=yes", "--D1=32768,8,64", "--LL=1048576,8,64"]);
    command.args(["toggle-collect", "dump-after"].map(|at| format!("--{at}=edgesteer_measure::inside::ask_counted")));
    command.arg(format!("--callgrind-out-file={}", out.display()));
    command.arg(std::env::current_exe()?).args(["inside", "--counted", "--domains", &domains.to_string()]);
    let output = command.output().map_err(|error| format!("valgrind: {error}; on Debian: apt-get install valgrind"))?;
    let part = |n: usize| {
        let text = std::fs::read_to_string(out.with_extension(n.to_string())).ok()?;
        let totals = text.lines().find_map(|line| line.strip_prefix("totals: "))?;
        // Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw, without zeros at the end.
        let totals: Vec<f64> = totals.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
        let total = |at: usize| totals.get(at).copied().unwrap_or(0.0);
        let all = [total(0), total(4) + total(5), total(7) + total(8)];
        Some(all.map(|count| count / f64::from(COUNTED)))
    };
    let counts: Option<Vec<_>> = (1..=CASES.len()).map(part).collect();
    counts.ok_or_else(|| format!("valgrind failed:\n{}", String::from_utf8_lossy(&output.stderr)).into())
}

/// What callgrind counts: its name is how it knows.
#[inline(never)]
fn ask_counted(asker: &mut Asker, case: &(&str, &str)) -> Result<(), Failure> {
    black_box(asker).ask(case, COUNTED)
}
