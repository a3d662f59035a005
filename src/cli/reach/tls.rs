//! TLS to a running server: whom to believe that it is the server, and who we are.

use super::{ours, speak};
use clap::Args;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned};
use std::io;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files for TLS with a server.
#[derive(Debug, Default, Args)]
#[group(id = "tls")]
pub(super) struct Files {
    /// The authority that the server's certificate must come from, PEM; says https. Default with https://: the public ones.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Our certificate for a server that asks for one, PEM; says https.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The certificate's private key, PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

impl Files {
    /// Whether some are named, which no server without TLS needs.
    pub(super) fn are_given(&self) -> bool {
        self.ca.is_some() || self.cert.is_some()
    }

    /// Sends a request to that host and returns the whole answer.
    pub(super) fn speak(&self, host: &str, stream: TcpStream, request: &str) -> io::Result<Vec<u8>> {
        speak_with(self.config()?, host, stream, request)
    }

    fn config(&self) -> io::Result<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(io::Error::other)?
            .with_root_certificates(self.roots()?);
        match self.cert.as_ref().zip(self.key.as_ref()) {
            None => Ok(builder.with_no_client_auth()),
            Some((cert, key)) => {
                let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("--key", key, error))?;
                let chain = certificates("--cert", cert)?;
                builder.with_client_auth_cert(chain, private).map_err(|error| unusable("--cert", cert, error))
            }
        }
    }

    fn roots(&self) -> io::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        match &self.ca {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(ca) => {
                for authority in certificates("--ca", ca)? {
                    roots.add(authority).map_err(|error| unusable("--ca", ca, error))?;
                }
            }
        }
        Ok(roots)
    }
}

/// As [`Files::speak`], to a server with whatever certificate: for requests without a secret whose answers are not trusted with anything.
pub(super) fn speak_to_anybody(host: &str, stream: TcpStream, request: &str) -> io::Result<Vec<u8>> {
    let mut config = Files::default().config()?;
    config.dangerous().set_certificate_verifier(Arc::new(Anybody));
    speak_with(config, host, stream, request)
}

fn speak_with(config: ClientConfig, host: &str, stream: TcpStream, request: &str) -> io::Result<Vec<u8>> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    speak(StreamOwned::new(connection, stream), request).map_err(explained)
}

/// Believes every certificate: a running server shows the one that it has read, while its files may be newer already.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &default_provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &default_provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn certificates(option: &str, path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(none) if none.is_empty() => Err(unusable(option, path, "it holds no certificate in PEM form")),
        other => other.map_err(|error| unusable(option, path, error)),
    }
}

fn unusable(option: &str, path: &Path, why: impl std::fmt::Display) -> io::Error {
    ours(format!("{option} {}: {why}", path.display()), "name a PEM file that you may read")
}

/// What a failed handshake means for whoever runs the command.
fn explained(error: io::Error) -> io::Error {
    use rustls::AlertDescription::{BadCertificate, CertificateExpired, CertificateUnknown, DecryptError, UnknownCA};
    use rustls::CertificateError::{BadSignature, NotValidForName, NotValidForNameContext, UnknownIssuer};
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage};
    let Some(why) = error.get_ref().and_then(|why| why.downcast_ref::<rustls::Error>()) else { return error };
    let next = match why {
        // An authority of the same name has another key where the signature does not hold.
        InvalidCertificate(UnknownIssuer | BadSignature) => "name the authority of its certificate with --ca FILE",
        InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            "name the server with --admin as its certificate does"
        }
        AlertReceived(UnknownCA | CertificateUnknown | CertificateExpired | BadCertificate | DecryptError) => {
            "it does not believe your certificate: ask for one of its client_ca"
        }
        InvalidMessage(_) => "it speaks no TLS: leave out https://, --ca and --cert",
        _ => return error,
    };
    ours(format!("no TLS with that server: {why}"), next)
}
