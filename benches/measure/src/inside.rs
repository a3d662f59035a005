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
    /// Also count instructions and simulated cache misses; needs valgrind, and minutes with many domains.
    #[arg(long)]
    count: bool,
    /// Asks this one once and says nothing: what valgrind is to see.
    #[arg(long, hide = true)]
    only: Option<String>,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    pin(compare::LOAD_CORE)?;
    let mut asker = Asker::new(options.domains)?;
    if let Some(only) = &options.only {
        let case = CASES.iter().find(|(name, _)| name == only).ok_or("there is no such case")?;
        asker.ask(case, options.questions)?;
        return Ok(());
    }
    println!("{}\n\n{} domains, one core, no sockets\n", machine::describe(), options.domains);
    println!("| question | time | instructions | L1 data misses | last-level misses |\n|---|---|---|---|---|");
    let nanoseconds = asker.nanoseconds(options.questions)?;
    let counts = match options.count {
        true => CASES.iter().map(|(name, _)| count(name, options.domains)).collect::<Result<Vec<_>, _>>()?,
        false => Vec::new(),
    };
    for (i, (name, _)) in CASES.iter().enumerate().skip(1) {
        let counted = match (counts.get(i), counts.first()) {
            (Some(counted), Some(nothing)) => {
                let [instructions, l1, last] = [0, 1, 2].map(|n| counted[n] - nothing[n]);
                format!("{instructions:.0} | {l1:.1} | {last:.2}")
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

/// Instructions, L1 data misses and last-level data misses of one question, as callgrind simulates them.
fn count(name: &str, domains: u32) -> Result<[f64; 3], Failure> {
    const QUESTIONS: u32 = 20_000;
    // The difference of two lengths leaves out the start, where the world is compiled.
    let [once, twice] = [QUESTIONS, 2 * QUESTIONS].map(|questions| callgrind(name, domains, questions));
    let (once, twice) = (once?, twice?);
    Ok([0, 1, 2].map(|n| (twice[n] - once[n]) / f64::from(QUESTIONS)))
}

fn callgrind(name: &str, domains: u32, questions: u32) -> Result<[f64; 3], Failure> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--cache-sim=yes"]);
    command.arg(std::env::current_exe()?).args(["inside", "--only", name]);
    command.args(["--questions", &questions.to_string(), "--domains", &domains.to_string()]);
    let output = command.output().map_err(|error| format!("valgrind: {error}; on Debian: apt-get install valgrind"))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let number = |what: &str| {
        let line = text.lines().find(|line| line.contains(what))?;
        let digits = line.split_once(what)?.1.split_whitespace().next()?.replace(',', "");
        digits.parse::<f64>().ok()
    };
    let all = [number("I   refs:"), number("D1  misses:"), number("LLd misses:")];
    let [Some(instructions), Some(l1), Some(last)] = all else {
        return Err(format!("valgrind failed:\n{text}").into());
    };
    Ok([instructions, l1, last])
}
