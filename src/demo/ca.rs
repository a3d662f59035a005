//! A certificate authority that lives as long as the process, and certificates from it.
//!
//! Its key never leaves memory. Nobody but the holder of [`ThrowawayCa::pem`] has a reason to trust it.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::ops::Range;
use std::time::{Duration, SystemTime};

const HOUR: Duration = Duration::from_secs(3600);
const LIFETIME: Duration = Duration::from_secs(30 * 86_400);

/// The authority.
#[derive(Debug)]
pub struct ThrowawayCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate for a server or a client, with its key.
#[derive(Debug)]
pub struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl ThrowawayCa {
    /// An authority with a new key, valid for as long as any certificate from it could be.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub fn new() -> Result<Self, rcgen::Error> {
        let mut params = params(&[], "edgesteer throw-away CA")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// The authority's certificate as PEM: what a check's `ca` names.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for these DNS names, the first also as its common name, for servers and for clients.
    ///
    /// # Errors
    /// Where a name is not ASCII, or the system gives no randomness.
    pub fn issue(&self, names: &[&str], valid: Range<SystemTime>) -> Result<Identity, rcgen::Error> {
        let mut params = params(names, names.first().copied().unwrap_or("nobody"))?;
        (params.not_before, params.not_after) = (valid.start.into(), valid.end.into());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Identity { certificate, key })
    }
}

impl Identity {
    /// The certificate.
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    /// Its private key.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.serialize_der().into())
    }

    /// The certificate as PEM.
    pub fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    /// The private key as PEM.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

/// From an hour ago, for clocks that differ, to thirty days ahead.
pub fn now_valid() -> Range<SystemTime> {
    let now = SystemTime::now();
    now - HOUR..now + LIFETIME
}

fn params(names: &[&str], common_name: &str) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    Ok(params)
}
