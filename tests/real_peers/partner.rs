//! A partner's side: unbound as its recursive resolver, dig as its administrator.

use crate::common::process::{Process, system};
use crate::common::{eventually, fresh_address};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

/// For a host that has none.
const REMEDY: &str = "install the packages unbound and bind9-dnsutils, as .ci/run does";

/// An unbound that asks the server under test for contoso.com, and caches what it hears for as long as the TTL says.
pub(crate) struct Resolver {
    _process: Process,
    address: SocketAddr,
}

impl Resolver {
    /// Starts it and waits until it answers.
    pub(crate) fn start(authority: SocketAddr, parent: &Path) -> Self {
        let directory = parent.join("unbound");
        std::fs::create_dir(&directory).unwrap();
        let address = fresh_address();
        let configuration = directory.join("unbound.conf");
        std::fs::write(&configuration, text(address, authority, &directory)).unwrap();
        let mut command = system("unbound");
        command.arg("-d").arg("-c").arg(&configuration);
        // Debian keeps it where only root looks for programs.
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin");
        let process = Process::start(&mut command, &directory.join("unbound.log"), REMEDY);
        eventually("unbound listens", || TcpStream::connect(address).ok());
        Self { _process: process, address }
    }

    /// Where it answers.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

fn text(address: SocketAddr, authority: SocketAddr, directory: &Path) -> String {
    let (ip, port) = (address.ip(), address.port());
    let (authority, authority_port, directory) = (authority.ip(), authority.port(), directory.display());
    format!(
        r#"server:
    interface: {ip}
    port: {port}
    access-control: 127.0.0.0/8 allow
    do-daemonize: no
    chroot: ""
    username: ""
    directory: "{directory}"
    pidfile: ""
    use-syslog: no
    logfile: ""
    do-ip6: no
    num-threads: 1
    module-config: "iterator"
    do-not-query-localhost: no
remote-control:
    control-enable: no
stub-zone:
    name: "contoso.com"
    stub-addr: {authority}@{authority_port}
"#
    )
}

/// The answer that dig shows to these words, without line ends around it.
pub(crate) fn dig(server: SocketAddr, words: &[&str]) -> String {
    let mut command = system("dig");
    command.arg(format!("@{}", server.ip())).args(["-p", &server.port().to_string(), "+short"]).args(words);
    let output = command.output().unwrap_or_else(|error| panic!("dig cannot be started: {error}; {REMEDY}"));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{command:?}: {text}");
    text.trim().to_owned()
}
