//! Runs a test a second time in namespaces of its own, where every port is free and the resolver is ours to say; and puts other hosts
//! beside it, at the end of a cable.

use crate::common::eventually;
use crate::common::process::{Process, system};
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

/// Set for the process that is inside.
const INSIDE: &str = "EDGESTEER_TEST_INSIDE";

/// Runs that test of this binary in a network and a mount namespace, as root, and fails where it fails.
pub(crate) fn run(test: &str) {
    let mut command = system("unshare");
    command.args(["--net", "--mount"]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(INSIDE, "1");
    let status = command.status().unwrap_or_else(|error| panic!("unshare: {error}; install util-linux"));
    assert!(status.success(), "{status}");
}

/// Whether this is the second time; the first leaves such a test alone.
pub(crate) fn is() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs a program to its end, which must be a good one.
pub(crate) fn must(words: &[&str]) {
    let output = system(words[0]).args(&words[1..]).output().unwrap_or_else(|error| panic!("{}: {error}", words[0]));
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Makes this the resolver of every program inside, at port 53.
pub(crate) fn resolve_by(resolver: IpAddr, directory: &Path) {
    let file = directory.join("resolv.conf");
    std::fs::write(&file, format!("nameserver {resolver}\n")).unwrap();
    must(&["mount", "--bind", &file.display().to_string(), "/etc/resolv.conf"]);
}

/// Another network namespace, joined to ours by a cable. It lives as long as the process in it.
pub(crate) struct Namespace {
    process: Process,
}

impl Namespace {
    /// With our address and its own, as "10.1.0.1/16".
    pub(crate) fn new(directory: &Path, ours: &str, theirs: &[String]) -> Self {
        let mut command = system("unshare");
        command.args(["--net", "sleep", "900"]);
        let process = Process::start(&mut command, &directory.join("namespace"), "install util-linux");
        let namespace = Self { process };
        let pid = namespace.pid();
        eventually("the namespace is another one", || {
            let net = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/net")).ok();
            (net(&pid)? != net("self")?).then_some(())
        });
        must(&["ip", "link", "set", "lo", "up"]);
        must(&["ip", "link", "add", "ours", "type", "veth", "peer", "name", "theirs", "netns", &pid]);
        must(&["ip", "addr", "add", ours, "dev", "ours"]);
        must(&["ip", "link", "set", "ours", "up"]);
        namespace.must(&["ip", "link", "set", "lo", "up"]);
        for address in theirs {
            namespace.must(&["ip", "addr", "add", address, "dev", "theirs"]);
        }
        namespace.must(&["ip", "link", "set", "theirs", "up"]);
        namespace
    }

    fn pid(&self) -> String {
        self.process.pid().as_raw_nonzero().to_string()
    }

    /// What runs a program in it.
    pub(crate) fn wrapper(&self) -> Vec<String> {
        ["nsenter", "--target", &self.pid(), "--net"].map(str::to_owned).into()
    }

    /// A program in it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let words = self.wrapper();
        let mut command = system(&words[0]);
        command.args(&words[1..]).arg(program);
        command
    }

    /// Runs a program in it to its end, which must be a good one.
    pub(crate) fn must(&self, words: &[&str]) {
        let all: Vec<String> = self.wrapper().into_iter().chain(words.iter().map(|&word| word.to_owned())).collect();
        must(&all.iter().map(String::as_str).collect::<Vec<_>>());
    }
}
