//! `edgesteer notify`: a trial message to those who are told of events, so that the first real one is not the first.

use super::{complain, say};
use crate::config::{self, Style};
use crate::notify::{deliver, trial};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// What `edgesteer notify` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// The names of [notify] tables; without any, all are tried.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let config = match config::load(&args.config) {
        Ok((config, _)) => config,
        Err(wrong) => {
            complain(&wrong.render(Style::Plain));
            return ExitCode::from(2);
        }
    };
    let has = |name: &String| config.notify.iter().any(|notify| notify.name == *name);
    if let Some(stranger) = args.names.iter().find(|name| !has(name)) {
        let known: Vec<_> = config.notify.iter().map(|notify| notify.name.as_str()).collect();
        let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
        complain(&format!("error: no [notify.{stranger}] in {}: {known}", args.config.display()));
        return ExitCode::from(2);
    }
    let mut code = ExitCode::SUCCESS;
    for notify in config.notify.iter().filter(|n| args.names.is_empty() || args.names.contains(&n.name)) {
        let now = SystemTime::now();
        let number = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        match deliver(notify, number, &trial(now)) {
            Ok(()) => say(&format!("{}: the message was taken", notify.name)),
            Err(why) => {
                complain(&format!("error: {}: {why}", notify.name));
                code = ExitCode::FAILURE;
            }
        }
    }
    if config.notify.is_empty() {
        say("nobody is told of events: there is no [notify.NAME] table");
    }
    code
}
