//! What happens when real edges fail in each way that they can: kamailio, prosody, nginx and coturn in a network namespace, the
//! server in another, both made by the test.
//!
//! Every fault is done to the pool "edge" as a whole, and ends again. How long each check took to find it is printed, for
//! docs/failover.md, and never asserted: what is asserted is whom partners are told, and whose verdicts changed.

use super::inside::{self, Namespace, must};
use super::software::{self, Peer};
use crate::common::dns::{RecordType as T, addresses, look_up};
use crate::common::eventually;
use crate::common::process::Process;
use crate::common::scene::Scene;
use crate::common::server::{Server, get};
use edgesteer::demo::ca::{Identity, ThrowawayCa, now_valid};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// Set for the process that babbles in the other namespace.
const BABBLE: &str = "EDGESTEER_TEST_BABBLE";
const EDGE: &str = "10.77.1.1";
const SPARE: &str = "10.77.2.1";
/// Somebody else's server behind the same cable.
const NEIGHBOUR: &str = "10.77.3.1";
/// Checks as metrics name them, and the names that they steer.
const CHECKS: [(&str, &str); 5] = [
    ("sip:5061", "sip.contoso.com"),
    ("xmpp:5269", "xmpp.contoso.com"),
    ("xmpp:5270", "xmpps.contoso.com"),
    ("https:443", "meet.contoso.com"),
    ("stun:3478", "av.contoso.com"),
];
const TCP_PORTS: [u16; 4] = [5061, 5269, 5270, 443];
const UDP_PORT: u16 = 3478;

#[test]
#[ignore = "needs root, and the packages that .ci/run installs"]
fn faults_of_real_edges_are_found() {
    inside::run("faults::inside");
}

/// Two namespaces joined by a cable, edges in the other one, the server in ours.
struct World {
    server: Server,
    edge: Vec<Peer>,
    _spare: Vec<Peer>,
    scene: Scene,
    ca: ThrowawayCa,
    /// What stands in the place of the pool "edge".
    babbler: Option<Process>,
    namespace: Namespace,
}

/// What is done to the pool "edge", in the namespace where it is.
impl Namespace {
    /// Filters what comes to the pool "edge".
    fn filter(&self, verdicts: &[&str]) {
        self.must(&["nft", "add table inet fault; add chain inet fault in { type filter hook input priority 0; }"]);
        for verdict in verdicts {
            self.must(&["nft", &format!("add rule inet fault in ip daddr {EDGE} {verdict}")]);
        }
    }

    fn mend(&self) {
        self.must(&["nft", "delete table inet fault"]);
    }

    /// A server that is none of the five, on their ports.
    fn babble(&self, how: &str, directory: &Path) -> Process {
        let mut command = self.command(&std::env::current_exe().unwrap().display().to_string());
        command.args(["--exact", "faults::babble", "--ignored"]).env(BABBLE, how);
        Process::start(&mut command, &directory.join("babble"), "")
    }
}

fn identity(ca: &ThrowawayCa, valid: std::ops::Range<SystemTime>) -> Identity {
    ca.issue(&["contoso.com", "sip.contoso.com", "meet.contoso.com"], valid).unwrap()
}

fn configuration(scene: &Scene) -> String {
    let mut text = format!(
        "[server]\nlisten = [\"{}\"]\nadmin = \"{}\"\nstartup_grace = \"30s\"\n[health]\ndamping = \"off\"\n[zone.\"contoso.com\"]\n\
         ns = {{ \"ns1.contoso.com\" = [\"192.0.2.53\"] }}\n[pool.edge]\nlocation = \"KR\"\nendpoints = [\"{EDGE}\"]\n\
         [pool.spare]\nlocation = \"IE\"\nendpoints = [\"{SPARE}\"]\n",
        scene.listen, scene.admin
    );
    for (check, owner) in CHECKS {
        let (kind, port) = check.split_once(':').unwrap();
        let label = owner.split_once('.').unwrap().0;
        let more = match check {
            "xmpp:5270" => ", direct_tls = true",
            "https:443" => ", path = \"/autodiscover/autodiscoverservice.svc/root\", contains = \"well\"",
            _ => "",
        };
        // Everything else is the contract's default.
        text += &format!(
            "[service.{label}]\nkind = \"generic\"\naddress = \"{label}.{{domain}}\"\ndomains = [\"contoso.com\"]\n\
             pools = [\"edge\", \"spare\"]\nsteering = \"failover\"\nfailback = \"auto\"\nttl = \"1s\"\n\
             check = {{ kind = \"{kind}\", port = {port}{more}, tls = {{ ca = \"ca.pem\" }} }}\n"
        );
    }
    text
}

impl World {
    fn make() -> Self {
        let ca = ThrowawayCa::new().unwrap();
        let (edge, spare): (IpAddr, IpAddr) = (EDGE.parse().unwrap(), SPARE.parse().unwrap());
        let scene = Scene::new(edge, spare, 1, ca.pem());
        let namespace =
            Namespace::new(scene.path(), "10.77.0.1/16", &[EDGE, SPARE, NEIGHBOUR].map(|ip| format!("{ip}/16")));
        let peers = |ip: IpAddr| {
            let directory = scene.path().join(ip.to_string());
            std::fs::create_dir(&directory).unwrap();
            software::all(ip, &identity(&ca, now_valid()), &directory, &namespace.wrapper())
        };
        let (edge, spare) = (peers(edge), peers(spare));
        // They need a moment; a server that starts before them merely begins with another verdict.
        std::thread::sleep(Duration::from_secs(3));
        scene.write(&configuration(&scene));
        let server = Server::ready(&scene);
        let world = Self { server, edge, _spare: spare, scene, ca, babbler: None, namespace };
        world.all_up();
        world
    }

    /// What the metric says of a pool's endpoint.
    fn is_up(&self, pool: &str, check: &str) -> Option<bool> {
        let address = if pool == "edge" { EDGE } else { SPARE };
        let name = format!("edgesteer_endpoint_up{{check=\"{check}\",endpoint=\"{address}\",pool=\"{pool}\"}}");
        self.server.metric(&name).map(|value| value == 1.0)
    }

    fn all_up(&self) {
        for (check, owner) in CHECKS {
            for pool in ["edge", "spare"] {
                eventually(&format!("{check} of {pool} is up"), || (self.is_up(pool, check)?).then_some(()));
            }
            self.told(owner, EDGE);
        }
    }

    /// Waits until partners are told that address, and no other.
    fn told(&self, owner: &str, address: &str) {
        let wanted: IpAddr = address.parse().unwrap();
        eventually(&format!("{owner} is {address}"), || {
            (addresses(&look_up(self.scene.listen, owner, T::A)) == [wanted].into()).then_some(())
        });
    }

    /// Waits until these checks find the pool down, and prints how long each took.
    fn found(&self, fault: &str, checks: &[&str], pool: &str, began: Instant) {
        let mut took: BTreeMap<&str, Duration> = BTreeMap::new();
        eventually(&format!("{fault}: {checks:?} of {pool} are down"), || {
            for check in checks.iter().filter(|&&check| self.is_up(pool, check) == Some(false)) {
                took.entry(check).or_insert_with(|| began.elapsed());
            }
            (took.len() == checks.len()).then_some(())
        });
        let shown: Vec<String> = CHECKS
            .iter()
            .map(|(check, _)| took.get(check).map_or("-".to_owned(), |took| format!("{:.1} s", took.as_secs_f64())))
            .collect();
        println!("| {fault} | {} |", shown.join(" | "));
    }

    /// Does something to the pool "edge", waits until partners are told the other one, and undoes it.
    fn fault(
        &mut self,
        name: &str,
        is_for: impl Fn(&str) -> bool,
        cause: impl FnOnce(&mut Self),
        mend: impl FnOnce(&mut Self),
    ) {
        let checks: Vec<&str> = CHECKS.iter().map(|(check, _)| *check).filter(|check| is_for(check)).collect();
        let began = Instant::now();
        cause(self);
        self.found(name, &checks, "edge", began);
        for (check, owner) in CHECKS {
            let expected = if checks.contains(&check) { SPARE } else { EDGE };
            self.told(owner, expected);
            assert_eq!(self.is_up("spare", check), Some(true), "{name}: {check} of the other pool");
        }
        mend(self);
        self.all_up();
    }

    fn replace_by(&mut self, how: &'static str) {
        self.fault(
            how,
            |_| true,
            |world| {
                world.edge.iter_mut().for_each(|peer| peer.process().kill());
                world.babbler = Some(world.namespace.babble(how, world.scene.path()));
            },
            |world| {
                world.babbler = None;
                world.restart(now_valid());
            },
        );
    }

    /// Cut off from everything again, with a reference: what is believed stays, and is said not to be believed on.
    fn doubt_itself(&mut self) {
        let _neighbour = self.namespace.babble("neighbour", self.scene.path());
        let references = format!("[health]\nreferences = [\"{NEIGHBOUR}:443\"]\n");
        self.scene.write(&configuration(&self.scene).replace("[health]\n", &references));
        self.server.signal(Signal::HUP);
        self.server.wait_for_log("reload: taken over");
        let answered = "edgesteer_probes_total{kind=\"tcp\",outcome=\"pass\"}";
        eventually("the reference answers", || self.server.metric(answered));
        let doubts = |server: &Server| server.metric("edgesteer_self_doubt") == Some(1.0);
        let moved = |server: &Server| server.log().matches("partners are sent elsewhere").count();
        let (before, began) = (moved(&self.server), Instant::now());

        must(&["ip", "link", "set", "ours", "down"]);
        eventually("self-doubt", || doubts(&self.server).then_some(()));
        println!(
            "| we are cut off, and a reference says so | self-doubt after {:.1} s |",
            began.elapsed().as_secs_f64()
        );
        let failed = self.server.failed_probes();
        // Many times what it takes to find all of them down.
        eventually("many more probes fail", || (self.server.failed_probes() > failed + 60).then_some(()));
        assert!(doubts(&self.server));
        let (status, said) = get(self.scene.admin, "/readyz").unwrap();
        assert!(status == 200 && said.contains("self-doubt"), "{said}");
        self.server.wait_for_log("self-doubt: no reference answers");
        self.all_up();

        must(&["ip", "link", "set", "ours", "up"]);
        self.server.wait_for_log("self-doubt is over");
        eventually("edges pass again", || (!doubts(&self.server)).then_some(()));
        let (_, said) = get(self.scene.admin, "/readyz").unwrap();
        assert!(!said.contains("self-doubt"), "{said}");
        let passed = || {
            let kinds = ["sip", "xmpp", "https", "stun"].iter();
            let count = kinds.filter_map(|kind| {
                self.server.metric(&format!("edgesteer_probes_total{{kind=\"{kind}\",outcome=\"pass\"}}"))
            });
            count.sum::<f64>()
        };
        let before_return = passed();
        eventually("they answer again", || (passed() > before_return + 20.0).then_some(()));
        self.all_up();
        assert_eq!(moved(&self.server), before, "nobody was sent anywhere");
    }

    fn restart(&mut self, valid: std::ops::Range<SystemTime>) {
        let identity = identity(&self.ca, valid);
        self.edge.iter_mut().for_each(|peer| peer.restart(&identity));
    }
}

#[test]
#[ignore = "is run by faults_of_real_edges_are_found, in a namespace of its own"]
fn inside() {
    if !inside::is() {
        return;
    }
    let mut world = World::make();
    let all = |_: &str| true;
    let names: Vec<&str> = CHECKS.iter().map(|(check, _)| *check).collect();
    println!("| fault | {} |", names.join(" | "));
    let signal =
        |signal: Signal| move |world: &mut World| world.edge.iter_mut().for_each(|peer| peer.process().signal(signal));
    world.fault(
        "process killed",
        all,
        |world| world.edge.iter_mut().for_each(|peer| peer.process().kill()),
        |world| world.restart(now_valid()),
    );
    let reject = ["meta l4proto tcp reject with tcp reset", "meta l4proto udp reject"];
    world.fault("port closed", all, |world| world.namespace.filter(&reject), |world| world.namespace.mend());
    world.fault("packets dropped", all, |world| world.namespace.filter(&["drop"]), |world| world.namespace.mend());
    world.fault("half-open: the process is stopped", all, signal(Signal::STOP), signal(Signal::CONT));
    let day = Duration::from_secs(86_400);
    let now = SystemTime::now();
    world.fault(
        "certificate expired",
        |check| !check.starts_with("stun"),
        |world| world.restart(now - 2 * day..now - day),
        |world| world.restart(now_valid()),
    );
    world.replace_by("garbage");
    world.replace_by("drip");

    // Cut off from everything, one pool is still told: the one that was believed last, which is whichever was asked later.
    let began = Instant::now();
    must(&["ip", "link", "set", "ours", "down"]);
    let checks: Vec<&str> = CHECKS.iter().map(|(check, _)| *check).collect();
    world.found("we are cut off", &checks, "edge", began);
    eventually("everything is down", || {
        checks.iter().all(|check| world.is_up("spare", check) == Some(false)).then_some(())
    });
    for (_, owner) in CHECKS {
        let told = addresses(&look_up(world.scene.listen, owner, T::A));
        assert!([EDGE, SPARE].iter().any(|pool| told == [pool.parse().unwrap()].into()), "{owner}: {told:?}");
    }
    must(&["ip", "link", "set", "ours", "up"]);
    world.all_up();
    world.doubt_itself();
}

/// Speaks to whoever connects, until it is killed; what it says is nobody's protocol, or never ends.
#[test]
#[ignore = "is run by faults_of_real_edges_are_found, in place of a server"]
fn babble() {
    let Some(how) = std::env::var_os(BABBLE) else { return };
    if how == "neighbour" {
        let listener = TcpListener::bind((NEIGHBOUR, 443)).unwrap();
        listener.incoming().for_each(drop);
    }
    let is_drip = how == "drip";
    let edge: IpAddr = EDGE.parse().unwrap();
    for port in TCP_PORTS {
        let listener = TcpListener::bind((edge, port)).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let says: &[u8] = if is_drip { b" " } else { b"220 mail.contoso.com ESMTP\r\n" };
                    while stream.write_all(says).is_ok() {
                        std::thread::sleep(Duration::from_millis(200));
                    }
                });
            }
        });
    }
    let socket = UdpSocket::bind((edge, UDP_PORT)).unwrap();
    let mut datagram = [0; 1500];
    loop {
        let (_, from) = socket.recv_from(&mut datagram).unwrap();
        socket.send_to(b"220 mail.contoso.com ESMTP\r\n", from).unwrap();
    }
}
