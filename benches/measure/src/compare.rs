//! Rounds of load on several servers in turn, and the table of what came of it.

use crate::check;
use crate::contestant::{Contestant, ECHO, EDGESTEER, Setting, must_be_installed};
use crate::load::{Counts, Load};
use crate::mix::{self, Template};
use crate::process::{Process, SERVER_CORE};
use crate::{Failure, machine, pools, sys};
use std::io::{IsTerminal as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Load comes from this core.
pub(crate) const LOAD_CORE: usize = 1;
/// A server that does not answer rightly by then never will.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// Load before each measured run, which fills caches and is not counted.
const WARM_UP: Duration = Duration::from_millis(300);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which servers, each as NAME or NAME:DOMAINS, with commas between them.
    #[arg(long, value_delimiter = ',', default_value = "echo,edgesteer,edgesteer:1000000")]
    servers: Vec<Contestant>,
    /// What to ask: files of `NAME TYPE [edns] [ecs] [nxdomain]` lines.
    #[arg(long, value_delimiter = ',', required = true)]
    mix: Vec<PathBuf>,
    /// How often each server is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Length of one measurement.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Our program.
    #[arg(long, default_value = "target/release/edgesteer")]
    edgesteer: PathBuf,
    /// The country database of those that need a file.
    #[arg(long, default_value = "geoip/world.mmdb")]
    database: PathBuf,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    must_be_installed(&options.servers)?;
    if !options.edgesteer.exists() && options.servers.iter().any(|c| c.kind.name == EDGESTEER) {
        return Err(format!("{} is not built: cargo build --release --locked", options.edgesteer.display()).into());
    }
    let mixes = options.mix.iter().map(|path| Mix::read(path)).collect::<Result<Vec<_>, _>>()?;
    println!("{}\n", machine::describe());
    sys::pin(LOAD_CORE)?;
    let probe_port = pools::accept()?;
    let directory = tempfile::Builder::new().prefix("edgesteer-measure-").tempdir()?;
    let mut running = Vec::new();
    for (i, &contestant) in options.servers.iter().enumerate() {
        let setting = Setting {
            directory: directory.path().join(i.to_string()),
            listen: free_address()?,
            admin: free_address()?,
            domains: contestant.domains,
            probe_port,
            database: &std::path::absolute(&options.database)?,
        };
        running.push(Running::start(contestant, &setting, &options.edgesteer, &mixes)?);
    }
    for mix in &mixes {
        let measured = rounds(&mut running, mix, options.rounds, Duration::from_secs_f64(options.seconds))?;
        table(&running, mix, &measured);
    }
    loads(&running);
    Ok(())
}

/// A mix of questions with its name.
struct Mix {
    name: String,
    templates: Vec<Template>,
}

impl Mix {
    fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, templates: mix::parse(&text).map_err(|error| failed(&error))? })
    }
}

/// A server at work.
struct Running {
    contestant: Contestant,
    process: Process,
    listen: SocketAddr,
    /// From its start to its first right answers.
    loaded: Duration,
}

impl Running {
    fn start(contestant: Contestant, setting: &Setting<'_>, ours: &Path, mixes: &[Mix]) -> Result<Self, Failure> {
        std::fs::create_dir_all(&setting.directory)?;
        let program = if contestant.kind.program.is_empty() { ours } else { Path::new(contestant.kind.program) };
        let command = (contestant.kind.prepare)(setting, program)?;
        let began = Instant::now();
        let mut process = Process::start(command, &setting.directory.join("log"))?;
        let mut running = loop {
            process.must_run().map_err(|why| format!("{contestant}: {why}"))?;
            let loaded = began.elapsed();
            match is_right(contestant, setting.listen, mixes) {
                Ok(()) => break Self { contestant, process, listen: setting.listen, loaded },
                Err(why) if loaded > READY_WITHIN => {
                    return Err(format!("{contestant} gives no right answers: {why}\n{}", process.log()).into());
                }
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        running.process.must_run()?;
        Ok(running)
    }

    fn measure(&mut self, mix: &Mix, duration: Duration) -> Result<Measured, Failure> {
        let Contestant { kind, domains } = self.contestant;
        let mut load = Load::new(self.listen, mix.templates.clone(), domains, kind.is_echo())?;
        load.run(WARM_UP)?;
        let before = self.process.cpu();
        let counts = load.run(duration)?;
        let cpu = self.process.cpu() - before;
        self.process.must_run()?;
        Ok(Measured { counts, cpu })
    }
}

/// Whether everything that will be asked is answered rightly. An echo is right when it is there.
fn is_right(contestant: Contestant, listen: SocketAddr, mixes: &[Mix]) -> Result<(), String> {
    if contestant.kind.is_echo() {
        return Ok(());
    }
    let check = |mix: &Mix| check::all(listen, &mix.templates, contestant.domains, contestant.kind.is_geo);
    mixes.iter().try_for_each(check)
}

/// What one run gave.
struct Measured {
    counts: Counts,
    cpu: Duration,
}

/// By server, then by round.
fn rounds(
    running: &mut [Running],
    mix: &Mix,
    rounds: usize,
    duration: Duration,
) -> Result<Vec<Vec<Measured>>, Failure> {
    let watched = std::io::stderr().is_terminal();
    let mut measured: Vec<Vec<Measured>> = running.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for (server, measured) in running.iter_mut().zip(&mut measured) {
            if watched {
                eprint!("\r{}, round {} of {rounds}: {:<40}", mix.name, round + 1, server.contestant.to_string());
            }
            measured.push(server.measure(mix, duration)?);
        }
    }
    if watched {
        eprint!("\r{:80}\r", "");
    }
    for server in running {
        is_right(server.contestant, server.listen, std::slice::from_ref(mix))
            .map_err(|why| format!("{} was right before the load and is not after it: {why}", server.contestant))?;
    }
    Ok(measured)
}

fn loads(running: &[Running]) {
    println!("| server | start to first right answers | peak memory |\n|---|---|---|");
    for server in running {
        let memory = server.process.peak_memory() as f64 / 1e6;
        println!("| {} | {:.2} s | {memory:.0} MB |", server.contestant, server.loaded.as_secs_f64());
    }
    println!();
}

fn table(running: &[Running], mix: &Mix, measured: &[Vec<Measured>]) {
    println!(
        "Mix \"{}\": server on core {SERVER_CORE}, load on core {LOAD_CORE}; medians of {} rounds\n",
        mix.name,
        measured[0].len()
    );
    println!(
        "| server | answers a second | lowest to highest | of the echo | CPU per answer | core busy | lost | wrong |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let echo = running.iter().position(|server| server.contestant.kind.name == ECHO);
    for (server, runs) in running.iter().zip(measured) {
        let rates: Vec<f64> = runs.iter().map(|run| run.counts.rate()).collect();
        // Rounds are compared with the echo of the same round: what disturbs the machine disturbs both.
        let of_echo =
            echo.map(|echo| median(rates.iter().zip(&measured[echo]).map(|(rate, e)| rate / e.counts.rate())));
        let sum = |part: fn(&Measured) -> u64| runs.iter().map(part).sum::<u64>();
        let answers = sum(|run| run.counts.right + run.counts.wrong).max(1);
        let (cpu, took) = (sum(|run| run.cpu.as_nanos() as u64), sum(|run| run.counts.took.as_nanos() as u64));
        println!(
            "| {} | {:.0} | {:.0} to {:.0} | {} | {} ns | {:.0} % | {} | {} |",
            server.contestant,
            median(rates.iter().copied()),
            rates.iter().copied().fold(f64::INFINITY, f64::min),
            rates.iter().copied().fold(0.0, f64::max),
            of_echo.map_or("".to_owned(), |ratio| format!("{ratio:.3}")),
            cpu / answers,
            100.0 * cpu as f64 / took.max(1) as f64,
            sum(|run| run.counts.lost),
            sum(|run| run.counts.wrong),
        );
    }
    println!();
    let _ = std::io::stdout().flush();
}

/// The middle of some numbers.
pub(crate) fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() % 2 {
        0 => (numbers[middle - 1] + numbers[middle]) / 2.0,
        _ => numbers[middle],
    }
}

/// An address that is free for UDP and TCP.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    for _ in 0..100 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        if TcpListener::bind(udp.local_addr()?).is_ok() {
            return Ok(udp.local_addr()?);
        }
    }
    Err("no port is free for both UDP and TCP".into())
}
