//! `serve --replace` and connections: those that are open, those that are opened meanwhile, and those that are half way.
//!
//! What was begun by a process, be it a handshake or a question, is ended by it: the state of a connection cannot move.

use crate::common::edges::Edges;
use crate::common::scene::Scene;
use crate::common::server::Server;
use crate::common::tls::{self, shake};
use crate::common::{GENEROUS, eventually, fresh_address};
use crate::talkers::{Line, Manner, Talkers, Way, asked};
use edgesteer::demo::ca::ThrowawayCa;
use edgesteer::demo::edge::Mode;
use rustix::process::Signal;
use rustls::ClientConfig;
use rustls::version::{TLS12, TLS13};
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

const REPLACEMENTS: usize = 6;
/// For a process that was told to stop to begin with it, and far less than it waits for a question.
const A_MOMENT: Duration = Duration::from_millis(100);

/// A scene with DNS over TLS at that address, and a client that trusts it.
fn scene(edges: &Edges) -> (Scene, SocketAddr, ThrowawayCa) {
    let (scene, ca, tls) = (Scene::of(edges), ThrowawayCa::new().unwrap(), fresh_address());
    tls::certify(&scene, &ca);
    scene.write(&tls::text(&scene, tls));
    (scene, tls, ca)
}

#[test]
fn connections_that_are_kept_and_opened_while_processes_are_replaced_lose_no_question() {
    let edges = Edges::start();
    let (scene, tls, ca) = scene(&edges);
    let mut servers = vec![Server::ready(&scene)];
    let client = |version| Way::Tls(tls, tls::trusting(ca.pem(), version, &["dot"]));
    let ways = [("tcp", Way::Tcp(scene.listen)), ("tls", client(&TLS12)), ("tls", client(&TLS13))];
    let talkers = ways.map(|(transport, way)| (transport, Talkers::start(&way)));
    while servers.len() <= REPLACEMENTS {
        let mut next = Server::replacing(&scene, &format!("serve-{}.log", servers.len()));
        next.wait_for_log("answering");
        servers.push(next);
    }
    let last = servers.pop().unwrap();
    for server in &mut servers {
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    }
    let mut answered = [("tcp", 0), ("tls", 0)];
    for (transport, talkers) in talkers {
        for (manner, talked) in talkers.end() {
            eprintln!("{manner:?} over {transport}: {talked:?}");
            assert!(talked.wrong.is_empty() && talked.answered > 10, "{manner:?} over {transport}: {talked:?}");
            assert!(manner == Manner::Brief || talked.ended > 0, "{manner:?} over {transport}: {talked:?}");
            answered.iter_mut().filter(|(of, _)| *of == transport).for_each(|(_, sum)| *sum += talked.answered);
        }
    }
    for (transport, answered) in answered {
        let counted =
            format!("edgesteer_dns_queries_total{{lane=\"full\",rcode=\"NOERROR\",transport=\"{transport}\"}}");
        eventually("all that were answered are counted", || (last.metric(&counted)? >= answered as f64).then_some(()));
    }
}

/// A connection over TLS in whose making only `part` of what the client says first was sent; what is left to send.
fn half_a_handshake(
    tls: SocketAddr,
    client: &Arc<ClientConfig>,
    part: impl Fn(usize) -> usize,
) -> (tls::Stream, Vec<u8>) {
    let mut stream = tls::open(client, tls).unwrap();
    let mut hello = Vec::new();
    stream.conn.write_tls(&mut hello).unwrap();
    let rest = hello.split_off(part(hello.len()));
    stream.sock.write_all(&hello).unwrap();
    (stream, rest)
}

/// A shaken connection over TLS of whose first question only half was sent; what is left to send.
fn half_a_record(tls: SocketAddr, client: &Arc<ClientConfig>) -> (tls::Stream, Vec<u8>) {
    let mut stream = tls::open(client, tls).unwrap();
    shake(&mut stream).unwrap();
    stream.conn.writer().write_all(&asked(1)).unwrap();
    let mut record = Vec::new();
    stream.conn.write_tls(&mut record).unwrap();
    let rest = record.split_off(record.len() / 2);
    stream.sock.write_all(&record).unwrap();
    (stream, rest)
}

/// Stops every thread of a process until it is told to go on.
fn freeze(server: &Server) {
    server.signal(Signal::STOP);
    let threads = format!("/proc/{}/task", server.pid().as_raw_nonzero());
    eventually("every thread has stopped", || {
        let is_stopped = |thread: std::fs::DirEntry| {
            std::fs::read_to_string(thread.path().join("status")).is_ok_and(|status| status.contains("State:\tT"))
        };
        std::fs::read_dir(&threads).unwrap().all(|thread| is_stopped(thread.unwrap())).then_some(())
    });
}

#[test]
fn what_is_half_way_is_ended_by_the_process_that_began_it_and_what_waits_is_answered_by_the_next() {
    let mut edges = Edges::start();
    let (scene, tls, ca) = scene(&edges);
    let mut first = Server::ready(&scene);
    // Another check makes other targets, of which one is silent: the next process has everything and does not answer yet.
    edges.set("dublin", Mode::Silent);
    let good = std::fs::read_to_string(scene.config()).unwrap();
    let other = good.replace("timeout = \"5s\"", "timeout = \"60s\", name = \"sip.contoso.com\"");
    scene.write(&other.replace("startup_grace = \"30s\"", "startup_grace = \"2s\""));
    let mut next = Server::replacing(&scene, "next.log");
    next.wait_for_log("configuration is loaded");

    let client = tls::trusting(ca.pem(), &TLS13, &["dot"]);
    let connect = || {
        let stream = TcpStream::connect_timeout(&scene.listen, GENEROUS).unwrap();
        stream.set_read_timeout(Some(GENEROUS)).unwrap();
        stream
    };
    let question = asked(1);
    let (silent, mut halved, mut kept) = (connect(), connect(), connect());
    halved.write_all(&question[..question.len() / 2]).unwrap();
    let (hello, rest_of_hello) = half_a_handshake(tls, &client, |length| length / 2);
    let (unsaid, all_of_hello) = half_a_handshake(tls, &client, |_| 0);
    let (record, rest_of_record) = half_a_record(tls, &client);
    let [mut idle_tcp, mut idle_tls] = [Way::Tcp(scene.listen), Way::Tls(tls, client.clone())].map(|way| {
        let mut line = way.open().unwrap();
        line.ask(1).unwrap();
        line.answer_to(1).unwrap();
        line
    });
    // Connections are taken in order, so the first process has all of these. It takes no more of those that come now.
    freeze(&first);
    kept.write_all(&question).unwrap();
    let mut waiting = Line::Tcp(connect());
    waiting.ask(1).unwrap();
    let (mut waiting_tls, _) = half_a_handshake(tls, &client, |length| length);

    next.wait_for_log("answering");
    waiting.answer_to(1).unwrap();
    shake(&mut waiting_tls).unwrap();
    let mut waiting_tls = Line::Tls(Box::new(waiting_tls));
    waiting_tls.ask(2).unwrap();
    waiting_tls.answer_to(2).unwrap();

    first.signal(Signal::CONT);
    std::thread::sleep(A_MOMENT);
    let mut silent = Line::Tcp(silent);
    silent.ask(1).unwrap();
    silent.answer_to(1).unwrap();
    Line::Tcp(kept).answer_to(1).unwrap();
    halved.write_all(&question[question.len() / 2..]).unwrap();
    Line::Tcp(halved).answer_to(1).unwrap();
    for (mut stream, rest) in [(hello, rest_of_hello), (unsaid, all_of_hello)] {
        stream.sock.write_all(&rest).unwrap();
        shake(&mut stream).unwrap();
        let mut line = Line::Tls(Box::new(stream));
        line.ask(1).unwrap();
        line.answer_to(1).unwrap();
    }
    let (mut record, rest) = (record, rest_of_record);
    record.sock.write_all(&rest).unwrap();
    Line::Tls(Box::new(record)).answer_to(1).unwrap();
    for line in [&mut idle_tcp, &mut idle_tls] {
        assert!(line.was_closed(GENEROUS).unwrap(), "in order, after its last word");
    }
    assert_eq!(first.wait().code(), Some(0), "{}", first.log());
    for line in [&mut waiting, &mut waiting_tls] {
        line.ask(3).unwrap();
        line.answer_to(3).unwrap();
    }
}
