//! `edgesteer what-if`, without a running server: who would be sent where if pools were lost, or with another configuration or
//! database. Its exit code is a gate for changes.

use super::{complain, load, load_with, say};
use crate::admin::{WhatIf, pools_named};
use crate::app::World;
use crate::snapshot::Snapshot;
use crate::whatif::{all_up, compare, without};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `edgesteer what-if` is told.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("otherwise").required(true).multiple(true).args(["lost", "diff", "diff_geoip"]))]
pub(super) struct Args {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// Pools that are lost, with commas between them. Beside --diff or --diff-geoip they are lost in both worlds.
    #[arg(long, value_name = "POOL,...", value_delimiter = ',')]
    lost: Vec<String>,
    /// Another configuration to compare with.
    #[arg(long, value_name = "FILE")]
    diff: Option<PathBuf>,
    /// Another country or city database to compare with.
    #[arg(long, value_name = "FILE")]
    diff_geoip: Option<PathBuf>,
    /// How much of the address space any service may send elsewhere, as 60%.
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    max_moved: Option<f64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>();
    let percent = number.ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.map(|percent| percent / 100.0).ok_or_else(|| "a share is from 0% to 100%".to_owned())
}

pub(super) fn run(args: &Args) -> ExitCode {
    match weigh(args) {
        Ok(told) => {
            if args.json {
                say(&serde_json::to_string_pretty(&told).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}")));
            } else {
                say(told.to_string().trim_end());
            }
            if told.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(code) => code,
    }
}

fn weigh(args: &Args) -> Result<WhatIf, ExitCode> {
    let is_diff = args.diff.is_some() || args.diff_geoip.is_some();
    let world = load(&args.config)?;
    let before = all_up(&world.topology);
    let other = if is_diff { Some(other(args)?) } else { None };
    let after = other.map_or_else(|| before.clone(), |other| all_up(&other.topology));
    if let Err(error) = args.lost.iter().try_for_each(|name| {
        let one = std::slice::from_ref(name);
        pools_named(&before.topology, one)
            .or_else(|error| pools_named(&after.topology, one).map_err(|_| error))
            .map(drop)
    }) {
        complain(&format!("error: --lost: {error}"));
        return Err(ExitCode::from(2));
    }
    let lost = |snapshot: &Snapshot| without(snapshot, &known(snapshot, &args.lost));
    let but = if args.lost.is_empty() { String::new() } else { format!(" but {}", args.lost.join(", ")) };
    let name = |path: &Path| path.display().to_string();
    let config = name(&args.config);
    if !is_diff {
        let comparison = compare(&before, &lost(&after));
        return Ok(WhatIf::new(
            &comparison,
            format!("{config}, every pool up"),
            format!("every pool up{but}"),
            args.max_moved,
        ));
    }
    let comparison = compare(&lost(&before), &lost(&after));
    let mut to = args.diff.as_deref().map_or(config.clone(), name);
    if let Some(database) = &args.diff_geoip {
        to.push_str(&format!(" with the database {}", database.display()));
    }
    Ok(WhatIf::new(
        &comparison,
        format!("{config}, every pool up{but}"),
        format!("{to}, every pool up{but}"),
        args.max_moved,
    ))
}

/// The lost pools that this world has.
fn known(snapshot: &Snapshot, lost: &[String]) -> Vec<crate::ids::PoolId> {
    lost.iter().filter_map(|name| pools_named(&snapshot.topology, std::slice::from_ref(name)).ok()).flatten().collect()
}

/// The second world.
fn other(args: &Args) -> Result<World, ExitCode> {
    let path = args.diff.as_ref().unwrap_or(&args.config);
    load_with(path, args.diff_geoip.as_deref())
}
