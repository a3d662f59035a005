//! What a probe believes of a certificate, and what it says of one that does not hold.
//!
//! Here: the client configuration of each set of TLS options, the verifier for the three levels of `Verify`, and the words.
//! Not here: sockets (`dial`). Signatures of the handshake are checked at every level: a peer must at least have the key.

use super::{failure, quoted};
use crate::config::{Pem, TlsOptions, Verify};
use crate::health::{Failure, FailureClass};
use crate::limits::CERTIFICATE_NAMES_SHOWN_MAX;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use std::collections::HashMap;
use std::fmt::Display;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
static MOZILLA: LazyLock<Arc<RootCertStore>> =
    LazyLock::new(|| Arc::new(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()));

/// Client configurations by TLS options: equal checks of many targets share one.
#[derive(Default)]
pub(super) struct Configs(HashMap<TlsOptions, Result<Arc<ClientConfig>, Failure>>);

impl Configs {
    pub(super) fn get(&mut self, options: &TlsOptions) -> Result<Arc<ClientConfig>, Failure> {
        self.0.entry(options.clone()).or_insert_with(|| client_config(options)).clone()
    }
}

fn client_config(options: &TlsOptions) -> Result<Arc<ClientConfig>, Failure> {
    let (roots, trusted) = match &options.ca {
        Some(pem) => (Arc::new(roots(pem)?), pem.path.display().to_string()),
        None => (MOZILLA.clone(), "the Mozilla roots".to_owned()),
    };
    let webpki = WebPkiServerVerifier::builder_with_provider(roots, PROVIDER.clone()).build().map_err(unusable)?;
    let verifier = Arc::new(Verifier { webpki, level: options.verify, trusted });
    let builder = ClientConfig::builder_with_provider(PROVIDER.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &options.identity {
        Some((certificate, key)) => {
            builder.with_client_auth_cert(certificates(certificate)?, private_key(key)?).map_err(unusable)?
        }
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

fn roots(pem: &Pem) -> Result<RootCertStore, Failure> {
    let mut store = RootCertStore::empty();
    // As with a system's bundle: a certificate that cannot be a root is of no use and does no harm.
    let (added, _) = store.add_parsable_certificates(certificates(pem)?);
    if added == 0 { Err(unusable(format!("{}: no certificate", pem.path.display()))) } else { Ok(store) }
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem.bytes).collect();
    all.map_err(|error| unusable(format!("{}: {error}", pem.path.display())))
}

fn private_key(pem: &Pem) -> Result<PrivateKeyDer<'static>, Failure> {
    PrivateKeyDer::from_pem_slice(&pem.bytes).map_err(|error| unusable(format!("{}: {error}", pem.path.display())))
}

fn unusable(why: impl Display) -> Failure {
    failure(FailureClass::Tls, format!("the check's TLS options cannot be used: {why}"))
}

/// The three levels of trust around one chain builder.
#[derive(Debug)]
struct Verifier {
    webpki: Arc<WebPkiServerVerifier>,
    level: Verify,
    /// What is trusted, as people call it.
    trusted: String,
}

/// A certificate's fault in words, carried through rustls to the probe.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Fault(String);

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        if self.level == Verify::None {
            return Ok(ServerCertVerified::assertion());
        }
        match self.webpki.verify_server_cert(leaf, intermediates, name, ocsp, now) {
            // The name is judged last, when the chain and the time are known to hold.
            Err(Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
                if self.level == Verify::Chain =>
            {
                Ok(ServerCertVerified::assertion())
            }
            Err(Error::InvalidCertificate(error)) => {
                let presented = Presented::read(leaf, intermediates);
                let fault = Fault(presented.fault(&error, &name.to_str(), &self.trusted));
                Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(fault)))))
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// What a refused certificate's error says to people.
pub(super) fn words(error: &CertificateError) -> String {
    match error {
        CertificateError::Other(OtherError(fault)) => fault.to_string(),
        other => format!("certificate does not hold: {other}"),
    }
}

/// The certificates that a server showed, the leaf first; those that cannot be read are left out.
struct Presented<'a>(Vec<X509Certificate<'a>>);

impl<'a> Presented<'a> {
    fn read(leaf: &'a CertificateDer<'_>, intermediates: &'a [CertificateDer<'_>]) -> Self {
        let all = std::iter::once(leaf).chain(intermediates);
        Self(all.filter_map(|der| X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate)).collect())
    }

    fn fault(&self, error: &CertificateError, name: &str, trusted: &str) -> String {
        use CertificateError as E;
        match error {
            E::ExpiredContext { time, not_after } => {
                let ago = span(time.as_secs().saturating_sub(not_after.as_secs()));
                let whose = self.whose(|c| c.validity.not_after.timestamp() == not_after.as_secs() as i64);
                format!("certificate expired {ago} ago: subject {whose}")
            }
            E::NotValidYetContext { time, not_before } => {
                let ahead = span(not_before.as_secs().saturating_sub(time.as_secs()));
                let whose = self.whose(|c| c.validity.not_before.timestamp() == not_before.as_secs() as i64);
                format!("certificate is not valid for another {ahead}: subject {whose}")
            }
            E::NotValidForName | E::NotValidForNameContext { .. } => {
                format!("certificate names [{}], not {name}", self.names())
            }
            E::UnknownIssuer => format!("unknown issuer {}: it is not among {trusted}", self.issuer()),
            E::BadSignature => format!("certificate is not signed by the key that {trusted} has for {}", self.issuer()),
            other => format!("certificate does not hold: {other}"),
        }
    }

    /// The subject of the first certificate with that property, else of the leaf.
    fn whose(&self, is_meant: impl Fn(&X509Certificate<'_>) -> bool) -> String {
        let meant = self.0.iter().find(|c| is_meant(c)).or(self.0.first());
        meant.map_or_else(|| "unreadable".to_owned(), subject)
    }

    /// The leaf's DNS names and addresses.
    fn names(&self) -> String {
        let san = self.0.first().and_then(|leaf| leaf.subject_alternative_name().ok().flatten());
        let names = san.map(|san| san.value.general_names.as_slice()).unwrap_or_default();
        let all: Vec<String> = names.iter().filter_map(shown).collect();
        let more = all.len().saturating_sub(CERTIFICATE_NAMES_SHOWN_MAX);
        let some = all[..all.len() - more].join(", ");
        if more == 0 { some } else { format!("{some} and {more} more") }
    }

    /// Who signed the last certificate of the chain that starts at the leaf.
    fn issuer(&self) -> String {
        let Some(leaf) = self.0.first() else { return "unreadable".to_owned() };
        let mut top = leaf;
        // Each step goes to another certificate; a ring of them ends with their number.
        for _ in &self.0 {
            match self.0.iter().find(|c| c.subject() == top.issuer() && c.subject() != top.subject()) {
                Some(next) => top = next,
                None => break,
            }
        }
        let own = if top.issuer() == top.subject() { " (self-signed)" } else { "" };
        format!("{}{own}", quoted(top.issuer().to_string().as_bytes()))
    }
}

fn shown(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(quoted(name.as_bytes())),
        GeneralName::IPAddress(octets) => {
            let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from)).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// The common name, else the first DNS name, else the whole subject.
fn subject(certificate: &X509Certificate<'_>) -> String {
    let common = certificate.subject().iter_common_name().find_map(|cn| cn.as_str().ok());
    let first = || {
        let san = certificate.subject_alternative_name().ok().flatten()?;
        san.value.general_names.iter().find_map(shown)
    };
    let text = common.map(str::to_owned).or_else(first).unwrap_or_else(|| certificate.subject().to_string());
    quoted(text.as_bytes())
}

/// A time in its largest whole unit, as "3 days".
fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, unit) = units.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1, "second"));
    let count = seconds / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
