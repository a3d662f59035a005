//! What a probe aims at.

use crate::config::TlsOptions;
use crate::federation::CheckKind;
use crate::health::Thresholds;
use crate::name::Name;
use std::net::SocketAddr;
use std::time::Duration;

/// One address with one check. Two services with equal checks share it, and it is its own identity across reloads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TargetSpec {
    /// Where the probe connects: always an address, never a name.
    pub address: SocketAddr,
    /// What is spoken.
    pub kind: CheckKind,
    /// TLS server name: what SNI says and what the certificate must name. The root where the kind speaks no TLS.
    pub server_name: Name,
    /// The served domain, as a SIP request URI names it. The root for other kinds.
    pub domain: Name,
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
