use super::*;
use crate::federation::CheckKind;
use crate::federation::find;
use proptest::prelude::*;
use std::path::Path;

const MINIMAL: &str = include_str!("../../tests/contract/minimal.toml");
const HOSTING: &str = include_str!("../../tests/contract/hosting.toml");
const CONTOSO: &str = include_str!("../../tests/contract/contoso.toml");

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn names(texts: &[&str]) -> NameList {
    let mut list = NameList::default();
    texts.iter().for_each(|text| {
        list.push(name(text).wire());
    });
    list
}

fn endpoints(role: &str, addresses: &[&str]) -> Vec<Endpoint> {
    addresses.iter().map(|ip| Endpoint { role: role.into(), address: ip.parse().unwrap() }).collect()
}

fn pool(name_: &str, country: &str, fqdn: &str, addresses: &[&str]) -> Pool {
    Pool {
        name: name_.into(),
        location: Country::parse(country).map(Location::Country),
        fqdn: Some(name(fqdn)),
        internal_fqdn: None,
        min_healthy: 1,
        endpoints: endpoints("access", addresses),
    }
}

fn name_server(host: &str, address: &str) -> NameServer {
    NameServer { host: name(host), addresses: vec![address.parse().unwrap()] }
}

/// A service of the kind "sip-federation" of which nothing but domains and two pools is written.
fn federation(domains: &[&str]) -> Service {
    Service {
        views: vec![],
        name: "federation".into(),
        kind: find("sip-federation").unwrap(),
        domains: names(domains),
        owners: Owners {
            srv: vec![(Prefix::parse("_sipfederationtls._tcp").unwrap(), 5061)],
            addresses: vec![Prefix::parse("sip").unwrap()],
        },
        delegation: Delegation::Zone,
        pools: vec![0, 1],
        steering: Steering::Nearest,
        shape: Shape::Address,
        ttl: Duration::from_secs(30),
        suspect_ttl: Duration::from_secs(5),
        failback: Failback::After(Duration::from_secs(600)),
        all_down: vec![Rung::LastGood, Rung::All],
        check: sip_check(),
        beside: None,
        group: None,
    }
}

fn sip_check() -> Check {
    Check {
        ask: Ask::default_of(CheckKind::Sip).unwrap(),
        port: 5061,
        name: None,
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(2),
        confirm: Duration::from_millis(500),
        fall: 3,
        rise: 2,
        tripwire: true,
        tls: TlsOptions::default(),
    }
}

/// The configuration of a text, which has no error.
fn config(text: &str) -> (Config, Diagnostics) {
    load::judge(Path::new("edgesteer.toml"), text.into()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The codes of what is found in a text, in order.
fn codes_of(text: &str) -> Vec<&'static str> {
    let found = match load::judge(Path::new("edgesteer.toml"), text.into()) {
        Ok((_, warnings)) => warnings,
        Err(errors) => errors,
    };
    found.iter().map(|d| d.code).collect()
}

#[test]
fn the_minimal_configuration_is_this() {
    let (config, warnings) = load(Path::new("tests/contract/minimal.toml")).unwrap();
    assert!(warnings.is_empty(), "{warnings}");
    let expected = Config {
        written: Arc::default(),
        views: vec![],
        server: Server {
            admin_tls: None,
            listen: vec!["0.0.0.0:53".parse().unwrap(), "[::]:53".parse().unwrap()],
            tls: None,
            threads: None,
            admin: "127.0.0.1:9153".parse().unwrap(),
            admin_hosts: vec![],
            well_known: vec![],
            state_dir: None,
            startup_grace: Duration::from_secs(2),
            watch: false,
            user: None,
            sandbox: true,
            dns: Dns::default(),
        },
        geoip: Geoip { database: Database::Builtin, overrides: vec![], ecs: Ecs::On },
        zones: vec![Zone {
            soa: None,
            records: Vec::new(),
            transfer: None,
            apex: name("contoso.com"),
            ns: vec![name_server("ns1.contoso.com", "192.0.2.53"), name_server("ns2.contoso.com", "198.51.100.53")],
            ttl: Duration::from_secs(3600),
            negative_ttl: Duration::from_secs(60),
        }],
        pools: vec![
            pool("seoul", "KR", "access-seoul.contoso.com", &["192.0.2.10", "192.0.2.11", "2001:db8:1::10"]),
            pool("dublin", "IE", "access-dublin.contoso.com", &["198.51.100.10", "2001:db8:2::10"]),
        ],
        services: vec![federation(&["contoso.com"])],
        partners: vec![],
        health: Health::default(),
        tokens: vec![],
        notify: vec![],
        gates: vec![],
        safety: Safety { min_active_pools: 1, max_changes_per_minute: 30 },
        sites: vec![],
    };
    assert_eq!(config, expected);
}

#[test]
fn the_hosting_configuration_is_this() {
    let (config, warnings) = load(Path::new("tests/contract/hosting.toml")).unwrap();
    assert_eq!(warnings.iter().map(|w| w.code).collect::<Vec<_>>(), ["weak-check"]);
    let expected = Config {
        written: Arc::default(),
        views: vec![],
        server: Server {
            admin_tls: None,
            listen: vec!["127.0.0.1:5300".parse().unwrap()],
            tls: None,
            threads: None,
            admin: "127.0.0.1:9153".parse().unwrap(),
            admin_hosts: vec![],
            well_known: vec![],
            state_dir: Some("tests/contract/state".into()),
            startup_grace: Duration::from_secs(2),
            watch: false,
            user: None,
            sandbox: true,
            dns: Dns::default(),
        },
        geoip: Geoip { database: Database::Builtin, overrides: vec![], ecs: Ecs::On },
        zones: vec![],
        pools: vec![
            pool("seoul", "KR", "access-seoul.hoster.example", &["127.0.1.10"]),
            pool("dublin", "IE", "access-dublin.hoster.example", &["127.0.2.10"]),
        ],
        services: vec![Service {
            delegation: Delegation::Names {
                ns: vec![name("ns1.hoster.example"), name("ns2.hoster.example")],
                ttl: Duration::from_secs(3600),
                negative_ttl: Duration::from_secs(60),
            },
            check: Check { ask: Ask::Tcp, ..sip_check() },
            ..federation(&["contoso.com", "fabrikam.example", "litware.example"])
        }],
        partners: vec![],
        health: Health::default(),
        tokens: vec![],
        gates: vec![],
        notify: vec![],
        safety: Safety { min_active_pools: 1, max_changes_per_minute: 30 },
        sites: vec![],
    };
    assert_eq!(config, expected);
}

#[test]
fn the_whole_contract_is_read() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("overrides.csv"), "203.0.113.0/24,KR\n").unwrap();
    std::fs::write(dir.path().join("contoso.com.zone"), "@ MX 10 mail\nmail A 192.0.2.25\n").unwrap();
    let (config, _) = load::judge(&dir.path().join("contoso.toml"), CONTOSO.into()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((config.services.len(), config.safety.min_active_pools), (7, 1));
}

#[test]
fn every_key_that_this_version_has_is_read() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("overrides.csv"), "203.0.113.0/24,kr # known\n\n2001:db8::/32, IE\n").unwrap();
    let text = r#"
        [server]
        startup_grace = "0s"
        [geoip]
        overrides = "overrides.csv"
        ecs = { trust = ["203.0.113.0/24"] }
        [zone."Contoso.com"]
        ns = { "ns1.contoso.com" = ["192.0.2.53"] }
        ttl = "10m"
        negative_ttl = "5s"
        [pool.dublin]
        location = [53.35, -6]
        [pool.dublin.endpoints]
        web = ["127.0.2.20"]
        access = ["127.0.2.10"]
        [pool.austin]
        location = "us"
        endpoints = ["127.0.3.10", "127.0.3.11"]
        min_healthy = 2
        [check.ldaps]
        kind = "tls"
        port = 636
        name = "dir.contoso.com"
        interval = "1m"
        timeout = "1s"
        confirm = "250ms"
        fall = 1
        rise = 4
        tripwire = false
        tls = { verify = "chain" }
        [service.ldap]
        kind = "generic"
        srv = { owner = "_ldap._tcp.{domain}", port = 636, target = "dir.{domain}" }
        address = ["{domain}", "dir.{domain}"]
        domains = ["contoso.com"]
        pools = ["austin", "dublin"]
        steering = { weighted = { dublin = 1, austin = 0 } }
        failback = "manual"
        all_down = ["last-good", { pool = "dublin" }, "nodata"]
        ttl = "1m"
        suspect_ttl = "2s"
        check = "ldaps"
        [service.edge]
        kind = "sip-federation"
        domains = ["contoso.com"]
        pools = ["dublin", "austin"]
        steering = "failover"
        failback = { after = "auto", canary = { share = 0.05, for = "10m" } }
        check = { interval = "10s" }
        [partner.bigcloud]
        prefixes = ["198.51.100.0/24"]
        pools = ["austin"]
    "#;
    let (config, warnings) = load::judge(&dir.path().join("edgesteer.toml"), text.into()).unwrap();
    assert!(warnings.is_empty(), "{warnings}");
    assert_eq!(config.server.startup_grace, Duration::ZERO);
    assert_eq!(config.geoip.ecs, Ecs::Trust(vec!["203.0.113.0/24".parse().unwrap()]));
    let overrides: Vec<_> = config.geoip.overrides.iter().map(|o| format!("{} {:?}", o.prefix, o.country)).collect();
    assert_eq!(overrides, ["203.0.113.0/24 KR", "2001:db8::/32 IE"]);
    assert_eq!(config.zones[0].apex, name("contoso.com"));
    assert_eq!((config.zones[0].ttl.as_secs(), config.zones[0].negative_ttl.as_secs()), (600, 5));
    assert_eq!(config.pools[0].location, Some(Location::Coordinates { latitude: 53.35, longitude: -6.0 }));
    let both = [endpoints("web", &["127.0.2.20"]), endpoints("access", &["127.0.2.10"])].concat();
    assert_eq!(config.pools[0].endpoints, both, "roles in the order of the file");
    assert_eq!(config.pools[1].min_healthy, 2);
    let prefix = |text| Prefix::parse(text).unwrap();
    let ldap = Service {
        name: "ldap".into(),
        kind: find("generic").unwrap(),
        owners: Owners { srv: vec![(prefix("_ldap._tcp"), 636)], addresses: vec![prefix("dir"), prefix("")] },
        pools: vec![1, 0],
        steering: Steering::Weighted(vec![0, 1]),
        ttl: Duration::from_secs(60),
        suspect_ttl: Duration::from_secs(2),
        failback: Failback::Manual,
        all_down: vec![Rung::LastGood, Rung::Pool(0), Rung::NoData],
        check: Check {
            ask: Ask::Tls,
            port: 636,
            name: Some(name("dir.contoso.com")),
            interval: Duration::from_secs(60),
            timeout: Duration::from_secs(1),
            confirm: Duration::from_millis(250),
            fall: 1,
            rise: 4,
            tripwire: false,
            tls: TlsOptions { verify: Verify::Chain, ..TlsOptions::default() },
        },
        ..federation(&["contoso.com"])
    };
    let edge = Service {
        name: "edge".into(),
        steering: Steering::Failover,
        failback: Failback::Canary { after: Duration::ZERO, share: 500, length: Duration::from_secs(600) },
        check: Check { interval: Duration::from_secs(10), ..sip_check() },
        ..federation(&["contoso.com"])
    };
    assert_eq!(config.services, [ldap, edge]);
    assert_eq!(config.partners[0].pools, [1]);
}

#[test]
fn pem_files_are_read_with_the_configuration_and_half_an_identity_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["probe.contoso.com".to_owned()]).unwrap();
    std::fs::write(dir.path().join("cert.pem"), made.cert.pem()).unwrap();
    crate::testing::write_secret(&dir.path().join("key.pem"), &made.signing_key.serialize_pem());
    let with = |tls: &str| {
        let text = format!("{MINIMAL}\ncheck = {{ tls = {{ {tls} }} }}\n");
        load::judge(&dir.path().join("edgesteer.toml"), text)
    };
    let (config, _) = with(r#"ca = "cert.pem", cert = "cert.pem", key = "key.pem""#).unwrap();
    let tls = &config.services[0].check.tls;
    let pem = Pem { path: dir.path().join("cert.pem"), bytes: made.cert.pem().into_bytes().into() };
    assert_eq!(tls.ca.as_ref(), Some(&pem));
    assert_eq!(tls.identity.as_ref().map(|(cert, _)| cert), Some(&pem));
    let key = with(r#"key = "key.pem""#).unwrap_err();
    assert_eq!(key.iter().map(|d| d.code).collect::<Vec<_>>(), ["half-identity"]);
    let swapped = with(r#"cert = "key.pem", key = "cert.pem""#).unwrap_err();
    assert_eq!(swapped.iter().map(|d| d.code).collect::<Vec<_>>(), ["bad-certificate", "bad-key"]);
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("edgesteer.toml");
    std::fs::write(&file, b"[server]\nadmin = \"\xff\"\n").unwrap();
    for (path, code, reason) in [
        (dir.path().join("absent.toml"), "unreadable-file", "No such file"),
        (dir.path().to_owned(), "unreadable-file", "directory"),
        (file, "not-utf8", "line 2 is not UTF-8"),
        ("/dev/zero".into(), "file-too-large", "larger than 16777216 octets"),
    ] {
        let errors = load(&path).unwrap_err();
        let text = errors.to_string();
        assert_eq!(errors.iter().map(|d| d.code).collect::<Vec<_>>(), [code]);
        assert!(text.contains(&path.display().to_string()) && text.contains(reason) && text.contains("help"), "{text}");
    }
}

#[test]
fn an_empty_file_is_a_server_of_nothing() {
    let (config, warnings) = config("");
    assert!(warnings.is_empty() && config.services.is_empty() && config.zones.is_empty());
    assert_eq!(config.server, Server::default());
}

#[test]
fn every_line_with_a_syntax_error_is_shown() {
    let errors = load::judge(Path::new("e.toml"), "a = \nb = 01\nc = \"x\nd e = 1\n[f\n".into()).unwrap_err();
    let lines: Vec<_> = errors.iter().map(|d| (d.code, d.span.as_ref().unwrap().line)).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5].map(|line| ("syntax", line)), "{errors}");
}

#[test]
fn texts_of_other_systems_are_read() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("domains.txt"), "\u{feff}Contoso.com\r\n# none\r\n\r\nfabrikam.example # new\r\n")
        .unwrap();
    let text = format!("\u{feff}{}", HOSTING.replace('\n', "\r\n"));
    let (config, _) = load::judge(&dir.path().join("edgesteer.toml"), text).unwrap();
    assert_eq!(config.services[0].domains, names(&["contoso.com", "fabrikam.example"]));
}

#[test]
fn names_may_share_owners_only_within_a_service() {
    let service = |name: &str, domains: &str, rest: &str| {
        format!("[service.{name}]\ndomains = [{domains}]\npools = [\"a\", \"b\"]\n{rest}\n")
    };
    let sip = "kind = \"sip-federation\"";
    let generic =
        |address: &str| format!("kind = \"generic\"\naddress = {address}\ncheck = {{ kind = \"tls\", port = 1 }}");
    let head = "zone.\"x.example\".ns.\"ns.elsewhere.example\" = []\n\
        pool.a = { location = \"KR\", endpoints = [\"127.0.0.1\"] }\n\
        pool.b = { location = \"IE\", endpoints = [\"127.0.0.2\"] }\n";
    for (services, codes) in [
        ([service("s", "\"x.example\"", sip), service("t", "\"y.x.example\"", sip)], &[][..]),
        ([service("s", "\"x.example\"", sip), service("t", "\"x.example\"", sip)], &["duplicate-owner"]),
        ([service("s", "\"x.example\"", sip), service("t", "\"x.example\"", &generic("\"dir.{domain}\""))], &[]),
        (
            [service("s", "\"x.example\"", sip), service("t", "\"x.example\"", &generic("\"sip.{domain}\""))],
            &["duplicate-owner"],
        ),
        (
            [service("s", "\"x.example\"", sip), service("t", "\"sip.x.example\"", &generic("\"{domain}\""))],
            &["duplicate-owner"],
        ),
        (
            [
                service("s", "\"x.example\"", &generic("[\"a.{domain}\", \"{domain}\"]")),
                service("t", "\"a.x.example\"", sip),
            ],
            &[],
        ),
    ] {
        assert_eq!(codes_of(&format!("{head}{}", services.concat())), codes, "{}", services.concat());
    }
}

#[test]
fn colours_are_an_option() {
    let errors = load::judge(Path::new("e.toml"), "x = 1".into()).unwrap_err();
    assert!(errors.render(Style::Coloured).contains('\u{1b}') && !errors.to_string().contains('\u{1b}'));
}

/// A text from which some characters are taken and others put in.
fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    let cut = (0..text.len(), 0usize..40, "[ -~\n\"\\[\\]{}=.ü\u{1f4a5}]{0,6}");
    prop::collection::vec(cut, 1..4).prop_map(move |cuts| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, count, new) in cuts {
            let at = at.min(chars.len());
            let end = (at + count).min(chars.len());
            chars.splice(at..end, new.chars());
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_loader_panic(text in prop_oneof![
        any::<String>(), "[ -~\n]{0,200}", damaged(MINIMAL), damaged(HOSTING), damaged(CONTOSO),
    ]) {
        match load::judge(Path::new("tests/contract/damaged.toml"), text) {
            Ok((_, warnings)) => prop_assert!(warnings.errors() == 0),
            Err(errors) => prop_assert!(errors.errors() > 0 && !errors.to_string().is_empty()),
        }
    }
}
