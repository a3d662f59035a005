//! From a path to a `Config`: read, parse, draft, judge, finish.

use super::diagnostic::Diagnostics;
use super::key::{Key, Section};
use super::refer::{Drafts, References};
use super::report::Report;
use super::service::CheckRef;
use super::source::{self, FileId, Span, values};
use super::written::Written;
use super::{Check, Config, Delegation, Partner, Service, Stamp};
use super::{
    check, codes, gate, geoip, health, ladder, lint, names, notify, partner, pool, refer, resolver, safety, server,
    service, site, table, token, transfer, view, zone,
};
use crate::limits;
use std::path::Path;
use std::sync::Arc;
use toml::de::DeTable;

/// Reads the configuration file at `path` and the files that it names; relative paths in it are relative to its directory.
/// What comes with the configuration are warnings; they may be none.
///
/// # Errors
/// Everything that is wrong, in the order of the files, at least one error.
pub fn load(path: &Path) -> Result<(Config, Diagnostics), Diagnostics> {
    read(path).outcome
}

/// What came of reading a configuration, and the files that it was read from, also where it is refused: a change of one of
/// them is worth another try.
#[derive(Debug)]
pub struct Loaded {
    /// As [`load`] gives it.
    pub outcome: Result<(Config, Diagnostics), Diagnostics>,
    /// Every file that was read or should have been, the configuration file first.
    pub files: Vec<Stamp>,
}

/// As [`load`], and says what was read.
pub fn read(path: &Path) -> Loaded {
    let main = Stamp::now(path);
    match text(path) {
        Ok(text) => {
            let mut loaded = judge_all(path, text);
            loaded.files.insert(0, main);
            loaded
        }
        Err(refused) => Loaded { outcome: Err(refused), files: vec![main] },
    }
}

/// The text of the configuration file at `path`.
pub(super) fn text(path: &Path) -> Result<String, Diagnostics> {
    source::read(path, limits::CONFIG_FILE_MAX).and_then(source::text).map_err(|why| {
        let help = "name a readable text file with -c";
        Diagnostics::of_file(path.to_owned(), why.code(), &why.to_string(), help)
    })
}

/// As [`load`], of a text that stands for the file at `path`.
#[cfg(test)]
pub(super) fn judge(path: &Path, text: String) -> Result<(Config, Diagnostics), Diagnostics> {
    judge_all(path, text).outcome
}

fn judge_all(path: &Path, text: String) -> Loaded {
    let report = Report::new(path, text);
    let config = parse(&report);
    let (diagnostics, files) = report.finish();
    let outcome = match config {
        Some(config) if diagnostics.errors() == 0 => Ok((config, diagnostics)),
        _ => Err(diagnostics),
    };
    Loaded { outcome, files }
}

/// `None` where an error was reported.
fn parse(report: &Report) -> Option<Config> {
    let main = report.main();
    let (tree, errors) = DeTable::parse_recoverable(&main.text);
    syntax(&errors, report);
    // What the parser recovers after an error is a guess; judging guesses would bury the error under its echoes.
    if report.has_errors() {
        return None;
    }
    let drafts = draft(tree.get_ref(), report);
    let references = refer::resolve(&drafts, report);
    names::judge(&drafts, report);
    notify::judge(&drafts, report);
    gate::judge(&drafts, report);
    if drafts.tokens.is_empty() {
        server::needs_tokens(&drafts.server, tree.get_ref(), report);
    }
    lint::advise(&drafts, &references, report);
    if report.has_errors() { None } else { finish(drafts, references, Written::of(tree.get_ref(), report)) }
}

/// One error for each line. After an error within a list the parser takes the following lines for more of the list;
/// what it says of those is an echo.
fn syntax(errors: &[toml::de::Error], report: &Report) {
    let (main, mut last) = (report.main(), 0);
    let mut errors: Vec<_> = errors.iter().map(|error| (error, error.span().unwrap_or(0..0))).collect();
    errors.sort_by_key(|(_, range)| range.start);
    for (error, range) in errors {
        let span = Span::new(FileId::MAIN, range);
        let line = main.line(span.start);
        let echo = line == last || last > 0 && line == last + 1 && error.message().contains("array");
        last = line;
        if echo {
            continue;
        }
        let text = main.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        if error.message() == "duplicate key" {
            let help = "remove one of the two, or join them: a key or a table may stand only once";
            report.add(span, codes::DUPLICATE_KEY, format!("{text} stands twice"), "", help);
        } else {
            let title = error.message().trim_end_matches(", expected nothing");
            let help = "the file is TOML: key = value, texts in \"quotes\", lists in [ ], and a [section] on a line of its own";
            report.add(span, codes::SYNTAX, title, "", help);
        }
    }
}

/// The whole file, in the order in which people think of it.
pub(super) static FILE: Section = Section {
    header: "",
    about: "",
    keys: &[&[
        Key::table("server", &server::SECTION),
        Key::table("zone", &zone::SECTION),
        Key::table("service", &service::SECTION),
        Key::table("pool", &pool::SECTION),
        Key::table("check", &check::SECTION),
        Key::table("health", &health::SECTION),
        Key::table("safety", &safety::SECTION),
        Key::table("geoip", &geoip::SECTION),
        Key::table("partner", &partner::SECTION),
        Key::table("view", &view::SECTION),
        Key::table("site", &site::SECTION),
        Key::table("gate", &gate::SECTION),
        Key::table("notify", &notify::SECTION),
        Key::table("token", &token::SECTION),
        Key::table("tsig", &transfer::TSIG),
        Key::table("resolver", &resolver::SECTION),
    ]],
};

/// What the grammar alone says of a text, whatever its values mean together.
pub(super) fn grammar(text: String) -> Diagnostics {
    let report = Report::new(Path::new("edgesteer.toml"), text);
    let main = report.main();
    let (tree, _) = DeTable::parse_recoverable(&main.text);
    draft(tree.get_ref(), &report);
    report.finish().0
}

/// The grammar of the whole file.
fn draft(tree: &DeTable<'_>, report: &Report) -> Drafts {
    table::root(tree, &FILE, report, |t| Drafts {
        server: t.get("server", server::server).or_default(),
        geoip: t.get("geoip", geoip::read).or_default(),
        zones: t.named("zone", zone::read),
        pools: t.named("pool", pool::read),
        checks: t.named("check", check::named),
        services: t.named("service", service::read),
        partners: t.named("partner", partner::read),
        views: t.named("view", view::read),
        resolver: t.get("resolver", resolver::read),
        tsig: t.named("tsig", transfer::key),
        health: t.get("health", health::read).or_default(),
        safety: t.get("safety", safety::read).or_default(),
        sites: t.named("site", site::read),
        tokens: t.named("token", token::read),
        gates: t.named("gate", gate::read),
        notify: t.named("notify", notify::read),
    })
}

fn finish(drafts: Drafts, references: References, written: Written) -> Option<Config> {
    let names: Vec<String> = drafts.services.iter().map(|service| service.name.value.clone()).collect();
    let services = drafts.services.into_iter().zip(references.services).zip(references.checks).zip(references.views);
    let services = services.map(|(((draft, pools), check), views)| {
        let check = check.map(|i| &drafts.checks[i].1);
        service(draft, values(pools), check, views)
    });
    let sites = drafts.sites.into_iter().zip(references.sites);
    let partners = drafts.partners.into_iter().zip(references.partners);
    let partner = |(draft, pools): (partner::Draft, _)| Partner {
        name: draft.name.value,
        prefixes: values(draft.prefixes.or_default()),
        pools: values::<usize>(pools),
    };
    let mut server = drafts.server;
    server.dns.tsig = drafts.tsig.into_iter().filter_map(transfer::KeyDraft::finish).collect();
    server.dns.resolver = drafts.resolver.into_option().and_then(resolver::Draft::finish);
    Some(Config {
        server,
        geoip: drafts.geoip,
        health: drafts.health,
        safety: drafts.safety,
        tokens: drafts.tokens,
        gates: drafts.gates.into_iter().map(|gate| gate.finish(&names)).collect(),
        notify: values(drafts.notify),
        zones: drafts.zones.into_iter().map(zone::Draft::finish).collect(),
        services: services.collect::<Option<_>>()?,
        partners: partners.map(partner).collect(),
        pools: drafts.pools.into_iter().map(pool::Draft::finish).collect(),
        views: drafts.views.into_iter().map(view::Draft::finish).collect(),
        sites: sites.map(|(draft, reference)| draft.finish(reference)).collect(),
        written: Arc::new(written),
    })
}

/// `None` only where something is missing, which was reported.
fn service(
    draft: service::Draft,
    pools: Vec<usize>,
    named: Option<&check::Draft>,
    views: Vec<view::Reference>,
) -> Option<Service> {
    let kind = *draft.kind.get()?;
    let views = draft.views.iter().zip(views).map(|(view, reference)| view.finish(&draft, reference));
    let check = check_of(&draft, named)?;
    Some(Service {
        owners: draft.owners(),
        shape: draft.shape_or_default(),
        beside: (draft.direct_tls.get() == Some(&true)).then(|| check.beside(kind)).flatten(),
        check,
        steering: service::finish_steering(draft.steering.get(), draft.pools.get().map_or(&[], |pools| pools)),
        views: views.collect::<Option<_>>()?,
        name: draft.name.value,
        kind,
        domains: draft.domains.names,
        delegation: match draft.delegation.into_option() {
            Some(service::DelegationWord::Names) => Delegation::Names {
                ns: values(draft.ns.or_default()),
                ttl: draft.zone_ttl.or(zone::TTL),
                negative_ttl: draft.negative_ttl.or(zone::NEGATIVE_TTL),
            },
            Some(service::DelegationWord::Zone) | None => Delegation::Zone,
        },
        ttl: draft.ttl.or(service::TTL),
        group: draft.group.into_option(),
        suspect_ttl: draft.suspect_ttl.or(service::SUSPECT_TTL),
        failback: draft.failback.or(kind.failback),
        all_down: ladder::finish(draft.all_down, draft.pools.get().map_or(&[], |names| names), &pools),
        pools,
    })
}

fn check_of(draft: &service::Draft, named: Option<&check::Draft>) -> Option<Check> {
    let default = draft.kind.get()?.check.as_ref();
    match (draft.check.get(), named) {
        (Some(CheckRef::Inline(check)), _) => check.finish(default),
        (Some(CheckRef::Named(_)), Some(check)) => check.finish(default),
        _ => check::Draft::default().finish(default),
    }
}
