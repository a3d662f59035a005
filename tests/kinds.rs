//! Every kind of service of the contract's whole organisation is answered, whether a pool is lost or not.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use edgesteer::admin::explain;
use edgesteer::app;
use edgesteer::control::Beliefs;
use edgesteer::health::{FailureClass, Outcome};
use edgesteer::name::Name;
use edgesteer::resolve::{Asked, Client};
use edgesteer::snapshot::{Publisher, Snapshot};
use edgesteer::topology::Topology;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

const KOREA: &str = "168.126.63.1";

/// The contract's configuration, with XMPP over direct TLS as well.
fn organisation() -> Arc<Topology> {
    let directory = tempfile::tempdir().unwrap();
    let text =
        include_str!("contract/contoso.toml").replace("kind     = \"xmpp\" ", "direct_tls = true\nkind = \"xmpp\" ");
    std::fs::write(directory.path().join("edgesteer.toml"), text).unwrap();
    std::fs::write(directory.path().join("overrides.csv"), "203.0.113.0/24,KR\n").unwrap();
    std::fs::write(directory.path().join("contoso.com.zone"), "www A 192.0.2.80\n").unwrap();
    app::load(&directory.path().join("edgesteer.toml")).unwrap_or_else(|error| panic!("{error}")).topology
}

/// What is published where the addresses that begin so are down, and all others up.
fn suppose(topology: &Arc<Topology>, down: &[&str]) -> Arc<Snapshot> {
    let mut beliefs = Beliefs::new(topology.clone());
    let now = Instant::now();
    for spec in &topology.targets {
        let outcome = match down.iter().any(|down| spec.address.to_string().starts_with(down)) {
            true => Outcome::fail(FailureClass::Refused, "supposed"),
            false => Outcome::Pass,
        };
        (0..spec.thresholds.fall.max(spec.thresholds.rise)).for_each(|_| drop(beliefs.observe(spec, &outcome, now)));
    }
    Publisher::new(topology.clone(), beliefs.render_all(now)).lake().load()
}

/// What a partner in Korea is told: each record's data in the order of the answer.
fn told(snapshot: &Snapshot, name: &str, kind: &str) -> Vec<String> {
    let client = Client::from(KOREA.parse::<IpAddr>().unwrap());
    let explanation = explain(snapshot, &Name::parse(name).unwrap(), Asked::parse(kind).unwrap(), client);
    let records = serde_json::to_value(&explanation).unwrap()["answer"].take();
    let records: Vec<String> = serde_json::from_value(records).unwrap();
    records.iter().map(|record| record.splitn(5, char::is_whitespace).last().unwrap().to_owned()).collect()
}

#[test]
fn each_kind_answers_with_the_nearest_pool_and_with_the_other_when_that_is_lost() {
    let topology = organisation();
    let (alive, lost) = (suppose(&topology, &[]), suppose(&topology, &["127.0.1.", "[::1]"]));
    let access: (&[&str], &[&str]) = (&["127.0.1.10", "127.0.1.11"], &["127.0.2.10"]);
    let web: (&[&str], &[&str]) = (&["127.0.1.20"], &["127.0.2.20"]);
    let media: (&[&str], &[&str]) = (&["127.0.1.30"], &["127.0.2.30"]);
    for (name, (here, elsewhere)) in [
        ("meet.contoso.com", web),
        ("dialin.contoso.com", web),
        ("lyncdiscover.contoso.com", web),
        ("scheduler.contoso.com", web),
        ("av.contoso.com", media),
    ] {
        assert_eq!(told(&alive, name, "A"), here, "{name}");
        assert_eq!(told(&lost, name, "A"), elsewhere, "{name}");
    }
    for name in ["sip", "xmpp", "matrix", "dir"].map(|label| format!("{label}.contoso.com")) {
        assert_eq!(told(&alive, &name, "A"), access.0, "{name}");
        assert_eq!(told(&lost, &name, "A"), access.1, "{name}");
    }
    for (owner, port, target) in [
        ("_sipfederationtls._tcp", 5061, "sip"),
        ("_xmpp-server._tcp", 5269, "xmpp"),
        ("_xmpps-server._tcp", 5270, "xmpp"),
        ("_matrix-fed._tcp", 8448, "matrix"),
        ("_matrix._tcp", 8448, "matrix"),
        ("_ldap._tcp", 636, "dir"),
    ] {
        let expected = [format!("0 0 {port} {target}.contoso.com.")];
        for snapshot in [&alive, &lost] {
            assert_eq!(told(snapshot, &format!("{owner}.contoso.com"), "SRV"), expected);
        }
    }
    let both = ["0 0 443 access-seoul.contoso.com.", "1 0 443 access-dublin.contoso.com."];
    assert_eq!(told(&alive, "_sip._tls.contoso.com", "SRV"), both, "clients walk priorities");
    assert_eq!(told(&lost, "_sip._tls.contoso.com", "SRV"), ["0 0 443 access-dublin.contoso.com."]);
}
