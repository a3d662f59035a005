//! The command line: what each command reads, prints and returns.
//!
//! Exit codes: 0 done, 1 warnings with `check --strict` or a command that failed, 2 a configuration with errors or wrong usage; `codes`
//! has them for each command.

use crate::app::{self, LoadError, World};
use crate::config::{Diagnostics, Style};
use crate::health::{Held, Subject};
use crate::limits::{LOG_LINES_MAX, STOP_WITHIN};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

mod allocator;
mod audit;
mod check;
mod codes;
mod colour;
mod drill;
mod estimate;
mod explain;
mod front_end;
mod given;
mod healthcheck;
mod manager;
mod manual;
mod notify;
mod operate;
mod papers;
mod privileges;
mod progress;
mod reach;
mod runbook;
mod sandbox;
mod secrets;
mod serve;
mod status;
mod token;
mod told;
mod watch;
mod what_if;

pub(crate) use serve::StopSignals;

/// Geo-DNS traffic manager for inbound federation: answers SRV, A and AAAA only with pools that are provably alive.
#[derive(Debug, Parser)]
#[command(version = env!("EDGESTEER_VERSION"), about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the DNS server. SIGHUP reloads the configuration, SIGTERM stops.
    Serve {
        /// Configuration file.
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
        /// Take over from the server that runs now, if one does: its sockets and what it knows. No question is lost. Where this one
        /// cannot start, that one goes on.
        #[arg(long)]
        replace: bool,
    },
    /// Validate a configuration and show what to think about.
    Check(check::Args),
    /// Show what a client is answered, and why: by the running server, or with -c by a configuration alone, of which every pool
    /// is up unless named by --down.
    Explain(explain::Args),
    /// Hold a pool, or one endpoint of it, up, down or drained on the running server, whatever probes say.
    Hold {
        /// The pool, or POOL/ADDRESS for one endpoint.
        #[arg(value_name = "POOL")]
        subject: Subject,
        /// What it is held at; "drain" takes no new peers, and serves only where nothing else lives.
        #[arg(value_parser = ["up", "down", "drain"])]
        state: String,
        #[command(flatten)]
        length: Length,
        #[command(flatten)]
        order: Ordering,
    },
    /// The same as `hold POOL drain`.
    Drain {
        /// The pool, or POOL/ADDRESS for one endpoint.
        #[arg(value_name = "POOL")]
        subject: Subject,
        #[command(flatten)]
        length: Length,
        #[command(flatten)]
        order: Ordering,
    },
    /// End a hold on the running server, or a pool's wait for its failback: it may be preferred again at once.
    Release {
        /// The pool, or POOL/ADDRESS for one endpoint.
        #[arg(value_name = "POOL")]
        subject: Subject,
        #[command(flatten)]
        order: Ordering,
    },
    /// Show how the running server's pools stand, who is sent where, and what is held.
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: reach::Reach,
    },
    /// Look on: how things stand, renewed each second, with what happened last. q ends it. Where output is no terminal, only what happens
    /// is printed, line by line. A server that goes away is waited for, 10 seconds.
    Watch {
        /// Print what happens as JSON, an event in each line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: reach::Reach,
    },
    /// Ask the server on this machine whether it is ready, and DNS itself where -c tells the address. Exit code 0 yes, 1 no, with the
    /// reason: for containers and supervisors.
    Healthcheck(healthcheck::Args),
    /// Send a trial message to those who are told of events ([notify.NAME]).
    Notify(notify::Args),
    /// Make a token for the admin listener, or show that of this machine.
    Token {
        #[command(subcommand)]
        command: token::Tokens,
    },
    /// Print the completions of a shell; put them where the shell looks for them.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write the man pages of every command, and of the configuration, into a directory.
    Man {
        /// Where to; made where it is missing.
        directory: PathBuf,
    },
    /// Look at the audit trail that a server with a state_dir keeps.
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// Ask, on a Front End, whether it reaches the inside of every Edge pool at the ports that failover presumes.
    Reach(OfFile),
    /// Print what people must do when a pool is lost, as Markdown, with the names of the configuration filled in.
    Runbook(runbook::Args),
    /// Tell who would be sent where if pools were lost, or with another configuration or country database, and who would get nothing.
    WhatIf(what_if::Args),
    /// Tell how long it takes until partners of a dead pool come to another, as ranges with their sources; Markdown.
    Estimate(OfFile),
    /// Treat a pool as lost for a while on the running server, measure what happens, let it come back, and report; Markdown.
    Drill(drill::Args),
    /// Try it without a configuration: two simulated SIP pools on loopback that you can break and mend.
    Demo {
        /// Address for DNS.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5300")]
        listen: SocketAddr,
        /// Address for the admin listener.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9153")]
        admin: SocketAddr,
    },
}

/// What a command has that says something of a configuration.
#[derive(Debug, Args)]
struct OfFile {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How long a hold lasts.
#[derive(Debug, Args)]
struct Length {
    /// For how long, as 2h; without it until it is released.
    #[arg(long = "for", value_name = "DURATION")]
    length: Option<String>,
}

/// What every order to a running server has.
#[derive(Debug, Args)]
struct Ordering {
    /// Why; it stands in the log, in status and in explanations.
    #[arg(long)]
    reason: String,
    /// Who says so. Default: the user who runs this.
    #[arg(long)]
    author: Option<String>,
    /// Do it though [safety] forbids it.
    #[arg(long)]
    force: bool,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: reach::Reach,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let command = codes::explained(Cli::command());
    let cli = Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    match cli.command {
        Command::Serve { config, replace } => serve::run(config, replace),
        Command::Check(args) => check::run(&args),
        Command::Reach(args) => front_end::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Hold { subject, state, length, order } => {
            operate::hold(&subject, &state, length.length.as_deref(), &order)
        }
        Command::Drain { subject, length, order } => {
            operate::hold(&subject, Held::Drain.word(), length.length.as_deref(), &order)
        }
        Command::Release { subject, order } => operate::release(&subject, &order),
        Command::Status { json, server } => status::run(&server, json),
        Command::Watch { json, server } => watch::run(server, json),
        Command::Healthcheck(args) => healthcheck::run(&args),
        Command::Notify(args) => notify::run(&args),
        Command::Token { command } => token::run(&command),
        Command::Completions { shell } => papers::completions(shell),
        Command::Man { directory } => papers::man(&directory),
        Command::Audit { command } => audit::run(&command),
        Command::Runbook(args) => runbook::run(&args),
        Command::WhatIf(args) => what_if::run(&args),
        Command::Estimate(args) => estimate::run(&args),
        Command::Drill(args) => drill::run(args),
        Command::Demo { listen, admin } => crate::demo::run(listen, admin),
    }
}

fn count(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Shows findings to people.
fn show(found: &Diagnostics) {
    complain(&found.render(colour::style(&std::io::stderr())));
}

/// Shows that a configuration is read, where that takes long.
fn reading(path: &Path) -> progress::Progress {
    progress::Progress::of(format!("reading {}", path.display()))
}

/// Loads a configuration and shows its errors; its warnings are for `check` to show, and for whoever starts a server.
fn load(path: &Path) -> Result<World, ExitCode> {
    load_with(path, None)
}

/// The same with another country or city database than the configuration names.
fn load_with(path: &Path, database: Option<&Path>) -> Result<World, ExitCode> {
    let loaded = {
        let _shown = reading(path);
        app::load_with(path, database)
    };
    match loaded {
        Ok(world) => Ok(world),
        Err(LoadError::Config(diagnostics)) => {
            show(&diagnostics);
            Err(ExitCode::from(2))
        }
        Err(other) => {
            complain(&format!("error: {}: {other}", path.display()));
            Err(ExitCode::from(2))
        }
    }
}

/// Prints to standard output; a reader that has gone away, as `head`, is no error.
pub(crate) fn say(text: &str) {
    let _ = try_say(text);
}

/// The same for what goes on and on, which ends where nobody reads it any more.
///
/// # Errors
/// What the system says of it.
fn try_say(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Prints to standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
}

/// Runs to the end. What still runs then, as a read of a file that never ends, is left behind after `STOP_WITHIN`.
pub(crate) fn on_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("error: the system gave no threads: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(work);
    runtime.shutdown_timeout(STOP_WITHIN);
    code
}

/// Logs to standard error; `RUST_LOG` overrides the level. Lines are written by a thread of their own; those that wait are
/// written when the guard is dropped.
pub(crate) fn log_to_stderr(level: &str) -> WorkerGuard {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let queue = NonBlockingBuilder::default().buffered_lines_limit(LOG_LINES_MAX).lossy(true);
    let (writer, guard) = queue.finish(std::io::stderr());
    // A journal or a file must not get a terminal's escape sequences.
    let colour = colour::style(&std::io::stderr()) == Style::Coloured;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(colour);
    // By default a line that cannot be written is complained of on standard error, which then panics.
    lines.with_target(false).log_internal_errors(false).init();
    guard
}
