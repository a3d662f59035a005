//! What it costs the fast lane to be looked at: rounds of load alone, and with fifty dashboards and a scraper, in turn.
//!
//! Each dashboard holds a stream of events open and reads what the page reads every 15 seconds; the scraper reads /metrics every
//! second. In both sorts of rounds a hold comes and goes each second, so that there are events. Clients share the core of the
//! load, the server has its own.

use crate::compare::{LOAD_CORE, median};
use crate::load::{Counts, Load};
use crate::ours::Ours;
use crate::process::SERVER_CORE;
use crate::{Failure, check};
use edgesteer::admin::local_token;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What the page reads to show itself.
const PAGE: [&str; 5] = [
    "/api/v1/status",
    "/api/v1/services?limit=100",
    "/api/v1/pools",
    "/api/v1/endpoints?limit=200",
    "/api/v1/regions?service=federation",
];
/// How often each page reads all of it.
const PAGE_EVERY: Duration = Duration::from_secs(15);
const SECOND: Duration = Duration::from_secs(1);
/// Load before each measured run, which fills caches and is not counted.
const WARM_UP: Duration = Duration::from_millis(300);
/// Between two looks of a client at what has come.
const GLANCE: Duration = Duration::from_millis(20);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many dashboards.
    #[arg(long, default_value_t = 50)]
    dashboards: usize,
    /// How many rounds, each alone, watched, and alone again.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Length of one measurement.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// How many domains.
    #[arg(long, default_value_t = 1)]
    domains: u32,
    /// What is asked.
    #[arg(long, default_value = "benches/measure/mixes/federation.txt")]
    mix: PathBuf,
    /// Our program.
    #[arg(long, default_value = "target/release/edgesteer")]
    edgesteer: PathBuf,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let Ours { directory: _kept, listen, admin, mut process, templates, .. } =
        Ours::start(&options.edgesteer, &options.mix, options.domains)?;
    let mut load = Load::new(listen, templates.clone(), options.domains, false)?;
    let mut measure = |dashboards| {
        let clients = Clients::start(admin, dashboards);
        load.run(WARM_UP)?;
        let before = process.cpu();
        let counts = load.run(Duration::from_secs_f64(options.seconds))?;
        let cpu = process.cpu() - before;
        process.must_run()?;
        Ok::<_, Failure>(Measured { counts, cpu, seen: clients.end()? })
    };
    let (mut alone, mut watched, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        alone.push(measure(0)?);
        watched.push(measure(options.dashboards)?);
        again.push(measure(0)?);
    }
    check::all(listen, &templates, options.domains, true)?;
    report(options, &alone, &watched, &again);
    Ok(())
}

/// What one run gave.
struct Measured {
    counts: Counts,
    cpu: Duration,
    seen: Seen,
}

fn report(options: &Options, alone: &[Measured], watched: &[Measured], again: &[Measured]) {
    println!(
        "server on core {SERVER_CORE}, load and clients on core {LOAD_CORE}; {} rounds of alone, watched, alone, {} s each\n",
        options.rounds, options.seconds
    );
    println!(
        "| | answers a second | lowest to highest | CPU per answer | lost | wrong | events heard | pages | scrapes |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    row("alone", &alone.iter().chain(again).collect::<Vec<_>>());
    row(&format!("{} dashboards, a scraper", options.dashboards), &watched.iter().collect::<Vec<_>>());
    let rate = |measured: &Measured| measured.counts.rate();
    let effect = alone.iter().zip(again).zip(watched).map(|((a, b), w)| 2.0 * rate(w) / (rate(a) + rate(b)));
    let noise = alone.iter().zip(again).map(|(a, b)| rate(b) / rate(a));
    println!("\nwatched to alone, in the same round: {}", spread(effect.collect()));
    println!("alone to alone, in the same round: {}", spread(noise.collect()));
}

fn spread(ratios: Vec<f64>) -> String {
    let lowest = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = ratios.iter().copied().fold(0.0, f64::max);
    format!("median {:.3}, {lowest:.3} to {highest:.3}", median(ratios.into_iter()))
}

fn row(what: &str, runs: &[&Measured]) {
    let rates: Vec<f64> = runs.iter().map(|run| run.counts.rate()).collect();
    let sum = |part: fn(&Measured) -> u64| runs.iter().map(|run| part(run)).sum::<u64>();
    let answers = sum(|run| run.counts.right + run.counts.wrong).max(1);
    println!(
        "| {what} | {:.0} | {:.0} to {:.0} | {} ns | {} | {} | {} | {} | {} |",
        median(rates.iter().copied()),
        rates.iter().copied().fold(f64::INFINITY, f64::min),
        rates.iter().copied().fold(0.0, f64::max),
        sum(|run| run.cpu.as_nanos() as u64) / answers,
        sum(|run| run.counts.lost),
        sum(|run| run.counts.wrong),
        sum(|run| run.seen.events),
        sum(|run| run.seen.pages),
        sum(|run| run.seen.scrapes),
    );
}

/// What clients got.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    events: u64,
    pages: u64,
    scrapes: u64,
}

/// Clients at work on a thread of their own.
struct Clients {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Seen, String>>,
}

impl Clients {
    /// So many dashboards with a scraper; with none, only a hold comes and goes.
    fn start(admin: SocketAddr, dashboards: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let until = stop.clone();
        let thread = std::thread::spawn(move || look(admin, dashboards, &until).map_err(|error| error.to_string()));
        Self { stop, thread }
    }

    fn end(self) -> Result<Seen, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.thread.join().map_err(|_| "a client panicked")??)
    }
}

fn look(admin: SocketAddr, dashboards: usize, stop: &AtomicBool) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    let mut streams = (0..dashboards).map(|_| stream(admin)).collect::<Result<Vec<_>, _>>()?;
    let token = local_token(admin).ok_or("the server's own token cannot be read")?;
    let page_every = PAGE_EVERY.checked_div(dashboards as u32).unwrap_or(Duration::MAX);
    let (mut second, mut page, mut held) = (Instant::now(), Instant::now(), false);
    while !stop.load(Ordering::Relaxed) {
        for stream in &mut streams {
            seen.events += heard(stream)?;
        }
        if page.elapsed() >= page_every {
            page += page_every;
            for path in PAGE {
                get(admin, path)?;
            }
            seen.pages += 1;
        }
        if second.elapsed() >= SECOND {
            second += SECOND;
            held = !held;
            order(admin, &token, held)?;
            if dashboards > 0 {
                get(admin, "/metrics")?;
                seen.scrapes += 1;
            }
        }
        std::thread::sleep(GLANCE);
    }
    if held {
        order(admin, &token, false)?;
    }
    Ok(seen)
}

/// Opens a stream of events and reads the head of its answer.
fn stream(admin: SocketAddr) -> Result<TcpStream, Failure> {
    let mut stream = TcpStream::connect(admin)?;
    write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: {admin}\r\n\r\n")?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet)?;
        head.push(octet[0]);
    }
    if !head.starts_with(b"HTTP/1.1 200") {
        return Err(format!("no stream of events: {}", String::from_utf8_lossy(&head)).into());
    }
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// How many events have come on a stream.
fn heard(stream: &mut TcpStream) -> Result<u64, Failure> {
    let mut octets = [0; 16 << 10];
    match stream.read(&mut octets) {
        Ok(0) => Err("the server has closed a stream of events".into()),
        Ok(length) => Ok(octets[..length].windows(6).filter(|window| window == b"data: ").count() as u64),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Holds a pool up, as it is, or releases it: an event that changes no answer.
fn order(admin: SocketAddr, token: &str, held: bool) -> Result<(), Failure> {
    // By force, since it is more often than a person should.
    let (method, state) = if held { ("PUT", r#""state":"up","#) } else { ("DELETE", "") };
    let body = format!(r#"{{{state}"reason":"measured","force":true}}"#);
    let fields = format!(
        "Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    ask(
        admin,
        &format!("{method} /api/v1/holds/seoul HTTP/1.1\r\nHost: {admin}\r\n{fields}Connection: close\r\n\r\n{body}"),
    )
}

fn get(admin: SocketAddr, path: &str) -> Result<(), Failure> {
    ask(admin, &format!("GET {path} HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n"))
}

fn ask(admin: SocketAddr, request: &str) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(admin)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    if !answer.starts_with(b"HTTP/1.1 200") {
        let (line, _) = request.split_once('\r').unwrap_or_default();
        return Err(format!("{line}: {}", String::from_utf8_lossy(&answer)).into());
    }
    Ok(())
}
