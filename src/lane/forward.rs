//! Names that are not ours: asked of upstreams for clients that may. The only file that names hickory-resolver.
//!
//! It always holds that nobody is asked for who is not in `allow`, that no more than `FORWARDS_MAX` questions are under way,
//! that each ends within the configured time, and that upstreams hear nothing of the client: not its address, nor what its
//! client subnet option says. We do not validate, so nothing is called authentic. Not here: what is ours (`resolve`).

use super::tally::Forwards;
use crate::config::{Pem, Resolver, Upstream, UpstreamProtocol};
use crate::limits::FORWARDS_MAX;
use crate::resolve::reply::Reply;
use hickory_proto::op::{Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// INFO-CODEs of RFC 8914 section 4.
const NOT_READY: u16 = 14;
const NO_REACHABLE_AUTHORITY: u16 = 22;
const NETWORK_ERROR: u16 = 23;

/// What upstreams say, and an INFO-CODE where it is nothing.
pub(super) type Found = (Reply, Option<u16>);

/// What becomes of a question.
pub(super) enum Answer {
    /// It is known.
    Known(Found),
    /// Upstreams are asked. Dropping it gives it up.
    Sought(Pin<Box<dyn Future<Output = Found> + Send>>),
}

/// The upstreams of one configuration, with what they said.
pub(super) struct Forwarder {
    config: Resolver,
    resolver: TokioResolver,
    places: Arc<Semaphore>,
}

impl std::fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forwarder").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Forwarder {
    /// Knows nothing yet and has asked nobody.
    pub(super) fn new(config: &Resolver) -> Self {
        let servers = config.upstreams.iter().map(server).collect();
        let known = ResolverConfig::from_parts(None, Vec::new(), servers);
        let builder = TokioResolver::builder_with_config(known, TokioRuntimeProvider::default());
        let builder = builder.with_options(options(config)).with_tls_config(tls(config.ca.as_ref()));
        let resolver = builder.build().expect("nothing but making a TLS configuration can fail, and one is given");
        Self { config: config.clone(), resolver, places: Arc::new(Semaphore::new(FORWARDS_MAX)) }
    }

    /// Whether it is made from this.
    pub(super) fn is_of(&self, config: &Resolver) -> bool {
        self.config == *config
    }

    /// Whether a client at this address may ask for what is not ours.
    pub(super) fn allows(&self, source: IpAddr) -> bool {
        let source = source.to_canonical();
        self.config.allow.iter().any(|prefix| prefix.contains(&source))
    }

    /// Asks for what is not ours.
    pub(super) fn ask(&self, query: &Query, counts: &Forwards) -> Answer {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            counts.count("busy");
            return Answer::Known((Reply::of(ResponseCode::ServFail), Some(NOT_READY)));
        };
        let (resolver, name, kind) = (self.resolver.clone(), query.name().clone(), query.query_type());
        let asked = name.clone();
        let mut lookup = Box::pin(async move { resolver.lookup(name, kind).await });
        // What is kept is there at once.
        if let Poll::Ready(found) = lookup.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            let (found, outcome) = say(&asked, kind, found);
            counts.count(if found.1.is_none() { "cached" } else { outcome });
            return Answer::Known(found);
        }
        let (patience, counts) = (self.config.timeout, counts.clone());
        Answer::Sought(Box::pin(async move {
            let (_place, _flight, began) = (place, counts.flight(), Instant::now());
            let found = timeout(patience, lookup).await.unwrap_or(Err(NetError::Timeout));
            let (found, outcome) = say(&asked, kind, found);
            counts.count(outcome);
            counts.took(began.elapsed());
            found
        }))
    }
}

fn server(upstream: &Upstream) -> NameServerConfig {
    let connection = |protocol| {
        let mut connection = ConnectionConfig::new(protocol);
        connection.port = upstream.address.port();
        connection
    };
    let connections = match &upstream.protocol {
        UpstreamProtocol::Udp => vec![connection(ProtocolConfig::Udp), connection(ProtocolConfig::Tcp)],
        UpstreamProtocol::Tcp => vec![connection(ProtocolConfig::Tcp)],
        UpstreamProtocol::Tls(name) => vec![connection(ProtocolConfig::Tls { server_name: name.as_str().into() })],
    };
    // They are resolvers that the operator has chosen: that there is no such name is believed.
    NameServerConfig::new(upstream.address.ip(), true, connections)
}

fn options(config: &Resolver) -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.cache_size = config.cache as u64;
    // Half the client's patience for each of two tries, each of which asks two upstreams at once.
    options.timeout = config.timeout / 2;
    options.attempts = 1;
    options.max_active_requests = FORWARDS_MAX;
    options.try_tcp_on_error = true;
    options.use_hosts_file = ResolveHosts::Never;
    options
}

fn tls(ca: Option<&Pem>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    match ca {
        // A certificate that cannot be a root is of no use and does no harm; the file was read with the configuration.
        Some(pem) => drop(roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem.bytes).flatten())),
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .expect("ring has cipher suites for both")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// What a client is told, and the outcome in metrics.
fn say(asked: &Name, kind: RecordType, found: Result<Lookup, NetError>) -> (Found, &'static str) {
    let failed = |why| (Reply::of(ResponseCode::ServFail), Some(why));
    match found {
        Ok(lookup) => (told(asked, lookup), "answer"),
        // A referral: it is no resolver.
        Err(NetError::Dns(DnsError::NoRecordsFound(NoRecords { soa: None, ns: Some(_), .. })))
            if kind != RecordType::NS =>
        {
            (failed(NO_REACHABLE_AUTHORITY), "upstream")
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            let outcome = if none.response_code == ResponseCode::NXDomain { "nxdomain" } else { "nodata" };
            (nothing(none), outcome)
        }
        Err(NetError::Dns(_)) => (failed(NO_REACHABLE_AUTHORITY), "upstream"),
        Err(NetError::Timeout | NetError::NoConnections) => (failed(NO_REACHABLE_AUTHORITY), "timeout"),
        Err(_) => (failed(NETWORK_ERROR), "network"),
    }
}

fn told(asked: &Name, lookup: Lookup) -> Found {
    let message = lookup.message();
    let mut reply = Reply::of(message.metadata.response_code);
    (reply.answers, reply.authorities) = (message.answers.clone(), message.authorities.clone());
    reply.additionals = message.additionals.clone();
    // What is kept was asked in another case.
    reply.answers.iter_mut().filter(|record| record.name == *asked).for_each(|record| record.name = asked.clone());
    (reply, None)
}

/// No such name or no such records, for as long as their SOA says (RFC 2308 section 5).
fn nothing(none: NoRecords) -> Found {
    let mut reply = Reply::of(none.response_code);
    reply.authorities = none.soa.into_iter().map(|soa| soa.into_record_of_rdata()).collect();
    let ttl = none.negative_ttl;
    reply.authorities.iter_mut().for_each(|soa| soa.ttl = ttl.map_or(soa.ttl, |ttl| ttl.min(soa.ttl)));
    (reply, None)
}

#[cfg(test)]
mod tests;
