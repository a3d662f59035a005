use super::*;
use crate::config::Config;
use crate::config::load::judge;
use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::TempDir;

const PAGE: &str = "docs/manual/configuration.md";
/// What stands in front of it is written by hand.
const MARK: &str = "## Tables\n";

#[test]
fn the_page_is_current() {
    let old = std::fs::read_to_string(PAGE).expect("the page");
    let (by_hand, _) = old.split_once(MARK).expect("the mark");
    for noun in EXPLAINED {
        assert!(by_hand.contains(&format!("| {noun} |")), "{PAGE} does not explain what {noun} is");
    }
    let new = format!("{by_hand}{MARK}\n{}", page());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(PAGE, &new).expect("our own file");
    }
    let differs = new.lines().zip(old.lines()).find(|(new, old)| new != old);
    assert!(
        std::env::var_os("UPDATE_GOLDEN").is_some() || new == old,
        "{PAGE} is not what the code says; UPDATE_GOLDEN=1 cargo test --lib config::reference writes it anew.\n{differs:#?}"
    );
}

#[test]
fn every_key_says_what_it_is() {
    let tables = reference();
    assert_eq!(tables.iter().map(|table| table.header).collect::<BTreeSet<_>>().len(), tables.len());
    for table in &tables {
        assert!(table.about.ends_with('.'), "{}", table.header);
        for entry in &table.keys {
            let Entry { name, written, absent, meaning, .. } = entry;
            assert!(!written.trim_end().ends_with(':') && !written.is_empty(), "{} {name}: {written}", table.header);
            assert!(
                absent.as_ref().is_none_or(|it| !it.is_empty()) && meaning.ends_with(['.', '*', ')']),
                "{} {name}: {meaning}",
                table.header
            );
        }
    }
}

/// A link to a section that is not shown leads nowhere.
#[test]
fn every_table_within_is_there() {
    let tables = reference();
    let shown: BTreeSet<_> = tables.iter().map(|table| table.header).collect();
    let within: BTreeSet<_> = tables.iter().flat_map(|table| &table.keys).filter_map(|entry| entry.within).collect();
    assert!(within.is_subset(&shown), "{:?}", within.difference(&shown));
    assert_eq!(
        FILE.keys().filter(|key| shown.contains(&key.within.map_or("", |it| it.header))).count(),
        FILE.keys().count()
    );
}

#[test]
fn what_the_reader_says_is_put_as_a_description() {
    let cases = [
        ("write a whole number from 1 to 64 without quotes", "a whole number from 1 to 64"),
        ("write one of \"on\", \"off\"", "`\"on\"` or `\"off\"`"),
        ("write { a = { b = 1 } } or \"[::]:53\" for [a] here", "`{ a = { b = 1 } }` or `\"[::]:53\"` for `[a]` here"),
        ("write a path in quotes; it is relative to here", "a path"),
    ];
    for (help, description) in cases {
        assert_eq!(phrase(help), description);
    }
    let entry = |header: &str, name: &str| {
        let table = reference().into_iter().find(|table| table.header == header).expect("the table");
        table.keys.into_iter().find(|entry| entry.name == name).expect("the key").written
    };
    assert_eq!(entry("[check.NAME]", "interval"), "a duration from 10ms to 1h");
    assert_eq!(entry("[service.NAME]", "ttl"), "whole seconds from `\"1s\"` to `\"1day\"`");
    assert_eq!(entry("[zone.\"APEX\".transfer]", "key"), "a domain name");
    assert_eq!(entry("[geoip]", "ecs"), "`\"on\"` or `\"off\"`, or a table");
    assert_eq!(entry("[health]", "damping"), "`\"off\"`, or a table");
}

/// A configuration with every table that has defaults, and none of the keys that have one.
const WORLD: &str = r#"
[server]
state_dir = "state"
[server.tls]
cert = "chain.pem"
key = "key.pem"
[server.rate_limit]
[geoip]
[health]
[health.damping]
[safety]
[zone."x"]
ns = { "ns1.x" = ["192.0.2.53"] }
[pool.x]
endpoints = ["192.0.2.10"]
location = "KR"
[service.x]
kind = "sip-federation"
domains = ["d.x"]
pools = ["x"]
check = "x"
[check.x]
kind = "sip"
port = 1
[check.x.tls]
[gate.x]
command = ["/bin/true"]
[notify.x]
webhook = "https://hooks.example/edge"
[tsig."x"]
secret_file = "transfer.secret"
[resolver]
allow = ["10.0.0.0/8"]
upstreams = ["10.0.0.1"]
"#;

/// The first is the world as it is; keys of one kind of check or service alone need another.
const OTHERWISE: &[(&str, &str)] = &[
    ("", ""),
    ("kind = \"sip\"", "kind = \"xmpp\""),
    ("kind = \"sip\"", "kind = \"https\""),
    ("kind = \"sip\"", "kind = \"stun\""),
    ("kind = \"sip\"\nport = 1", "kind = \"file\"\nfile = \"verdicts.txt\""),
    (
        "kind = \"sip-federation\"\ndomains = [\"d.x\"]\npools = [\"x\"]\ncheck = \"x\"",
        "kind = \"xmpp\"\ndomains = [\"d.x\"]\npools = [\"x\"]",
    ),
    ("domains = [\"d.x\"]", "domains = [\"y\"]\ndelegation = \"names\"\nns = [\"ns1.x\"]"),
];

fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let put = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).expect("a file in it");
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("our own file");
    };
    let pem = |name: &str| std::fs::read(Path::new("tests/config_errors").join(name)).expect("a file of the goldens");
    put("chain.pem", &pem("server.pem"));
    put("key.pem", &pem("server_key.pem"));
    put("transfer.secret", b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
    directory
}

fn loaded(directory: &TempDir, text: String) -> Option<Config> {
    judge(&directory.path().join("edgesteer.toml"), text).ok().map(|(config, _)| config)
}

#[test]
fn a_default_that_is_written_changes_nothing() {
    let directory = directory();
    let plain = judge(&directory.path().join("edgesteer.toml"), WORLD.to_owned());
    assert!(plain.is_ok(), "{}", plain.unwrap_err());
    let worlds = OTHERWISE.iter().map(|(from, to)| WORLD.replacen(from, to, 1));
    let worlds: Vec<_> = worlds.map(|text| (loaded(&directory, text.clone()), text)).collect();
    assert!(
        worlds.iter().all(|(config, _)| config.is_some()),
        "{:?}",
        worlds.iter().map(|(config, _)| config.is_some()).collect::<Vec<_>>()
    );
    let (mut count, mut wrong) = (0, Vec::new());
    let sections = reference();
    for (section, key, default) in sections.iter().flat_map(|table| defaults(table.header)) {
        let header = section.replace("NAME", "x").replace("APEX", "x").replace("KEY", "x") + "\n";
        let with = |text: &str| {
            assert!(text.contains(&header), "the world lacks {header}");
            loaded(&directory, text.replacen(&header, &format!("{header}{key} = {default}\n"), 1))
        };
        let same = worlds.iter().find_map(|(config, text)| Some(with(text)? == *config.as_ref()?));
        count += 1;
        wrong.extend((same != Some(true)).then(|| format!("{section} {key} = {default}: {same:?}")));
    }
    assert!(wrong.is_empty(), "these are not the defaults (None: nowhere allowed): {wrong:#?}");
    assert!(count > 40, "only {count} defaults were tried");
}

fn defaults(header: &'static str) -> Vec<(&'static str, &'static str, String)> {
    let mut sections = Vec::new();
    FILE.keys().for_each(|key| collect(key, &mut sections));
    let section = sections.into_iter().find(|section| section.header == header).expect("a section");
    let default = |key: &'static Key| match key.absent {
        Absent::Is(default) => Some((header, key.name, default())),
        Absent::Needed(_) | Absent::Means(_) => None,
    };
    section.keys().filter_map(default).collect()
}

/// What a reload says needs a restart is a key that the page marks, and no other is marked.
#[test]
fn what_needs_a_restart_is_marked() {
    let server = reference().into_iter().find(|table| table.header == "[server]").expect("the table");
    let marked = server.keys.iter().filter(|key| key.meaning.contains("restart")).map(|key| key.name);
    assert_eq!(marked.collect::<BTreeSet<_>>(), changes::settled().collect());
}

#[test]
fn every_link_leads_somewhere() {
    let text = std::fs::read_to_string(PAGE).expect("the page");
    let anchor = |heading: &str| heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    let plain = |heading: String| heading.replace(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c), "");
    let anchors: BTreeSet<_> = text.lines().filter(|line| line.starts_with('#')).map(|it| plain(anchor(it))).collect();
    let targets: BTreeSet<_> = text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(targets.len() > 20, "{targets:?}");
    for target in targets.into_iter().filter(|target| !target.contains("://")) {
        let is_there = match target.strip_prefix('#') {
            Some(anchor) => anchors.contains(anchor),
            None => Path::new("docs/manual").join(target).exists(),
        };
        assert!(is_there, "{target} leads nowhere");
    }
}
