//! The binary against the RFCs that it obeys: a file for each, a test for each section, named by it.
//!
//! No pool of these servers listens, so every pool is told: what is asked here is DNS, not steering.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "../common/mod.rs"]
mod common;

mod rfc1034;
mod rfc1035;
mod rfc1995;
mod rfc2181;
mod rfc2308;
mod rfc2782;
mod rfc3597;
mod rfc4592;
mod rfc5001;
mod rfc5936;
mod rfc6604;
mod rfc6891;
mod rfc7766;
mod rfc7828;
mod rfc7830;
mod rfc7858;
mod rfc7871;
mod rfc7873;
mod rfc8020;
mod rfc8482;
mod rfc8906;
mod rfc8914;
mod rfc8945;
mod rfc9018;
mod rfc9210;
mod rfc9471;
mod rfc9619;
mod signing;
mod zones;

use common::dns::{tcp, udp};
use common::scene::{QUICK, Scene};
use common::server::Server;
use common::{GENEROUS, eventually};
use edgesteer::demo::ca::ThrowawayCa;
use hickory_proto::op::{Message, MessageType};
use rustix::process::Signal;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Types and codes as IANA numbers them.
const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const DS: u16 = 43;
const ANY: u16 = 255;
const NOERROR: u16 = 0;
const FORMERR: u16 = 1;
const SERVFAIL: u16 = 2;
const NXDOMAIN: u16 = 3;
const NOTIMP: u16 = 4;
const REFUSED: u16 = 5;
const NOTAUTH: u16 = 9;
const BADVERS: u16 = 16;
const BADCOOKIE: u16 = 23;
const SUBNET: u16 = 8;
const COOKIE: u16 = 10;
const KEEPALIVE: u16 = 11;
const PADDING: u16 = 12;

/// What the log says of a reload that succeeded.
const TAKEN_OVER: &str = "reload: taken over";

/// The id of every question.
const ID: [u8; 2] = [0xab, 0xcd];
/// An OPT of 1232 octets, version 0, without options.
const OPT: &[u8] = &[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];

/// A server at work, and where.
struct Serving {
    at: SocketAddr,
    server: Server,
    scene: Scene,
}

impl Serving {
    /// With these further keys of `[server]`.
    fn with(keys: &str) -> Self {
        Self::beside(keys, &[])
    }

    /// With keys and with files that only we may read.
    fn beside(keys: &str, secrets: &[(&str, &str)]) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let scene = Scene::deserted(ThrowawayCa::new().unwrap().pem());
        for (name, content) in secrets {
            let path = scene.path().join(name);
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let check = format!("{QUICK}, fall = 1");
        Self::of(scene.text("", &check).replacen("[server]", &format!("[server]\n{keys}"), 1), scene)
    }

    /// One that resolves for us, and has nobody to ask.
    fn resolving() -> Self {
        let scene = Scene::deserted(ThrowawayCa::new().unwrap().pem());
        let (check, nobody) = (format!("{QUICK}, fall = 1"), common::fresh_address());
        let resolver =
            format!("[resolver]\nallow = [\"127.0.0.1/32\"]\nupstreams = [\"{nobody}\"]\ntimeout = \"1s\"\n");
        Self::of(scene.text("", &check) + &resolver, scene)
    }

    fn of(text: String, scene: Scene) -> Self {
        scene.write(&text);
        let server = Server::ready(&scene);
        Self { at: scene.listen, server, scene }
    }

    /// With zones from files, and with steered names in one of them.
    fn hosting() -> Arc<Self> {
        static SHARED: Mutex<Weak<Serving>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Self::of_zones());
            *shared = Arc::downgrade(&started);
            started
        })
    }

    fn of_zones() -> Self {
        let scene = Scene::deserted(ThrowawayCa::new().unwrap().pem());
        std::fs::write(scene.path().join("contoso.zone"), zones::contoso()).unwrap();
        std::fs::write(scene.path().join("static.zone"), zones::STATIC).unwrap();
        let text = scene.text("", &format!("{QUICK}, fall = 1"));
        let text = text.replacen("[zone.\"contoso.com\"]", "[zone.\"contoso.com\"]\nrecords = \"contoso.zone\"", 1);
        scene.write(&format!("{text}\n[zone.\"static.example\"]\nrecords = \"static.zone\"\n"));
        let server = Server::ready(&scene);
        Self { at: scene.listen, server, scene }
    }

    /// As it comes. Tests that run at the same time share one, which ends with the last of them.
    fn start() -> Arc<Self> {
        static SHARED: Mutex<Weak<Serving>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Self::with(""));
            *shared = Arc::downgrade(&started);
            started
        })
    }

    /// Has another file take the place of one beside the configuration, and waits until the server has read it.
    fn reload(&mut self, name: &str, content: &str) {
        std::fs::write(self.scene.path().join(name), content).unwrap();
        let before = self.server.log().matches(TAKEN_OVER).count();
        self.server.signal(Signal::HUP);
        eventually("the reload is taken over", || {
            (self.server.log().matches(TAKEN_OVER).count() > before).then_some(())
        });
    }

    /// The answer over UDP.
    fn ask(&self, question: &[u8]) -> Message {
        read(&udp(self.at, question).unwrap())
    }

    /// The answer over TCP.
    fn ask_tcp(&self, question: &[u8]) -> Message {
        read(&tcp(self.at, question).unwrap())
    }
}

/// A connection whose messages are framed (RFC 1035 section 4.2.2).
struct Connection<S>(S);

impl Connection<TcpStream> {
    fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&server, GENEROUS).unwrap();
        stream.set_read_timeout(Some(GENEROUS)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }
}

impl<S: Read + Write> Connection<S> {
    /// Says a message, length and all in one piece.
    fn say(&mut self, message: &[u8]) {
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length, message].concat()).unwrap();
        self.0.flush().unwrap();
    }

    /// The octets of the next answer; `None` where the server has ended.
    fn hear(&mut self) -> Option<Vec<u8>> {
        let mut length = [0; 2];
        match self.0.read_exact(&mut length) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return None,
            read => read.unwrap(),
        }
        let mut octets = vec![0; u16::from_be_bytes(length).into()];
        self.0.read_exact(&mut octets).unwrap();
        Some(octets)
    }

    /// The answer to a message.
    fn ask(&mut self, message: &[u8]) -> Message {
        self.say(message);
        read(&self.hear().expect("an answer, not the end"))
    }
}

fn read(octets: &[u8]) -> Message {
    let message = Message::from_vec(octets).unwrap();
    assert_eq!((&octets[..2], message.metadata.message_type), (&ID[..], MessageType::Response));
    message
}

/// A name in its wire form.
fn wire(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    labels.flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).chain([0]).collect()
}

/// A message with these flags, counts and octets.
fn message(flags: [u8; 2], counts: [u16; 4], body: &[&[u8]]) -> Vec<u8> {
    [&ID[..], &flags, &counts.map(u16::to_be_bytes).concat(), &body.concat()].concat()
}

/// A question of class IN.
fn question(name: &str, kind: u16) -> Vec<u8> {
    [&wire(name)[..], &kind.to_be_bytes(), &[0, 1]].concat()
}

/// The simplest message that asks something.
fn plain(name: &str, kind: u16) -> Vec<u8> {
    message([0, 0], [1, 0, 0, 0], &[&question(name, kind)])
}

/// An OPT with this size, TTL and options.
fn opt(size: u16, ttl: [u8; 4], options: &[u8]) -> Vec<u8> {
    [&OPT[..3], &size.to_be_bytes(), &ttl, &(options.len() as u16).to_be_bytes(), options].concat()
}

/// The same question with an OPT and its options.
fn edns(name: &str, kind: u16, options: &[u8]) -> Vec<u8> {
    message([0, 0], [1, 0, 0, 1], &[&question(name, kind), &opt(1232, [0; 4], options)])
}

/// An option.
fn option(code: u16, data: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes()[..], &(data.len() as u16).to_be_bytes(), data].concat()
}

/// RCODE with its extended part.
fn code(message: &Message) -> u16 {
    message.metadata.response_code.into()
}

/// The data of an option of an answer.
fn option_of(message: &Message, code: u16) -> Option<Vec<u8>> {
    message.edns.as_ref()?.option(code.into()).map(|option| Vec::try_from(option).unwrap())
}

/// The owners of a section's records, without the final dot, and their types.
fn owned(records: &[hickory_proto::rr::Record]) -> Vec<(String, u16)> {
    let name = |record: &hickory_proto::rr::Record| record.name.to_string().trim_end_matches('.').to_owned();
    records.iter().map(|record| (name(record), record.record_type().into())).collect()
}

/// The types of a section's records.
fn types(records: &[hickory_proto::rr::Record]) -> Vec<u16> {
    records.iter().map(|record| record.record_type().into()).collect()
}
