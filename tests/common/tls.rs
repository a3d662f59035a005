//! DNS over TLS: the server's certificate beside its configuration, and a client.

use super::edges::identity;
use super::scene::{QUICK, Scene};
use super::{GENEROUS, write_secret};
use edgesteer::demo::ca::ThrowawayCa;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

pub(crate) type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Puts a new certificate beside the configuration, and returns it.
pub(crate) fn certify(scene: &Scene, ca: &ThrowawayCa) -> Vec<u8> {
    let identity = identity(ca);
    std::fs::write(scene.path().join("chain.pem"), identity.certificate_pem()).unwrap();
    write_secret(&scene.path().join("key.pem"), &identity.key_pem());
    identity.certificate_pem().into_bytes()
}

/// A configuration with TLS.
pub(crate) fn text(scene: &Scene, tls: SocketAddr) -> String {
    let keys = format!("tls = {{ listen = [\"{tls}\"], cert = \"chain.pem\", key = \"key.pem\" }}\nstartup_grace");
    scene.text("", &format!("{QUICK}, fall = 1")).replacen("startup_grace", &keys, 1)
}

/// A connection before its handshake, of a client that trusts `ca` and offers these protocols.
pub(crate) fn client(
    ca: &str,
    server: SocketAddr,
    version: &'static SupportedProtocolVersion,
    alpn: &[&str],
) -> Stream {
    open(&trusting(ca, version, alpn), server).unwrap()
}

/// A client that trusts `ca` and offers these protocols; it remembers sessions.
pub(crate) fn trusting(ca: &str, version: &'static SupportedProtocolVersion, alpn: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let mut config =
        builder.with_protocol_versions(&[version]).unwrap().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// A connection of that client before its handshake.
pub(crate) fn open(client: &Arc<ClientConfig>, server: SocketAddr) -> io::Result<Stream> {
    let name = ServerName::try_from("sip.contoso.com").unwrap();
    let socket = TcpStream::connect_timeout(&server, GENEROUS)?;
    socket.set_read_timeout(Some(GENEROUS))?;
    Ok(StreamOwned::new(ClientConnection::new(client.clone(), name).unwrap(), socket))
}

/// Shakes hands.
pub(crate) fn shake(stream: &mut Stream) -> io::Result<()> {
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(())
}
