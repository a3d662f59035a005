//! Simulated edges that a blocking test can break and mend.

use super::fresh_ip;
use edgesteer::demo::ca::{Identity, ThrowawayCa, now_valid};
use edgesteer::demo::edge::{Mode, SimulatedEdge};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use tokio::runtime::Runtime;

/// Names in the certificate of every edge.
const NAMES: [&str; 3] = ["sip.contoso.com", "access-seoul.contoso.com", "access-dublin.contoso.com"];

/// The pools seoul and dublin, one simulated edge each, on one port.
pub(crate) struct Edges {
    runtime: Runtime,
    edges: BTreeMap<&'static str, SimulatedEdge>,
    ca: ThrowawayCa,
}

impl Edges {
    /// Two serving edges on addresses of their own.
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let ca = ThrowawayCa::new().unwrap();
        let identity = identity(&ca);
        let edges = runtime.block_on(async {
            let seoul = SimulatedEdge::start(SocketAddr::new(fresh_ip(), 0), &identity).unwrap();
            let dublin = SocketAddr::new(fresh_ip(), seoul.address().port());
            let dublin = SimulatedEdge::start(dublin, &identity).unwrap();
            BTreeMap::from([("seoul", seoul), ("dublin", dublin)])
        });
        Self { runtime, edges, ca }
    }

    /// One more serving edge on an address of its own, at the port of the others.
    pub(crate) fn add(&mut self, name: &'static str) {
        let (address, identity) = (SocketAddr::new(fresh_ip(), self.port()), identity(&self.ca));
        let edge = self.runtime.block_on(async { SimulatedEdge::start(address, &identity).unwrap() });
        self.edges.insert(name, edge);
    }

    /// Makes a pool's edge behave like `mode` from now on.
    pub(crate) fn set(&mut self, pool: &str, mode: Mode) {
        self.runtime.block_on(self.edges.get_mut(pool).unwrap().break_it(mode)).unwrap();
    }

    /// A pool's address.
    pub(crate) fn ip(&self, pool: &str) -> IpAddr {
        self.edges[pool].address().ip()
    }

    /// The port of both.
    pub(crate) fn port(&self) -> u16 {
        self.edges["seoul"].address().port()
    }

    /// The certificate of the authority that both have theirs from.
    pub(crate) fn ca(&self) -> &str {
        self.ca.pem()
    }
}

/// A certificate that holds for either pool.
pub(crate) fn identity(ca: &ThrowawayCa) -> Identity {
    ca.issue(&NAMES, now_valid()).unwrap()
}
