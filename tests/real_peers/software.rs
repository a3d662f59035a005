//! Real servers of each protocol at one address, each with a certificate of ours: kamailio, prosody, nginx and coturn.

use crate::common::process::{Process, system};
use edgesteer::demo::ca::Identity;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A kind of server: its program, its Debian package, its files and its arguments, with `DIR` and `IP` in them.
pub(crate) struct Software {
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
    pub(crate) files: &'static [(&'static str, &'static str)],
    pub(crate) command: &'static [&'static str],
}

/// An edge that answers any request with 200, and says where it is.
pub(crate) const KAMAILIO: Software = Software {
    name: "kamailio",
    package: "kamailio and kamailio-tls-modules",
    files: &[
        (
            "tls.cfg",
            "[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\n\
             private_key = DIR/key.pem\ncertificate = DIR/certificate.pem\n",
        ),
        (
            "kamailio.cfg",
            "#!KAMAILIO\nlog_stderror=yes\nchildren=1\ntcp_children=1\nenable_tls=yes\nauto_aliases=no\nlisten=tls:IP:5061\n\
             loadmodule \"sl.so\"\nloadmodule \"tls.so\"\nmodparam(\"tls\", \"config\", \"DIR/tls.cfg\")\n\
             request_route {\n  sl_send_reply(\"200\", \"IP\");\n}\n",
        ),
    ],
    command: &["kamailio", "-DD", "-E", "-m", "16", "-M", "4", "-f", "DIR/kamailio.cfg", "-Y", "DIR", "-w", "DIR"],
};

const PROSODY: Software = Software {
    name: "prosody",
    package: "prosody",
    files: &[(
        "prosody.cfg.lua",
        r#"
run_as_root = true
pidfile = "DIR/prosody.pid"
data_path = "DIR"
log = { info = "*console" }
modules_enabled = { "tls"; "saslauth"; "dialback"; "s2s"; "disco" }
modules_disabled = { "c2s"; "http"; "s2s_auth_dane_in" }
interfaces = { "IP" }
s2s_ports = { 5269 }
s2s_direct_tls_ports = { 5270 }
ssl = { certificate = "DIR/certificate.pem"; key = "DIR/key.pem" }
s2s_direct_tls_ssl = { certificate = "DIR/certificate.pem"; key = "DIR/key.pem" }
VirtualHost "contoso.com"
"#,
    )],
    command: &["prosody", "--config", "DIR/prosody.cfg.lua", "-F"],
};

const NGINX: Software = Software {
    name: "nginx",
    package: "nginx-light",
    files: &[(
        "nginx.conf",
        "daemon off;\npid DIR/nginx.pid;\nerror_log stderr;\nworker_processes 1;\nevents { worker_connections 256; }\n\
         http {\n access_log off;\n client_body_temp_path DIR/b;\n proxy_temp_path DIR/p;\n fastcgi_temp_path DIR/f;\n\
         uwsgi_temp_path DIR/u;\n scgi_temp_path DIR/s;\n server {\n  listen IP:443 ssl;\n\
         ssl_certificate DIR/certificate.pem;\n  ssl_certificate_key DIR/key.pem;\n\
         location = /autodiscover/autodiscoverservice.svc/root { return 200 'all is well'; }\n\
         location / { return 302 https://elsewhere.example/; }\n }\n}\n",
    )],
    command: &["nginx", "-p", "DIR", "-e", "stderr", "-c", "DIR/nginx.conf"],
};

const COTURN: Software = Software {
    name: "coturn",
    package: "coturn",
    files: &[("turn.conf", "")],
    command: &[
        "turnserver",
        "-n",
        "-L",
        "IP",
        "-p",
        "3478",
        "--no-tls",
        "--no-dtls",
        "--no-cli",
        "--log-file",
        "stdout",
        "--pidfile",
        "DIR/turn.pid",
        "--userdb",
        "DIR/turndb",
        "--no-auth",
        "--realm",
        "contoso.com",
    ],
};

/// One server at work.
pub(crate) struct Peer {
    process: Process,
    software: &'static Software,
    directory: PathBuf,
    ip: IpAddr,
    wrapper: Vec<String>,
}

/// All four at one address, with their files under `parent`; `wrapper` is what they are run by.
pub(crate) fn all(ip: IpAddr, identity: &Identity, parent: &Path, wrapper: &[String]) -> Vec<Peer> {
    [&KAMAILIO, &PROSODY, &NGINX, &COTURN].map(|software| Peer::start(software, ip, identity, parent, wrapper)).into()
}

impl Peer {
    /// One server with its files under `parent`.
    pub(crate) fn start(
        software: &'static Software,
        ip: IpAddr,
        identity: &Identity,
        parent: &Path,
        wrapper: &[String],
    ) -> Self {
        let directory = parent.join(software.name);
        std::fs::create_dir_all(&directory).unwrap();
        for (name, text) in software.files {
            let file = directory.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, filled(text, &directory, ip)).unwrap();
        }
        let process = launch(software, &directory, ip, identity, wrapper);
        Self { process, software, directory, ip, wrapper: wrapper.to_vec() }
    }

    /// The server.
    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Where its files are.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts it again where it was, with that certificate.
    pub(crate) fn restart(&mut self, identity: &Identity) {
        self.process.kill();
        self.process = launch(self.software, &self.directory, self.ip, identity, &self.wrapper);
    }
}

fn filled(text: &str, directory: &Path, ip: IpAddr) -> String {
    text.replace("DIR", &directory.display().to_string()).replace("IP", &ip.to_string())
}

fn launch(software: &Software, directory: &Path, ip: IpAddr, identity: &Identity, wrapper: &[String]) -> Process {
    std::fs::write(directory.join("certificate.pem"), identity.certificate_pem()).unwrap();
    std::fs::write(directory.join("key.pem"), identity.key_pem()).unwrap();
    let words: Vec<String> =
        wrapper.iter().cloned().chain(software.command.iter().map(|word| filled(word, directory, ip))).collect();
    let mut command: Command = system(&words[0]);
    command.args(&words[1..]).current_dir(directory);
    Process::start(
        &mut command,
        &directory.join("log"),
        &format!("install the package {}, as .ci/run does", software.package),
    )
}
