//! `edgesteer explain`: by a running server as it is now, or by a configuration whose pools are supposed to be up.

use super::reach::Reach;
use super::{complain, load, say};
use crate::admin::{explain, pools_named};
use crate::name::Name;
use crate::resolve::{Asked, Client};
use crate::whatif::{all_up, without};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `edgesteer explain` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Explain what this configuration would answer, without a running server.
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["admin", "token_file"])]
    config: Option<PathBuf>,
    /// The name that is asked for.
    name: String,
    /// The type that is asked for, as A, AAAA or SRV.
    #[arg(value_name = "TYPE")]
    kind: String,
    /// The address that asks. Default: one of unknown place.
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    client: IpAddr,
    /// The address on whose behalf it asks (EDNS Client Subnet), where that is believed. Default: its own.
    #[arg(long, value_name = "IP")]
    subnet: Option<IpAddr>,
    /// A pool that is down, with -c; may be given again.
    #[arg(long, value_name = "POOL")]
    down: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Reach,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let name = match Name::parse(&args.name) {
        Ok(name) => name,
        Err(error) => return usage(&format!("{:?} is no domain name: {error}", args.name)),
    };
    let Some(kind) = Asked::parse(&args.kind) else {
        return usage(&format!("the type {:?} is not {}", args.kind, Asked::LIST));
    };
    match &args.config {
        Some(config) => supposed(config, args, &name, kind),
        None if args.down.is_empty() => asked(args, &name, kind),
        None => {
            usage("--down supposes something, and a running server says what is: name a configuration with --config")
        }
    }
}

fn usage(error: &str) -> ExitCode {
    complain(&format!("error: {error}"));
    ExitCode::from(2)
}

/// By the running server.
fn asked(args: &Args, name: &Name, kind: Asked) -> ExitCode {
    let subnet = args.subnet.map_or(String::new(), |subnet| format!("&subnet={subnet}"));
    let (name, kind, client) = (encoded(&name.to_string()), encoded(&kind.word()), args.client);
    let path = format!("/api/v1/explain?name={name}&type={kind}&client={client}{subnet}");
    let told = if args.json {
        let told = args.server.json(&path);
        told.map(|told| serde_json::to_string_pretty(&told).unwrap_or_else(|_| told.to_string()))
    } else {
        args.server.text(&path)
    };
    match told {
        Ok(told) => say(told.trim_end()),
        Err(code) => return code,
    }
    ExitCode::SUCCESS
}

/// A text as a query has it (RFC 3986 section 2.1).
fn encoded(text: &str) -> String {
    let octet = |octet: u8| match octet {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => char::from(octet).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(octet).collect()
}

/// By a configuration alone.
fn supposed(config: &Path, args: &Args, name: &Name, kind: Asked) -> ExitCode {
    let world = match load(config) {
        Ok(world) => world,
        Err(code) => return code,
    };
    let lost = match pools_named(&world.topology, &args.down) {
        Ok(lost) => lost,
        Err(error) => return usage(&format!("--down: {error}")),
    };
    let snapshot = without(&all_up(&world.topology), &lost);
    let client = Client { source: args.client, steers: args.subnet.unwrap_or(args.client) };
    let explanation = explain(&snapshot, name, kind, client);
    if args.json {
        say(&serde_json::to_string_pretty(&explanation).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}")));
    } else {
        say(explanation.to_string().trim_end());
        let except = if args.down.is_empty() { String::new() } else { format!(" except {}", args.down.join(", ")) };
        say(&format!("This supposes that every pool is up{except}."));
    }
    ExitCode::SUCCESS
}
