//! The servers under test, each with the same zone: ours, Knot and NSD.

use crate::common::edges::identity;
use crate::common::eventually;
use crate::common::process::{Process, system};
use crate::common::server::edgesteer;
use crate::common::{fresh_address, fresh_ip, write_secret};
use crate::{REMEDY, ZONE};
use edgesteer::demo::ca::ThrowawayCa;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The secret of cookies that all of them share (RFC 9018 section 5).
const SECRET: &str = "e5e973e5a6b2a43f48e7dc849e37bfcf";

/// Three servers, and where they are. They end before their directory.
pub(crate) struct Servers {
    _running: [Process; 3],
    directory: TempDir,
    pub(crate) ours: SocketAddr,
    pub(crate) ours_tls: SocketAddr,
    pub(crate) knot: SocketAddr,
    pub(crate) nsd: SocketAddr,
    pub(crate) nsd_tls: SocketAddr,
}

impl Servers {
    pub(crate) fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("edgesteer-test-").tempdir().unwrap();
        let path = directory.path();
        let ca = ThrowawayCa::new().unwrap();
        let own = identity(&ca);
        for (name, text) in [("ca.pem", ca.pem().to_owned()), ("chain.pem", own.certificate_pem()), ("zone", zone())] {
            std::fs::write(path.join(name), text).unwrap();
        }
        write_secret(&path.join("key.pem"), &own.key_pem());
        write_secret(&path.join("secret"), SECRET);
        let [ours, ours_tls, admin, knot, nsd, nsd_tls] = [(); 6].map(|()| fresh_address());
        let tls = format!(
            "tls = {{ listen = [\"{ours_tls}\"], cert = \"chain.pem\", key = \"key.pem\" }}\ncookie_secret_file = \"secret\""
        );
        let text = configuration(&format!("listen = [\"{ours}\"]\nadmin = \"{admin}\"\n{tls}"));
        let running = [serve(path, &text), self::knot(path, knot), self::nsd(path, nsd, nsd_tls)];
        let servers = Self { _running: running, directory, ours, ours_tls, knot, nsd, nsd_tls };
        servers.each().into_iter().for_each(|(name, at)| wait_for(name, at));
        servers
    }

    /// All of them by name, ours first.
    pub(crate) fn each(&self) -> [(&'static str, SocketAddr); 3] {
        [("edgesteer", self.ours), ("Knot", self.knot), ("NSD", self.nsd)]
    }

    /// Where files may be put.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// Waits until a server answers for the zone.
pub(crate) fn wait_for(name: &str, at: SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    // A resolver tells what it does not know yet only to who wants it to ask.
    let mut asked = crate::packets::soa();
    asked[2] |= 1;
    eventually(&format!("{name} answers at {at}"), || {
        socket.send_to(&asked, at).ok()?;
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).ok()?;
        (length > 12 && answer[3] & 0x0f == 0 && answer[7] == 1).then_some(())
    });
}

/// Our configuration with these keys of `[server]`: two endpoints, where nobody listens.
pub(crate) fn configuration(server: &str) -> String {
    let (one, other): (IpAddr, IpAddr) = (fresh_ip(), fresh_ip());
    format!(
        r#"
[server]
{server}
startup_grace = "5s"
[zone."{ZONE}"]
ns = {{ "ns1.{ZONE}" = ["127.0.0.12"], "ns2.{ZONE}" = ["127.0.0.13"] }}
[pool.one]
location = "KR"
endpoints = ["{one}", "{other}"]
[service.federation]
kind = "sip-federation"
domains = ["{ZONE}"]
pools = ["one"]
ttl = "60s"
check = {{ kind = "tcp", port = 5061, timeout = "1s", fall = 1 }}
"#
    )
}

/// Our binary on a configuration.
fn serve(path: &Path, text: &str) -> Process {
    let config = path.join("edgesteer.toml");
    std::fs::write(&config, text).unwrap();
    Process::start(edgesteer().arg("serve").arg("--config").arg(config), &path.join("edgesteer.log"), "")
}

/// The same zone as a master file.
pub(crate) fn zone() -> String {
    format!(
        "$ORIGIN {ZONE}.\n$TTL 60\n@ 3600 SOA ns1 hostmaster 1 7200 900 1209600 60\n@ 3600 NS ns1\n@ 3600 NS ns2\n\
         ns1 3600 A 127.0.0.12\nns2 3600 A 127.0.0.13\nsip A 192.0.2.10\nsip A 192.0.2.11\n\
         _sipfederationtls._tcp SRV 0 0 5061 sip\n"
    )
}

fn knot(path: &Path, at: SocketAddr) -> Process {
    std::fs::write(path.join("knot.conf"), knot_configuration(path, &[at])).unwrap();
    let mut command = system("knotd");
    Process::start(command.arg("-c").arg(path.join("knot.conf")), &path.join("knot.log"), REMEDY)
}

/// Knot with the zone of the file `zone`.
pub(crate) fn knot_configuration(path: &Path, listen: &[SocketAddr]) -> String {
    let directory = path.display();
    let listen: String = listen.iter().map(|at| format!("    listen: {}@{}\n", at.ip(), at.port())).collect();
    format!(
        "server:\n{listen}    rundir: {directory}\n    pidfile: {directory}/knot.pid\ndatabase:\n    storage: {directory}/knot-db\n\
         mod-cookies:\n  - id: shared\n    secret: 0x{SECRET}\n\
         zone:\n  - domain: {ZONE}\n    file: {directory}/zone\n    module: mod-cookies/shared\n"
    )
}

fn nsd(path: &Path, at: SocketAddr, tls: SocketAddr) -> Process {
    let directory = path.display();
    let text = nsd_configuration(path, "nsd", &[at, tls]);
    let tls = format!(
        "    tls-service-key: {directory}/key.pem\n    tls-service-pem: {directory}/chain.pem\n    tls-port: {}\n    \
         answer-cookie: yes\n    cookie-secret: {SECRET}\n",
        tls.port()
    );
    let zone = format!("zone:\n    name: {ZONE}\n    zonefile: zone\n");
    std::fs::write(path.join("nsd.conf"), text.replacen("server:\n", &format!("server:\n{tls}"), 1) + &zone).unwrap();
    let mut command = system("nsd");
    command.arg("-d").arg("-c").arg(path.join("nsd.conf"));
    Process::start(&mut command, &path.join("nsd.log"), REMEDY)
}

/// What NSD needs to keep to its directory and not to become somebody else; zones come after it.
pub(crate) fn nsd_configuration(path: &Path, name: &str, listen: &[SocketAddr]) -> String {
    let directory = path.display();
    let listen: String = listen.iter().map(|at| format!("    ip-address: {}@{}\n", at.ip(), at.port())).collect();
    format!(
        "server:\n{listen}    username: \"\"\n    zonesdir: {directory}\n    database: \"\"\n    pidfile: {directory}/{name}.pid\n    \
         xfrdfile: {directory}/{name}.xfrd\n    xfrdir: {directory}\n    zonelistfile: {directory}/{name}.list\n    \
         logfile: {directory}/{name}.file\n    rrl-ratelimit: 0\nremote-control:\n    control-enable: no\n"
    )
}
