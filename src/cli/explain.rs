//! `edgesteer explain` without a running server.

use super::{complain, load, say};
use crate::admin::{explain, pools_named};
use crate::name::Name;
use crate::resolve::{Asked, Client};
use crate::whatif::{all_up, without};
use std::path::Path;
use std::process::ExitCode;

/// What is asked.
pub(super) struct Asking {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) client: Client,
    pub(super) down: Vec<String>,
    pub(super) json: bool,
}

pub(super) fn run(config: &Path, asking: &Asking) -> ExitCode {
    let usage = |error: String| {
        complain(&format!("error: {error}"));
        ExitCode::from(2)
    };
    let name = match Name::parse(&asking.name) {
        Ok(name) => name,
        Err(error) => return usage(format!("{:?} is no domain name: {error}", asking.name)),
    };
    let Some(kind) = Asked::parse(&asking.kind) else {
        return usage(format!("the type {:?} is not {}", asking.kind, Asked::LIST));
    };
    let world = match load(config) {
        Ok(world) => world,
        Err(code) => return code,
    };
    let lost = match pools_named(&world.topology, &asking.down) {
        Ok(lost) => lost,
        Err(error) => return usage(format!("--down: {error}")),
    };
    let snapshot = without(&all_up(&world.topology), &lost);
    let explanation = explain(&snapshot, &name, kind, asking.client);
    if asking.json {
        say(&serde_json::to_string_pretty(&explanation).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}")));
    } else {
        say(explanation.to_string().trim_end());
        let except = if asking.down.is_empty() { String::new() } else { format!(" except {}", asking.down.join(", ")) };
        say(&format!("This supposes that every pool is up{except}."));
    }
    ExitCode::SUCCESS
}
