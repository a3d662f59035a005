//! `edgesteer estimate`, without a running server: how soon partners of a dead pool come to another.

use super::{OfFile, load, say};
use crate::admin::Estimates;
use std::process::ExitCode;

pub(super) fn run(args: &OfFile) -> ExitCode {
    let world = match load(&args.config) {
        Ok(world) => world,
        Err(code) => return code,
    };
    let estimates = Estimates::of(&world.topology);
    if args.json {
        say(&serde_json::to_string_pretty(&estimates).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}")));
    } else {
        say(estimates.to_string().trim_end());
    }
    ExitCode::SUCCESS
}
