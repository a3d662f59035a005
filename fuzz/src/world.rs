//! The world that is asked: something of everything that a name can be.

use edgesteer::app;
use edgesteer::config::Dns;
use edgesteer::control::Beliefs;
use edgesteer::lane::Tally;
use edgesteer::lane::direct::Direct;
use edgesteer::snapshot::Publisher;
use prometheus::Registry;
use std::cell::RefCell;
use std::path::Path;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};

const CONFIGURATION: &str = r#"
[zone."contoso.com"]
ns = { "ns1.contoso.com" = ["192.0.2.53", "2001:db8:53::1"], "ns2.example.net" = [] }
records = "contoso.zone"
[zone."own.example"]
records = "own.zone"
[view.inside]
prefixes = ["10.9.0.0/16"]
[pool.seoul]
location = "KR"
fqdn = "access-seoul.contoso.com"
endpoints = { access = ["192.0.2.10", "192.0.2.11", "2001:db8:1::10"], internal = ["172.16.1.1"] }
[pool.dublin]
location = "IE"
fqdn = "access-dublin.contoso.com"
endpoints = { access = ["198.51.100.10"], internal = ["172.16.2.1", "fd00::1"] }
[service.federation]
kind = "sip-federation"
domains = ["contoso.com"]
pools = ["seoul", "dublin"]
[service.federation.view.inside]
role = "internal"
[service.directory]
kind = "generic"
domains = ["contoso.com"]
srv = { owner = "_ldap._tcp.{domain}", port = 636 }
shape = "ordered"
pools = ["seoul", "dublin"]
check = { kind = "tcp", port = 636 }
[service.hosting]
kind = "sip-federation"
domains = ["tenant.example"]
delegation = "names"
ns = ["ns1.contoso.com", "ns2.example.net"]
steering = { weighted = { seoul = 3, dublin = 1 } }
pools = ["seoul", "dublin"]
[partner.friend]
prefixes = ["203.0.113.0/24"]
pools = ["dublin"]
"#;

const CONTOSO: &str = "\
@ MX 10 mail
www A 192.0.2.80
    AAAA 2001:db8::80
    TXT \"v=spf1 -all\" \"second\"
mail A 192.0.2.25
alias CNAME www
again CNAME alias
steered CNAME sip
loop CNAME loop2
loop2 CNAME loop
out CNAME www.elsewhere.example.
*.wild TXT any
*.wild MX 5 mail
away NS ns.away
away DS 12345 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
ns.away A 192.0.2.99
odd TYPE65280 \\# 3 00ff00
caa CAA 0 issue \"ca.example\"
_443._tcp.www TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
https HTTPS 1 . alpn=h2
n NAPTR 10 20 s SIP+D2T \"\" _sip._tcp
loc LOC 53 20 0 N 6 15 0 W 10m
key SSHFP 4 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
big TXT \"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"
big TXT \"a 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"
big TXT \"b 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"
big TXT \"c 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"
big TXT \"d 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"
big TXT \"e 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"
";

/// A zone that says its own SOA.
const OWN: &str = "\
@ 600 SOA ns1.own.example. host\\.master.example.net. 42 7200 900 1209600 300
@ NS ns1
@ NS ns2.example.net.
ns1 A 192.0.2.54
a A 192.0.2.1
a.b.c TXT deep
";

/// The files of the world, the configuration first.
const FILES: [(&str, &str); 3] = [("world.toml", CONFIGURATION), ("contoso.zone", CONTOSO), ("own.zone", OWN)];

/// Lanes that answer from a configuration, for which nobody was probed yet.
pub(super) fn lanes(configuration: &Path) -> Result<Direct, app::LoadError> {
    let topology = app::load(configuration)?.topology;
    let mut beliefs = Beliefs::new(topology.clone());
    let publisher = Publisher::new(topology, beliefs.render_all(Instant::now()));
    let dns = Dns {
        nsid: Some("gtm1.seoul".into()),
        version: Some("edgesteer".into()),
        id: Some("gtm1".into()),
        rate_limit: None,
        ..Dns::default()
    };
    Ok(Direct::new(&publisher.lake(), &dns, &Tally::new(&Registry::new()).expect("metrics of its own")))
}

fn of_the_world() -> Direct {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, content) in FILES {
        std::fs::write(directory.path().join(name), content).expect("a file can be written");
    }
    lanes(&directory.path().join(FILES[0].0)).unwrap_or_else(|error| panic!("{error}"))
}

thread_local! {
    static LANES: RefCell<Direct> = RefCell::new(of_the_world());
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
}

/// Asks the lanes of the world.
pub(super) fn with_lanes<T>(ask: impl FnOnce(&mut Direct) -> T) -> T {
    LANES.with_borrow_mut(ask)
}

/// Waits for what needs nobody else.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.with(|runtime| runtime.block_on(future))
}
