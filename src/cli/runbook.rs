//! `edgesteer runbook`, without a running server.

use super::{complain, load, say};
use crate::federation::runbook::{self, Dns};
use std::path::PathBuf;
use std::process::ExitCode;

/// What `edgesteer runbook` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// The Edge pool that is lost, or the FQDN of a Front End pool; may be given again.
    #[arg(long, value_name = "POOL", required = true)]
    lost: Vec<String>,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let world = match load(&args.config) {
        Ok(world) => world,
        Err(code) => return code,
    };
    let organisation = &world.topology.organisation;
    match organisation.find(&args.lost) {
        Ok(lost) => {
            say(runbook::write(organisation, &lost, Dns::Offline).trim_end());
            ExitCode::SUCCESS
        }
        Err(unknown) => {
            complain(&format!("error: --lost: {unknown}"));
            ExitCode::from(2)
        }
    }
}
