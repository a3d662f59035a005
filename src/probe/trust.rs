//! What a probe believes of a certificate, and what it says of one that does not hold.
//!
//! Here: the client configuration of each set of TLS options, the verifier for the three levels of `Verify`, and the words.
//! Not here: sockets (`dial`). Signatures of the handshake are checked at every level: a peer must at least have the key.

use super::{failure, quoted};
use crate::config::{Ask, Pem, TlsOptions, Verify};
use crate::health::{Failure, FailureClass};
use crate::limits::CERTIFICATE_NAMES_SHOWN_MAX;
use crate::name::Name;
use crate::topology::TargetSpec;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use std::collections::HashMap;
use std::fmt::Display;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use x509_parser::asn1_rs::{Any, Oid, Tag, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
static MOZILLA: LazyLock<Arc<RootCertStore>> =
    LazyLock::new(|| Arc::new(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()));

/// What TLS needs, made once: equal checks of many targets share it.
#[derive(Default)]
pub(super) struct Configs {
    clients: Made<(TlsOptions, &'static [u8]), ClientConfig>,
    wanted: Made<(Arc<[Name]>, &'static [&'static str]), Wanted>,
}

/// What was made once, or why it cannot be.
type Made<K, T> = HashMap<K, Result<Arc<T>, Failure>>;

impl Configs {
    /// The client's side of handshakes with these options, which offer this protocol of the application; none where empty.
    pub(super) fn client(
        &mut self,
        options: &TlsOptions,
        protocol: &'static [u8],
    ) -> Result<Arc<ClientConfig>, Failure> {
        let make = || client_config(options, protocol);
        self.clients.entry((options.clone(), protocol)).or_insert_with(make).clone()
    }

    /// What the server's certificate must name.
    pub(super) fn wanted(&mut self, target: &TargetSpec) -> Result<Arc<Wanted>, Failure> {
        let services: &[&str] = match *target.ask {
            Ask::Xmpp { direct_tls: true } => &["_xmpp-server.", "_xmpps-server."],
            Ask::Xmpp { .. } => &["_xmpp-server."],
            _ => &[],
        };
        let make = || Wanted::new(&target.names, services).map(Arc::new);
        self.wanted.entry((target.names.clone(), services)).or_insert_with(make).clone()
    }
}

fn client_config(options: &TlsOptions, protocol: &[u8]) -> Result<Arc<ClientConfig>, Failure> {
    let (roots, trusted) = match &options.ca {
        Some(pem) => (Arc::new(roots(pem)?), pem.path.display().to_string()),
        None => (MOZILLA.clone(), "the Mozilla roots".to_owned()),
    };
    let webpki = WebPkiServerVerifier::builder_with_provider(roots, PROVIDER.clone()).build().map_err(unusable)?;
    let verifier = Arc::new(Verifier { webpki, is_believing: options.verify == Verify::None, trusted });
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
    config.alpn_protocols = [protocol].iter().filter(|it| !it.is_empty()).map(|it| it.to_vec()).collect();
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

/// Chain and time, or nothing at all; names are judged by `Wanted` when these are known to hold.
#[derive(Debug)]
struct Verifier {
    webpki: Arc<WebPkiServerVerifier>,
    is_believing: bool,
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
        if self.is_believing {
            return Ok(ServerCertVerified::assertion());
        }
        match self.webpki.verify_server_cert(leaf, intermediates, name, ocsp, now) {
            // webpki judges the name last.
            Err(Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            Err(Error::InvalidCertificate(error)) => {
                let presented = Presented::read(std::iter::once(leaf).chain(intermediates));
                let fault = Fault(presented.fault(&error, &self.trusted));
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

/// `name` as TLS carries it.
pub(super) fn server_name(name: &Name) -> Result<ServerName<'static>, Failure> {
    ServerName::try_from(name.to_string()).map_err(|_| {
        failure(FailureClass::Tls, format!("\"{name}\" cannot be a TLS server name; give the check another name"))
    })
}

/// When the first of these certificates ends, seconds since 1970.
pub(super) fn not_after(chain: &[CertificateDer<'_>]) -> Option<i64> {
    Presented::read(chain).0.iter().map(|certificate| certificate.validity.not_after.timestamp()).min()
}

/// The names that a server's certificate must hold for.
pub(super) struct Wanted {
    names: Vec<ServerName<'static>>,
    /// Prefixes that make SRV names of them, which hold as well (RFC 6120 13.7.1.2, RFC 4985).
    services: &'static [&'static str],
}

impl Wanted {
    fn new(names: &[Name], services: &'static [&'static str]) -> Result<Self, Failure> {
        Ok(Self { names: names.iter().map(server_name).collect::<Result<_, _>>()?, services })
    }

    /// Whether the leaf of a chain names all of them.
    pub(super) fn judge(&self, chain: &[CertificateDer<'_>]) -> Result<(), Failure> {
        if self.names.is_empty() {
            return Ok(());
        }
        let presented = Presented::read(chain.first());
        let leaf = chain.first().and_then(|leaf| ParsedCertificate::try_from(leaf).ok());
        let is_dns = |name: &ServerName<'_>| leaf.as_ref().is_some_and(|leaf| verify_server_name(leaf, name).is_ok());
        let others = if self.services.is_empty() { Vec::new() } else { presented.xmpp_names() };
        let is_xmpp = |name: &ServerName<'_>| {
            let name = name.to_str();
            let is = |other: &String| self.services.iter().any(|service| *other == format!("{service}{name}"));
            others.iter().any(|other| *other == name || is(other))
        };
        let missing: Vec<_> = self.names.iter().filter(|name| !is_dns(name) && !is_xmpp(name)).collect();
        let Some(first) = missing.first() else { return Ok(()) };
        let more = match missing.len() {
            1 => String::new(),
            count => format!(" and {} more of the {} names that peers come for", count - 1, self.names.len()),
        };
        let detail = format!("certificate names [{}], not {}{more}", presented.names(), first.to_str());
        Err(failure(FailureClass::Certificate, detail))
    }
}

/// The certificates that a server showed, the leaf first; those that cannot be read are left out.
struct Presented<'a>(Vec<X509Certificate<'a>>);

/// Names of XMPP in a certificate: id-on-xmppAddr (RFC 6120 13.7.1.4) and id-on-dnsSRV (RFC 4985).
const XMPP_ADDR: Oid<'static> = oid!(1.3.6.1.5.5.7.8.5);
const DNS_SRV: Oid<'static> = oid!(1.3.6.1.5.5.7.8.7);

impl<'a> Presented<'a> {
    fn read(all: impl IntoIterator<Item = &'a CertificateDer<'a>>) -> Self {
        let certificate = |der: &'a CertificateDer<'a>| X509Certificate::from_der(der).ok().map(|(_, it)| it);
        Self(all.into_iter().filter_map(certificate).collect())
    }

    /// The leaf's names of XMPP, in lower case: `domain` and `_xmpp-server.domain`.
    fn xmpp_names(&self) -> Vec<String> {
        let san = self.0.first().and_then(|leaf| leaf.subject_alternative_name().ok().flatten());
        let names = san.map(|san| san.value.general_names.as_slice()).unwrap_or_default();
        let text = |name: &GeneralName<'_>| match name {
            GeneralName::OtherName(id, value) if *id == XMPP_ADDR || *id == DNS_SRV => other_name(value),
            _ => None,
        };
        names.iter().filter_map(text).collect()
    }

    fn fault(&self, error: &CertificateError, trusted: &str) -> String {
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

/// The string in an otherName: [0] EXPLICIT around a UTF8String or an IA5String.
fn other_name(value: &[u8]) -> Option<String> {
    let (_, outer) = Any::from_der(value).ok()?;
    let (_, text) = if outer.tag() == Tag::Utf8String || outer.tag() == Tag::Ia5String {
        (outer.data, outer)
    } else {
        Any::from_der(outer.data).ok()?
    };
    let is_text = matches!(text.tag(), Tag::Utf8String | Tag::Ia5String);
    std::str::from_utf8(text.data).ok().filter(|_| is_text).map(str::to_ascii_lowercase)
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
