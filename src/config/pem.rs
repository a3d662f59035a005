//! Files of certificates and keys: read and tried when the configuration is read, not when a handshake needs them.

use super::codes::{self, Code};
use super::reader::Value;
use super::{AdminTls, Pem, ServerTls};
use crate::limits;
use rustls::RootCertStore;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

impl ServerTls {
    /// Certificate chain and key as a TLS server shows them.
    ///
    /// # Errors
    /// Where they cannot be used; a `ServerTls` of a `Config` can.
    pub fn certified_key(&self) -> Result<CertifiedKey, rustls::Error> {
        certified_key(&self.cert, &self.key)
    }
}

impl AdminTls {
    /// Certificate chain and key as the admin listener shows them.
    ///
    /// # Errors
    /// Where they cannot be used; those of a `Config` can.
    pub fn certified_key(&self) -> Result<CertifiedKey, rustls::Error> {
        certified_key(&self.cert, &self.key)
    }

    /// The authorities of clients' certificates; `None` where clients need none.
    ///
    /// # Errors
    /// Where one cannot be used; those of a `Config` can.
    pub fn client_roots(&self) -> Result<Option<RootCertStore>, rustls::Error> {
        let Some(pem) = &self.client_ca else { return Ok(None) };
        let mut roots = RootCertStore::empty();
        for authority in chain(&pem.bytes).map_err(no_pem)? {
            roots.add(authority)?;
        }
        Ok(Some(roots))
    }
}

fn no_pem(error: Error) -> rustls::Error {
    rustls::Error::General(error.to_string())
}

/// A chain with its key, where they belong together.
pub(super) fn certified_key(cert: &Pem, key: &Pem) -> Result<CertifiedKey, rustls::Error> {
    let chain = chain(&cert.bytes).map_err(no_pem)?;
    let key = PrivateKeyDer::from_pem_slice(&key.bytes).map_err(no_pem)?;
    CertifiedKey::from_der(chain, key, &default_provider())
}

/// A file with at least one certificate.
pub(super) fn certificates(value: Value<'_>) -> Option<Pem> {
    const CERTIFICATES: Content =
        Content { code: codes::BAD_CERTIFICATE, noun: "certificates", parse: |bytes| chain(bytes).map(drop) };
    pem(value, &CERTIFICATES)
}

/// A file with a private key.
pub(super) fn private_key(value: Value<'_>) -> Option<Pem> {
    const PRIVATE_KEY: Content = Content {
        code: codes::BAD_KEY,
        noun: "a private key",
        parse: |bytes| PrivateKeyDer::from_pem_slice(bytes).map(drop),
    };
    let key = pem(value, &PRIVATE_KEY)?;
    let danger = "can pass for whoever the certificate names";
    value.report.is_private(&key.path, value.span, danger).then_some(key)
}

fn chain(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    match CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>()? {
        chain if chain.is_empty() => Err(Error::NoItemsFound),
        chain => Ok(chain),
    }
}

/// What a PEM file must hold.
struct Content {
    code: Code,
    noun: &'static str,
    parse: fn(&[u8]) -> Result<(), Error>,
}

fn pem(value: Value<'_>, content: &Content) -> Option<Pem> {
    let path = value.path()?;
    let bytes = value.report.octets(&path, limits::PEM_FILE_MAX, value.span)?;
    if let Err(error) = (content.parse)(&bytes) {
        let title = format!("{} does not hold {} in PEM form", path.display(), content.noun);
        let help =
            "the file must hold -----BEGIN …----- sections; \"openssl x509\" and \"openssl pkey\" convert to PEM";
        value.report.add(value.span, content.code, title, error.to_string(), help);
        return None;
    }
    Some(Pem { path, bytes: bytes.into() })
}
