//! Measures edgesteer and its peers side by side on loopback. `just bench` and `just bench-peers` run it.
//!
//! Here: a saturating load generator (`load`), a bare echo as the limit of the kernel's path (`echo`), the servers with
//! their configurations (`contestant`), and the comparison (`compare`). The only `unsafe` is in `sys`. Ratios of one run count;
//! absolute figures are this machine's.

mod answer;
mod check;
mod compare;
mod contestant;
mod echo;
mod flips;
mod inside;
mod load;
mod machine;
mod million;
mod mix;
mod ours;
mod peers;
mod pools;
mod process;
mod sys;
mod watched;
mod world;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What went wrong, for people.
type Failure = Box<dyn std::error::Error>;

#[derive(Parser)]
#[command(about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compares servers: each on core 0 and the load on core 1, in interleaved rounds.
    Compare(compare::Options),
    /// Load time and memory of very many domains, also over reloads with changed lists under load.
    Million(million::Options),
    /// How long a verdict takes until the last lane answers by it, with very many domains and under load.
    Flips(flips::Options),
    /// What one question costs in the fast lane, without sockets; with instructions counted by valgrind if asked.
    Inside(inside::Options),
    /// What it costs the fast lane that fifty dashboards and a scraper look on.
    Watched(watched::Options),
    /// Puts load on a server that runs already.
    Load(load::Options),
    /// Sends every datagram back as an answer.
    Echo(echo::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Compare(options) => compare::run(&options),
        Command::Million(options) => million::run(&options),
        Command::Flips(options) => flips::run(&options),
        Command::Inside(options) => inside::run(&options),
        Command::Watched(options) => watched::run(&options),
        Command::Load(options) => load::run(&options),
        Command::Echo(options) => echo::run(&options).map_err(Failure::from),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
