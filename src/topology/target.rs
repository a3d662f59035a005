//! What a probe aims at.

use crate::config::{Ask, Check, Pool, Service, TlsOptions, Verify};
use crate::federation::{CheckKind, Shape};
use crate::health::Thresholds;
use crate::limits::{CERTIFICATE_NAMES_MAX, REFERENCE_INTERVAL};
use crate::name::Name;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// One address with one check. Two services with equal checks share it, and it is its own identity across reloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetSpec {
    /// Where the probe connects: always an address, never a name.
    pub address: SocketAddr,
    /// What is asked there.
    pub ask: Arc<Ask>,
    /// The name that peers come for: what SNI and the HTTP host say, and what a command is told. The root for other kinds.
    pub server_name: Name,
    /// The served domain, as SIP, XMPP and Matrix name it. The root for other kinds.
    pub domain: Name,
    /// The names that the server's certificate must hold for. Empty where none is asked for.
    pub names: Arc<[Name]>,
    /// Spacing while nothing changes.
    pub interval: Duration,
    /// Hard deadline of one probe.
    pub timeout: Duration,
    /// Spacing while a change of mind is possible.
    pub confirm: Duration,
    /// Outcomes in a row that change a mind.
    pub thresholds: Thresholds,
    /// Whether one connection is kept open whose loss starts confirmation at once.
    pub tripwire: bool,
    /// Certificates.
    pub tls: TlsOptions,
}

/// What tells most targets apart: hashing whole certificates for each observation would cost more than judging it.
impl Hash for TargetSpec {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.address, self.kind()).hash(state);
        (&self.server_name, &self.domain).hash(state);
    }
}

impl TargetSpec {
    /// What is spoken.
    pub fn kind(&self) -> CheckKind {
        self.ask.kind()
    }

    /// One of which no name is known and that is believed at its first word; asked so often, and waited for so long.
    pub fn nameless(address: SocketAddr, ask: Ask, every: Duration) -> Self {
        Self {
            address,
            ask: Arc::new(ask),
            server_name: Name::root(),
            domain: Name::root(),
            names: Arc::default(),
            interval: every,
            timeout: every,
            confirm: every,
            thresholds: Thresholds { fall: 1, rise: 1 },
            tripwire: false,
            tls: TlsOptions::default(),
        }
    }
}

/// A third party that only has to take connections. None is kept: they are not ours.
pub(super) fn reference(address: SocketAddr) -> TargetSpec {
    TargetSpec::nameless(address, Ask::Tcp, REFERENCE_INTERVAL)
}

/// What the targets of one service in one pool share.
pub(super) struct Aim<'a> {
    check: &'a Check,
    ask: Arc<Ask>,
    server_name: Name,
    domain: Name,
    names: Arc<[Name]>,
}

impl<'a> Aim<'a> {
    /// `is_delegated` where homeservers are told the name that is steered as the server's.
    pub(super) fn new(service: &'a Service, check: &'a Check, pool: &Pool, is_delegated: bool) -> Self {
        let kind = check.ask.kind();
        let domain = || check.name.clone().unwrap_or_else(|| Name::from_wire(service.domains.get(0)));
        let names = check.name.clone().map_or_else(|| handed_out(service, pool, kind, is_delegated), |name| vec![name]);
        let server_name = || names.first().cloned().unwrap_or_else(domain);
        let is_named = kind.is_tls() && check.tls.verify == Verify::Full;
        // What a check does not say must not keep two services from sharing a target.
        Self {
            check,
            ask: Arc::new(check.ask.clone()),
            server_name: if kind.is_tls() || kind == CheckKind::Exec { server_name() } else { Name::root() },
            domain: match kind {
                CheckKind::Sip | CheckKind::Xmpp => domain(),
                // A name of the operator's may be the delegated one, of which the homeserver does not speak.
                CheckKind::Matrix if check.name.is_none() => domain(),
                _ => Name::root(),
            },
            names: if is_named { names.into() } else { Arc::default() },
        }
    }

    /// The target at one address of the pool.
    pub(super) fn at(&self, address: IpAddr) -> TargetSpec {
        let check = self.check;
        TargetSpec {
            address: SocketAddr::new(address, check.port),
            ask: self.ask.clone(),
            server_name: self.server_name.clone(),
            domain: self.domain.clone(),
            names: self.names.clone(),
            interval: check.interval,
            timeout: check.timeout,
            confirm: check.confirm,
            thresholds: Thresholds { fall: check.fall, rise: check.rise },
            tripwire: check.tripwire,
            tls: if self.ask.kind().is_tls() { check.tls.clone() } else { TlsOptions::default() },
        }
    }
}

/// Probes of a pool whose certificate must hold for every name that a service hands out, where the service's own check is
/// content with less: with a name of its own, without judging names, or without TLS. None where it is not, and where no TLS is
/// spoken.
pub fn demands(service: &Service, pool: &Pool, is_delegated: bool) -> Vec<TargetSpec> {
    let (check, spoken) = (&service.check, service.check.ask.kind());
    let kind = match &service.kind.check {
        _ if spoken.is_tls() => spoken,
        Some(default) if default.kind.is_tls() => default.kind,
        _ => return Vec::new(),
    };
    let names = handed_out(service, pool, kind, is_delegated);
    let is_demanding = spoken.is_tls() && check.name.is_none() && check.tls.verify == Verify::Full;
    let Some(server_name) = names.first().filter(|_| !is_demanding) else { return Vec::new() };
    let aim = Aim::new(service, &service.check, pool, is_delegated);
    let spec = |address| {
        let target = aim.at(address);
        let domain = if kind.is_for_domain() && !is_told(service, is_delegated) {
            server_name.clone()
        } else {
            target.domain.clone()
        };
        let named = TargetSpec { server_name: server_name.clone(), names: names.clone().into(), domain, ..target };
        match service.owners.srv.first() {
            _ if spoken.is_tls() => named,
            // Names alone: who checks without TLS may have reasons.
            Some((_, port)) => TargetSpec {
                address: SocketAddr::new(address, *port),
                ask: Arc::new(Ask::Tls),
                tls: TlsOptions { verify: Verify::None, ..TlsOptions::default() },
                ..named
            },
            None => named,
        }
    };
    let endpoints = pool.endpoints.iter().filter(|endpoint| endpoint.role == service.kind.role);
    endpoints.map(|endpoint| spec(endpoint.address)).collect()
}

/// Whether peers are told another name than the domain to come to, where they are told any.
fn is_told(service: &Service, is_delegated: bool) -> bool {
    is_delegated && service.kind.delegates && service.shape == Shape::Address
}

/// The names under which peers come to that pool for that service, if it is spoken to like that; the first domain's first, and of
/// very many domains as many as a probe may ask for, spread evenly.
fn handed_out(service: &Service, pool: &Pool, kind: CheckKind, is_delegated: bool) -> Vec<Name> {
    // Whom `.well-known` names, the certificate is for (Matrix server-server API, step 3); SRV leaves the domain the server's name.
    let is_for_domain = kind.is_for_domain() && !is_told(service, is_delegated);
    if service.shape != Shape::Address && !is_for_domain {
        return pool.fqdn.iter().cloned().collect();
    }
    let owners = if is_for_domain { &[][..] } else { &service.owners.addresses };
    let taken = service.domains.len().min(CERTIFICATE_NAMES_MAX / owners.len().max(1)).max(1);
    let domains = (0..taken).map(|i| service.domains.get(i * service.domains.len() / taken));
    let under = |domain: &[u8]| -> Vec<Name> {
        match owners {
            [] => vec![Name::from_wire(domain)],
            owners => owners.iter().filter_map(|owner| owner.under(domain).ok()).collect(),
        }
    };
    domains.flat_map(under).take(CERTIFICATE_NAMES_MAX).collect()
}

#[cfg(test)]
mod tests;
