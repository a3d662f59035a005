//! DNS over TCP and TLS at the binary: every row of what strict peers and hostile clients do on a connection.
//!
//! Deadlines themselves are tested on a clock that does not run (`lane/stream/conversation`); here, that they are in force.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "../common/mod.rs"]
mod common;

mod client;
mod crowd;
mod tcp;
mod tls;

use common::scene::Scene;
use common::server::Server;
use edgesteer::demo::ca::ThrowawayCa;
use std::net::SocketAddr;

/// A server of two pools that nobody probes with success: what is answered is not what is tested here.
struct Responder {
    // Ends before its directory.
    server: Server,
    scene: Scene,
    ca: ThrowawayCa,
    tls: SocketAddr,
}

impl Responder {
    fn start() -> Self {
        let (scene, ca) = Self::scene();
        let tls = common::fresh_address();
        common::tls::certify(&scene, &ca);
        scene.write(&common::tls::text(&scene, tls));
        let server = Server::ready(&scene);
        Self { server, scene, ca, tls }
    }

    fn scene() -> (Scene, ThrowawayCa) {
        let ca = ThrowawayCa::new().unwrap();
        (Scene::deserted(ca.pem()), ca)
    }

    /// How many files the server has open.
    fn files(&self) -> usize {
        self.open().count()
    }

    /// The limit under which the server keeps every file that it has, and whose place each of them can give to another.
    fn files_at_most(&self) -> u64 {
        self.open().max().unwrap() + 1
    }

    fn open(&self) -> impl Iterator<Item = u64> {
        let entries = std::fs::read_dir(format!("/proc/{}/fd", self.server.pid().as_raw_nonzero())).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap().parse().unwrap())
    }

    /// How many connections over a transport were refused for this reason.
    fn refused(&self, transport: &str, reason: &str) -> u64 {
        let name = "edgesteer_dns_connections_refused_total";
        // Labels stand in the order of the alphabet.
        self.server.metric(&format!("{name}{{reason=\"{reason}\",transport=\"{transport}\"}}")).unwrap_or(0.0) as u64
    }

    /// Open connections over a transport.
    fn connections(&self, transport: &str) -> u64 {
        let name = format!("edgesteer_dns_connections{{transport=\"{transport}\"}}");
        self.server.metric(&name).unwrap_or(0.0) as u64
    }
}
