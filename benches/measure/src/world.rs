//! The configuration that is compared with others, compiled in this process.

use crate::contestant::Setting;
use crate::{Failure, peers};
use edgesteer::app;
use edgesteer::topology::Topology;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

/// Compiles it with one outcome for a verdict and no wait before a return.
pub(crate) fn topology(domains: u32) -> Result<Arc<Topology>, Failure> {
    let directory = tempfile::Builder::new().prefix("edgesteer-measure-").tempdir()?;
    let setting = Setting {
        directory: directory.path().to_owned(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 53)),
        admin: SocketAddr::from((Ipv4Addr::LOCALHOST, 54)),
        domains,
        probe_port: 1,
        database: Path::new(""),
    };
    peers::edgesteer(&setting, Path::new(""))?;
    let path = directory.path().join("edgesteer.toml");
    let text = std::fs::read_to_string(&path)?
        .replace("[pool.seoul]", "[pool.seoul]\nmin_healthy = 2")
        .replace("kind = \"tcp\",", "kind = \"tcp\", fall = 1, rise = 1,")
        .replace("ttl = ", "failback = \"auto\"\nttl = ");
    std::fs::write(&path, text)?;
    Ok(app::load(&path)?.topology)
}
