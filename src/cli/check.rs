//! `edgesteer check`: what is wrong with a configuration, and what to think about.
//!
//! Here: what the command is told, how findings are shown to people and programs, and the exit code. Not here: the findings
//! themselves (`config`).

use super::{complain, count, say};
use crate::app::{self, LoadError, World};
use crate::config::{self, Diagnostic, Diagnostics, Severity, codes};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

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
    /// Print JSON: every finding with code, severity, file, line, column, message and help.
    #[arg(long)]
    json: bool,
    /// Say more of a code that a finding has, and do nothing else.
    #[arg(long, value_name = "CODE", conflicts_with_all = ["config", "strict", "allow", "json"])]
    explain: Option<String>,
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
    let checked = Checked::of(path, &args.allow);
    if args.json {
        say(&format!("{:#}", checked.json(path)));
    } else {
        checked.show(path);
    }
    checked.code(args.strict)
}

/// A configuration after the check.
struct Checked {
    /// `None` where it cannot be used.
    world: Option<World>,
    found: Diagnostics,
    /// What else makes it unusable, as a country database that cannot be read.
    unusable: Option<String>,
}

impl Checked {
    fn of(path: &Path, allow: &[String]) -> Self {
        let loaded = {
            let _shown = super::reading(path);
            app::load(path)
        };
        match loaded {
            Ok(mut world) => {
                let found = std::mem::take(&mut world.warnings).allowing(allow);
                Self { world: Some(world), found, unusable: None }
            }
            Err(LoadError::Config(found)) => Self { world: None, found: found.allowing(allow), unusable: None },
            Err(other) => Self { world: None, found: Diagnostics::default(), unusable: Some(other.to_string()) },
        }
    }

    fn show(&self, path: &Path) {
        if !self.found.is_empty() {
            super::show(&self.found);
        }
        if self.found.iter().any(|found| config::page(found.code).is_some()) {
            complain("`edgesteer check --explain CODE` says more of what stands in [brackets]");
        }
        if let Some(why) = &self.unusable {
            complain(&format!("error: {}: {why}", path.display()));
        }
        if let Some(world) = &self.world {
            let counts = counts(world).map(|(noun, number)| count(number, noun));
            let [services, pools, domains, targets, regions] = counts;
            let sizes = format!("{services}, {pools}, {domains}, {targets} to probe, {regions}");
            say(&format!("{}: {sizes}; geography: {}", path.display(), world.geography));
        }
    }

    fn json(&self, path: &Path) -> Value {
        let world = self.world.as_ref().map(|world| {
            let counts = counts(world).map(|(noun, number)| (format!("{noun}s"), json!(number)));
            let geography = ("geography".to_owned(), json!(world.geography));
            Value::Object(counts.into_iter().chain([geography]).collect())
        });
        json!({
            "file": path,
            "usable": self.world.is_some(),
            "errors": self.found.errors(),
            "warnings": self.found.warnings(),
            "diagnostics": self.found.iter().map(diagnostic).collect::<Vec<_>>(),
            "unusable_because": self.unusable,
            "contents": world,
        })
    }

    fn code(&self, strict: bool) -> ExitCode {
        match (&self.world, self.found.warnings()) {
            (None, _) => ExitCode::from(2),
            (Some(_), 1..) if strict => ExitCode::from(1),
            (Some(_), _) => ExitCode::SUCCESS,
        }
    }
}

/// What there is of each noun.
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

/// One finding for programs; line and column count from 1, and are null where a file as a whole is meant.
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
    codes::ALL.iter().find(|known| known.name == code)
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
