//! The country database is swapped while clients ask: every answer is wholly what the old or the new one says, and what is no
//! country database changes nothing.

use crate::common::dns::{RecordType, from_subnet, question, receive, subnet_of};
use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use crate::common::{GENEROUS, eventually};
use hickory_proto::op::Message;
use rustix::process::Signal;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

/// Between two questions of one client.
const PAUSE: Duration = Duration::from_micros(500);

/// A database of the fixtures, and what it says of one client network.
struct Says {
    file: &'static str,
    pool: &'static str,
    scope: u8,
}

/// The client network that is asked for: one address in which the databases differ.
const CLIENT: &str = "192.0.2.200/32";
/// Japan, in a part of the world in which everybody prefers Seoul, by distance or because nothing is known of them.
const FLAT: Says = Says { file: "flat-tiny", pool: "seoul", scope: 6 };
/// Berlin, alone.
const CITY: Says = Says { file: "city-tiny", pool: "dublin", scope: 32 };

/// What may be answered now. It is one number, so that who looks before and after a question knows whether it changed meanwhile.
#[derive(Default)]
struct Truth(AtomicU64);

impl Truth {
    /// Either.
    fn is_open(&self) {
        let closed = self.0.fetch_add(1, SeqCst);
        assert!(closed.is_multiple_of(2), "one swap at a time");
    }

    /// Only what this database says: odd numbers are open, of the even ones every other is the city's.
    fn is(&self, database: &Says) {
        let open = self.0.load(SeqCst);
        let wanted = if database.pool == CITY.pool { 2 } else { 0 };
        self.0.store((open + 1..).find(|number| number % 4 == wanted).unwrap(), SeqCst);
    }

    /// What alone may be answered, if there is such.
    fn of(number: u64) -> Option<&'static Says> {
        match number % 4 {
            0 => Some(&FLAT),
            2 => Some(&CITY),
            _ => None,
        }
    }
}

/// Clients over UDP and TCP that ask all the time.
struct Clients {
    truth: Arc<Truth>,
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Heard>>,
}

/// Answers that named each pool, and everything else.
#[derive(Debug, Default)]
struct Heard {
    flat: u64,
    city: u64,
    wrong: Vec<String>,
}

/// Sends a question and receives its answer.
type Exchange = Box<dyn FnMut(&Message) -> io::Result<Vec<u8>>>;

impl Clients {
    fn start(scene: &Scene) -> Self {
        let (truth, stop) = (Arc::<Truth>::default(), Arc::<AtomicBool>::default());
        let (server, pools) = (scene.listen, [scene.seoul, scene.dublin]);
        let start = |connect: fn(SocketAddr) -> Exchange, kind| {
            let (truth, stop) = (truth.clone(), stop.clone());
            std::thread::spawn(move || {
                let (mut exchange, mut heard, mut id) = (connect(server), Heard::default(), 0);
                while !stop.load(SeqCst) {
                    let mut asked = from_subnet(kind_of_question(kind), CLIENT);
                    asked.metadata.id = id;
                    id = id.wrapping_add(1);
                    let before = truth.0.load(SeqCst);
                    let answer =
                        exchange(&asked).and_then(|octets| Message::from_vec(&octets).map_err(io::Error::other));
                    let known = Truth::of(before).filter(|_| truth.0.load(SeqCst) == before);
                    match answer {
                        Ok(answer) => heard.judge(&asked, &answer, known, pools),
                        Err(error) => heard.wrong.push(error.to_string()),
                    }
                    sleep(PAUSE);
                }
                heard
            })
        };
        let clients = [(over_udp as fn(_) -> _, "sip"), (over_udp, "srv"), (over_tcp, "sip"), (over_tcp, "srv")];
        let clients = clients.map(|(connect, kind)| start(connect, kind)).into();
        Self { truth, stop, clients }
    }

    /// Ends them. Each must have heard both databases, and nothing that neither says.
    fn end(self) {
        self.stop.store(true, SeqCst);
        for client in self.clients {
            let heard = client.join().unwrap();
            eprintln!("{} of the old, {} of the new, {} wrong", heard.flat, heard.city, heard.wrong.len());
            assert!(heard.wrong.is_empty(), "{:?}", &heard.wrong[..heard.wrong.len().min(5)]);
            assert!(heard.flat > 0 && heard.city > 0, "{heard:?}");
        }
    }
}

impl Heard {
    fn judge(&mut self, asked: &Message, answer: &Message, known: Option<&Says>, pools: [std::net::IpAddr; 2]) {
        let told = crate::common::dns::addresses(answer);
        let scope = subnet_of(answer).map(|subnet| subnet.scope_prefix());
        let says = [&FLAT, &CITY].into_iter().zip(pools).find(|(says, pool)| {
            told.len() == 1
                && told.contains(pool)
                && scope == Some(says.scope)
                && asked.metadata.id == answer.metadata.id
        });
        match says.map(|(says, _)| says) {
            Some(says) if known.is_none_or(|known| known.pool == says.pool) => {
                *(if says.pool == FLAT.pool { &mut self.flat } else { &mut self.city }) += 1;
            }
            _ => self.wrong.push(format!("{told:?} with scope {scope:?}, where {:?}", known.map(|known| known.file))),
        }
    }
}

fn kind_of_question(kind: &str) -> Message {
    match kind {
        "srv" => question("_sipfederationtls._tcp.contoso.com", RecordType::SRV),
        _ => question("sip.contoso.com", RecordType::A),
    }
}

fn over_udp(server: SocketAddr) -> Exchange {
    let socket = UdpSocket::bind((server.ip(), 0)).unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(GENEROUS)).unwrap();
    Box::new(move |asked| {
        socket.send(&asked.to_vec().unwrap())?;
        receive(&socket)
    })
}

fn over_tcp(server: SocketAddr) -> Exchange {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(GENEROUS)).unwrap();
    Box::new(move |asked| {
        let octets = asked.to_vec().unwrap();
        stream.write_all(&[&(octets.len() as u16).to_be_bytes()[..], &octets].concat())?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut answer = vec![0; u16::from_be_bytes(length).into()];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    })
}

/// Puts a file in the place of the database as geoipupdate does: written beside it, then renamed over it.
fn put(scene: &Scene, content: &[u8]) {
    let new = scene.path().join("geo.mmdb.new");
    fs::write(&new, content).unwrap();
    fs::rename(&new, scene.path().join("geo.mmdb")).unwrap();
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(format!("geoip/fixtures/{name}.mmdb")).unwrap()
}

/// A server with the flat database, which it watches or not.
fn server(scene: &Scene, watch: &str) -> Server {
    put(scene, &fixture(FLAT.file));
    let text = scene.text("", QUICK).replacen("[server]", &format!("[server]\nwatch = \"{watch}\""), 1);
    scene.write(&format!("{text}\n[geoip]\ndatabase = \"geo.mmdb\"\n"));
    Server::ready(scene)
}

/// How often a server has logged something.
fn said(server: &Server, what: &str) -> usize {
    server.log().matches(what).count()
}

/// Swaps the database, has it noticed, and returns when it is taken over.
fn swap(scene: &Scene, server: &Server, clients: &Clients, database: &Says, notice: impl Fn()) {
    let before = said(server, "reload: taken over");
    clients.truth.is_open();
    put(scene, &fixture(database.file));
    notice();
    eventually("the database is taken over", || (said(server, "reload: taken over") > before).then_some(()));
    clients.truth.is(database);
}

#[test]
fn a_database_that_is_renamed_over_is_taken_over_by_sighup_and_no_answer_is_lost_or_of_neither() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let mut server = server(&scene, "off");
    let clients = Clients::start(&scene);
    for turn in 0..10 {
        let database = if turn % 2 == 0 { &CITY } else { &FLAT };
        swap(&scene, &server, &clients, database, || server.signal(Signal::HUP));
        // Both sides of a swap are asked.
        sleep(Duration::from_millis(50));
    }
    clients.end();
    server.wait_for_log("reload: [geoip] the database is now Test-City of 2023-11-14, 69 networks");
    server.wait_for_log("reload: [geoip] the database is now test-country ipvAll of");
}

#[test]
fn a_watched_database_is_taken_over_and_what_is_none_is_told_by_name_and_changes_nothing() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let server = server(&scene, "on");
    let clients = Clients::start(&scene);
    swap(&scene, &server, &clients, &CITY, || ());

    let flat = fixture(FLAT.file);
    let file = scene.path().join("geo.mmdb");
    for (bad, problem) in [
        (fixture("truncated"), "is no MaxMind-format file, or its end is missing"),
        (fixture("foreign"), "is of type \"Test-ASN\" and has neither a country nor coordinates in any record"),
        (fixture("bad-tree"), "is damaged: "),
    ] {
        put(&scene, &bad);
        let told = format!("country database {}: {problem}", file.display());
        eventually(&told, || (said(&server, &told) == 1).then_some(()));
        assert_eq!(server.metric("edgesteer_config_last_reload_success"), Some(0.0));
    }
    // Torn: somebody writes into the file itself, and rests in between.
    let mut torn = fs::File::create(&file).unwrap();
    torn.write_all(&flat[..flat.len() / 2]).unwrap();
    let told = format!("country database {}: is no MaxMind-format file, or its end is missing", file.display());
    eventually(&told, || (said(&server, &told) == 2).then_some(()));
    let before = said(&server, "reload: taken over");
    clients.truth.is_open();
    torn.write_all(&flat[flat.len() / 2..]).unwrap();
    drop(torn);
    eventually("the whole one is taken over", || (said(&server, "reload: taken over") > before).then_some(()));
    clients.truth.is(&FLAT);
    assert_eq!(server.metric("edgesteer_config_last_reload_success"), Some(1.0));

    swap(&scene, &server, &clients, &CITY, || ());
    clients.end();
    assert_eq!(said(&server, "reload: refused"), 4, "each is told once: {}", server.log());
}
