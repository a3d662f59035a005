//! A whole federation of real servers: a partner's server, its resolver (unbound), the server under test, and two pools of
//! contoso.com. One pool is killed while they talk, and nobody touches the partner's side.
//!
//! They are in namespaces of their own, where they have the ports and the resolv.conf that the protocols expect. Messages are counted;
//! how many are lost in between depends on when the partner sends, so that number is printed and not asserted.

use super::inside::{self, must};
use super::partner::Resolver;
use super::software::{Peer, Software};
use crate::common::dns::{RecordType as T, addresses, look_up};
use crate::common::eventually;
use crate::common::scene::Scene;
use crate::common::server::{Server, run, said};
use edgesteer::demo::ca::{Identity, ThrowawayCa, now_valid};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

mod sip;
mod xmpp;

const SEOUL: &str = "127.0.1.10";
const DUBLIN: &str = "127.0.2.10";
const PARTNER: &str = "127.0.3.10";
const RESOLVER: &str = "127.0.0.53";
/// What the partner's resolver knows of the partner itself.
const RECORDS: &[&str] = &[
    "_xmpp-server._tcp.fabrikam.example. 300 IN SRV 0 0 5269 xmpp.fabrikam.example.",
    "xmpp.fabrikam.example. 300 IN A 127.0.3.10",
];
/// Names that every pool's certificate holds for; both pools have the same one.
const OURS: &[&str] =
    &["contoso.com", "sip.contoso.com", "xmpp.contoso.com", "access-seoul.contoso.com", "access-dublin.contoso.com"];

/// Everybody at work. Fields are dropped in this order, so that what fails is shown last.
struct World {
    server: Server,
    resolver: Resolver,
    seoul: Peer,
    dublin: Peer,
    _partner: Peer,
    identity: Identity,
    scene: Scene,
}

impl World {
    /// Starts all, with these services; everything else is as the contract has it, but for a TTL and an order that suit a test.
    fn start(pool: &'static Software, partner: &'static Software, services: &str) -> Self {
        must(&["ip", "link", "set", "lo", "up"]);
        let ca = ThrowawayCa::new().unwrap();
        let identity = ca.issue(OURS, now_valid()).unwrap();
        let [seoul, dublin, there, resolver] =
            [SEOUL, DUBLIN, PARTNER, RESOLVER].map(|ip| ip.parse::<IpAddr>().unwrap());
        let scene = Scene::new(seoul, dublin, 1, ca.pem());
        inside::resolve_by(resolver, scene.path());
        let [seoul, dublin] = [("seoul", seoul), ("dublin", dublin)].map(|(name, ip)| {
            let directory = scene.path().join(name);
            std::fs::create_dir(&directory).unwrap();
            Peer::start(pool, ip, &identity, &directory, &[])
        });
        scene.write(&configuration(&scene, services));
        let server = Server::ready(&scene);
        let resolver = Resolver::at(SocketAddr::new(resolver, 53), RECORDS, scene.listen, scene.path());
        let directory = scene.path().join("partner");
        std::fs::create_dir(&directory).unwrap();
        let theirs = ca.issue(&["fabrikam.example", "sip.fabrikam.example"], now_valid()).unwrap();
        let partner = Peer::start(partner, there, &theirs, &directory, &[]);
        Self { server, resolver, seoul, dublin, _partner: partner, identity, scene }
    }

    /// Waits until every check finds both pools up.
    fn all_up(&self, checks: &[&str]) {
        for (pool, endpoint) in [("seoul", SEOUL), ("dublin", DUBLIN)] {
            for check in checks {
                let name =
                    format!("edgesteer_endpoint_up{{check=\"{check}\",endpoint=\"{endpoint}\",pool=\"{pool}\"}}");
                eventually(&name, || (self.server.metric(&name) == Some(1.0)).then_some(()));
            }
        }
    }

    /// Waits until the partner's resolver tells this address, and no other, for a name.
    fn told(&self, name: &str, address: &str) {
        let wanted = BTreeSet::from([address.parse().unwrap()]);
        eventually(&format!("the partner's resolver says that {name} is {address}"), || {
            (addresses(&look_up(self.resolver.address(), name, T::A)) == wanted).then_some(())
        });
    }

    /// An operator lets a pool back.
    fn release(&self, pool: &str) {
        let output = run(&["release", pool, "--reason", "it is repaired", "--admin", &self.scene.admin.to_string()]);
        assert!(output.status.success(), "{:?}", said(&output));
    }
}

fn configuration(scene: &Scene, services: &str) -> String {
    format!(
        r#"
[server]
listen = ["{}"]
admin = "{}"
startup_grace = "30s"
[health]
damping = "off"
[zone."contoso.com"]
ns = {{ "ns1.contoso.com" = ["192.0.2.53"] }}
[pool.seoul]
location = "KR"
fqdn = "access-seoul.contoso.com"
endpoints = ["{SEOUL}"]
[pool.dublin]
location = "IE"
fqdn = "access-dublin.contoso.com"
endpoints = ["{DUBLIN}"]
{services}
"#,
        scene.listen, scene.admin
    )
}
