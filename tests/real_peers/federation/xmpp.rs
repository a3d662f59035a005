//! Three prosodies: one at each pool of contoso.com, one at fabrikam.example, where alice writes to bob@contoso.com.
//!
//! Bob is away, so the pool that has a message keeps it in a file, which is counted. A message to nobody is refused, and the refusal
//! comes back over a stream that the pool opens itself.

use super::{DUBLIN, PARTNER, SEOUL, World};
use crate::common::{GENEROUS, eventually};
use crate::inside;
use crate::software::{Peer, Software};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const POOL: Software = Software {
    name: "prosody",
    package: "prosody",
    files: &[
        (
            "prosody.cfg.lua",
            r#"
run_as_root = true
pidfile = "DIR/prosody.pid"
data_path = "DIR"
log = { info = "*console" }
modules_enabled = { "tls"; "saslauth"; "disco" }
modules_disabled = { "c2s"; "http"; "s2s_auth_dane_in" }
interfaces = { "IP" }
ssl = { certificate = "DIR/certificate.pem"; key = "DIR/key.pem"; cafile = "DIR/../../ca.pem" }
s2s_require_encryption = true
s2s_secure_auth = true
VirtualHost "contoso.com"
"#,
        ),
        ("contoso%2ecom/accounts/bob.dat", "return { [\"password\"] = \"secret\"; };\n"),
    ],
    command: &["prosody", "--config", "DIR/prosody.cfg.lua", "-F"],
};

/// The same for the partner, with one user who may log in without TLS, from this host.
const FABRIKAM: Software = Software {
    name: "prosody",
    package: "prosody",
    files: &[
        (
            "prosody.cfg.lua",
            r#"
run_as_root = true
pidfile = "DIR/prosody.pid"
data_path = "DIR"
log = { info = "*console" }
modules_enabled = { "tls"; "saslauth"; "disco" }
modules_disabled = { "http"; "s2s_auth_dane_in" }
interfaces = { "IP" }
ssl = { certificate = "DIR/certificate.pem"; key = "DIR/key.pem"; cafile = "DIR/../../ca.pem" }
s2s_require_encryption = true
s2s_secure_auth = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
VirtualHost "fabrikam.example"
"#,
        ),
        ("fabrikam%2eexample/accounts/alice.dat", "return { [\"password\"] = \"secret\"; };\n"),
    ],
    command: &["prosody", "--config", "DIR/prosody.cfg.lua", "-F"],
};

const SERVICES: &str = r#"
[service.xmpp]
kind = "xmpp"
domains = ["contoso.com"]
pools = ["seoul", "dublin"]
steering = "failover"
ttl = "1s"
check = { kind = "xmpp", port = 5269, tls = { ca = "ca.pem" } }
"#;
/// Messages that must arrive one and all.
const MANY: usize = 20;
/// Between two messages of somebody who tries again and again.
const PATIENCE: Duration = Duration::from_millis(100);

#[test]
#[ignore = "needs root, prosody and unbound; run by .ci/run"]
fn messages_reach_the_pool_that_lives() {
    inside::run("federation::xmpp::within");
}

#[test]
#[ignore = "is run by messages_reach_the_pool_that_lives, in namespaces of its own"]
fn within() {
    if !inside::is() {
        return;
    }
    let mut world = World::start(&POOL, &FABRIKAM, SERVICES);
    world.all_up(&["xmpp:5269"]);
    world.told("xmpp.contoso.com", SEOUL);
    let mut alice = Alice::log_in();
    alice.all_arrive(&world.seoul, MANY);
    alice.is_refused_by("seoul");
    assert_eq!(kept(&world.dublin), 0, "nobody was sent to dublin");

    world.seoul.process().kill();
    let (lost, seoul_had) = (alice.until_one_arrives(&world.dublin), kept(&world.seoul));
    println!(
        "killed pool: {lost} messages, one each {PATIENCE:?}, were sent before one arrived through the other pool"
    );
    alice.all_arrive(&world.dublin, MANY);
    alice.is_refused_by("dublin");
    assert_eq!(kept(&world.seoul), seoul_had, "a dead pool has no new messages");

    // Repaired, it waits for an operator, as XMPP does by default; then the other pool may die.
    world.seoul.restart(&world.identity);
    world.all_up(&["xmpp:5269"]);
    world.told("xmpp.contoso.com", DUBLIN);
    world.release("seoul");
    world.told("xmpp.contoso.com", SEOUL);
    world.dublin.process().kill();
    alice.until_one_arrives(&world.seoul);
    alice.all_arrive(&world.seoul, MANY);
}

/// Messages that a pool keeps for bob.
fn kept(pool: &Peer) -> usize {
    let file = pool.directory().join("contoso%2ecom/offline/bob.list");
    std::fs::read_to_string(file).map_or(0, |text| text.matches("hello bob").count())
}

/// The partner's user, at her server.
struct Alice {
    stream: TcpStream,
    heard: String,
    sent: usize,
}

impl Alice {
    /// A stream of RFC 6120 with SASL PLAIN and a resource.
    fn log_in() -> Self {
        let server = SocketAddr::new(PARTNER.parse().unwrap(), 5222);
        let stream = eventually("the partner's server listens", || TcpStream::connect(server).ok());
        stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        let mut alice = Self { stream, heard: String::new(), sent: 0 };
        let open = "<?xml version='1.0'?><stream:stream to='fabrikam.example' version='1.0' xmlns='jabber:client' \
                    xmlns:stream='http://etherx.jabber.org/streams'>";
        alice.says(open, "</stream:features>");
        // NUL alice NUL secret.
        let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>";
        alice.says(auth, "<success");
        alice.says(open, "</stream:features>");
        alice.says("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", "<jid>");
        alice
    }

    /// Sends that and waits for an answer with those words.
    fn says(&mut self, words: &str, answer: &str) {
        self.heard.clear();
        self.stream.write_all(words.as_bytes()).unwrap();
        eventually(&format!("{answer} after {words}"), || self.hears(answer).then_some(()));
    }

    fn hears(&mut self, words: &str) -> bool {
        let mut octets = [0; 4096];
        match self.stream.read(&mut octets) {
            Ok(length) => self.heard += &String::from_utf8_lossy(&octets[..length]),
            Err(error) => assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}"),
        }
        self.heard.contains(words)
    }

    fn writes_to(&mut self, whom: &str) {
        self.sent += 1;
        let message = format!(
            "<message to='{whom}@contoso.com' id='m{}' type='chat'><body>hello {whom}, this is message {}</body></message>",
            self.sent, self.sent
        );
        self.stream.write_all(message.as_bytes()).unwrap();
    }

    /// Writes to bob that often, and waits until the pool has all of them.
    fn all_arrive(&mut self, pool: &Peer, many: usize) {
        let before = kept(pool);
        (0..many).for_each(|_| self.writes_to("bob"));
        eventually(&format!("{many} messages arrive"), || (kept(pool) == before + many).then_some(()));
    }

    /// Writes to bob again and again until the pool has more; tells how often that was.
    fn until_one_arrives(&mut self, pool: &Peer) -> usize {
        let (before, sent) = (kept(pool), self.sent);
        eventually("a message arrives", || {
            self.writes_to("bob");
            std::thread::sleep(PATIENCE);
            (kept(pool) > before).then_some(())
        });
        // What was queued on the way arrives with it.
        let quiet = || {
            let now = kept(pool);
            std::thread::sleep(PATIENCE);
            (kept(pool) == now).then_some(())
        };
        eventually("no more arrive", quiet);
        self.sent - sent
    }

    /// Writes to nobody, and is told so by the pool, over a stream of its own.
    fn is_refused_by(&mut self, pool: &str) {
        self.heard.clear();
        self.writes_to("nobody");
        let deadline = format!("{pool} refuses a message to nobody within {GENEROUS:?}");
        eventually(&deadline, || self.hears("service-unavailable").then_some(()));
    }
}
