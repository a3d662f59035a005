//! Where a server that runs with a configuration is reached, for who only wants to ask it.
//!
//! Cheap, and lenient: the sections beside `[server]` are not read, nor the lists that they name, and what is wrong counts as its
//! default. A running server keeps what it has when its file was damaged, and must not be called dead for that.

use super::load::text;
use super::reader::Value;
use super::report::Report;
use super::{Diagnostics, server};
use std::net::SocketAddr;
use std::path::Path;
use toml::de::DeTable;

/// Addresses of a server.
#[derive(Debug, PartialEq)]
pub struct Sockets {
    /// For DNS over UDP and TCP, at least one unless an empty list was written.
    pub listen: Vec<SocketAddr>,
    /// The admin listener.
    pub admin: SocketAddr,
    /// Whether it is to speak TLS, with whatever certificate.
    pub is_admin_tls: bool,
}

/// Reads them from the configuration file at `path`.
///
/// # Errors
/// Where the file cannot be read as a text.
pub fn sockets(path: &Path) -> Result<Sockets, Diagnostics> {
    let report = Report::new(path, text(path)?);
    let main = report.main();
    let (tree, _) = DeTable::parse_recoverable(&main.text);
    let node = tree.get_ref().get("server");
    let server = node.and_then(|node| server::server(Value::new("server", node, &report))).unwrap_or_default();
    // Its files may be gone, or between two renames.
    let is_admin_tls =
        node.and_then(|node| node.get_ref().as_table()).is_some_and(|keys| keys.contains_key("admin_tls"));
    Ok(Sockets { listen: server.listen, admin: server.admin, is_admin_tls })
}
