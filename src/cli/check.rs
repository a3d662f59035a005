//! `edgesteer check`: what is wrong with a configuration, and what to think about.
//!
//! Here: what the command is told, how findings are shown to people and programs, and the exit code. Not here: the findings
//! themselves: of the file (`config`), of the world seen from here (`check/probe`, `check/well_known`) and from outside (`check/outside`).

use super::{complain, count, say};
use crate::app::{self, World};
use crate::config::{self, Diagnostic, Diagnostics, Severity, codes};
use live::Findings;
use serde_json::{Value, json};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod ask;
pub(super) mod live;
mod outside;
mod probe;
mod well_known;

/// Where DNS is asked.
const DNS: u16 = 53;

/// What `edgesteer check` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE", required_unless_present = "explain")]
    config: Option<PathBuf>,
    /// Exit with 1 where there are warnings.
    #[arg(long)]
    strict: bool,
    /// A warning that is meant so and not to be shown; may be given again.
    #[arg(long, value_name = "CODE")]
    allow: Vec<String>,
    /// Run every check once, from here: whether each pool serves, standbys too, and its certificates name all that partners come for.
    #[arg(long)]
    probe: bool,
    /// Ask this resolver, or a server of the zone above, what the world is told: delegations, glue, and where names lead.
    #[arg(long, value_name = "RESOLVER[:PORT]", value_parser = resolver)]
    outside: Option<SocketAddr>,
    /// The port at which --outside asks the name servers of zones.
    #[arg(long, value_name = "PORT", default_value_t = DNS, requires = "outside")]
    outside_port: u16,
    /// Print JSON: every finding with code, severity, file, line, column, message and help.
    #[arg(long)]
    json: bool,
    /// Say more of a code that a finding has, and do nothing else.
    #[arg(long, value_name = "CODE", conflicts_with_all = ["config", "strict", "allow", "probe", "outside", "json"])]
    explain: Option<String>,
}

/// An address, with or without a port.
fn resolver(text: &str) -> Result<SocketAddr, String> {
    let bare = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, DNS));
    text.parse().or_else(|_| bare()).map_err(|_| "write an IP address, as 9.9.9.9 or [2001:db8::1]:5353".to_owned())
}

pub(super) fn run(args: &Args) -> ExitCode {
    if let Some(code) = &args.explain {
        return explain(code);
    }
    if let Some(unknown) = args.allow.iter().find(|code| find(code).is_none()) {
        complain(&format!("error: --allow {unknown}: there is no such code"));
        return ExitCode::from(2);
    }
    // clap demands it where nothing is to be explained.
    let path = args.config.as_deref().unwrap_or(Path::new(""));
    let mut checked = Checked::default();
    let Some((world, plans)) = checked.read(path) else { return checked.tell(path, args) };
    if !args.probe && args.outside.is_none() {
        return checked.tell(path, args);
    }
    super::on_runtime(async {
        checked.look(path, args, (&world, plans)).await;
        checked.tell(path, args)
    })
}

/// What is looked at in the world, taken from the configuration before it is compiled.
struct Plans {
    probe: probe::Plan,
    outside: outside::Plan,
    well_known: well_known::Plan,
}

/// A configuration after the check.
#[derive(Default)]
struct Checked {
    /// What was found in the files.
    found: Diagnostics,
    /// What was found in the world.
    live: Diagnostics,
    /// Whether it can be used; if not, and nothing was found in the files, why.
    is_usable: bool,
    unusable: Option<String>,
    /// How many there are of each noun, and what the geography is.
    contents: Option<([(&'static str, usize); 5], String)>,
    probe: Option<probe::Seen>,
    outside: Option<outside::Seen>,
}

impl Checked {
    /// Reads and compiles; `None` where that cannot be.
    fn read(&mut self, path: &Path) -> Option<(World, Plans)> {
        let _shown = super::reading(path);
        let (config, warnings) = config::load(path).map_err(|errors| self.found = errors).ok()?;
        let plans = Plans {
            probe: probe::Plan::of(&config),
            outside: outside::Plan::of(&config),
            well_known: well_known::Plan::of(&config),
        };
        let world = app::compile(config, warnings).map_err(|error| self.unusable = Some(error.to_string())).ok()?;
        self.found = world.warnings.clone();
        self.is_usable = true;
        self.contents = Some((counts(&world), world.geography.clone()));
        Some((world, plans))
    }

    /// Looks at the world.
    async fn look(&mut self, path: &Path, args: &Args, (world, plans): (&World, Plans)) {
        let mut findings = Findings::of(path);
        if args.probe {
            self.probe = Some(probe::look(world, plans.probe, &mut findings).await);
            well_known::look(plans.well_known, args.outside, &mut findings).await;
        }
        if let Some(resolver) = args.outside {
            let from = outside::From { resolver, port: args.outside_port };
            self.outside = Some(outside::look(plans.outside, from, &mut findings).await);
        }
        self.live = Diagnostics::of(findings.all);
    }

    /// Shows everything; returns the exit code.
    fn tell(mut self, path: &Path, args: &Args) -> ExitCode {
        self.found = self.found.allowing(&args.allow);
        self.live = self.live.allowing(&args.allow);
        let (is_usable, lacks, warns) =
            (self.is_usable, self.live.errors() > 0, self.found.warnings() + self.live.warnings() > 0);
        if args.json {
            say(&format!("{:#}", self.json(path)));
        } else {
            self.show(path);
        }
        match (is_usable, lacks, warns && args.strict) {
            (false, ..) => ExitCode::from(2),
            (true, true, _) => ExitCode::from(3),
            (true, false, true) => ExitCode::from(1),
            (true, false, false) => ExitCode::SUCCESS,
        }
    }

    fn show(self, path: &Path) {
        let all = self.found.with(self.live);
        if !all.is_empty() {
            super::show(&all);
        }
        if all.iter().any(|found| config::page(found.code).is_some()) {
            complain("`edgesteer check --explain CODE` says more of what stands in [brackets]");
        }
        if let Some(why) = &self.unusable {
            complain(&format!("error: {}: {why}", path.display()));
        }
        if let Some((counts, geography)) = self.contents {
            let [services, pools, domains, targets, regions] = counts.map(|(noun, number)| count(number, noun));
            let sizes = format!("{services}, {pools}, {domains}, {targets} to probe, {regions}");
            say(&format!("{}: {sizes}; geography: {geography}", path.display()));
        }
        for table in [self.probe.map(|seen| seen.table()), self.outside.map(|seen| seen.table())].into_iter().flatten()
        {
            say(&format!("\n{}", table.trim_end()));
        }
    }

    fn json(self, path: &Path) -> Value {
        let all = self.found.with(self.live);
        let contents = self.contents.map(|(counts, geography)| {
            let counts = counts.map(|(noun, number)| (format!("{noun}s"), json!(number)));
            Value::Object(counts.into_iter().chain([("geography".to_owned(), json!(geography))]).collect())
        });
        json!({
            "file": path,
            "usable": self.is_usable,
            "unusable_because": self.unusable,
            "errors": all.errors(),
            "warnings": all.warnings(),
            "diagnostics": all.iter().map(diagnostic).collect::<Vec<_>>(),
            "contents": contents,
            "probe": self.probe.map(|seen| seen.json()),
            "outside": self.outside.map(|seen| seen.json()),
        })
    }
}

/// How many there are of each noun.
fn counts(world: &World) -> [(&'static str, usize); 5] {
    let config = world.outline.config();
    [
        ("service", config.services.len()),
        ("pool", config.pools.len()),
        ("domain", world.outline.domains()),
        ("target", world.topology.targets.len()),
        ("region", world.topology.regions.len()),
    ]
}

/// One finding for programs; line and column count from 1, and are null where no line is meant.
fn diagnostic(found: &Diagnostic) -> Value {
    json!({
        "code": found.code,
        "severity": word(found.severity),
        "file": found.file,
        "line": found.span.as_ref().map(|place| place.line),
        "column": found.span.as_ref().map(|place| place.column),
        "message": found.title,
        "label": found.label,
        "help": found.help,
        "page": config::page(found.code).map(|_| format!("docs/lints/{}.md", found.code)),
    })
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn find(code: &str) -> Option<&'static codes::Code> {
    codes::ALL.iter().chain(codes::LIVE).find(|known| known.name == code)
}

fn explain(code: &str) -> ExitCode {
    let Some(known) = find(code) else {
        complain(&format!("error: there is no code \"{code}\"; a finding has its code in [brackets]"));
        return ExitCode::from(2);
    };
    match config::page(code) {
        Some(page) => say(page.trim_end()),
        None => say(&format!("{} ({}): {}", known.name, word(known.severity), known.meaning)),
    }
    ExitCode::SUCCESS
}
