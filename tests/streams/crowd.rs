//! Many connections: thousands that mean harm, no files left. Whoever asks is answered all the same.

use crate::Responder;
use crate::client::{answer, ask, asked, connect, connect_from, id};
use crate::common::dns::{RecordType, look_up};
use crate::common::eventually;
use edgesteer::limits::{ACCEPT_PAUSE, STREAM_CLIENT_PART, STREAMS_MAX};
use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Instant;

const HOSTILE: usize = 2000;
const BATCH: usize = 100;

/// The addresses of the crowd; none of them may have so many seats as to make room for itself alone.
fn member(i: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 200, 0, 1 + (i % 8) as u8)
}

/// One that takes a seat and gives nothing for it, each in one of five ways.
fn hostile(responder: &Responder, i: usize) -> TcpStream {
    let mut stream = connect_from(member(i), responder.scene.listen);
    match i % 5 {
        0 => {}
        1 => stream.write_all(&[0]).unwrap(),
        2 => stream.write_all(&asked(1)[..20]).unwrap(),
        3 => stream.write_all(&[0xff, 0xff, 1, 2, 3]).unwrap(),
        // Asks and never reads.
        _ => {
            stream.set_nonblocking(true).unwrap();
            let _ = stream.write(&asked(1).repeat(1000));
        }
    }
    stream
}

fn udp_is_answered(responder: &Responder) {
    assert_eq!(look_up(responder.scene.listen, "contoso.com", RecordType::SOA).answers.len(), 1);
}

#[test]
fn two_thousand_who_mean_harm_keep_nobody_out() {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let responder = Responder::start();
    let files = responder.files();
    let mut lasting = connect(responder.scene.listen);
    let mut crowd = Vec::new();
    for batch in 0..HOSTILE / BATCH {
        crowd.extend((0..BATCH).map(|i| hostile(&responder, batch * BATCH + i)));
        udp_is_answered(&responder);
        ask(&mut connect(responder.scene.listen), 1);
        // Who asks now and then is never the idlest.
        ask(&mut lasting, batch as u16);
        assert!(responder.connections("tcp") <= STREAMS_MAX as u64);
    }
    // The idle are told to go, and those that are stuck are cut off.
    drop(lasting);
    eventually("nobody is seated", || (responder.connections("tcp") == 0).then_some(()));
    eventually("nothing is kept of them", || (responder.files() <= files).then_some(()));
    drop(crowd);
}

#[test]
fn a_client_of_many_connections_gives_way_to_itself() {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let responder = Responder::start();
    let stranger = member(0);
    let mut other = connect_from(stranger, responder.scene.listen);
    ask(&mut other, 1);
    let share = STREAMS_MAX / STREAM_CLIENT_PART;
    let _idle: Vec<_> = (0..share + 200).map(|_| connect(responder.scene.listen)).collect();
    ask(&mut connect(responder.scene.listen), 2);
    assert!(responder.refused("tcp", "client") >= 200);
    assert_eq!(responder.refused("tcp", "full"), 0);
    ask(&mut other, 3);
}

#[test]
fn without_files_the_loop_waits_and_then_goes_on() {
    let responder = Responder::start();
    let pid = Some(responder.server.pid());
    let seated: Vec<_> = (0..3).map(|_| connect(responder.scene.listen)).collect();
    eventually("they are seated", || (responder.connections("tcp") == 3).then_some(()));
    let allowed = getrlimit(Resource::Nofile);
    // The admin listener and probes fail too, and UDP needs no more files.
    let none = Rlimit { current: Some(0), maximum: allowed.maximum };
    let began = Instant::now();
    prlimit(pid, Resource::Nofile, none).unwrap();
    // The system has accepted them; the server cannot.
    let waiting: Vec<_> = (0..10).map(|_| connect(responder.scene.listen)).collect();
    let mut asking = connect(responder.scene.listen);
    asking.write_all(&asked(1)).unwrap();
    for _ in 0..100 {
        udp_is_answered(&responder);
    }
    std::thread::sleep(5 * ACCEPT_PAUSE);
    prlimit(pid, Resource::Nofile, allowed).unwrap();
    let pauses = began.elapsed().as_millis() / ACCEPT_PAUSE.as_millis() + 1;
    let answered = answer(&mut asking).expect("an answer, not the end");
    assert_eq!(id(&answered), 1);
    let failed = eventually("the admin listener is back", || {
        responder.server.status("/readyz").map(|_| responder.refused("tcp", "accept"))
    });
    assert!(failed > 0, "there were files after all");
    assert!(u128::from(failed) <= pauses, "{failed} failures in {pauses} pauses: the loop spins");
    drop((seated, waiting));
}

#[test]
fn a_server_whose_clients_hold_every_file_takes_one_back_for_the_next() {
    let responder = Responder::start();
    let pid = Some(responder.server.pid());
    let mut served: Vec<_> = (0..20).map(|_| connect(responder.scene.listen)).collect();
    eventually("they are seated", || (responder.connections("tcp") == 20).then_some(()));
    let allowed = getrlimit(Resource::Nofile);
    let most = responder.files_at_most();
    prlimit(pid, Resource::Nofile, Rlimit { current: Some(most), maximum: allowed.maximum }).unwrap();
    // Alone they are more than there can be files.
    let mut waiting: Vec<_> = (0..most).map(|_| waiting(&responder)).collect();
    eventually("everyone is answered once", || {
        // Who was answered asks again and again, so that none leaves by itself for being idle.
        served.retain_mut(|stream| stream.write_all(&asked(1)).is_ok() && answer(stream).is_some());
        for mut stream in waiting.extract_if(.., |stream| stream.peek(&mut [0]).is_ok_and(|octets| octets > 0)) {
            stream.set_nonblocking(false).unwrap();
            assert_eq!(answer(&mut stream).map(|answer| id(&answer)), Some(2));
            served.push(stream);
        }
        waiting.is_empty().then_some(())
    });
    prlimit(pid, Resource::Nofile, allowed).unwrap();
    assert!(responder.refused("tcp", "accept") > 0, "there were files enough");
}

/// One that has asked and does not wait for the answer.
fn waiting(responder: &Responder) -> TcpStream {
    let mut stream = connect(responder.scene.listen);
    stream.write_all(&asked(2)).unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}
