//! Zonemaster and DNSViz, which follow delegations from a root on port 53, and a fuzzer that knows no other: a tiny Internet in a network namespace.
//!
//! Each server in turn serves the zone there, under a root and a top-level domain that NSD serves.

use crate::common::eventually;
use crate::common::process::{Process, system};
use crate::servers::{configuration, knot_configuration, nsd_configuration, zone};
use crate::{REMEDY, ZONE, output, print};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use tempfile::TempDir;

const HINTS: &str = ". 3600 NS a.root.\n. 3600 NS b.root.\na.root. 3600 A 127.0.0.11\nb.root. 3600 A 127.0.0.14\n";
/// The zones above ours: name, and what is in it beside SOA and NS.
const ABOVE: [(&str, &str, &str); 3] = [
    (
        ".",
        "a.root.",
        "root. NS a.root.\nroot. NS b.root.\na.root. A 127.0.0.11\nb.root. A 127.0.0.14\ntest. NS a.test.\ntest. NS b.test.\na.test. A 127.0.0.11\nb.test. A 127.0.0.14\narpa. NS a.root.\narpa. NS b.root.\n",
    ),
    (
        "test.",
        "a.test.",
        "a.test. A 127.0.0.11\nb.test. A 127.0.0.14\nfed.test. NS ns1.fed.test.\nfed.test. NS ns2.fed.test.\nns1.fed.test. A 127.0.0.12\nns2.fed.test. A 127.0.0.13\n",
    ),
    ("arpa.", "a.root.", ""),
];
/// What Zonemaster must dislike here: addresses of the loopback network, which have no names.
const OF_LOOPBACK: [&str; 2] = ["ADDRESS01", "ADDRESS02"];

/// A server by name, and how it is started.
type Start = (&'static str, fn(&mut Internet));

/// A namespace with a root, and a directory for what lives there. Its processes end first.
struct Internet {
    running: Vec<Process>,
    /// Keeps the namespace.
    keeper: Process,
    directory: TempDir,
}

impl Internet {
    fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("edgesteer-test-").tempdir().unwrap();
        let mut keeper = system("unshare");
        keeper.args(["-n", "sh", "-c", "ip link set lo up && echo up && exec sleep 600"]);
        let mut keeper = Process::start(&mut keeper, &directory.path().join("keeper.log"), REMEDY);
        keeper.wait_for_log("up");
        let mut internet = Self { running: Vec::new(), keeper, directory };
        internet.root();
        internet
    }

    /// A program that is to run inside.
    fn inside(&self, program: &str) -> Command {
        let mut command = system("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.keeper.pid().as_raw_nonzero())).arg("--").arg(program);
        command.current_dir(self.directory.path());
        command
    }

    fn start(&mut self, name: &str, mut command: Command, answers: &str, asked: &str) {
        let log = self.directory.path().join(format!("{name}.log"));
        self.running.push(Process::start(&mut command, &log, REMEDY));
        eventually(&format!("{name} answers"), || {
            let dig = output(self.inside("dig").args([
                &format!("@{answers}"),
                asked,
                "SOA",
                "+norec",
                "+tries=1",
                "+time=1",
            ]));
            (dig.contains("status: NOERROR") && dig.contains("ANSWER: 1")).then_some(())
        });
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).unwrap();
    }

    fn root(&mut self) {
        self.write("hints", HINTS);
        let mut text = nsd_configuration(self.directory.path(), "root", &addresses([11, 14]));
        for (i, (name, server, records)) in ABOVE.iter().enumerate() {
            let other = server.replacen('a', "b", 1);
            let head = format!(
                "$TTL 3600\n{name} SOA {server} hostmaster.test. 1 14400 3600 1209600 3600\n{name} NS {server}\n{name} NS {other}\n"
            );
            self.write(&format!("above{i}"), &(head + records));
            text += &format!("zone:\n    name: {name}\n    zonefile: above{i}\n");
        }
        self.write("root.conf", &text);
        let mut command = self.inside("nsd");
        command.args(["-d", "-c", "root.conf"]);
        self.start("root", command, "127.0.0.11", ".");
    }

    fn ours(&mut self) {
        let text = configuration("listen = [\"127.0.0.12:53\", \"127.0.0.13:53\"]\nadmin = \"127.0.0.1:9153\"");
        self.write("edgesteer.toml", &text);
        let mut command = self.inside(env!("CARGO_BIN_EXE_edgesteer"));
        command.args(["serve", "--config", "edgesteer.toml"]).env_remove("RUST_LOG");
        self.start("edgesteer", command, "127.0.0.12", ZONE);
    }

    fn knot(&mut self) {
        self.write("zone", &zone());
        self.write("knot.conf", &knot_configuration(self.directory.path(), &addresses([12, 13])));
        let mut command = self.inside("knotd");
        command.args(["-c", "knot.conf"]);
        self.start("knot", command, "127.0.0.12", ZONE);
    }

    fn nsd(&mut self) {
        self.write("zone", &zone());
        let text = nsd_configuration(self.directory.path(), "nsd", &addresses([12, 13]));
        self.write("nsd.conf", &format!("{text}zone:\n    name: {ZONE}\n    zonefile: zone\n"));
        let mut command = self.inside("nsd");
        command.args(["-d", "-c", "nsd.conf"]);
        self.start("nsd", command, "127.0.0.12", ZONE);
    }

    /// The test cases in which Zonemaster found something to warn of or worse.
    fn zonemaster(&self) -> BTreeSet<String> {
        let mut command = self.inside("zonemaster-cli");
        let report =
            output(command.args(["--hints", "hints", "--no-ipv6", "--level", "INFO", "--show-testcase", ZONE]));
        assert!(report.contains("ZONE10"), "Zonemaster has not finished: {report}");
        let lines = report.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let bad = lines.filter(|words| words.len() > 2 && ["WARNING", "ERROR", "CRITICAL"].contains(&words[1]));
        bad.map(|words| words[2].to_owned()).collect()
    }

    /// What DNSViz warns of; nothing where all is well.
    fn dnsviz(&self) -> String {
        let servers = format!("{ZONE}+:ns1.{ZONE}=127.0.0.12,ns2.{ZONE}=127.0.0.13");
        let mut probe = self.inside("dnsviz");
        probe.args(["probe", "-4", "-A", "-R", "SOA,NS,A,AAAA,SRV,TXT", "-x", &servers, "-o", "probed"]);
        let names = [ZONE, "sip.fed.test", "_sipfederationtls._tcp.fed.test", "no.fed.test"];
        let told = output(probe.args(names));
        let probed = std::fs::read_to_string(self.directory.path().join("probed")).unwrap_or_default();
        assert!(names.iter().all(|name| probed.contains(&format!("\"{name}.\""))), "DNSViz has not finished: {told}");
        output(self.inside("dnsviz").args(["grok", "-l", "warning", "-r", "probed"])).trim().to_owned()
    }

    /// What the fuzzer of nmap says, which knows DNS by its port.
    fn fuzz(&self) -> String {
        let mut command = self.inside("nmap");
        command.args([
            "-n",
            "-Pn",
            "-sU",
            "-p",
            "53",
            "--script",
            "dns-fuzz",
            "--script-args",
            "dns-fuzz.timelimit=3s",
        ]);
        let report = output(command.arg("127.0.0.12"));
        let line = report.lines().find_map(|line| line.split_once("dns-fuzz: "));
        line.unwrap_or_else(|| panic!("nmap has not finished: {report}")).1.to_owned()
    }
}

fn addresses(last: [u8; 2]) -> Vec<SocketAddr> {
    last.map(|last| SocketAddr::from(([127, 0, 0, last], 53))).into()
}

#[test]
#[ignore = "needs root, zonemaster-cli, dnsviz, nmap, dig, knotd and nsd; run by .ci/run"]
fn delegations_are_followed_without_complaint() {
    let starts: [Start; 3] = [("edgesteer", Internet::ours), ("Knot", Internet::knot), ("NSD", Internet::nsd)];
    let (mut zonemaster, mut dnsviz, mut fuzz) = (Vec::new(), Vec::new(), Vec::new());
    for (_, start) in starts {
        let mut internet = Internet::new();
        start(&mut internet);
        zonemaster.push(internet.zonemaster());
        dnsviz.push(internet.dnsviz());
        fuzz.push(internet.fuzz());
    }
    let cells = |found: &BTreeSet<String>| found.iter().cloned().collect::<Vec<_>>().join(" ");
    let rows = [
        ("nmap dns-fuzz".to_owned(), fuzz.clone()),
        ("Zonemaster: warnings and errors".to_owned(), zonemaster.iter().map(cells).collect()),
        (
            "DNSViz: warnings".to_owned(),
            dnsviz.iter().map(|told| if told.is_empty() { "none" } else { "some" }.to_owned()).collect(),
        ),
    ];
    print("delegated", &starts.map(|(name, _)| name), &rows);
    assert!(zonemaster[0].iter().all(|case| OF_LOOPBACK.contains(&case.as_str())), "{:?}", zonemaster[0]);
    assert_eq!(dnsviz[0], "");
    assert!(fuzz[0].contains("impervious"), "{}", fuzz[0]);
}
