use super::super::load::judge;
use super::*;
use crate::testing::write_secret;
use std::path::Path;
use tempfile::TempDir;

const BASE: &str = r#"
[server]
listen = ["127.0.0.1:53"]
[zone."contoso.com"]
ns = { "ns1.contoso.com" = ["192.0.2.53"] }
[pool.seoul]
location = "KR"
endpoints = ["192.0.2.10"]
[pool.dublin]
location = "IE"
endpoints = ["198.51.100.10"]
[service.federation]
kind = "sip-federation"
domains = ["contoso.com", "b.contoso.com"]
pools = ["seoul", "dublin"]
[partner.bigcloud]
prefixes = ["203.0.113.0/24"]
pools = ["dublin", "seoul"]
"#;

/// `[server]` with a certificate and its key in a directory.
fn tls() -> (String, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["ns1.contoso.com".to_owned()]).unwrap();
    let [cert, key] = ["server.pem", "key.pem"].map(|name| directory.path().join(name));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    write_secret(&key, &made.signing_key.serialize_pem());
    (format!("[server]\ntls = {{ cert = {cert:?}, key = {key:?} }}"), directory)
}

fn config(text: &str) -> Config {
    judge(Path::new("edgesteer.toml"), text.into()).unwrap_or_else(|errors| panic!("{errors}")).0
}

fn changes(new: Config, old: Config) -> Vec<String> {
    Outline::of(new).describe_changes(&Outline::of(old))
}

#[test]
fn every_change_has_its_sentence() {
    let (tls, _directory) = tls();
    for (from, to, said) in [
        ("", "", &[][..]),
        ("127.0.0.1:53", "127.0.0.2:53", &["[server] listen changed: needs a restart"]),
        ("[server]", "[server]\nadmin = \"127.0.0.1:1\"", &["[server] admin changed: needs a restart"]),
        (
            "[server]",
            "[server]\nuser = \"edgesteer\"\nsandbox = \"off\"",
            &["[server] user changed: needs a restart", "[server] sandbox changed: needs a restart"],
        ),
        (
            "[server]",
            "[server]\nwatch = \"on\"\nnsid = \"a\"\nversion = \"b\"\nid = \"c\"\nrate_limit = \"off\"",
            &[
                "[server] watch changed",
                "[server] nsid changed",
                "[server] version changed",
                "[server] id changed",
                "[server] rate_limit changed",
            ],
        ),
        ("kind = ", "group = \"edge\"\nkind = ", &["service federation: group changed"]),
        ("[server]", &tls, &["[server] tls changed: needs a restart"]),
        ("[server]", "[geoip]\necs = \"off\"\n[server]", &["[geoip] ecs changed"]),
        (
            "[server]",
            "[safety]\nmin_active_pools = 2\nmax_changes_per_minute = 5\n[server]",
            &["[safety] min_active_pools changed", "[safety] max_changes_per_minute changed"],
        ),
        ("192.0.2.53", "192.0.2.54", &["zone contoso.com: name servers changed"]),
        ("[pool.seoul]", "[zone.\"a.example\"]\nns.\"ns.b.example\" = []\n[pool.seoul]", &["zone a.example: added"]),
        ("192.0.2.10", "192.0.2.11", &["pool seoul: endpoints changed"]),
        ("\"KR\"\n", "\"JP\"\nmin_healthy = 1\nfqdn = \"a.b\"\n", &["pool seoul: location, fqdn changed"]),
        ("[\"seoul\", \"dublin\"]", "[\"dublin\", \"seoul\"]", &["service federation: pools changed"]),
        ("[partner", "ttl = \"5s\"\ncheck = { fall = 1 }\n[partner", &["service federation: ttl, check changed"]),
        ("\"b.contoso.com\"", "\"c.contoso.com\"", &["service federation: 1 domain added, 1 removed"]),
        (", \"b.contoso.com\"", "", &["service federation: 1 domain removed"]),
        (
            "[\"contoso.com\",",
            "[\"d.contoso.com\", \"c.contoso.com\", \"contoso.com\",",
            &["service federation: 2 domains added"],
        ),
        (
            "\"contoso.com\", \"b.contoso.com\"",
            "\"b.contoso.com\", \"contoso.com\"",
            &["service federation: domains in another order"],
        ),
        ("[partner", "[site.korea]\npools = [\"seoul\"]\n[partner", &["site korea: added"]),
        ("203.0.113.0/24", "203.0.113.0/25", &["partner bigcloud: prefixes changed"]),
        ("bigcloud", "smallcloud", &["partner smallcloud: added", "partner bigcloud: removed"]),
        ("service.federation", "service.edge", &["service edge: added", "service federation: removed"]),
    ] {
        assert!(BASE.contains(from), "{from}");
        let new = config(&BASE.replacen(from, to, 1));
        assert_eq!(changes(new, config(BASE)), said, "{from} -> {to}");
    }
}

#[test]
fn another_certificate_needs_no_restart() {
    let (tls, _directory) = tls();
    let old = || config(&BASE.replace("[server]", &tls));
    let mut new = old();
    assert_eq!(changes(old(), old()), [""; 0]);
    let tls = new.server.tls.as_mut().unwrap();
    tls.cert.bytes = b"another".as_slice().into();
    assert_eq!(changes(new, old()), ["[server] tls.cert changed"]);
}

#[test]
fn pools_that_only_moved_within_the_file_are_no_change() {
    let (seoul, dublin) = (BASE.find("[pool.seoul]").unwrap(), BASE.find("[pool.dublin]").unwrap());
    let service = BASE.find("[service").unwrap();
    let moved = [&BASE[..seoul], &BASE[dublin..service], &BASE[seoul..dublin], &BASE[service..]].concat();
    let new = config(&moved);
    assert_ne!(new.services[0].pools, config(BASE).services[0].pools);
    assert_eq!(changes(new, config(BASE)), [""; 0]);
}

#[test]
fn overrides_are_counted() {
    let more = || {
        let line = |text: &str| super::super::Override {
            prefix: text.parse().unwrap(),
            country: super::super::Country::parse("KR").unwrap(),
        };
        let mut more = config(BASE);
        more.geoip.overrides = vec![line("192.0.2.0/24"), line("203.0.113.0/24")];
        more
    };
    assert_eq!(changes(more(), config(BASE)), ["[geoip] 2 overrides added"]);
    assert_eq!(changes(config(BASE), more()), ["[geoip] 2 overrides removed"]);
}

#[test]
fn content_that_changes_under_a_serial_that_does_not_rise_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let outline = |serial: u32, text: &str| {
        let zone = format!("@ SOA ns1.contoso.com. host {serial} 1 2 3 4\n@ NS ns1.contoso.com.\n{text}\n");
        std::fs::write(directory.path().join("zone"), zone).unwrap();
        let config = format!("{BASE}[zone.\"a.example\"]\nrecords = \"zone\"");
        let path = directory.path().join("edgesteer.toml");
        Outline::of(judge(&path, config).unwrap_or_else(|errors| panic!("{errors}")).0)
    };
    for (was, now, text, expected) in [
        (7, 7, "", 0),
        (7, 8, "a A 192.0.2.1", 0),
        (7, 7, "a A 192.0.2.1", 1),
        (7, 6, "a A 192.0.2.1", 1),
        (4_294_967_295, 0, "a A 192.0.2.1", 0),
        // Nothing to fetch.
        (7, 6, "", 0),
    ] {
        let stale = outline(now, text).describe_stale_serials(&outline(was, ""));
        assert_eq!(stale.len(), expected, "{was} {now} {text:?}: {stale:?}");
    }
}
