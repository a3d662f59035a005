//! A configuration of two pools in a directory of its own.

use super::dns::addresses;
use super::edges::Edges;
use super::{free_port, fresh_address, fresh_ip};
use hickory_proto::op::Message;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Keys of the check that make a change of mind quick.
pub(crate) const QUICK: &str = r#"interval = "200ms", confirm = "50ms", timeout = "5s""#;

/// Where a test happens. Paths of the configuration are relative to its directory.
pub(crate) struct Scene {
    directory: TempDir,
    /// Where DNS is answered.
    pub(crate) listen: SocketAddr,
    /// Where the admin listener is.
    pub(crate) admin: SocketAddr,
    /// Addresses of the pools.
    pub(crate) seoul: IpAddr,
    pub(crate) dublin: IpAddr,
    /// The port that is probed on both.
    port: u16,
}

impl Scene {
    /// A scene with these pools, whose certificates are from `ca`.
    pub(crate) fn new(seoul: IpAddr, dublin: IpAddr, port: u16, ca: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("edgesteer-test-").tempdir().unwrap();
        std::fs::write(directory.path().join("ca.pem"), ca).unwrap();
        Self { directory, listen: fresh_address(), admin: fresh_address(), seoul, dublin, port }
    }

    /// A scene with simulated pools.
    pub(crate) fn of(edges: &Edges) -> Self {
        Self::new(edges.ip("seoul"), edges.ip("dublin"), edges.port(), edges.ca())
    }

    /// A scene in which no pool listens.
    pub(crate) fn deserted(ca: &str) -> Self {
        let seoul = fresh_ip();
        Self::new(seoul, fresh_ip(), free_port(seoul), ca)
    }

    /// A configuration with these further keys of the service and of its check.
    pub(crate) fn text(&self, service: &str, check: &str) -> String {
        let Self { listen, admin, seoul, dublin, port, .. } = self;
        format!(
            r#"
[server]
listen = ["{listen}"]
admin = "{admin}"
startup_grace = "30s"

[zone."contoso.com"]
ns = {{ "ns1.contoso.com" = ["192.0.2.53", "2001:db8::53"], "ns2.contoso.com" = ["198.51.100.53"] }}

[pool.seoul]
location = "KR"
fqdn = "access-seoul.contoso.com"
endpoints = ["{seoul}"]

[pool.dublin]
location = "IE"
fqdn = "access-dublin.contoso.com"
endpoints = ["{dublin}"]

[service.federation]
kind = "sip-federation"
domains = ["contoso.com"]
pools = ["seoul", "dublin"]
ttl = "1s"
{service}
check = {{ kind = "sip", port = {port}, {check}, tls = {{ ca = "ca.pem" }} }}
"#
        )
    }

    /// Writes the configuration.
    pub(crate) fn write(&self, text: &str) {
        std::fs::write(self.config(), text).unwrap();
    }

    /// Where the configuration is.
    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("edgesteer.toml")
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The one pool whose addresses a message tells; fails where it tells none or mixes them.
    pub(crate) fn pool(&self, message: &Message) -> &'static str {
        let told = addresses(message);
        match (told.contains(&self.seoul), told.contains(&self.dublin), told.len()) {
            (true, false, 1) => "seoul",
            (false, true, 1) => "dublin",
            _ => panic!("not wholly one pool: {message:?}"),
        }
    }
}
