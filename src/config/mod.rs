//! What the operator wrote, read and judged: `load` gives a `Config` without doubt or every error at once.
//!
//! Here: the grammar, one file for each section (`server` with `dns`, `geoip`, `zone`, `pool`, `check` with `ask`, `service` with `failback`, `ladder` and `group`, `partner`, `view`,
//! `resolver`, `health`, `safety`, `site`, `transfer`, `token`, `notify`, `gate`) upon a reader with places (`reader`, `table`, `key`, `form`, `lists`, `pem`, `secret`, `source`); master files (`records`); checks that collect
//! every error (`refer`, `names`), advice
//! (`lint`); diagnostics with file, line and caret (`codes`, `report`, `diagnostic`), and what there is to read of them (`pages`); every key for people (`reference`); what is
//! remembered once it is compiled (`outline`), what may be shown of it (`written`), what a reload changes (`changes`), of which files it
//! was made (`stamp`), and where a running server is reached (`sockets`).
//! Not here: what the configuration means for answers (`topology`). `check`, `serve` and reload run this same code.
//! Sections become drafts, whose fields know their places and whether they are absent or wrong; drafts are judged
//! together; without an error they become a `Config`.

mod ask;
mod changes;
mod check;
pub mod codes;
mod country;
mod diagnostic;
mod dns;
mod failback;
mod form;
mod gate;
mod geoip;
mod group;
mod health;
mod key;
mod ladder;
mod lint;
mod lists;
mod load;
mod names;
mod notify;
mod outline;
mod pages;
mod partner;
mod pem;
mod pool;
mod reader;
mod records;
mod refer;
mod reference;
mod report;
mod resolver;
mod safety;
mod secret;
mod server;
mod service;
mod site;
mod sockets;
mod source;
mod stamp;
mod table;
mod token;
mod transfer;
mod view;
mod written;
mod zone;

pub use ask::{Ask, Codes, Method, Request, Transport};
pub use codes::Severity;
pub use country::{COUNTRIES, Country};
pub use diagnostic::{Diagnostic, Diagnostics, Style};
pub use gate::{Gate, Way};
pub use geoip::{Database, Ecs, Geoip, Override};
pub use health::Health;
pub use ladder::Rung;
pub use load::{Loaded, load, read};
pub use notify::{Notify, Recipient, Topic, Webhook};
pub use outline::Outline;
pub use pages::{PAGES, page};
pub use reference::{Entry, Table, Words, page as reference_page, reference};
pub use resolver::{Resolver, Upstream, UpstreamProtocol};
pub use safety::Safety;
pub use site::Site;
pub use sockets::{Sockets, sockets};
pub use source::Excerpt;
pub use stamp::Stamp;
pub use token::{Role, Token};
pub use transfer::{Transfer, TsigAlgorithm, TsigKey};
pub use view::{ServiceView, View};
pub use written::Written;
pub use zone::{NameServer, RrSet, Soa, Zone};

use crate::federation::{Failback, Kind, Shape};
use crate::name::{Name, NameList, Prefix};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A configuration in which every reference resolves and every value is within its bounds.
#[derive(Debug, PartialEq)]
pub struct Config {
    /// Sockets and directories of this node.
    pub server: Server,
    /// Where clients are.
    pub geoip: Geoip,
    /// Zones in the order of the file; apexes are unique.
    pub zones: Vec<Zone>,
    /// Pools in the order of the file; names and FQDNs are unique.
    pub pools: Vec<Pool>,
    /// Services in the order of the file; names are unique, each has at least one pool and one domain.
    pub services: Vec<Service>,
    /// Partners in the order of the file; no prefix stands twice.
    pub partners: Vec<Partner>,
    /// Views in the order of the file; no prefix stands twice.
    pub views: Vec<View>,
    /// How careful the judge is.
    pub health: Health,
    /// What operators may not do by accident.
    pub safety: Safety,
    /// Who may ask the admin listener, in the order of the file; names are unique.
    pub tokens: Vec<Token>,
    /// Who is told of what happens, in the order of the file; names are unique.
    pub notify: Vec<Notify>,
    /// Who is asked before clients are sent elsewhere, in the order of the file; names are unique.
    pub gates: Vec<Gate>,
    /// Sites in the order of the file; for run-books alone.
    pub sites: Vec<Site>,
    /// The file itself, without its secrets.
    pub written: Arc<Written>,
}

/// `[server]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// Addresses for DNS, UDP and TCP on each. Default: port 53 on every address, IPv4 and IPv6.
    pub listen: Vec<SocketAddr>,
    /// DNS over TLS. Default none.
    pub tls: Option<ServerTls>,
    /// Threads that answer over UDP. Default one for each core.
    pub threads: Option<usize>,
    /// Address of the admin listener. Default 127.0.0.1:9153.
    pub admin: SocketAddr,
    /// TLS of the admin listener. Default none.
    pub admin_tls: Option<AdminTls>,
    /// Names under which browsers reach the admin listener, lower case, beside its address. Default none.
    pub admin_hosts: Vec<String>,
    /// Where state is kept, resolved against the configuration file's directory.
    pub state_dir: Option<PathBuf>,
    /// Sockets at which strangers are told `/.well-known/matrix/server`, over plain HTTP. Default none.
    pub well_known: Vec<SocketAddr>,
    /// How long the DNS sockets wait for the first round of probes. Default 2 s.
    pub startup_grace: Duration,
    /// Whether a change of a file that the configuration is made of is a reload. Default no.
    pub watch: bool,
    /// Whom root becomes once the sockets are bound: a name, or numbers as "65532:65532". Default: it stays root.
    pub user: Option<String>,
    /// Whether the process forbids itself what it will not need. Default yes.
    pub sandbox: bool,
    /// What concerns DNS itself.
    pub dns: Dns,
}

/// What concerns DNS itself: keys of `[server]`, `[resolver]` and `[tsig]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dns {
    /// What is told to those who ask for NSID (RFC 5001).
    pub nsid: Option<String>,
    /// What CHAOS TXT version.bind and version.server say; without it they are refused.
    pub version: Option<String>,
    /// What CHAOS TXT id.server and hostname.bind say (RFC 4892); without it they are refused.
    pub id: Option<String>,
    /// The first makes server cookies, each is good to check one (RFC 9018). None: the process draws one.
    pub cookie_secrets: Vec<CookieSecret>,
    /// Limits for answers over UDP; `None` is no limit.
    pub rate_limit: Option<RateLimit>,
    /// `[resolver]`: what becomes of names that are not ours; `None` refuses them.
    pub resolver: Option<Resolver>,
    /// `[tsig]`: by which questions may be signed; names are unique.
    pub tsig: Vec<TsigKey>,
}

/// A secret of server cookies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CookieSecret(pub [u8; 16]);

impl std::fmt::Debug for CookieSecret {
    /// Shows nothing of it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CookieSecret")
    }
}

/// `rate_limit` of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimit {
    /// Answers of one class to one client network in a second. Default 200.
    pub per_second: u32,
    /// Every so many answers over the limit is one that says "ask over TCP", the others are silence; 0: all are. Default 2.
    pub slip: u32,
    /// Clients without a limit. Default loopback.
    pub exempt: Vec<IpNet>,
}

/// `tls = { listen, cert, key }` of the server: DNS over TLS (RFC 7858).
#[derive(Clone, Debug, PartialEq)]
pub struct ServerTls {
    /// Addresses; at least one. Default: port 853 on every address, IPv4 and IPv6.
    pub listen: Vec<SocketAddr>,
    /// Our certificate and those that lead to the authority, ours first.
    pub cert: Pem,
    /// Its private key.
    pub key: Pem,
}

/// `admin_tls = { cert, key, client_ca }` of the server: TLS of the admin listener.
#[derive(Clone, Debug, PartialEq)]
pub struct AdminTls {
    /// Its certificate and those that lead to the authority, its own first.
    pub cert: Pem,
    /// The certificate's private key.
    pub key: Pem,
    /// The authorities of which one must have issued a client's certificate; `None` asks clients for none.
    pub client_ca: Option<Pem>,
}

/// `[pool.name]`: endpoints that can stand in for each other.
#[derive(Debug, PartialEq)]
pub struct Pool {
    /// The name in the configuration.
    pub name: String,
    /// Where it is; `None` places it last in "nearest".
    pub location: Option<Location>,
    /// Its own name, unique over all pools.
    pub fqdn: Option<Name>,
    /// Its name inside, unique likewise; for run-books alone.
    pub internal_fqdn: Option<Name>,
    /// How many endpoints of a service's role must be up. Default 1.
    pub min_healthy: usize,
    /// Its addresses by role, in the order of the file; no address stands twice within a role.
    pub endpoints: Vec<Endpoint>,
}

/// Where a pool is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Location {
    /// In this country.
    Country(Country),
    /// At this point, degrees.
    Coordinates {
        /// -90 to 90.
        latitude: f64,
        /// -180 to 180.
        longitude: f64,
    },
}

/// An address that clients may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Which service's clients: "access", "web", "media" or another word.
    pub role: String,
    /// The address.
    pub address: IpAddr,
}

/// `[service.name]`: one answer behaviour.
#[derive(Debug, PartialEq)]
pub struct Service {
    /// The name in the configuration.
    pub name: String,
    /// What kind of federated service it is.
    pub kind: &'static Kind,
    /// The served domains, from `domains` and `domains_file`; without duplicates, at least one.
    pub domains: NameList,
    /// Owner names relative to each domain.
    pub owners: Owners,
    /// Whose zones the owner names lie in.
    pub delegation: Delegation,
    /// Indices into `Config::pools`, preferred first where distance does not decide; no pool stands twice.
    pub pools: Vec<usize>,
    /// How a pool is chosen. Default nearest.
    pub steering: Steering,
    /// What the SRV names.
    pub shape: Shape,
    /// TTL of steered records; whole seconds, never 0. Default 30 s.
    pub ttl: Duration,
    /// The same while a pool that is told is suspect or drained; whole seconds, never 0; where `ttl` is
    /// shorter, that counts. Default 5 s.
    pub suspect_ttl: Duration,
    /// When a pool that was down is preferred again.
    pub failback: Failback,
    /// What is answered when no pool is live, first applicable rung first. Default last-good, all.
    pub all_down: Vec<Rung>,
    /// What is probed.
    pub check: Check,
    /// What is probed as well, because the SRV records hand out another port too.
    pub beside: Option<Check>,
    /// Services of the same group choose the same pool: one in which all of them are up. They say the same of pools, steering,
    /// failback and all_down, for each view too.
    pub group: Option<String>,
    /// What it is to the clients of a view instead; no view stands twice.
    pub views: Vec<ServiceView>,
}

/// The owner names of a service, relative to a domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owners {
    /// SRV owners with their ports.
    pub srv: Vec<(Prefix, u16)>,
    /// A and AAAA owners; the first is the SRV target in shape "address".
    pub addresses: Vec<Prefix>,
}

/// Whose zones a service's owner names lie in.
#[derive(Debug, PartialEq)]
pub enum Delegation {
    /// Each owner name lies in a `[zone]`.
    Zone,
    /// Each owner name is a zone apex of its own with these name servers, delegated name by name.
    Names {
        /// The apex NS set; at least one.
        ns: Vec<Name>,
        /// TTL of SOA and NS. Default 1 h.
        ttl: Duration,
        /// How long resolvers may keep NXDOMAIN and NODATA. Default 60 s.
        negative_ttl: Duration,
    },
}

/// How a pool is chosen among those that are live.
#[derive(Clone, Debug, PartialEq)]
pub enum Steering {
    /// By distance from the client; the order of `pools` breaks ties.
    Nearest,
    /// By the order of `pools`.
    Failover,
    /// By share of client prefixes; one weight for each of the service's pools, in the order of `pools`, not all 0.
    Weighted(Vec<u32>),
}

/// The intent to probe: what, how often, and how many results change a mind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Check {
    /// What is asked.
    pub ask: Ask,
    /// The port probed on each endpoint of the service's role; 0 where a command or a file needs none.
    pub port: u16,
    /// The name presented, both as TLS server name and in the protocol, and the one that a certificate must hold for. `None`:
    /// the protocol says the service's first domain, TLS the name that peers will have been sent to (federation.md 1.4: an
    /// Edge's certificate need not name the bare domain), and a certificate must hold for each name that the service hands
    /// out.
    pub name: Option<Name>,
    /// Spacing while all is well. Default 5 s.
    pub interval: Duration,
    /// Hard deadline of one probe, from the first packet to the verdict. Default 2 s.
    pub timeout: Duration,
    /// Spacing of the probes that confirm a change of mind. Default 500 ms.
    pub confirm: Duration,
    /// Failed probes in a row before Down. Default 3.
    pub fall: u32,
    /// Passed probes in a row before Up. Default 2.
    pub rise: u32,
    /// Whether one connection is kept open whose loss starts confirmation at once. Default true.
    pub tripwire: bool,
    /// Certificates.
    pub tls: TlsOptions,
}

/// `tls = { ca, cert, key, verify }` of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TlsOptions {
    /// Authorities to trust instead of the Mozilla roots.
    pub ca: Option<Pem>,
    /// Our certificate chain and its key, presented to servers that ask.
    pub identity: Option<(Pem, Pem)>,
    /// How much of the server's certificate must hold.
    pub verify: Verify,
}

/// A PEM file as it was read with the configuration; parses as what it is used for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pem {
    /// Resolved against the configuration file's directory.
    pub path: PathBuf,
    /// The file's content, so that a changed file makes a changed check.
    pub bytes: Arc<[u8]>,
}

impl std::fmt::Debug for Pem {
    /// Shows the path alone: the content may be a private key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pem({})", self.path.display())
    }
}

/// How much of a server's certificate must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verify {
    /// Chain, validity time and name.
    #[default]
    Full,
    /// Chain and validity time.
    Chain,
    /// Nothing: the handshake alone.
    None,
}

impl Verify {
    /// All levels with their words in the configuration.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("full", Self::Full), ("chain", Self::Chain), ("none", Self::None)];
}

/// `[partner.name]`: clients steered by who they are, before geography.
#[derive(Debug, PartialEq)]
pub struct Partner {
    /// The name in the configuration.
    pub name: String,
    /// Their resolvers' or hosts' addresses.
    pub prefixes: Vec<IpNet>,
    /// Indices into `Config::pools`, preferred first; pools that are not named follow in the service's own order.
    pub pools: Vec<usize>,
}

#[cfg(test)]
mod tests;
