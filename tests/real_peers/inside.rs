//! Runs a test a second time in namespaces of its own, where every port is free and the resolver is ours to say.

use crate::common::process::system;
use std::net::IpAddr;
use std::path::Path;

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
