//! `edgesteer reach`: whether this host, a Front End, reaches the inside of every Edge pool, as failover presumes.
//!
//! The founding case: Front Ends of every pool must be let through to all Edges, or those that are left cannot take over. It is a
//! firewall matter, which DNS cannot help. Here: which ports of which pools, asking them, and the matrix. Not here: the ports
//! themselves (`federation`).

use super::check::live;
use super::progress::Progress;
use super::{OfFile, complain, load, say};
use crate::app::World;
use crate::config::{Ask, Config, Pool, Transport};
use crate::federation::{INSIDE_ALWAYS, InsidePort};
use crate::health::Outcome;
use crate::limits::{CHECK_PROBES_AT_ONCE, REACH_TIMEOUT};
use crate::probe::{Observation, observe};
use crate::topology::TargetSpec;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

/// The role of a pool's addresses that Front Ends use.
const ROLE: &str = "internal";

pub(super) fn run(args: &OfFile) -> ExitCode {
    let world = match load(&args.config) {
        Ok(world) => world,
        Err(code) => return code,
    };
    let wanted = wanted(world.outline.config());
    if wanted.is_empty() {
        complain(
            "error: no pool is an Edge pool: reach is for the kinds sip-federation, sip-remote-access, xmpp and turn",
        );
        return ExitCode::from(2);
    }
    super::on_runtime(async {
        let matrix = Matrix::of(&world, wanted).await;
        if args.json {
            say(&format!("{:#}", matrix.json()));
        } else {
            matrix.show();
        }
        if matrix.blocked() == 0 && matrix.unknown.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    })
}

/// For each Edge pool, by its place, the ports that its services need inside, each once.
fn wanted(config: &Config) -> BTreeMap<usize, BTreeMap<(u16, bool), InsidePort>> {
    let mut wanted: BTreeMap<usize, BTreeMap<(u16, bool), InsidePort>> = BTreeMap::new();
    for service in config.services.iter().filter(|service| !service.kind.inside.is_empty()) {
        for pool in service.pools.iter().chain(service.views.iter().flat_map(|view| &view.pools)) {
            let ports = INSIDE_ALWAYS.iter().chain(service.kind.inside);
            wanted.entry(*pool).or_default().extend(ports.map(|port| ((port.port, port.is_udp), *port)));
        }
    }
    wanted
}

/// Who was reached.
struct Matrix {
    rows: Vec<Row>,
    /// Pools whose inside nobody knows, with the reason.
    unknown: Vec<(String, String)>,
}

/// One address of one pool.
struct Row {
    pool: String,
    address: IpAddr,
    seen: Vec<(InsidePort, Observation)>,
}

impl Matrix {
    async fn of(world: &World, wanted: BTreeMap<usize, BTreeMap<(u16, bool), InsidePort>>) -> Self {
        let config = world.outline.config();
        let (mut asked, mut unknown) = (Vec::new(), Vec::new());
        for (pool, ports) in wanted {
            let pool = &config.pools[pool];
            match inside(pool).await {
                Ok(addresses) => {
                    let pairs = addresses.iter().flat_map(|address| ports.values().map(move |port| (*address, *port)));
                    asked.extend(pairs.map(|(address, port)| (pool.name.clone(), address, port)));
                }
                Err(why) => unknown.push((pool.name.clone(), why)),
            }
        }
        let progress = Progress::counting("reaching", asked.len());
        let specs = asked.iter().map(|(_, address, port)| Arc::new(target(*address, *port))).collect();
        let seen = live::each(specs, CHECK_PROBES_AT_ONCE, &progress, observe).await;
        let mut rows: Vec<Row> = Vec::new();
        for ((pool, address, port), observation) in asked.into_iter().zip(seen) {
            match rows.iter_mut().find(|row| row.pool == pool && row.address == address) {
                Some(row) => row.seen.push((port, observation)),
                None => rows.push(Row { pool, address, seen: vec![(port, observation)] }),
            }
        }
        Self { rows, unknown }
    }

    fn blocked(&self) -> usize {
        self.faults().count()
    }

    fn faults(&self) -> impl Iterator<Item = (&Row, InsidePort, &Outcome)> {
        let all = self.rows.iter().flat_map(|row| row.seen.iter().map(move |(port, seen)| (row, *port, &seen.outcome)));
        all.filter(|(.., outcome)| !outcome.passed())
    }

    fn show(&self) {
        let mut columns: Vec<InsidePort> =
            self.rows.iter().flat_map(|row| row.seen.iter().map(|(port, _)| *port)).collect();
        columns.sort_by_key(|port| (port.port, port.is_udp));
        columns.dedup_by_key(|port| (port.port, port.is_udp));
        let mut header = vec!["pool".to_owned(), "inside".to_owned()];
        header.extend(columns.iter().map(ToString::to_string));
        let row = |row: &Row| {
            let cell = |column: &InsidePort| match row.seen.iter().find(|(port, _)| port == column) {
                None => "-".to_owned(),
                Some((_, observation)) if observation.outcome.passed() => "ok".to_owned(),
                Some((_, observation)) => observation.outcome.word().to_uppercase(),
            };
            [row.pool.clone(), row.address.to_string()].into_iter().chain(columns.iter().map(cell)).collect::<Vec<_>>()
        };
        if !self.rows.is_empty() {
            say(live::table(&std::iter::once(header).chain(self.rows.iter().map(row)).collect::<Vec<_>>()).trim_end());
            say("");
        }
        for (row, port, outcome) in self.faults() {
            let why = match outcome {
                Outcome::Fail(failure) => failure.to_string(),
                other => other.word().to_owned(),
            };
            say(&format!("{} {} {port}: {why}; {} needs it", row.pool, row.address, port.what));
        }
        for (pool, why) in &self.unknown {
            say(&format!("{pool}: {why}"));
        }
        let all: usize = self.rows.iter().map(|row| row.seen.len()).sum();
        match (self.blocked(), self.unknown.len()) {
            (0, 0) => say(&format!("all {all} ports are reached from here; run this on the Front Ends of every site")),
            (blocked, unknown) => {
                let unknown = if unknown == 0 { String::new() } else { format!(", {unknown} pools unknown") };
                say(&format!(
                    "{blocked} of {all} ports are not reached from here{unknown}: open the firewalls before an Edge is lost"
                ));
            }
        }
    }

    fn json(&self) -> Value {
        let port = |(port, observation): &(InsidePort, Observation)| {
            json!({
                "port": port.port,
                "protocol": if port.is_udp { "udp" } else { "tcp" },
                "for": port.what,
                "reached": observation.outcome.passed(),
                "outcome": observation.outcome.word(),
            })
        };
        let row = |row: &Row| json!({ "pool": row.pool, "address": row.address, "ports": row.seen.iter().map(port).collect::<Vec<_>>() });
        let unknown = self.unknown.iter().map(|(pool, why)| json!({ "pool": pool, "why": why }));
        json!({
            "edges": self.rows.iter().map(row).collect::<Vec<_>>(),
            "unknown": unknown.collect::<Vec<_>>(),
            "blocked": self.blocked(),
        })
    }
}

/// Where a pool is reached inside: its endpoints of that role, else what this host finds for its name there.
async fn inside(pool: &Pool) -> Result<Vec<IpAddr>, String> {
    let given: Vec<IpAddr> =
        pool.endpoints.iter().filter(|endpoint| endpoint.role == ROLE).map(|endpoint| endpoint.address).collect();
    if !given.is_empty() {
        return Ok(given);
    }
    let Some(fqdn) = &pool.internal_fqdn else {
        let name = &pool.name;
        return Err(format!(
            "its inside is not known; give [pool.{name}] an internal_fqdn, or endpoints of the role \"{ROLE}\""
        ));
    };
    live::own_resolver(fqdn).await.map_err(|error| format!("this host does not find {fqdn}: {error}"))
}

/// A connection, or a STUN binding where there are none: who is behind the firewall is not the question here.
fn target(address: IpAddr, port: InsidePort) -> TargetSpec {
    let ask = if port.is_udp { Ask::Stun { transport: Transport::Udp } } else { Ask::Tcp };
    TargetSpec::nameless(SocketAddr::new(address, port.port), ask, REACH_TIMEOUT)
}
