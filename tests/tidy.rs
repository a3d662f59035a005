//! The rules of the house that the compiler does not check. A failure names file, line and remedy.
//!
//! Here: the layering table, the bounds and the walk over the files. `tidy/rules.rs` has the rules, `tidy/source.rs` reads
//! Rust as text, `tidy/fires.rs` proves that every rule fires.

#[path = "tidy/fires.rs"]
mod fires;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;

use rules::{EDGES, Finding, Room, SHELL, WORDS};
use source::Source;
use std::path::Path;

/// Who may name whom, and what of the outside. Files of tests are free.
#[rustfmt::skip]
const ROOMS: &[Room] = &[
    // Words.
    Room { path: "ids", layer: WORDS, imports: &[], outside: &[] },
    Room { path: "limits", layer: WORDS, imports: &[], outside: &[] },
    Room { path: "rrtype", layer: WORDS, imports: &[], outside: &[] },
    Room { path: "name", layer: WORDS, imports: &[], outside: &["thiserror"] },
    // Sources. Only `config` and `geo::database` read files.
    Room { path: "federation", layer: 1, imports: &[], outside: &[] },
    Room { path: "federation/runbook", layer: 1, imports: &[], outside: &["humantime", "thiserror"] },
    Room { path: "health", layer: 1, imports: &[], outside: &["thiserror"] },
    // Programs of the operator's, which tell us something or are told.
    Room { path: "command", layer: 1, imports: &[], outside: &["nix", "process", "tokio"] },
    Room {
        path: "config", layer: 1, imports: &["federation", "health::Damping"],
        // rustls: certificates and keys are parsed when the configuration is read, not when a probe needs them.
        // serde: what may be shown of the file is told as JSON.
        outside: &["annotate_snippets", "files", "hashbrown", "humantime", "ipnet", "rustls", "serde", "strsim", "thiserror", "toml"],
    },
    Room {
        path: "geo", layer: 1, imports: &["config::COUNTRIES", "config::Country", "config::Override"],
        outside: &["ipnet", "serde", "thiserror"],
    },
    Room {
        path: "geo/database", layer: 1, imports: &["config"],
        outside: &["files", "flate2", "humantime", "maxminddb", "thiserror"],
    },
    // World.
    Room {
        path: "topology", layer: 2, imports: &["config", "federation", "geo", "health::Damping", "health::Thresholds"],
        outside: &["hashbrown", "ipnet", "thiserror"],
    },
    // Speech.
    Room {
        path: "steering", layer: 3, imports: &["config::Rung", "federation::Shape", "health", "topology"],
        outside: &[],
    },
    Room {
        path: "answer", layer: 3, imports: &["federation::Shape", "steering", "topology"],
        outside: &["hickory_proto"],
    },
    // Truth.
    Room { path: "snapshot", layer: 4, imports: &["answer", "steering", "topology"], outside: &["arc_swap"] },
    Room { path: "resolve", layer: 4, imports: &["answer", "snapshot", "topology"], outside: &["hickory_proto"] },
    // What is supposed is laid beside what is true: it reads snapshots, and makes some that nobody publishes.
    Room {
        path: "whatif", layer: 4,
        imports: &["config::Country", "config::Rung", "federation", "geo", "health", "snapshot", "steering", "topology"], outside: &["ipnet"],
    },
    // Edges. Of the configuration a lane reads what concerns DNS itself and its TLS certificate, and out of the topology the policy
    // of client subnets.
    Room {
        path: "lane", layer: EDGES, imports: &["config::Dns", "config::Ecs", "config::ServerTls", "resolve", "snapshot"],
        outside: &["hickory_proto", "nix", "rustix", "socket2", "sockets", "thiserror", "threads", "tokio"],
    },
    Room {
        path: "lane/full", layer: EDGES, imports: &["answer", "resolve", "snapshot"],
        outside: &["hickory_proto", "hickory_server"],
    },
    Room {
        // locks: who is connected, looked at when a connection comes, waits or goes, never for an answer.
        path: "lane/stream", layer: EDGES, imports: &[],
        outside: &["arc_swap", "clock", "locks", "rustls", "sockets", "tokio", "tokio_rustls", "tracing"],
    },
    Room { path: "lane/cookie", layer: EDGES, imports: &["config::CookieSecret"], outside: &["siphasher"] },
    Room {
        path: "lane/limit", layer: EDGES, imports: &["config::RateLimit"], outside: &["hickory_proto", "ipnet"],
    },
    Room {
        path: "lane/forward", layer: EDGES,
        imports: &["config::Pem", "config::Resolver", "config::Upstream", "config::UpstreamProtocol", "resolve"],
        outside: &["clock", "hickory_proto", "hickory_resolver", "rustls", "tokio", "webpki_roots"],
    },
    Room {
        path: "lane/transfer", layer: EDGES, imports: &["answer", "snapshot", "topology"],
        outside: &["hickory_proto", "tokio", "tracing"],
    },
    Room { path: "lane/tsig", layer: EDGES, imports: &["config::TsigAlgorithm", "config::TsigKey"], outside: &["ring"] },
    Room { path: "lane/guard", layer: EDGES, imports: &[], outside: &["clock"] },
    Room {
        // locks: between reloads; no lane takes one.
        path: "lane/settings", layer: EDGES, imports: &["config::CookieSecret", "config::Dns"],
        outside: &["arc_swap", "locks"],
    },
    // The fast lane. Locks: none.
    Room {
        path: "lane/fast", layer: EDGES, imports: &["resolve", "snapshot"], outside: &["hickory_proto"],
    },
    Room {
        path: "lane/compose", layer: EDGES, imports: &["answer", "resolve", "snapshot", "topology"],
        outside: &["hickory_proto"],
    },
    Room { path: "lane/recent", layer: EDGES, imports: &["snapshot", "topology"], outside: &[] },
    Room { path: "lane/counts", layer: EDGES, imports: &[], outside: &["hickory_proto"] },
    Room { path: "lane/envelope", layer: EDGES, imports: &[], outside: &["nix"] },
    Room { path: "lane/mmsg", layer: EDGES, imports: &[], outside: &["nix", "sockets"] },
    // process: the priority of its thread.
    Room { path: "lane/udp", layer: EDGES, imports: &[], outside: &["nix", "process", "rustix", "sockets", "threads", "tokio", "tracing"] },
    // locks: between those who scrape and those who start a lane; no lane takes one.
    Room { path: "lane/tally", layer: EDGES, imports: &[], outside: &["locks", "prometheus"] },
    Room {
        path: "probe", layer: EDGES,
        imports: &[
            "config::Ask", "config::Codes", "config::Method", "config::Pem", "config::Request", "config::TlsOptions",
            "config::Transport", "config::Verify", "health", "topology",
        ],
        outside: &[
            "clock", "humantime", "rustls", "serde_json", "sockets", "thiserror", "tokio", "tokio_rustls", "tracing",
            "webpki_roots", "x509_parser",
        ],
    },
    Room {
        path: "probe/http", layer: EDGES, imports: &["config::Method", "health"],
        outside: &["http_body_util", "hyper", "hyper_util", "tokio"],
    },
    Room { path: "probe/exec", layer: EDGES, imports: &["command", "health"], outside: &[] },
    Room {
        // locks: a file is read once for all targets that it tells of.
        path: "probe/file", layer: EDGES, imports: &["health"], outside: &["clock", "files", "humantime", "locks", "tokio", "tracing"],
    },
    Room {
        // locks: how often each network may be asked, and which targets owe an observation.
        path: "probe/schedule", layer: EDGES, imports: &["health", "topology"], outside: &["clock", "locks", "rlimit", "tokio"],
    },
    Room { path: "probe/network", layer: EDGES, imports: &["topology"], outside: &[] },
    Room { path: "probe/xmpp", layer: EDGES, imports: &["health"], outside: &["quick_xml", "tokio"] },
    Room {
        // threads: the disk may be slow, and nobody waits for it.
        path: "audit", layer: EDGES, imports: &[],
        outside: &[
            "clock", "files", "humantime", "nix", "prometheus", "ring", "serde", "serde_json", "thiserror", "threads", "tokio",
            "tracing",
        ],
    },
    Room {
        // threads: the disk is waited for by nobody else; clock: when a failed write is tried again.
        path: "state", layer: EDGES, imports: &["health"],
        outside: &[
            "clock", "files", "humantime", "nix", "prometheus", "ring", "rustix", "serde", "serde_json", "thiserror", "threads",
            "tokio", "tracing",
        ],
    },
    Room {
        // process: whose process the other is; files: in memory alone.
        path: "handover", layer: EDGES, imports: &[],
        outside: &["files", "process", "rustix", "sockets", "thiserror", "tokio", "tracing"],
    },
    // Writer.
    Room {
        path: "control", layer: 6,
        imports: &["audit", "config::Gate", "config::Safety", "config::Way", "health", "probe", "snapshot", "state", "steering", "topology"],
        outside: &["clock", "prometheus", "thiserror", "tokio", "tracing"],
    },
    Room {
        path: "control/gate", layer: 6, imports: &["command", "config::Gate", "config::Way", "snapshot", "topology"],
        outside: &["serde_json", "tokio"],
    },
    Room {
        // locks: a scrape reads what probes saw.
        path: "control/certificates", layer: 6, imports: &["probe", "snapshot", "topology"],
        outside: &["clock", "locks", "prometheus"],
    },
    // Operators.
    Room {
        path: "admin", layer: 7,
        imports: &["answer::records", "audit", "config::AdminTls", "config::Role", "config::Token", "config::Written", "control", "federation::runbook", "geo", "health", "resolve", "snapshot", "steering", "topology", "whatif"],
        outside: &[
            "axum", "clock", "hickory_proto", "http_body_util", "humantime", "locks", "prometheus", "ring", "serde",
            "serde_json", "sockets", "thiserror", "threads", "tokio", "tracing", "utoipa", "utoipa_axum",
        ],
    },
    Room {
        path: "admin/tls", layer: 7, imports: &["config::AdminTls"], outside: &["locks", "rustls", "tokio", "tokio_rustls"],
    },
    Room {
        path: "admin/seats", layer: 7, imports: &[], outside: &["axum", "clock", "sockets", "tokio", "tokio_rustls"],
    },
    Room {
        // files, process: the token of this machine, and where the user has a directory for it.
        path: "admin/local", layer: 7, imports: &[], outside: &["files", "nix", "process", "ring"],
    },
    Room {
        // threads: somebody who is told may take his time; locks: between those threads.
        path: "notify", layer: 7,
        imports: &["audit", "command", "config::Notify", "config::Recipient", "config::Topic", "config::Webhook", "control", "steering"],
        outside: &[
            "base64", "clock", "files", "humantime", "locks", "prometheus", "ring", "rustls", "serde_json", "threads", "tokio", "tracing",
            "ureq",
        ],
    },
    // Shell.
    Room {
        path: "app", layer: SHELL, imports: &["*"],
        outside: &["clock", "prometheus", "rlimit", "sockets", "thiserror", "threads", "tokio", "tracing"],
    },
    // files: what the system tells of memory in /proc and /sys.
    Room { path: "app/memory", layer: SHELL, imports: &[], outside: &["files", "prometheus", "rlimit", "tokio", "tracing"] },
    Room {
        // threads: `watch` waits between looks, and for what is typed; `drill` asks DNS meanwhile. hickory_proto: its questions.
        path: "cli", layer: SHELL, imports: &["*"],
        outside: &[
            "clap", "clap_complete", "clap_mangen", "clock", "files", "hickory_proto", "humantime", "landlock", "listenfd", "nix", "process", "rlimit",
            "rustix", "seccompiler", "serde_json", "sockets", "terminal", "thiserror", "threads", "tokio", "tracing",
            "tracing_appender", "tracing_subscriber",
        ],
    },
    Room {
        path: "cli/check", layer: SHELL, imports: &["*"],
        outside: &["clap", "clock", "hickory_proto", "humantime", "process", "serde_json", "sockets", "tokio"],
    },
    Room { path: "cli/reach/tls", layer: SHELL, imports: &[], outside: &["clap", "rustls", "sockets", "webpki_roots"] },
    Room {
        path: "demo", layer: SHELL, imports: &["*"],
        outside: &[
            "clock", "files", "humantime", "process", "rcgen", "rustls", "sockets", "tempfile", "terminal", "threads", "tokio",
            "tokio_rustls",
        ],
    },
    Room { path: "main", layer: SHELL, imports: &[], outside: &["process"] },
    Room { path: "lib", layer: SHELL, imports: &[], outside: &[] },
];

/// Lines in a file below `src`, tests aside; the aim is 400.
const FILE_LINES_MAX: usize = 450;
/// Lines in a function; most are under 15.
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn data_flows_one_way() {
    assert_clean(&rules::unsound(ROOMS));
    let rooms = |rule: fn(&Source, &[Room]) -> Vec<Finding>| each(&shipped(), |source| rule(source, ROOMS));
    assert_clean(&rooms(rules::homeless));
    assert_clean(&rooms(rules::layering));
    assert_clean(&each(&shipped(), rules::sideways));
}

#[test]
fn rooms_touch_only_what_they_may() {
    let crates = crates();
    assert!(crates.iter().any(|name| name == "hickory_server"), "Cargo.toml was misread: {crates:?}");
    assert_clean(&each(&shipped(), |source| rules::reach(source, ROOMS, &crates)));
    assert_clean(&rules::stale_permissions(&shipped(), ROOMS, &crates));
}

#[test]
fn two_files_are_unsafe() {
    assert_clean(&each(&shipped(), |source| rules::unsafety(source, &["src/cli/allocator.rs", "src/lane/mmsg.rs"])));
}

#[test]
fn files_and_functions_can_be_read_at_once() {
    assert_clean(&each(&shipped(), |source| rules::long_file(source, FILE_LINES_MAX)));
    assert_clean(&each(&shipped(), |source| rules::long_functions(source, FUNCTION_LINES_MAX)));
}

#[test]
fn every_file_says_what_it_is_and_is_used() {
    let headed = |source: &&Source| !source.path.ends_with("/tests.rs");
    let all = sources(&["src", "tests", "build.rs"]);
    assert_clean(&all.iter().filter(headed).flat_map(rules::headless).map(|f| f.to_string()).collect::<Vec<_>>());
    assert_clean(&rules::dead_files(&sources(&["src"])));
}

#[test]
fn nothing_unfinished_and_no_ornament() {
    // The rules and their proof name the words that they forbid.
    let all: Vec<Source> =
        sources(&["src", "tests"]).into_iter().filter(|s| !s.path.starts_with("tests/tidy")).collect();
    assert_clean(&each(&all, rules::unfinished));
    assert_clean(&each(&all, rules::banners));
    assert_clean(&each(&shipped(), rules::printing));
}

#[test]
fn every_limit_is_obeyed() {
    let sources = shipped();
    let limits = sources.iter().find(|source| source.path == "src/limits.rs").expect("src/limits.rs has every bound");
    assert_clean(&rules::idle_limits(limits, &sources));
}

fn each(sources: &[Source], rule: impl Fn(&Source) -> Vec<Finding>) -> Vec<Finding> {
    sources.iter().flat_map(rule).collect()
}

fn assert_clean(findings: &[impl ToString]) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

/// Every Rust file below these directories, in the order of the paths.
fn sources(directories: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut waiting: Vec<_> = directories.iter().map(|directory| root.join(directory)).collect();
    let mut sources = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = path.read_dir().expect("the directory was there a moment ago");
            waiting.extend(entries.map(|entry| entry.expect("the directory can be read").path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let name = path.strip_prefix(root).expect("the walk began there").to_string_lossy().replace('\\', "/");
            let text = std::fs::read_to_string(&path).expect("the file was there a moment ago");
            sources.push(Source::new(&name, &text));
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// What becomes part of the binary.
fn shipped() -> Vec<Source> {
    sources(&["src"]).into_iter().filter(|source| !source.is_test()).collect()
}

/// The names of our dependencies as Rust writes them.
fn crates() -> Vec<String> {
    let manifest = include_str!("../Cargo.toml");
    let sections = manifest.split("\n[").filter(|section| section.starts_with("dependencies]"));
    let name = |line: &str| Some(line.split_once(" = ")?.0.replace('-', "_"));
    sections.flat_map(|section| section.lines().filter(|line| !line.starts_with('#')).filter_map(name)).collect()
}
