//! `edgesteer explain` without a running server.

use super::{complain, load, say};
use crate::admin::explain;
use crate::app::World;
use crate::control::Beliefs;
use crate::health::{FailureClass, Outcome};
use crate::name::Name;
use crate::resolve::{Asked, Client};
use crate::snapshot::{Publisher, Snapshot};
use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

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
    let pools = world.topology.pools.iter().map(|pool| pool.name.as_str());
    if let Some(unknown) = asking.down.iter().find(|down| !pools.clone().any(|pool| pool == *down)) {
        return usage(format!("--down {unknown}: the pools are {}", pools.collect::<Vec<_>>().join(", ")));
    }
    let snapshot = suppose(&world, &asking.down);
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

/// What would be true if these pools were down and every other were up.
fn suppose(world: &World, down: &[String]) -> Arc<Snapshot> {
    let topology = &world.topology;
    let lost: HashSet<_> = topology
        .services
        .iter()
        .flat_map(|service| &service.pools)
        .filter(|pool| down.contains(&topology.pool(pool.pool).name))
        .flat_map(|pool| pool.endpoints.iter().flat_map(|endpoint| endpoint.targets()))
        .collect();
    let now = Instant::now();
    let mut beliefs = Beliefs::new(topology.clone());
    for (i, target) in topology.targets.iter().enumerate() {
        let outcome = if lost.contains(&crate::ids::TargetId::at(i)) {
            Outcome::fail(FailureClass::Refused, "supposed to be down")
        } else {
            Outcome::Pass
        };
        for _ in 0..target.thresholds.fall {
            beliefs.observe(target, &outcome, now);
        }
    }
    Publisher::new(topology.clone(), beliefs.render_all(now)).lake().load()
}
