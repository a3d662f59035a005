//! `[server]`.

use super::codes;
use super::dns;
use super::form::{self, Form};
use super::key::Absent::{Is, Means, Needed};
use super::key::{Key, ON_OFF, Section, Shown as _, word};
use super::pem;
use super::reader::{Field, Value};
use super::report::Report;
use super::source::{At, FileId, Span, values};
use super::table::Table;
use super::{AdminTls, Dns, Pem, Server, ServerTls};
use crate::limits;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use toml::de::DeTable;

const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9153);
const STARTUP_GRACE: Duration = Duration::from_secs(2);

/// `[server]`.
pub(super) static SECTION: Section = Section {
    header: "[server]",
    about: "Sockets, files and rights of this node, and what concerns DNS itself. A socket may be given once only.",
    keys: &[KEYS, dns::KEYS],
};

const KEYS: &[Key] = &[
    Key::new(
        "listen",
        Is(|| Server::default().listen.shown()),
        "Sockets for DNS over UDP and TCP. An unspecified address (`0.0.0.0`, `[::]`) is every address of its family.",
    )
    .most(limits::LISTEN_MAX),
    Key::new(
        "tls",
        Means("no DNS over TLS"),
        "DNS over TLS (RFC 7858). A reload reads its files again; **any other change needs a restart.**",
    )
    .within(&TLS),
    Key::new("threads", Means("one for each core"), "Threads that answer over UDP."),
    Key::new(
        "admin",
        Is(|| ADMIN.shown()),
        "Socket of the admin listener: metrics, health, page and API, over HTTP. Beyond loopback only with \
         `admin_tls` and a `[token.NAME]`.",
    ),
    Key::new(
        "admin_tls",
        Means("HTTP"),
        "The admin listener speaks HTTPS instead. A reload reads its files again; **to switch it on or off \
         needs a restart.**",
    )
    .within(&ADMIN_TLS),
    Key::new(
        "admin_hosts",
        Means("its address alone"),
        "Names under which browsers reach the admin listener through a proxy; a request for another name is refused.",
    ),
    Key::new(
        "well_known",
        Means("none"),
        "Sockets at which anybody is told `/.well-known/matrix/server`, over plain HTTP: for the web servers \
         of the domains to pass on.",
    )
    .most(limits::LISTEN_MAX),
    Key::new(
        "state_dir",
        Means("nothing outlives a restart"),
        "Directory for holds, the last verdicts, the audit trail and what waits to be told; made where it is \
         missing ([backup](backup.md)).",
    ),
    Key::new(
        "startup_grace",
        Is(|| STARTUP_GRACE.shown()),
        "How long DNS waits at the start for the first round of probes to end.",
    ),
    Key::new(
        "watch",
        Is(|| word(ON_OFF, &Server::default().watch)),
        "Whether a change of this file, or of a file that it names, is a reload, as SIGHUP is: for where \
         other programs write them.",
    ),
    Key::new(
        "user",
        Means("it stays who it is"),
        "Whom root becomes once it has its ports. That user owns `state_dir` and can read what a reload reads \
         ([security](security.md)).",
    ),
    Key::new(
        "sandbox",
        Is(|| word(ON_OFF, &Server::default().sandbox)),
        "Whether the process forbids itself what it will not need (Landlock, seccomp; \
         [security](security.md)). With commands of yours (checks, gates, notifications) it is off.",
    ),
];

static TLS: Section = Section {
    header: "[server.tls]",
    about: "DNS over TLS. A reload reads certificate and key again, without closing a connection.",
    keys: &[
        &[Key::new("listen", Is(|| everywhere(853).shown()), "Sockets. **A change needs a restart.**")
            .most(limits::LISTEN_MAX)],
        IDENTITY,
    ],
};

static ADMIN_TLS: Section = Section {
    header: "[server.admin_tls]",
    about: "HTTPS of the admin listener. A reload reads the files again.",
    keys: &[
        IDENTITY,
        &[Key::new(
            "client_ca",
            Means("no certificate is asked for"),
            "Whoever asks must also show a certificate from one of these authorities, for all but `/healthz` \
             and `/readyz`: a gate beside the token.",
        )],
    ],
};

const IDENTITY: &[Key] = &[
    Key::new(
        "cert",
        Needed("cert = \"chain.pem\": our certificate and those that lead to the authority"),
        "PEM file with our certificate and those that lead to its authority, ours first.",
    ),
    Key::new(
        "key",
        Needed("key = \"key.pem\": the certificate's private key"),
        "PEM file with its private key, which not everybody on this host may read.",
    ),
];

/// "edgesteer", "65532:65532". Whether there is such a user, the start finds out.
const USER: Form<String> = Form {
    noun: "a user",
    code: codes::BAD_USER,
    help: "write the name of a user of this host, as \"edgesteer\", or its numbers, as \"65532:65532\"",
    read: |text| {
        let numbers = |(uid, gid): (&str, &str)| uid.parse::<u32>().is_ok() && gid.parse::<u32>().is_ok();
        let is_name = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        match text.split_once(':').map_or(is_name && text.parse::<u32>().is_err(), numbers) {
            true if text != "root" && !text.starts_with("0:") => Ok(text.to_owned()),
            true => Err("that is root".to_owned()),
            false => Err("neither a name nor two numbers".to_owned()),
        }
    },
};

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: everywhere(53),
            tls: None,
            threads: None,
            admin: ADMIN,
            admin_tls: None,
            admin_hosts: Vec::new(),
            well_known: Vec::new(),
            state_dir: None,
            startup_grace: STARTUP_GRACE,
            watch: false,
            user: None,
            sandbox: true,
            dns: Dns::default(),
        }
    }
}

/// `[server]`.
pub(super) fn server(value: Value<'_>) -> Option<Server> {
    let default = Server::default();
    value.table(&SECTION, |t| {
        let listen = t.get("listen", listen);
        let tls = t.get("tls", tls);
        let admin = t.get("admin", |v| v.form(&form::LISTEN));
        let well_known = t.get("well_known", self::listen);
        let dns = listen.get().map_or(&default.listen, |given| given);
        let over_tls = tls.get().map_or(&[][..], |tls| &tls.listen);
        let taken_twice = [
            (tls.at().map(|at| at.span), over_tls.iter().find(|socket| dns.contains(socket))),
            (
                admin.at().map(|at| at.span),
                admin.get().filter(|socket| dns.contains(socket) || over_tls.contains(socket)),
            ),
            (
                well_known.at().map(|at| at.span),
                well_known.get().and_then(|known| {
                    known.iter().find(|socket| {
                        dns.contains(socket)
                            || over_tls.contains(socket)
                            || admin.get().unwrap_or(&default.admin) == *socket
                    })
                }),
            ),
        ];
        for (span, socket) in taken_twice.into_iter().filter_map(|(span, socket)| span.zip(socket)) {
            let title = format!("the socket {socket} is given twice");
            t.report(span, codes::DUPLICATE_LISTEN, title, "choose another port: this one is taken".into());
        }
        let admin_tls = t.get("admin_tls", admin_tls);
        if let Some(open) = admin.at().filter(|admin| !admin.value.ip().is_loopback() && admin_tls.is_absent()) {
            let title = format!("the admin listener would be open to others on {} without TLS", open.value);
            let help = "add admin_tls = { cert = \"chain.pem\", key = \"key.pem\" }, or use a loopback address, \
                        as \"127.0.0.1:9153\", and a proxy that speaks TLS, with its name in admin_hosts";
            t.report(open.span, codes::ADMIN_NOT_LOOPBACK, title, help.into());
        }
        Server {
            listen: listen.or(default.listen),
            tls: tls.into_option(),
            threads: t.get("threads", |v| v.integer(1..=limits::LANES_MAX as u32)).into_option().map(|n| n as usize),
            admin: admin.or(default.admin),
            admin_tls: admin_tls.into_option(),
            admin_hosts: t
                .get("admin_hosts", |v| v.list(|v| v.form(&form::NAME)))
                .into_option()
                .map_or_else(Vec::new, |names| {
                    values(names).iter().map(|name| name.to_string().trim_end_matches('.').to_owned()).collect()
                }),
            well_known: well_known.or_default(),
            state_dir: t.get("state_dir", Value::path).into_option(),
            startup_grace: t
                .get("startup_grace", |v| v.duration(Duration::ZERO..=limits::STARTUP_GRACE_MAX))
                .or(default.startup_grace),
            watch: t.get("watch", |v| v.word(ON_OFF)).or(default.watch),
            user: t.get("user", |v| v.form(&USER)).into_option(),
            sandbox: t.get("sandbox", |v| v.word(ON_OFF)).or(default.sandbox),
            dns: dns::read(t),
        }
    })
}

/// `tls = { listen, cert, key }`.
fn tls(value: Value<'_>) -> Option<ServerTls> {
    let (listen, identity) = value.table(&TLS, |t| (t.get("listen", listen).or(everywhere(853)), Identity::read(t)))?;
    let (cert, key) = identity.judge(value)?;
    Some(ServerTls { listen, cert, key })
}

/// `admin_tls = { cert, key, client_ca }`.
fn admin_tls(value: Value<'_>) -> Option<AdminTls> {
    let (identity, client_ca) =
        value.table(&ADMIN_TLS, |t| (Identity::read(t), t.get("client_ca", pem::certificates)))?;
    let at = client_ca.at().map(|at| at.span);
    let is_bad = client_ca.at().is_none() && !client_ca.is_absent();
    let (cert, key) = identity.judge(value)?;
    let tls = AdminTls { cert, key, client_ca: client_ca.into_option() };
    if let (Err(error), Some(at)) = (tls.client_roots(), at) {
        let title = "\"client_ca\" has a certificate that cannot be trusted";
        let help = "name a file with the authorities' certificates in PEM form";
        value.report.add(at, codes::BAD_CERTIFICATE, title, error.to_string(), help);
        return None;
    }
    (!is_bad).then_some(tls)
}

/// `cert` and `key` of a table.
struct Identity {
    cert: Field<Pem>,
    key: Field<Pem>,
}

impl Identity {
    fn read(t: &mut Table<'_>) -> Self {
        Self { cert: t.need("cert", pem::certificates), key: t.need("key", pem::private_key) }
    }

    /// Both, where they belong together.
    fn judge(self, value: Value<'_>) -> Option<(Pem, Pem)> {
        let at = self.key.at()?.span;
        let (cert, key) = (self.cert.into_option()?, self.key.into_option()?);
        let Err(error) = pem::certified_key(&cert, &key) else { return Some((cert, key)) };
        let (cert, key) = (cert.path.display(), key.path.display());
        let (code, title, why) = match error {
            rustls::Error::InconsistentKeys(_) => (
                codes::MISMATCHED_IDENTITY,
                format!("{key} is not the private key of the first certificate in {cert}"),
                "the key of another certificate".to_owned(),
            ),
            other => (codes::BAD_KEY, format!("{cert} and {key} cannot be used for TLS"), other.to_string()),
        };
        let help =
            "name the key from which the certificate was requested; our own certificate stands first in its file";
        value.report.add(at, code, title, why, help);
        None
    }
}

/// Whoever can reach the admin listener from elsewhere must say who he is.
pub(super) fn needs_tokens(server: &Server, tree: &DeTable<'_>, report: &Report) {
    let admin = tree.get("server").and_then(|server| server.get_ref().as_table()?.get("admin"));
    let Some(admin) = admin.filter(|_| !server.admin.ip().is_loopback() && server.admin_tls.is_some()) else { return };
    let title = format!("the admin listener would be open on {} to whoever can reach it", server.admin);
    let help = "add a [token.NAME]: `edgesteer token new NAME` makes one and prints the lines";
    report.add(Span::new(FileId::MAIN, admin.span()), codes::ADMIN_NOT_LOOPBACK, title, "", help);
}

fn everywhere(port: u16) -> Vec<SocketAddr> {
    let any: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    any.map(|ip| SocketAddr::new(ip, port)).to_vec()
}

fn listen(value: Value<'_>) -> Option<Vec<SocketAddr>> {
    let sockets = value.list(|v| v.form(&form::LISTEN))?;
    if sockets.len() > limits::LISTEN_MAX {
        value.too_many(sockets.len(), limits::LISTEN_MAX);
    }
    value.report.unique(sockets.iter().map(At::as_ref), codes::DUPLICATE_LISTEN, "the socket");
    for socket in sockets.iter().filter(|socket| !socket.value.ip().is_unspecified() && socket.value.port() != 0) {
        let covers = |all: &At<SocketAddr>| {
            let (all, one) = (all.value, socket.value);
            all.ip().is_unspecified() && all.is_ipv4() == one.is_ipv4() && all.port() == one.port()
        };
        if let Some(all) = sockets.iter().find(|all| covers(all)) {
            let title = format!("the socket {} is given twice: {} is every address", socket.value, all.value);
            value.report.add(socket.span, codes::DUPLICATE_LISTEN, title, "", "keep one of the two");
        }
    }
    Some(values(sockets))
}
