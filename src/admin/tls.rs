//! TLS of the admin listener: what it shows clients, which a reload may replace, and what it asks of them.
//!
//! A client's certificate is a gate and no role: who is let in by it still shows a token. So a lost token alone opens nothing,
//! and who may give orders stands in one place.

use crate::config::AdminTls;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_rustls::{Accept, TlsAcceptor};

/// What new connections get. Connections keep what they began with.
#[derive(Clone, Debug)]
pub(super) struct Tls(Arc<Mutex<Arc<ServerConfig>>>);

/// The listener speaks HTTP/1.1 alone.
const ALPN: &[u8] = b"http/1.1";

impl Tls {
    pub(super) fn new(files: &AdminTls) -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(config(files)?))))
    }

    /// Shows new connections other files.
    pub(super) fn show(&self, files: &AdminTls) -> io::Result<()> {
        let config = config(files)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Begins a handshake.
    pub(super) fn accept<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(&self, stream: S) -> Accept<S> {
        let config = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        TlsAcceptor::from(config).accept(stream)
    }
}

/// TLS 1.2 and 1.3.
fn config(files: &AdminTls) -> io::Result<Arc<ServerConfig>> {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(io::Error::other)?;
    let builder = match files.client_roots().map_err(io::Error::other)? {
        Some(roots) => {
            // Who has none is told so by the guard, in words and on the record.
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = verifier.allow_unauthenticated().build();
            builder.with_client_cert_verifier(verifier.map_err(io::Error::other)?)
        }
        None => builder.with_no_client_auth(),
    };
    let key = Arc::new(files.certified_key().map_err(io::Error::other)?);
    let mut config = builder.with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key)));
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

/// Why a handshake failed, where that is the client's doing and no mere silence: what the audit trail should tell.
pub(super) fn refusal(error: &io::Error) -> Option<String> {
    error.get_ref()?.downcast_ref::<rustls::Error>().map(ToString::to_string)
}
