//! A partner's side: unbound as its recursive resolver, dig as its administrator.

use crate::common::process::{Process, system};
use crate::common::{eventually, fresh_address};
use edgesteer::demo::ca::Identity;
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
        Self::run(parent, fresh_address(), &asking(authority))
    }

    /// One that knows these records too and answers at this address.
    pub(crate) fn at(address: SocketAddr, records: &[&str], authority: SocketAddr, parent: &Path) -> Self {
        Self::run(parent, address, &(known(records) + &asking(authority)))
    }

    /// One that knows these records, and speaks TLS too with this certificate, at the returned address.
    pub(crate) fn knowing(records: &[&str], identity: &Identity, parent: &Path) -> (Self, SocketAddr) {
        let tls = fresh_address();
        let [certificate, key] = ["unbound.pem", "unbound.key"].map(|name| parent.join(name));
        std::fs::write(&certificate, identity.certificate_pem()).unwrap();
        std::fs::write(&key, identity.key_pem()).unwrap();
        let more = format!(
            "    interface: {}@{}\n    tls-port: {}\n    tls-service-pem: \"{}\"\n    tls-service-key: \"{}\"\n    \
             {}",
            tls.ip(),
            tls.port(),
            tls.port(),
            certificate.display(),
            key.display(),
            known(records)
        );
        (Self::run(parent, fresh_address(), &more), tls)
    }

    /// Starts it with more of its configuration, which goes on with the section "server".
    fn run(parent: &Path, address: SocketAddr, more: &str) -> Self {
        let directory = parent.join("unbound");
        std::fs::create_dir(&directory).unwrap();
        let configuration = directory.join("unbound.conf");
        std::fs::write(&configuration, text(address, &directory) + more).unwrap();
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

/// What makes it ask the server under test.
fn asking(authority: SocketAddr) -> String {
    let stub = format!("    stub-addr: {}@{}", authority.ip(), authority.port());
    format!("    do-not-query-localhost: no\nstub-zone:\n    name: \"contoso.com\"\n{stub}\n")
}

/// Records that it has by itself, all below "example".
fn known(records: &[&str]) -> String {
    let records = records.iter().map(|record| format!("    local-data: '{record}'\n"));
    "    local-zone: \"example.\" static\n".to_owned() + &records.collect::<String>()
}

fn text(address: SocketAddr, directory: &Path) -> String {
    let (ip, port, directory) = (address.ip(), address.port(), directory.display());
    format!(
        r#"remote-control:
    control-enable: no
server:
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
