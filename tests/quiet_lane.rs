//! Hot questions allocate nothing and free nothing, also across a reload and after a pause: counted by the allocator.
//!
//! Once in process, and once with the real threads and sockets, where everything that the process allocates is counted.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![allow(unsafe_code, reason = "an allocator cannot be made without")]

use edgesteer::app;
use edgesteer::config::Dns;
use edgesteer::control::Beliefs;
use edgesteer::lane::direct::{Direct, Outcome};
use edgesteer::lane::{Doors, Given, Lanes, Sockets, Tally};
use edgesteer::snapshot::{Publisher, Row};
use edgesteer::topology::Topology;
use prometheus::Registry;
use std::alloc::{GlobalAlloc, Layout, System};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Allocations and frees of the whole process.
static TOUCHED: AtomicU64 = AtomicU64::new(0);

/// The system's allocator, counted.
struct Counting;

// SAFETY: every call is the system allocator's own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TOUCHED.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        TOUCHED.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CONFIGURATION: &str = r#"
[zone."contoso.com"]
ns = { "ns1.contoso.com" = ["192.0.2.53"] }
[pool.seoul]
location = "KR"
fqdn = "access-seoul.contoso.com"
endpoints = ["192.0.2.10", "192.0.2.11", "2001:db8:1::10"]
[pool.dublin]
location = "IE"
fqdn = "access-dublin.contoso.com"
endpoints = ["198.51.100.10", "2001:db8:2::10"]
[service.federation]
kind = "sip-federation"
domains = ["contoso.com"]
pools = ["seoul", "dublin"]
[service.directory]
kind = "generic"
domains = ["contoso.com"]
srv = { owner = "_ldap._tcp.{domain}", port = 636 }
shape = "ordered"
pools = ["seoul", "dublin"]
check = { kind = "tcp", port = 636 }
"#;

fn topology() -> Arc<Topology> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("quiet.toml");
    std::fs::write(&path, CONFIGURATION).unwrap();
    app::load(&path).unwrap_or_else(|error| panic!("{error}")).topology
}

fn rows(topology: &Arc<Topology>) -> Vec<Row> {
    Beliefs::new(topology.clone()).render_all(Instant::now())
}

/// A limit that no question here comes near, and a name to tell.
fn dns() -> Dns {
    let mut dns = Dns { nsid: Some("gtm1".into()), ..Dns::default() };
    if let Some(limit) = &mut dns.rate_limit {
        (limit.per_second, limit.exempt) = (1_000_000, Vec::new());
    }
    dns
}

/// Every kind of hot question: names with types, each plain and with every option.
fn questions() -> Vec<Vec<u8>> {
    let mut questions = Vec::new();
    let opt = [
        &[0, 0, 41, 4, 208, 0, 0, 0x80, 0, 0, 39][..],
        &[0, 8, 0, 7, 0, 1, 24, 0, 87, 32, 1],
        &[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0, 3, 0, 0],
        &[0, 12, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    for (name, kind) in [
        ("SIP.contoso.com", 1),
        ("sip.Contoso.com", 28),
        ("_sipfederationtls._tcp.contoso.com", 33),
        ("_ldap._tcp.contoso.com", 33),
        ("access-dublin.contoso.com", 1),
        ("ns1.contoso.com", 1),
        ("contoso.com", 6),
        ("_tcp.contoso.com", 1),
        ("sip.contoso.com", 65),
        ("nobody.contoso.com", 1),
        ("elsewhere.example", 1),
    ] {
        let labels = name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat());
        let name: Vec<u8> = labels.chain([0]).collect();
        for opt in [&[][..], &opt] {
            let head = [0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(!opt.is_empty())];
            questions.push([&head, &name[..], &[0, kind, 0, 1], opt].concat());
        }
    }
    questions
}

/// What was allocated or freed meanwhile.
fn touched(work: impl FnOnce()) -> u64 {
    let before = TOUCHED.load(Ordering::Relaxed);
    work();
    TOUCHED.load(Ordering::Relaxed) - before
}

/// One test: the count is the process's, and the harness allocates when a test ends.
#[test]
fn hot_questions_are_quiet() {
    a_lane_in_process_is_quiet_across_a_reload_and_after_a_pause();
    the_threads_are_quiet();
}

fn a_lane_in_process_is_quiet_across_a_reload_and_after_a_pause() {
    let (topology, questions) = (topology(), questions());
    let mut publisher = Publisher::new(topology.clone(), rows(&topology));
    let mut lanes = Direct::new(&publisher.lake(), &dns(), &Tally::new(&Registry::new()).unwrap());
    let client: SocketAddr = "87.32.0.1:4000".parse().unwrap();
    let ask_all = |lanes: &mut Direct| {
        for question in &questions {
            lanes.tick();
            assert!(matches!(lanes.fast(question, client), Outcome::Answer(_)), "{question:?}");
        }
    };
    // The first reading of a thread makes its place among the readers.
    ask_all(&mut lanes);
    assert_eq!(touched(|| (0..100).for_each(|_| ask_all(&mut lanes))), 0);
    drop(topology);
    for asked in [true, false] {
        let next = self::topology();
        let rows = rows(&next);
        publisher.replace(next, rows);
        assert_eq!((publisher.retired(), publisher.sweep().len()), (1, 0), "the lane holds what it read last");
        // The lane is the last who held the old topology but the publisher, and a lane that nobody asks looks too.
        assert_eq!(touched(|| if asked { ask_all(&mut lanes) } else { lanes.idle() }), 0);
        let free = publisher.sweep();
        assert_eq!(free.len(), 1, "what no lane holds can be freed elsewhere");
        assert!(touched(|| drop(free)) > 100, "freeing it would have been seen");
    }
}

fn the_threads_are_quiet() {
    let (topology, questions) = (topology(), questions());
    let mut publisher = Publisher::new(topology.clone(), rows(&topology));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lanes = runtime.block_on(async {
        let listen = ["127.0.0.1:0", "127.0.0.2:0"].map(|address| address.parse().unwrap());
        let doors = Doors { listen: &listen, tls: None, connections: 1, lanes: 2 };
        let sockets = Sockets::bind(doors, &mut Given::default()).unwrap();
        let tally = Tally::new(&Registry::new()).unwrap();
        Lanes::start(doors, sockets, &dns(), &publisher.lake(), tally).unwrap()
    });
    let sockets: Vec<_> = (0..8).map(|i| client(lanes.addresses()[i % 2])).collect();
    let mut answer = [0; 2048];
    let mut ask_all = || {
        for socket in &sockets {
            for question in &questions {
                socket.send(question).unwrap();
                let length = socket.recv(&mut answer).unwrap();
                assert!(length > 12 && answer[..2] == question[..2]);
            }
        }
    };
    ask_all();
    assert_eq!(touched(|| (0..20).for_each(|_| ask_all())), 0);
    let next = self::topology();
    let rows = rows(&next);
    publisher.replace(next, rows);
    assert_eq!(touched(&mut ask_all), 0, "also across a reload");
    let next = self::topology();
    publisher.replace(next.clone(), self::rows(&next));
    // Nobody asks: the lanes let go all the same.
    let began = Instant::now();
    while publisher.retired() > 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "a lane keeps an old snapshot");
        std::thread::sleep(Duration::from_millis(10));
        publisher.sweep();
    }
    runtime.block_on(lanes.stop());
}

fn client(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    socket
}
