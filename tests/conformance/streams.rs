//! What is said over TCP beyond plain questions: in how many answers it ends.

use crate::common::GENEROUS;
use crate::packets::{soa, word};
use crate::print;
use crate::servers::Servers;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};

fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&server, GENEROUS).unwrap();
    stream.set_read_timeout(Some(GENEROUS)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Says octets in pieces, ends its side, and tells what was heard until the server ended its own: the words of the answers, or
/// how many there are where they are many.
fn heard(server: SocketAddr, octets: &[u8], piece: usize) -> String {
    let mut stream = connect(server);
    let mut writer = stream.try_clone().unwrap();
    let octets = octets.to_vec();
    let saying = std::thread::spawn(move || {
        // A server that ends early is told nothing more.
        let _ = octets.chunks(piece).try_for_each(|piece| writer.write_all(piece));
        let _ = writer.shutdown(Shutdown::Write);
    });
    let mut words = Vec::new();
    let mut length = [0; 2];
    while stream.read_exact(&mut length).is_ok() {
        let mut answer = vec![0; u16::from_be_bytes(length).into()];
        if stream.read_exact(&mut answer).is_err() {
            words.push("half an answer".to_owned());
            break;
        }
        words.push(word(u16::from(answer[3] & 0x0f)));
    }
    saying.join().unwrap();
    match words.len() {
        0 => "-".to_owned(),
        many @ 10.. => many.to_string(),
        _ => words.join(" "),
    }
}

#[test]
#[ignore = "needs knotd and nsd; run by .ci/run"]
fn odd_streams() {
    let servers = Servers::start();
    let good = framed(&soa());
    let mut reply = soa();
    reply[2] |= 0x80;
    let mut transfer = soa();
    let kind = transfer.len() - 3;
    transfer[kind] = 252;
    let mut none = soa()[..12].to_vec();
    none[5] = 0;
    let all = usize::MAX;
    let after = |odd: &[u8]| [odd, &good].concat();
    let garbage = framed(&[0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    let rows = [
        ("two messages, an octet at a time", good.repeat(2), 1, "OK OK"),
        ("1000 pipelined in one write", good.repeat(1000), all, "1000"),
        ("half-closed after a question", good.clone(), all, "OK"),
        ("length 0, then a question", after(&[0, 0]), all, "-"),
        ("length 5, then a question", after(&[0, 5, 1, 2, 3, 4, 5]), all, "-"),
        ("a promise of 65535 and 10 octets", [&[0xff, 0xff][..], &[0; 10]].concat(), all, "-"),
        ("one octet, then the end", vec![0], all, "-"),
        ("garbage, then a question", after(&garbage), all, "FE"),
        ("no question, then a question", after(&framed(&none)), all, "FE OK"),
        ("QR=1, then a question", after(&framed(&reply)), all, "-"),
        ("AXFR", framed(&transfer), all, "RF"),
    ];
    let table: Vec<(String, Vec<String>)> = rows
        .iter()
        .map(|(what, octets, piece, _)| {
            (what.to_string(), servers.each().map(|(_, at)| heard(at, octets, (*piece).min(octets.len()))).to_vec())
        })
        .collect();
    print("over TCP", &servers.each().map(|(name, _)| name), &table);
    for ((what, _, _, expected), (_, heard)) in rows.iter().zip(&table) {
        assert_eq!(heard[0], *expected, "{what}");
    }
}

#[test]
#[ignore = "needs knotd and nsd; run by .ci/run"]
fn two_hundred_idle_connections_keep_nobody_waiting() {
    let servers = Servers::start();
    let _idle: Vec<_> = (0..200).map(|_| connect(servers.ours)).collect();
    assert_eq!(heard(servers.ours, &framed(&soa()), usize::MAX >> 1), "OK");
}
