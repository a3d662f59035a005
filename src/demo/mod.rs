//! `edgesteer demo`: the main job without a configuration.
//!
//! Two simulated SIP-over-TLS pools on loopback (`edge`) with a throw-away CA (`ca`), the real server with a real
//! configuration file, and a console that breaks and mends the pools. What is shown is what the server did.

use self::ca::{ThrowawayCa, now_valid};
use self::edge::{Mode, SimulatedEdge};
use crate::app::{self, Estate, Running};
use crate::cli::{StopSignals, complain, say};
use crate::control::{Event, Move};
use crate::health::State;
use crate::steering::Basis;
use std::collections::HashMap;
use std::fmt::Write;
use std::io::BufRead;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;
use tokio::sync::mpsc;

pub mod ca;
pub mod edge;

/// The simulated pools: name, country, endpoint, and a client network there to ask as.
const POOLS: [DemoPool; 2] = [
    DemoPool { name: "seoul", country: "KR", address: "127.0.1.10:5061", client: "168.126.63.0/24" },
    DemoPool { name: "dublin", country: "IE", address: "127.0.2.10:5061", client: "87.32.0.0/24" },
];

struct DemoPool {
    name: &'static str,
    country: &'static str,
    address: &'static str,
    client: &'static str,
}

/// What the console understands: word, what becomes of the pool, and what that stands for.
const VERBS: [(&str, Mode, &str); 4] = [
    ("break", Mode::Refusing, "its process dies: connections are refused"),
    ("silence", Mode::Silent, "it hangs: connections open, nothing is answered"),
    ("overload", Mode::Unavailable, "it answers 503 Service Unavailable"),
    ("mend", Mode::Serving, "it serves again"),
];

/// The domain of the demo.
const DOMAIN: &str = "contoso.example";

/// Runs until `quit`, SIGINT or SIGTERM. Without an input, as in a container, it runs on.
pub fn run(listen: SocketAddr, admin: SocketAddr) -> ExitCode {
    let _written_at_the_end = crate::cli::log_to_stderr("error");
    crate::cli::on_runtime(async {
        let mut stop = match StopSignals::install() {
            Ok(stop) => stop,
            Err(error) => return failed(&format!("signals cannot be received: {error}")),
        };
        tokio::select! {
            started = Demo::start(listen, admin) => match started {
                Ok(demo) => demo.run(&mut stop).await,
                Err(error) => failed(&error),
            },
            () = stop.received() => ExitCode::SUCCESS,
        }
    })
}

fn failed(error: &str) -> ExitCode {
    complain(&format!("error: {error}"));
    ExitCode::FAILURE
}

struct Demo {
    edges: HashMap<&'static str, SimulatedEdge>,
    running: Running,
    /// Goes with the demo.
    _directory: TempDir,
    /// The pool that was last broken or mended, and when, until the partners have moved.
    touched: Option<(String, Instant)>,
}

impl Demo {
    async fn start(listen: SocketAddr, admin: SocketAddr) -> Result<Self, String> {
        let ca = ThrowawayCa::new().map_err(|error| format!("no certificate authority: {error}"))?;
        let mut edges = HashMap::new();
        for pool in &POOLS {
            let fqdn = format!("access-{}.{DOMAIN}", pool.name);
            let names = [&format!("sip.{DOMAIN}"), fqdn.as_str()];
            let identity = ca.issue(&names, now_valid()).map_err(|error| format!("no certificate: {error}"))?;
            let address = pool.address.parse().map_err(|error| format!("{}: {error}", pool.address))?;
            let edge = SimulatedEdge::start(address, &identity)
                .map_err(|error| format!("the simulated pool {} cannot listen on {address}: {error}", pool.name))?;
            edges.insert(pool.name, edge);
        }
        let unwritten = |error: std::io::Error| format!("cannot write a configuration: {error}");
        let directory = tempfile::Builder::new().prefix("edgesteer-demo-").tempdir().map_err(unwritten)?;
        let path = write_configuration(directory.path(), listen, admin, ca.pem()).map_err(unwritten)?;
        let world = app::load(&path).map_err(|error| error.to_string())?;
        let running =
            Running::start(path.clone(), world, Estate::default()).await.map_err(|error| error.to_string())?;
        say(&greeting(&path, running.addresses(), running.admin()));
        Ok(Self { edges, running, _directory: directory, touched: None })
    }

    async fn run(mut self, stop: &mut StopSignals) -> ExitCode {
        let mut events = self.running.control().events();
        let mut lines = console();
        loop {
            tokio::select! {
                Some(line) = lines.recv() => match line.trim() {
                    "quit" | "exit" => break,
                    line => self.obey(line).await,
                },
                // A demo cannot fall EVENTS_QUEUE behind; if it did, it would show the next one.
                event = events.recv() => if let Ok(event) = event {
                    self.show(&event);
                },
                () = stop.received() => break,
                () = self.running.broken() => return failed("the control task ended"),
            }
        }
        self.running.stop().await;
        ExitCode::SUCCESS
    }

    async fn obey(&mut self, line: &str) {
        let (verb, name) = line.split_once(' ').unwrap_or((line, ""));
        let name = name.trim().to_ascii_lowercase();
        let verb = VERBS.iter().find(|(word, ..)| *word == verb);
        let (Some((_, mode, meaning)), Some(edge)) = (verb, self.edges.get_mut(name.as_str())) else {
            match line {
                "" => {}
                "help" | "?" => say(&help()),
                line => say(&format!("? {line}\n{}", help())),
            }
            return;
        };
        self.touched = Some((line.to_owned(), Instant::now()));
        match edge.break_it(*mode).await {
            Ok(()) => tell(&format!("{name}: {meaning}")),
            Err(error) => tell(&format!("{name} cannot be changed: {error}")),
        }
    }

    fn show(&mut self, event: &Event) {
        match event {
            Event::Verdict { target, pools, verdict, took, .. } => {
                let name = pools.join(", ");
                let why = match (&verdict.why, verdict.state) {
                    (Some(why), State::Down | State::Degraded) => format!(": {why}"),
                    _ => String::new(),
                };
                let took =
                    if took.is_zero() { String::new() } else { format!(" {} after the first sign", brief(*took)) };
                tell(&format!("{name} ({}) is {}{took}{why}", target.address, verdict.state.word()));
            }
            Event::Moved(moved) => {
                let since = self.touched.as_ref().map(|(line, at)| format!(", {} after `{line}`", brief(at.elapsed())));
                tell(&describe(moved, since.as_deref().unwrap_or_default()));
            }
            // Who moves is told with it; the demo's certificates outlive it, and it has no gates.
            Event::Published { .. } | Event::Certificate { .. } | Event::Gate { .. } => {}
            // Whoever gave the order was answered.
            Event::Held { .. } | Event::Released { .. } | Event::HoldEnded { .. } | Event::Refused { .. } => {}
            Event::Doubt { why: Some(why), .. } => tell(&format!("self-doubt: {}", why.words())),
            Event::Flap(flap) => {
                let word =
                    if flap.damped.is_some() { "flaps: it serves only where no other does" } else { "flaps no longer" };
                tell(&format!("{} {word}", flap.pool));
            }
            Event::Trial(trial) => tell(&format!("{}: {}", trial.pool, trial.step.words())),
            Event::Drained { subject, .. } => tell(&format!("{subject}: the last answer that named it has expired")),
            Event::Doubt { why: None, .. } => tell("self-doubt is over"),
            Event::Replaced { generation } => tell(&format!("generation {generation}: the configuration was replaced")),
        }
    }
}

/// The lines that are typed, read by a thread of its own: nothing else can give up waiting for a terminal.
fn console() -> mpsc::Receiver<String> {
    let (lines, typed) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            if lines.blocking_send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    typed
}

fn describe(moved: &Move, since: &str) -> String {
    let Move { from, to, basis, generation, published, .. } = moved;
    let (from, to) = (from.join(", "), to.join(", "));
    let whom = POOLS.iter().filter(|pool| moved.regions.iter().any(|region| region.starts_with(pool.name)));
    let whom = whom.map(|pool| format!("nearest to {}", pool.name)).collect::<Vec<_>>().join(" and ");
    let told = match basis {
        Basis::AllDown(rung) => format!("every pool is down: partners {whom} are told {to} ({})", rung.word()),
        _ if from == to => format!("partners {whom} stay with {to}"),
        _ => format!("partners {whom} are now told {to}, not {from}"),
    };
    format!("{told} (generation {generation}, published in {}{since})", brief(*published))
}

/// A duration with three digits.
fn brief(duration: Duration) -> String {
    match duration {
        d if d.as_secs() > 0 => format!("{:.2} s", d.as_secs_f64()),
        d if d.as_millis() > 0 => format!("{:.1} ms", d.as_secs_f64() * 1e3),
        d => format!("{} us", d.as_micros()),
    }
}

fn tell(text: &str) {
    let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    // The time of day alone: 2026-11-23T14:03:05.123Z.
    say(&format!("{}  {text}", now.get(11..23).unwrap_or(&now)));
}

fn write_configuration(directory: &Path, listen: SocketAddr, admin: SocketAddr, ca: &str) -> std::io::Result<PathBuf> {
    let mut text = format!(
        "# The configuration of `edgesteer demo`.\n\
         [server]\nlisten = [\"{listen}\"]\nadmin = \"{admin}\"\n\n\
         [zone.\"{DOMAIN}\"]\nns = {{ \"ns1.{DOMAIN}\" = [\"127.0.0.1\"] }}\n\n"
    );
    for DemoPool { name, country, address, .. } in &POOLS {
        let address = address.trim_end_matches(":5061");
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "[pool.{name}]\nlocation = \"{country}\"\nfqdn = \"access-{name}.{DOMAIN}\"\nendpoints = [\"{address}\"]\n"
        );
    }
    let _ = write!(
        text,
        "[service.federation]\nkind = \"sip-federation\"\ndomains = [\"{DOMAIN}\"]\npools = [{}]\n\
         failback = \"10s\"   # short, to be seen; the default is 10m\n\
         check = {{ kind = \"sip\", port = 5061, tls = {{ ca = \"ca.pem\" }} }}\n",
        POOLS.map(|pool| format!("\"{}\"", pool.name)).join(", ")
    );
    std::fs::create_dir_all(directory)?;
    std::fs::write(directory.join("ca.pem"), ca)?;
    let path = directory.join("edgesteer.toml");
    std::fs::write(&path, text)?;
    Ok(path)
}

fn greeting(path: &Path, listen: &[SocketAddr], admin: SocketAddr) -> String {
    let mut text = format!("edgesteer demo: {DOMAIN} has two simulated SIP-over-TLS Edge pools.\n");
    for pool in &POOLS {
        let _ = writeln!(text, "  {:<7} {}  {}", pool.name, pool.country, pool.address);
    }
    let _ = writeln!(
        text,
        "The configuration is {}\n\nAsk as a partner near each pool, in another terminal:",
        path.display()
    );
    for (listen, pool) in listen.iter().take(1).flat_map(|listen| POOLS.iter().map(move |pool| (listen, pool))) {
        let (ip, port, client) = (listen.ip(), listen.port(), pool.client);
        let _ = writeln!(
            text,
            "  dig @{ip} -p {port} +subnet={client} _sipfederationtls._tcp.{DOMAIN} SRV   # {}",
            pool.country
        );
    }
    let _ = write!(text, "  curl http://{admin}/metrics\n\nWatch it at http://{admin}/\n\n{}\n", help());
    text
}

fn help() -> String {
    let pools = POOLS.map(|pool| pool.name).join(" or ");
    let mut text = format!("Type here, with POOL {pools}:\n");
    for (word, _, meaning) in &VERBS {
        let _ = writeln!(text, "  {:<15} {meaning}", format!("{word} POOL"));
    }
    text + "  quit            ends the demo"
}
