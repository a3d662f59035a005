//! A kamailio that speaks SIP over TLS and answers OPTIONS with 200.

use crate::common::eventually;
use crate::common::process::{Process, system};
use edgesteer::demo::ca::Identity;
use rustix::process::Signal;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

/// For a host that has none.
const REMEDY: &str = "install the packages kamailio and kamailio-tls-modules, as .ci/run does";

/// One edge of one pool.
pub(crate) struct Kamailio {
    process: Process,
    directory: PathBuf,
    address: SocketAddr,
}

impl Kamailio {
    /// Starts one with its files under `parent` and waits until it listens.
    pub(crate) fn start(name: &str, address: SocketAddr, identity: &Identity, parent: &Path) -> Self {
        let directory = parent.join(name);
        std::fs::create_dir(&directory).unwrap();
        let file = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
        file("certificate.pem", &identity.certificate_pem());
        file("key.pem", &identity.key_pem());
        file("tls.cfg", &tls(&directory));
        file("kamailio.cfg", &configuration(address, &directory));
        let process = launch(&directory);
        eventually("kamailio listens", || TcpStream::connect(address).ok());
        Self { process, directory, address }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills it with all its processes, as a crash would: its connections are closed.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again where it was.
    pub(crate) fn revive(&mut self) {
        self.process = launch(&self.directory);
    }

    /// Sends a signal to all its processes.
    pub(crate) fn signal(&mut self, signal: Signal) {
        self.process.signal(signal);
    }
}

fn launch(directory: &Path) -> Process {
    let mut command = system("kamailio");
    // In the foreground, its log to standard error, little memory, and nothing outside the directory.
    command.args(["-DD", "-E", "-m", "16", "-M", "4", "-f"]).arg(directory.join("kamailio.cfg"));
    command.arg("-Y").arg(directory).arg("-w").arg(directory);
    Process::start(&mut command, &directory.join("kamailio.log"), REMEDY)
}

fn tls(directory: &Path) -> String {
    let directory = directory.display();
    format!(
        "[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\n\
         private_key = {directory}/key.pem\ncertificate = {directory}/certificate.pem\n"
    )
}

fn configuration(address: SocketAddr, directory: &Path) -> String {
    format!(
        r#"#!KAMAILIO
debug=2
log_stderror=yes
children=1
tcp_children=1
enable_tls=yes
auto_aliases=no
listen=tls:{address}
loadmodule "sl.so"
loadmodule "tls.so"
modparam("tls", "config", "{}/tls.cfg")
request_route {{
    if (method == "OPTIONS") {{
        sl_send_reply("200", "OK");
        exit;
    }}
    sl_send_reply("405", "Method Not Allowed");
}}
"#,
        directory.display()
    )
}
