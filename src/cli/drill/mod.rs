//! `edgesteer drill`: a failover that ends by itself, on a running server, with its phases measured.
//!
//! Here: the order, the wait, the end. In rooms of their own: what DNS says meanwhile (`ask`), what is reported (`report`). It goes
//! the way of every hold: safety rules judge it, and the hold has an end, so that the pool comes back though we die.

use super::operate::user;
use super::reach::Reach;
use super::told::{briefly, list, word};
use super::{StopSignals, complain, on_runtime, say};
use ask::{Question, Sight, Watch};
use report::Report;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

mod ask;
mod report;

/// What `edgesteer drill` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The pool that is treated as lost.
    pool: String,
    /// For how long, as 10m.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    length: Duration,
    /// What it is held at: "drain" still serves where nothing else lives, "down" does not.
    #[arg(long, value_parser = ["drain", "down"], default_value = "drain")]
    state: String,
    /// Why; the hold's reason is this behind "drill: ".
    #[arg(long)]
    reason: String,
    /// Who says so. Default: the user who runs this.
    #[arg(long)]
    author: Option<String>,
    /// Do it though [safety] forbids it or somebody would get nothing.
    #[arg(long)]
    force: bool,
    /// Where the server answers DNS, to see answers change.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:53")]
    dns: SocketAddr,
    /// Write the report to this file. Default: standard output.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Reach,
}

/// How much longer the hold is than the drill: whoever runs it releases first, and where he dies this ends it.
const SPARE: Duration = Duration::from_secs(15);
/// Between two looks at how it stands.
const GLANCE: Duration = Duration::from_millis(250);
/// For answers to follow an order.
const FOLLOWS: Duration = Duration::from_secs(5);

pub(super) fn run(args: Args) -> ExitCode {
    on_runtime(async move {
        let mut stop = match StopSignals::install() {
            Ok(stop) => stop,
            Err(error) => {
                complain(&format!("error: signals cannot be had: {error}"));
                return ExitCode::FAILURE;
            }
        };
        let told = Arc::new(AtomicBool::new(false));
        let is_stopped = told.clone();
        let mut work = tokio::task::spawn_blocking(move || drill(&args, &is_stopped));
        loop {
            tokio::select! {
                code = &mut work => return code.unwrap_or(ExitCode::FAILURE),
                () = stop.received() => told.store(true, Ordering::Relaxed),
            }
        }
    })
}

fn drill(args: &Args, is_stopped: &AtomicBool) -> ExitCode {
    let mut drill = match Drill::plan(args) {
        Ok(drill) => drill,
        Err(code) => return code,
    };
    if let Err(code) = drill.carry_out(is_stopped) {
        tell("refused; nothing was changed");
        return code;
    }
    let report = drill.report;
    let text = if args.json { format!("{:#}\n", report.json()) } else { report.to_string() };
    match &args.report {
        None => say(text.trim_end()),
        Some(path) => {
            if let Err(error) = std::fs::write(path, &text) {
                complain(&format!("error: --report {}: {error}", path.display()));
                say(text.trim_end());
                return ExitCode::FAILURE;
            }
        }
    }
    if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A drill under way.
struct Drill<'a> {
    args: &'a Args,
    report: Report,
    watch: Option<Watch>,
    /// The number of the newest event that was told.
    newest: u64,
    began: Instant,
    /// Whether the pool's hold is no longer ours: then it is not ours to end.
    is_taken: bool,
}

impl<'a> Drill<'a> {
    /// Looks before it leaps; changes nothing.
    fn plan(args: &'a Args) -> Result<Self, ExitCode> {
        let pool = &args.pool;
        let foretold = args.server.json(&format!("/api/v1/what-if?lost={pool}"))?;
        if foretold["ok"] != true && !args.force {
            let objections: Vec<&str> = list(&foretold["objections"]).filter_map(Value::as_str).collect();
            let why = format!("the drill is refused: without {pool} {}", objections.join("; "));
            return Err(refuse(&why, "wait until another pool lives, or say --force"));
        }
        let holds = args.server.json("/api/v1/holds")?;
        if let Some(held) = list(&holds["holds"]).find(|hold| hold["pool"] == **pool) {
            let why = format!("{pool} is held {} already: {}", word(&held["state"]), word(&held["reason"]));
            return Err(refuse(&why, &format!("end that first: edgesteer release {pool}")));
        }
        let question = question(args, &foretold)?;
        let asked_for = question.as_ref().map(|(question, _)| {
            let client =
                question.client.map_or(String::new(), |(net, length)| format!(" for a client of {net}/{length}"));
            format!("{} {}{client}, on {}", question.name, question.kind, args.dns)
        });
        let share =
            |service: &Value| ["moved_ipv4", "moved_ipv6"].map(|family| service[family].as_f64().unwrap_or(0.0));
        let services = list(&foretold["services"]).map(|service| (word(&service["service"]), share(service)));
        let report = Report {
            pool: pool.clone(),
            state: args.state.clone(),
            reason: args.reason.clone(),
            asked: asked_for,
            foretold: services.filter(|(_, share)| *share != [0.0; 2]).collect(),
            ..Report::default()
        };
        let newest = args.server.json("/api/v1/events/recent?limit=1")?["newest"].as_u64().unwrap_or(0);
        let watch = question.map(|(question, sight)| Watch::start(question, sight)).transpose();
        let watch = watch.map_err(|error| refuse(&format!("DNS cannot be asked: {error}"), SAY_DNS))?;
        Ok(Self { args, report, watch, newest, began: Instant::now(), is_taken: false })
    }

    /// Holds, waits, releases. An error is one before anything was changed.
    fn carry_out(&mut self, is_stopped: &AtomicBool) -> Result<(), ExitCode> {
        (self.began, self.report.began) = (Instant::now(), unix());
        let length = humantime::format_duration(self.args.length + SPARE).to_string();
        self.order("PUT", json!({ "state": self.args.state, "for": length }))?;
        self.report.accepted = Some(self.began.elapsed());
        tell(&format!("{} is held {}; Ctrl-C ends the drill early", self.args.pool, self.args.state));
        if let Some(watch) = &self.watch {
            match watch.change(FOLLOWS) {
                Some(change) => {
                    let after = |at: Instant| at.saturating_duration_since(self.began);
                    self.report.changed = Some(after(change.first.at));
                    // Until the server tells it of all clients, if the drill is long enough for that.
                    self.report.run_out = Some(after(change.last.at + change.last.ttl));
                    tell("answers have changed");
                }
                None => self.trouble(format!("answers named {} still after {FOLLOWS:?}", self.args.pool)),
            }
        }
        while self.began.elapsed() < self.args.length && self.report.is_good() {
            if is_stopped.load(Ordering::Relaxed) {
                self.trouble("it was ended before its time".to_owned());
                break;
            }
            std::thread::sleep(GLANCE.min(self.args.length.saturating_sub(self.began.elapsed())));
            self.look();
        }
        self.end();
        Ok(())
    }

    /// Lets the pool come back, and sees that it does.
    fn end(&mut self) {
        if self.is_taken {
            return self.listen();
        }
        if self.order("DELETE", json!({})).is_err() {
            let spare = humantime::format_duration(SPARE);
            self.trouble(format!("the release failed; the hold ends by itself {spare} after the drill's time"));
        }
        self.report.released = Some(self.began.elapsed());
        if let Some(watch) = &self.watch {
            let mut back = None;
            while let Some(change) = watch.change(if back.is_none() { FOLLOWS } else { Duration::ZERO }) {
                back = change.first.names_pool.then_some(change.first.at);
            }
            match back {
                Some(at) => self.report.returned = Some(at.saturating_duration_since(self.began)),
                None => self.trouble(format!("answers did not name {} again within {FOLLOWS:?}", self.args.pool)),
            }
        }
        self.listen();
        tell("the drill is over");
    }

    /// Sees whether partners are still served, and whether we still have the hold.
    fn look(&mut self) {
        self.listen();
        match self.args.server.json("/api/v1/status") {
            Ok(status) => {
                let mine = |hold: &Value| hold["subject"] == *self.args.pool && hold["reason"] == *self.reason();
                if !list(&status["holds"]).any(mine) {
                    self.is_taken = true;
                    return self.trouble("somebody else released the pool or holds it otherwise".to_owned());
                }
                let is_ours = |name: &Value| self.report.foretold.iter().any(|(service, _)| name == service);
                let ours = list(&status["services"]).filter(|service| is_ours(&service["service"]));
                let is_lost = |service: &&Value| {
                    list(&service["choices"]).any(|choice| {
                        choice["basis"] != "proven alive" || list(&choice["pools"]).any(|pool| pool == &*self.args.pool)
                    })
                };
                let lost: Vec<String> = ours.filter(is_lost).map(|service| word(&service["service"])).collect();
                if !lost.is_empty() {
                    self.trouble(format!("no other pool serves any more in {}", lost.join(", ")));
                }
            }
            Err(_) => self.trouble("the server cannot be asked".to_owned()),
        }
    }

    /// Takes what happened meanwhile.
    fn listen(&mut self) {
        let Ok(news) = self.args.server.json(&format!("/api/v1/events/recent?after={}&limit=1000", self.newest)) else {
            return;
        };
        self.newest = news["newest"].as_u64().unwrap_or(self.newest);
        for event in list(&news["events"]) {
            let at = event["at"].as_u64().unwrap_or(0);
            if event["what"] == "drained" && event["detail"]["subject"] == *self.args.pool {
                self.report.run_out = Some(Duration::from_millis(at.saturating_sub(self.report.began)));
            }
            self.report.events.extend(briefly(event).map(|words| (at, words)));
        }
    }

    fn order(&self, method: &str, mut said: Value) -> Result<Value, ExitCode> {
        said["reason"] = self.reason().into();
        said["author"] = self.args.author.clone().unwrap_or_else(user).into();
        said["force"] = self.args.force.into();
        let path = format!("/api/v1/holds/{}", self.args.pool);
        self.args.server.told(method, &path, &said.to_string())
    }

    /// The dashboard and everybody else know a drill by this.
    fn reason(&self) -> String {
        format!("drill: {}", self.args.reason)
    }

    fn trouble(&mut self, what: String) {
        tell(&what);
        self.report.troubles.push(what);
    }
}

/// A question whose answer names the pool now, and that answer: of the first service that has one.
fn question(args: &Args, foretold: &Value) -> Result<Option<(Question, Sight)>, ExitCode> {
    let pools = args.server.json("/api/v1/pools")?;
    let pool = list(&pools["pools"]).find(|pool| pool["pool"] == *args.pool);
    let fqdn = pool.and_then(|pool| pool["fqdn"].as_str()).map(|fqdn| fqdn.trim_end_matches('.').to_owned());
    let services = list(&foretold["services"]).filter(|service| service["ask"].is_object());
    for service in services {
        let name = word(&service["service"]);
        let stands = args.server.json(&format!("/api/v1/services/{name}"))?;
        let own = list(&stands["pools"]).filter(|pool| pool["pool"] == *args.pool);
        let addresses =
            own.flat_map(|pool| list(&pool["endpoints"])).filter_map(|it| it["address"].as_str()?.parse().ok());
        let Ok(kind) = word(&service["ask"]["type"]).parse() else { continue };
        let plain = Question {
            dns: args.dns,
            name: word(&service["ask"]["name"]),
            kind,
            client: None,
            addresses: addresses.collect(),
            fqdn: fqdn.clone(),
        };
        let moved = list(&service["moves"]).filter(|it| it["moved"] == true && it["clients"] != "view");
        let clients = moved.flat_map(|it| list(&it["examples"])).filter_map(|net| prefix(net.as_str()?));
        for client in clients.map(Some).chain([None]) {
            let question = Question { client, ..plain.clone() };
            match question.ask() {
                Ok(sight) if sight.names_pool => return Ok(Some((question, sight))),
                Ok(_) => {}
                Err(error) => return Err(refuse(&format!("no DNS server answers on {}: {error}", args.dns), SAY_DNS)),
            }
        }
    }
    Ok(None)
}

fn prefix(text: &str) -> Option<(std::net::IpAddr, u8)> {
    let (address, length) = text.split_once('/')?;
    Some((address.parse().ok()?, length.parse().ok()?))
}

/// Tells why there is no drill, and what to do.
fn refuse(why: &str, next: &str) -> ExitCode {
    complain(&format!("error: {why}"));
    complain(&format!("help: {next}"));
    ExitCode::FAILURE
}

/// What to do where DNS is silent.
const SAY_DNS: &str = "name an address on which the server answers DNS with --dns";

/// What happens, beside the report.
fn tell(what: &str) {
    complain(&format!("drill: {what}"));
}

/// Milliseconds since 1970.
fn unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}
