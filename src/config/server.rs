//! `[server]` and `[geoip]`.

use super::codes;
use super::dns;
use super::form;
use super::lists;
use super::pem;
use super::reader::Value;
use super::source::{At, Unusable, values};
use super::{Database, Dns, Ecs, Geoip, Server, ServerTls};
use crate::limits;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9153);
const STARTUP_GRACE: Duration = Duration::from_secs(2);

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: everywhere(53),
            tls: None,
            threads: None,
            admin: ADMIN,
            admin_hosts: Vec::new(),
            well_known: Vec::new(),
            state_dir: None,
            startup_grace: STARTUP_GRACE,
            dns: Dns::default(),
        }
    }
}

impl Default for Geoip {
    fn default() -> Self {
        Self { database: Database::Builtin, overrides: Vec::new(), ecs: Ecs::On }
    }
}

/// `[server]`.
pub(super) fn server(value: Value<'_>) -> Option<Server> {
    let default = Server::default();
    value.table(|t| {
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
                well_known.get().and_then(|known| known.iter().find(|socket| dns.contains(socket) || over_tls.contains(socket) || admin.get().unwrap_or(&default.admin) == *socket)),
            ),
        ];
        for (span, socket) in taken_twice.into_iter().filter_map(|(span, socket)| span.zip(socket)) {
            let title = format!("the socket {socket} is given twice");
            t.report(span, codes::DUPLICATE_LISTEN, title, "choose another port: this one is taken".into());
        }
        if let Some(open) = admin.at().filter(|admin| !admin.value.ip().is_loopback()) {
            let title = format!("the admin listener would be open to others on {}", open.value);
            let help = "use a loopback address, as \"127.0.0.1:9153\": it speaks no TLS; a proxy beside it may, with its name in admin_hosts";
            t.report(open.span, codes::ADMIN_NOT_LOOPBACK, title, help.into());
        }
        Server {
            listen: listen.or(default.listen),
            tls: tls.into_option(),
            threads: t.get("threads", |v| v.integer(1..=limits::LANES_MAX as u32)).into_option().map(|n| n as usize),
            admin: admin.or(default.admin),
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
            dns: dns::read(t),
        }
    })
}

/// `[geoip]`.
pub(super) fn geoip(value: Value<'_>) -> Option<Geoip> {
    let default = Geoip::default();
    value.table(|t| Geoip {
        database: t.get("database", database).or(default.database),
        overrides: t.get("overrides", |v| lists::overrides(&v.path()?, v)).or(default.overrides),
        ecs: t.get("ecs", ecs).or(default.ecs),
    })
}

/// `tls = { listen, cert, key }`.
fn tls(value: Value<'_>) -> Option<ServerTls> {
    let (listen, cert, key) = value.table(|t| {
        let listen = t.get("listen", listen).or(everywhere(853));
        let cert = t.need(
            "cert",
            "cert = \"chain.pem\": our certificate and those that lead to the authority",
            pem::certificates,
        );
        let key = t.need("key", "key = \"key.pem\": the certificate's private key", pem::private_key);
        (listen, cert, key)
    })?;
    let at = key.at()?.span;
    let tls = ServerTls { listen, cert: cert.into_option()?, key: key.into_option()? };
    if let Err(error) = tls.certified_key() {
        let (cert, key) = (tls.cert.path.display(), tls.key.path.display());
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
        return None;
    }
    Some(tls)
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

/// What is in the file is judged by the geo room, which reads it.
fn database(value: Value<'_>) -> Option<Database> {
    if value.as_text() == Some("builtin") {
        return Some(Database::Builtin);
    }
    let file = value.path()?;
    readable(&file).map_err(|why| value.report.unusable(&file, value.span, &why)).ok()?;
    Some(Database::File(file))
}

fn readable(file: &PathBuf) -> Result<(), Unusable> {
    let meta = std::fs::metadata(file)?;
    match meta.len() {
        _ if meta.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory).into()),
        len if len > limits::GEO_DATABASE_MAX => Err(Unusable::TooLarge(limits::GEO_DATABASE_MAX)),
        _ => Ok(()),
    }
}

fn ecs(value: Value<'_>) -> Option<Ecs> {
    if value.as_text().is_some() {
        return value.word(&[("on", Ecs::On), ("off", Ecs::Off)]);
    }
    let trust =
        value.table(|t| t.need("trust", "trust = [\"203.0.113.0/24\"]", |v| v.list(|v| v.form(&form::PREFIX))))?;
    let trust = trust.at()?;
    value.report.unique(trust.value.iter().map(At::as_ref), codes::DUPLICATE_PREFIX, "the prefix");
    Some(Ecs::Trust(trust.value.iter().map(|at| at.value).collect()))
}
