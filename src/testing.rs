//! Small worlds for the tests of several rooms.

use crate::app;
use crate::control::Beliefs;
use crate::snapshot::{Lake, Publisher};
use crate::topology::Topology;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Two pools in two countries with two address families, one of them with two endpoints.
pub(crate) const POOLS: &str = r#"
[pool.seoul]
location  = "KR"
fqdn      = "access-seoul.contoso.com"
endpoints = ["10.1.0.1", "10.1.0.2", "2001:db8:1::1"]
[pool.dublin]
location  = "IE"
fqdn      = "access-dublin.contoso.com"
endpoints = ["10.2.0.1"]
"#;

/// A zone with one name server inside and one outside.
pub(crate) const ZONE: &str = r#"
[zone."contoso.com"]
ns = { "ns1.contoso.com" = ["10.0.0.53"], "ns2.example.net" = [] }
"#;

/// A SIP federation of contoso.com over both pools, with more keys of the service.
pub(crate) fn service(more: &str) -> String {
    format!(
        "[service.federation]\nkind = \"sip-federation\"\ndomains = [\"contoso.com\"]\npools = [\"seoul\", \"dublin\"]\n{more}\n"
    )
}

/// The topology of a configuration, which must be without errors.
pub(crate) fn topology(text: &str) -> Arc<Topology> {
    topology_beside(text, &[])
}

/// The same with files beside the configuration, which only we may read.
pub(crate) fn topology_beside(text: &str, files: &[(&str, &str)]) -> Arc<Topology> {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        write_secret(&directory.path().join(name), content);
    }
    let path = directory.path().join("test.toml");
    std::fs::write(&path, text).unwrap();
    match app::load(&path) {
        Ok(world) => world.topology,
        Err(error) => panic!("{error}"),
    }
}

/// Writes a file that only we may read.
pub(crate) fn write_secret(path: &Path, content: &str) {
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// What is published of a configuration before anything was probed.
pub(crate) fn lake(text: &str) -> Lake {
    lake_of(topology(text))
}

/// The same of a topology.
pub(crate) fn lake_of(topology: Arc<Topology>) -> Lake {
    let mut beliefs = Beliefs::new(topology.clone());
    Publisher::new(topology, beliefs.render_all(Instant::now())).lake()
}
