//! Tools from Debian's packages: load at a low rate, and TLS.

use crate::servers::Servers;
use crate::{ZONE, output, print, system};
use std::net::SocketAddr;

/// What of dnsperf's report says how many questions were lost.
fn lost(servers: &Servers, transport: &str, at: SocketAddr) -> String {
    let asked =
        servers.file("asked", "fed.test SOA\nsip.fed.test A\n_sipfederationtls._tcp.fed.test SRV\nno.fed.test A\n");
    let (ip, port) = (at.ip().to_string(), at.port().to_string());
    let mut command = system("dnsperf");
    command.args(["-m", transport, "-s", &ip, "-p", &port, "-l", "2", "-c", "4", "-Q", "500", "-d"]).arg(asked);
    let report = output(&mut command);
    let value = |what: &str| {
        let line = report.lines().find(|line| line.trim_start().starts_with(what));
        let line = line.unwrap_or_else(|| panic!("dnsperf has not finished: {report}"));
        line.split_whitespace().nth(2).unwrap().to_owned()
    };
    assert_ne!(value("Queries sent:"), "0", "{report}");
    value("Queries lost:")
}

#[test]
#[ignore = "needs dnsperf, knotd and nsd; run by .ci/run"]
fn nothing_is_lost_at_a_low_rate() {
    let servers = Servers::start();
    let row = |transport: &str, at: [Option<SocketAddr>; 3]| {
        let cells = at.map(|at| at.map_or("none".to_owned(), |at| lost(&servers, transport, at)));
        (transport.to_owned(), cells.to_vec())
    };
    let plain = [servers.ours, servers.knot, servers.nsd].map(Some);
    let rows =
        [row("udp", plain), row("tcp", plain), row("dot", [Some(servers.ours_tls), None, Some(servers.nsd_tls)])];
    print("lost of 1,000", &servers.each().map(|(name, _)| name), &rows);
    assert!(rows.iter().all(|(_, cells)| cells[0] == "0"), "{rows:?}");
}

#[test]
#[ignore = "needs kdig, sslscan and nsd; run by .ci/run"]
fn tls_is_modern_and_verified() {
    let servers = Servers::start();
    let mut command = system("kdig");
    command.arg(format!("+tls-ca={}", servers.path().join("ca.pem").display()));
    command.args(["+tls-hostname=sip.contoso.com", "+padding=128"]);
    command.args([&format!("@{}", servers.ours_tls.ip()), "-p", &servers.ours_tls.port().to_string(), ZONE, "SOA"]);
    let told = output(&mut command);
    assert!(told.contains("status: NOERROR") && told.contains("TLS session (TLS1.3)"), "{told}");
    assert!(told.contains("PADDING"), "{told}");

    let [ours, nsd] = [servers.ours_tls, servers.nsd_tls].map(|at| {
        let report = output(system("sslscan").args(["--no-colour", &at.to_string()]));
        assert!(report.contains("TLSv1.3   "), "sslscan has not finished: {report}");
        report
    });
    let state = |report: &str, version: &str| {
        let line = report.lines().find(|line| line.starts_with(version));
        line.and_then(|line| line.split_whitespace().nth(1)).unwrap_or("unsaid").to_owned()
    };
    let rows: Vec<_> = ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
        .map(|version| (version.to_owned(), vec![state(&ours, version), state(&nsd, version)]))
        .into();
    print("sslscan", &["edgesteer", "NSD"], &rows);
    let enabled: Vec<_> = rows.iter().map(|(_, cells)| cells[0] == "enabled").collect();
    assert_eq!(enabled, [false, false, false, false, true, true], "{ours}");
    for weak in ["CBC", "RC4", "3DES", "NULL", "EXP", "vulnerable to heartbleed"] {
        let accepted = ours.lines().filter(|line| line.starts_with("Accepted") || line.starts_with("Preferred"));
        assert!(
            accepted.clone().count() > 0 && accepted.into_iter().all(|line| !line.contains(weak)),
            "{weak}: {ours}"
        );
    }
    assert!(!ours.lines().any(|line| line.contains("vulnerable to heartbleed") && !line.contains("not ")), "{ours}");
}
