//! `[resolver]`: who is resolved for, and whom we ask.

use super::codes;
use super::form::{self, Form};
use super::key::Absent::{Is, Means, Needed};
use super::key::{Key, Section, Shown as _};
use super::pem;
use super::reader::{Field, Value};
use super::report::Report;
use super::source::{At, values};
use super::{Pem, Server};
use crate::limits;
use crate::name::Name;
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Answers kept by default: what a building asks in a day.
const CACHE: usize = 10_000;
/// Clients ask again after five seconds: until then they should have heard.
const TIMEOUT: Duration = Duration::from_secs(4);

/// `[resolver]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolver {
    /// Who may ask for names that are not ours; at least one, never everybody.
    pub allow: Vec<IpNet>,
    /// Whom we ask; at least one, none twice.
    pub upstreams: Vec<Upstream>,
    /// Authorities of the certificates of upstreams over TLS, instead of the Mozilla roots.
    pub ca: Option<Pem>,
    /// Answers that are kept. Default 10,000.
    pub cache: usize,
    /// After which a client is told that there is no answer. Default 4 s.
    pub timeout: Duration,
}

/// A resolver that we ask.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// Where it is.
    pub address: SocketAddr,
    /// What is spoken.
    pub protocol: UpstreamProtocol,
}

/// What is spoken with an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UpstreamProtocol {
    /// UDP, and TCP where that does not do.
    Udp,
    /// TCP.
    Tcp,
    /// TLS, with the name or address that its certificate must have.
    Tls(String),
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.protocol {
            UpstreamProtocol::Udp => write!(f, "{}", self.address),
            UpstreamProtocol::Tcp => write!(f, "tcp://{}", self.address),
            UpstreamProtocol::Tls(name) => write!(f, "tls://{}#{name}", self.address),
        }
    }
}

/// "10.0.0.1", "tcp://10.0.0.1:53", "tls://9.9.9.9:853#dns.quad9.net".
const UPSTREAM: Form<Upstream> = Form {
    noun: "an upstream",
    code: codes::BAD_UPSTREAM,
    help: "write an address, as \"10.0.0.1\", \"10.0.0.1:5353\", \"tcp://10.0.0.1\" or \"tls://9.9.9.9#dns.quad9.net\"",
    read: |text| match text.split_once("://") {
        None => Ok(Upstream { address: socket(text, 53)?, protocol: UpstreamProtocol::Udp }),
        Some(("tcp", rest)) => Ok(Upstream { address: socket(rest, 53)?, protocol: UpstreamProtocol::Tcp }),
        Some(("tls", rest)) => {
            let (address, name) = rest.split_once('#').ok_or("the name in its certificate is missing: end in #name")?;
            let is_name = name.parse::<IpAddr>().is_ok() || Name::parse(name).is_ok();
            let name =
                is_name.then(|| name.to_owned()).ok_or_else(|| format!("{name:?} is no name of a certificate"))?;
            Ok(Upstream { address: socket(address, 853)?, protocol: UpstreamProtocol::Tls(name) })
        }
        Some((other, _)) => Err(format!("{other:?} is not spoken, tcp and tls are")),
    },
};

/// Reads an address with or without a port.
fn socket(text: &str, port: u16) -> Result<SocketAddr, String> {
    let address = text.parse().map(|ip| SocketAddr::new(ip, port)).or_else(|_| text.parse::<SocketAddr>());
    match address.map_err(|error| error.to_string())? {
        address if address.port() == 0 || address.ip().is_unspecified() => Err("nobody can be asked there".to_owned()),
        address => Ok(address),
    }
}

/// `[resolver]` as it is declared.
pub(super) static SECTION: Section = Section {
    header: "[resolver]",
    about: "Names that are not ours are asked of other resolvers, for clients that may; without this section, \
            and for everybody else, they are refused.",
    keys: &[&[
        Key::new(
            "allow",
            Needed(
                "allow = [\"10.0.0.0/8\"]: who is resolved for; without it everybody could use this server against others",
            ),
            "Networks whose questions are resolved, by the address that asks. A prefix so short that it is \
             everybody is an error.",
        ),
        Key::new(
            "upstreams",
            Needed("upstreams = [\"10.0.0.1\"]: the resolvers that are asked"),
            "Resolvers that are asked: over UDP, with TCP where that does not do; over `tcp://`; or over \
             `tls://`, with the name in the certificate behind `#`.",
        )
        .most(limits::UPSTREAMS_MAX),
        Key::new("ca", Means("the Mozilla roots"), "PEM file of authorities that are trusted instead for `tls://`."),
        Key::new("cache", Is(|| CACHE.shown()), "Answers that are kept; 0 keeps none."),
        Key::new("timeout", Is(|| TIMEOUT.shown()), "After which a client is told SERVFAIL."),
    ]],
};

/// `[resolver]` as it was written.
pub(super) struct Draft {
    allow: Field<Vec<At<IpNet>>>,
    upstreams: Field<Vec<At<Upstream>>>,
    ca: Field<Pem>,
    cache: Field<usize>,
    timeout: Field<Duration>,
}

/// `[resolver]`.
pub(super) fn read(value: Value<'_>) -> Option<Draft> {
    value.table(&SECTION, |t| Draft {
        allow: t.need("allow", allowed),
        upstreams: t.need("upstreams", |v| v.list(|v| v.form(&UPSTREAM))),
        ca: t.get("ca", pem::certificates),
        cache: t.get("cache", |v| v.integer(0..=limits::RESOLVER_CACHE_MAX)),
        timeout: t.get("timeout", |v| v.duration(limits::RESOLVER_TIMEOUT)),
    })
}

fn allowed(value: Value<'_>) -> Option<Vec<At<IpNet>>> {
    let prefixes = value.list_or_empty(|v| v.form(&form::PREFIX))?;
    if prefixes.is_empty() {
        let help = "name the networks of your own hosts, as \"10.0.0.0/8\", or remove [resolver]";
        value.report.add(value.span, codes::EMPTY_LIST, "\"allow\" is empty: nobody is resolved for", "", help);
        return None;
    }
    Some(prefixes)
}

impl Draft {
    /// Nobody is told to ask everybody's questions, nor to ask itself.
    pub(super) fn judge(&self, server: &Server, report: &Report) {
        let (allow, upstreams) = (self.allow.get().into_iter().flatten(), self.upstreams.get().into_iter().flatten());
        report.unique(allow.clone().map(At::as_ref), codes::DUPLICATE_PREFIX, "the prefix");
        report.unique(upstreams.clone().map(At::as_ref), codes::DUPLICATE_UPSTREAM, "the upstream");
        if let Some(first) = upstreams.clone().nth(limits::UPSTREAMS_MAX) {
            let title = format!("there are more than {} upstreams", limits::UPSTREAMS_MAX);
            report.add(first.span, codes::TOO_MANY, title, "the first one too many", "name the nearest ones");
        }
        for wide in allow.filter(|prefix| prefix.value.prefix_len() < limits::RESOLVER_ALLOW_LENGTH_MIN) {
            let title = format!("{} would make this an open resolver", wide.value);
            let help = "name the networks of your own hosts: forged questions of everybody else would be answered to \
                        their victims";
            report.add(wide.span, codes::OPEN_RESOLVER, title, "", help);
        }
        let tls = server.tls.iter().flat_map(|tls| &tls.listen);
        let own: Vec<&SocketAddr> = server.listen.iter().chain(tls).collect();
        for upstream in upstreams.filter(|at| own.iter().any(|own| is_same(own, &at.value.address))) {
            let title = format!("the upstream {} is this server itself", upstream.value);
            let help = "name another resolver: what is not ours would go round in a circle";
            report.add(upstream.span, codes::UPSTREAM_IS_SELF, title, "", help);
        }
    }

    /// The section without places; `None` where something is missing, which was reported.
    pub(super) fn finish(self) -> Option<Resolver> {
        Some(Resolver {
            allow: values(self.allow.into_option()?),
            upstreams: values(self.upstreams.into_option()?),
            ca: self.ca.into_option(),
            cache: self.cache.or(CACHE),
            timeout: self.timeout.or(TIMEOUT),
        })
    }
}

/// Whether who listens on `own` is reached at `address`. Which addresses a host has besides loopback is not known here.
fn is_same(own: &SocketAddr, address: &SocketAddr) -> bool {
    let everywhere = own.ip().is_unspecified() && own.is_ipv4() == address.is_ipv4();
    own.port() == address.port() && (own.ip() == address.ip() || everywhere && address.ip().is_loopback())
}
