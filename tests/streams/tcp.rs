//! One connection over TCP: pieces, pipelining, half-closing, nonsense, silence, the end of the process.

use crate::Responder;
use crate::client::{HEADER, answer, ask, asked, connect, framed, id, ids, say_and_listen};
use crate::common::dns::{RecordType, question, with_edns};
use crate::common::eventually;
use rustix::process::Signal;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

const FORMERR: u8 = 1;
const REFUSED: u8 = 5;

#[test]
fn messages_are_found_however_they_are_cut() {
    let responder = Responder::start();
    let mut stream = connect(responder.scene.listen);
    stream.set_nodelay(true).unwrap();
    for octet in [asked(1), asked(2)].concat() {
        stream.write_all(&[octet]).unwrap();
    }
    assert_eq!([answer(&mut stream), answer(&mut stream)].map(|a| id(&a.unwrap())), [1, 2]);
    // Connections last: RFC 7766 section 6.2.1.
    ask(&mut stream, 3);
}

#[test]
fn a_thousand_pipelined_questions_are_answered_though_nobody_reads_at_first() {
    let responder = Responder::start();
    let all: Vec<u8> = (0..1000).flat_map(asked).collect();
    // Everything is said before anything is read, and what was asked before half-closing is answered.
    assert_eq!(say_and_listen(responder.scene.listen, &all), (0..1000).collect::<Vec<_>>());
}

#[test]
fn what_is_no_question_ends_the_connection() {
    let responder = Responder::start();
    let mut reply = question("sip.contoso.com", RecordType::A).to_vec().unwrap();
    reply[2] |= 0x80;
    let garbage = [0xff, 0xff, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    for (name, said, answered) in [
        ("length 0", vec![0, 0], &[1][..]),
        ("length 5", vec![0, 5, 1, 2, 3, 4, 5], &[1]),
        ("a reply", framed(&reply), &[1]),
        ("garbage", framed(&garbage), &[1, 0xffff]),
        ("HTTP", b"GET / HTTP/1.1\r\n\r\n".to_vec(), &[1]),
    ] {
        let said = [asked(1), said, asked(2)].concat();
        assert_eq!(say_and_listen(responder.scene.listen, &said), answered, "{name}");
        let mut stream = connect(responder.scene.listen);
        stream.write_all(&said).unwrap();
        assert_eq!(ids(&mut stream), answered, "{name}, not half-closed");
    }
    let mut stream = connect(responder.scene.listen);
    stream.write_all(&framed(&garbage)).unwrap();
    assert_eq!(answer(&mut stream).unwrap()[3] & 0x0f, FORMERR);
}

#[test]
fn who_is_misled_by_a_client_of_its_own_keeps_its_connection() {
    let responder = Responder::start();
    // Whole messages that say nonsense: a forwarder hands on what it was asked, and has other questions on its way.
    let mut none = question("contoso.com", RecordType::SOA).to_vec().unwrap();
    none.truncate(HEADER);
    none[5] = 0;
    let mut meta = question("contoso.com", RecordType::SOA).to_vec().unwrap();
    let kind = meta.len() - 3;
    meta[kind] = 41;
    let mut subnet = with_edns(question("contoso.com", RecordType::SOA), 1232).to_vec().unwrap();
    let length = subnet.len() - 1;
    subnet[length] = 6;
    subnet.extend([0, 8, 0, 2, 0, 1]);
    let said = [asked(1), framed(&none), framed(&meta), framed(&subnet), asked(2)].concat();
    let mut stream = connect(responder.scene.listen);
    stream.write_all(&said).unwrap();
    let codes: Vec<u8> = (0..5).map(|_| answer(&mut stream).expect("an answer, not the end")[3] & 0x0f).collect();
    assert_eq!(codes, [0, FORMERR, FORMERR, FORMERR, 0]);
    ask(&mut stream, 3);
}

#[test]
fn zones_are_not_copied() {
    let responder = Responder::start();
    let mut stream = connect(responder.scene.listen);
    for kind in [RecordType::AXFR, RecordType::IXFR] {
        stream.write_all(&framed(&question("contoso.com", kind).to_vec().unwrap())).unwrap();
        assert_eq!(answer(&mut stream).unwrap()[3] & 0x0f, REFUSED);
    }
    ask(&mut stream, 1);
}

#[test]
fn every_kind_of_silence_is_ended_by_the_server() {
    let responder = Responder::start();
    let kinds: [(&str, &[u8], &[u16]); 5] = [
        ("nothing", &[], &[]),
        ("one octet", &[0], &[]),
        ("half a message", &asked(1)[..20], &[]),
        ("65535 promised", &[0xff, 0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9], &[]),
        ("a question, then nothing", &asked(7), &[7]),
    ];
    let mut silent: Vec<(&str, TcpStream, &[u16])> = Vec::new();
    for (name, said, answered) in kinds {
        let mut stream = connect(responder.scene.listen);
        stream.write_all(said).unwrap();
        silent.push((name, stream, answered));
    }
    // They wait beside one another, each for its deadline; `ids` gives up after a generous time.
    for (name, mut stream, answered) in silent {
        assert_eq!(ids(&mut stream), answered, "{name}");
    }
    // The peer sees the end a moment before the server has counted it.
    eventually("no connection is left", || (responder.connections("tcp") == 0).then_some(()));
}

#[test]
fn a_dripping_message_is_not_waited_for() {
    let responder = Responder::start();
    let mut stream = connect(responder.scene.listen);
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    // Each octet comes well before any time-out of a single read; the message would take most of a minute.
    let sent = asked(1).iter().take_while(|octet| stream.write_all(&[**octet]).is_ok() && !ended(&stream)).count();
    assert!(sent < asked(1).len(), "the whole message was waited for");
}

/// Whether the server ends the connection within the read time-out.
fn ended(stream: &TcpStream) -> bool {
    stream.peek(&mut [0]).is_ok_and(|octets| octets == 0)
}

#[test]
fn a_stop_ends_connections_in_order() {
    let mut responder = Responder::start();
    let mut streams: Vec<_> = (0..50).map(|_| connect(responder.scene.listen)).collect();
    streams.iter_mut().enumerate().for_each(|(i, stream)| ask(stream, i as u16));
    responder.server.signal(Signal::TERM);
    for mut stream in streams {
        assert_eq!(answer(&mut stream), None);
    }
    assert!(responder.server.wait().success(), "{}", responder.server.log());
}
