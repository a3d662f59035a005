//! The server's side of TLS: protocol, versions, and a certificate that may change while connections come.

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// RFC 7858 registers it; a client that offers other protocols alone does not mean us.
const ALPN: &[u8] = b"dot";

/// The certificate that new connections are shown. Connections keep the one that they began with.
#[derive(Debug)]
pub(in crate::lane) struct Certificate(ArcSwap<CertifiedKey>);

impl Certificate {
    pub(in crate::lane) fn new(certificate: CertifiedKey) -> Self {
        Self(ArcSwap::from_pointee(certificate))
    }

    pub(in crate::lane) fn replace(&self, certificate: CertifiedKey) {
        self.0.store(Arc::new(certificate));
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// Accepts TLS 1.2 and 1.3.
pub(super) fn acceptor(certificate: Arc<Certificate>) -> TlsAcceptor {
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let mut config = builder
        .with_protocol_versions(&[&TLS13, &TLS12])
        .expect("ring has cipher suites for both")
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![ALPN.to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
