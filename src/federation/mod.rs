//! What each kind of federated service is: owner names, ports, shapes, default check.
//!
//! Here: one file per kind, each one const table, and the registry `KINDS`; what people must do when a pool is lost
//! (`runbook`); how long peers go on with an old answer (`peers`). Not here: what the operator wrote (`config`)
//! and how a check is made (`probe`). Adding a kind is a file, a line in `KINDS`, and its goldens.

use std::fmt;
use std::time::Duration;

pub mod runbook;

mod generic;
mod matrix;
mod peers;
mod sip_federation;
mod sip_remote_access;
mod turn;
mod web;
mod xmpp;

pub use peers::{Keeps, PEERS, Peer, peers};

/// Everything that edgesteer knows about a kind of federated service.
#[derive(Debug, PartialEq)]
pub struct Kind {
    /// The word in the configuration.
    pub name: &'static str,
    /// One line for people: who looks these names up.
    pub summary: &'static str,
    /// Whether the owner names come from the configuration (`srv`, `address`) and not from this table.
    pub names_from_config: bool,
    /// SRV owners, relative to the domain.
    pub srv: &'static [SrvOwner],
    /// One SRV owner more where the configuration says `direct_tls = true`; `None` where that means nothing.
    pub direct_tls: Option<SrvOwner>,
    /// Owners of A and AAAA records, relative to the domain; the first is the SRV target in shape "address".
    pub addresses: &'static [&'static str],
    /// Whether peers first ask the domain's web server for the name to come to (`/.well-known/matrix/server`).
    pub delegates: bool,
    /// The shapes that make sense for this kind, the default first.
    pub shapes: &'static [Shape],
    /// Which of a pool's addresses serve it.
    pub role: &'static str,
    /// What is probed where the configuration has no `check`; `None` demands one.
    pub check: Option<DefaultCheck>,
    /// How long a pool must have been up again before it is preferred again.
    pub failback: Failback,
    /// What those who look its names up are known to do.
    pub peers: Peers,
    /// Ports at which Front Ends must reach the inside of every Edge pool that serves it, beside `INSIDE_ALWAYS`; empty where
    /// no Edge is meant.
    pub inside: &'static [InsidePort],
}

/// A port on the inside of an Edge (federation.md 1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsidePort {
    /// Its number.
    pub port: u16,
    /// Whether it is one of UDP, and not of TCP.
    pub is_udp: bool,
    /// What needs it.
    pub what: &'static str,
}

impl InsidePort {
    const fn tcp(port: u16, what: &'static str) -> Self {
        Self { port, is_udp: false, what }
    }

    const fn udp(port: u16, what: &'static str) -> Self {
        Self { port, is_udp: true, what }
    }
}

impl fmt::Display for InsidePort {
    /// As "5061/tcp".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.port, if self.is_udp { "udp" } else { "tcp" })
    }
}

/// Every Edge has its configuration from the Central Management store.
pub const INSIDE_ALWAYS: &[InsidePort] = &[InsidePort::tcp(4443, "replication of the configuration")];

/// Habits of those who look a service up (federation.md 1.1 and 3.2); advice rests on them.
#[derive(Debug, PartialEq, Eq)]
pub struct Peers {
    /// They try the further records of an SRV answer, in the order of priority, when the first does not answer.
    pub walk: bool,
    /// They refuse an SRV target outside of the domain that they look for.
    pub strict: bool,
    /// Where clients come that find the service by address alone; empty where an SRV names the port.
    pub ports: &'static [u16],
}

impl Peers {
    /// Of whom nothing is known that would be worth a warning.
    const ANY: Self = Self { walk: true, strict: false, ports: &[] };
}

/// An SRV owner name relative to a domain.
#[derive(Debug, PartialEq, Eq)]
pub struct SrvOwner {
    /// `_service._proto`.
    pub prefix: &'static str,
    /// The port that the record names.
    pub port: u16,
}

/// The check that a kind uses by itself.
#[derive(Debug, PartialEq, Eq)]
pub struct DefaultCheck {
    /// What is spoken.
    pub kind: CheckKind,
    /// Where.
    pub port: u16,
    /// The path that is asked for, of an "https" check.
    pub path: Option<&'static str>,
}

/// What an SRV answer names (federation.md 1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The SRV names one address owner of the domain; its A and AAAA follow the chosen pool.
    Address,
    /// The SRV names the chosen pool's own FQDN.
    Target,
    /// The SRV names every live pool's FQDN, preferred first, with rising priority.
    Ordered,
}

impl Shape {
    /// All shapes with their words in the configuration.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("address", Self::Address), ("target", Self::Target), ("ordered", Self::Ordered)];
}

/// What a probe speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CheckKind {
    /// A TCP connection is accepted: a weak check.
    Tcp,
    /// A TLS handshake with a valid certificate.
    Tls,
    /// SIP OPTIONS over TLS is answered.
    Sip,
    /// An XMPP server opens a stream for the domain, before and after TLS.
    Xmpp,
    /// A Matrix homeserver tells its version and its keys.
    Matrix,
    /// An HTTP request over TLS is answered as expected.
    Https,
    /// A STUN binding request is answered.
    Stun,
    /// A command of the operator's says so.
    Exec,
    /// A file that somebody else writes says so.
    File,
}

impl CheckKind {
    /// All check kinds with their words in the configuration and in metrics.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("sip", Self::Sip),
        ("xmpp", Self::Xmpp),
        ("matrix", Self::Matrix),
        ("https", Self::Https),
        ("tls", Self::Tls),
        ("tcp", Self::Tcp),
        ("stun", Self::Stun),
        ("exec", Self::Exec),
        ("file", Self::File),
    ];

    /// The word in the configuration and in metrics.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// Whether the probe speaks TLS, so that a name and a certificate matter.
    pub fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::Sip | Self::Xmpp | Self::Matrix | Self::Https)
    }

    /// Whether its certificate is for the served domain itself and not for the name that the SRV points at
    /// (RFC 6120 13.7.1.2; Matrix server-server API, "resolving server names").
    pub fn is_for_domain(self) -> bool {
        matches!(self, Self::Xmpp | Self::Matrix)
    }

    /// Whether a port is part of what is asked.
    pub fn needs_port(self) -> bool {
        !matches!(self, Self::Exec | Self::File)
    }
}

/// When a pool that was down is preferred again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failback {
    /// As soon as it is up.
    Auto,
    /// After it has been up for this long without a break.
    After(Duration),
    /// After it has been up for `after`, by a share of client networks, and by all others after it has served those for `length`.
    Canary {
        /// How long it must have been up without a break.
        after: Duration,
        /// Which share, in ten thousandths.
        share: u16,
        /// For how long those try it.
        length: Duration,
    },
    /// When an operator releases it.
    Manual,
}

/// Every kind, in the order in which errors list them.
pub const KINDS: &[&Kind] = &[
    &sip_federation::KIND,
    &sip_remote_access::KIND,
    &xmpp::KIND,
    &matrix::KIND,
    &web::KIND,
    &turn::KIND,
    &generic::KIND,
];

/// The kind that serves an SRV owner which begins with these two labels, as `_xmpp-server._tcp`, and the port that it serves it on.
pub fn of_srv(service: &[u8], protocol: &[u8]) -> Option<(&'static Kind, u16)> {
    let is_meant = |owner: &&SrvOwner| {
        owner.prefix.split_once('.').is_some_and(|(s, p)| s.as_bytes() == service && p.as_bytes() == protocol)
    };
    let owners = |kind: &'static Kind| kind.srv.iter().chain(&kind.direct_tls);
    KINDS.iter().find_map(|kind| Some((*kind, owners(kind).find(is_meant)?.port)))
}

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests;
