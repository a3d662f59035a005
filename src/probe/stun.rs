//! Check kind "stun": a binding request (RFC 8489) is answered by something that understood it.
//!
//! A success or an error: either proves the server, since a relay may refuse whom it does not know (federation.md 4.2). Over UDP
//! the request is sent again while nobody answers; datagrams that are not the answer are passed over.

use super::{Aim, Answered, Asked, Attempt, dial, failure, quoted, random};
use crate::config::Transport;
use crate::health::{Failure, FailureClass};
use crate::limits::STUN_TRIES;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use tokio::time;

const HEADER: usize = 20;
/// RFC 8489 5.
const COOKIE: [u8; 4] = 0x2112_A442_u32.to_be_bytes();
const REQUEST: [u8; 2] = [0x00, 0x01];
const SUCCESS: [u8; 2] = [0x01, 0x01];
const ERROR: [u8; 2] = [0x01, 0x11];
/// RFC 8489 14.2, 14.7 and 14.8.
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const FINGERPRINT: u16 = 0x8028;
const ERROR_CODE: u16 = 0x0009;
/// What the check value of a fingerprint is mixed with (RFC 8489 14.7).
const FINGERPRINT_MASK: u32 = 0x5354_554E;
/// Largest answer read: what a datagram carries without fragments.
const ANSWER_MAX: usize = 1500;

type Transaction = [u8; 12];

pub(super) async fn probe(aim: &Aim, transport: Transport, attempt: &mut Attempt) -> Asked {
    let (a, b) = (random().to_be_bytes(), random().to_be_bytes());
    let mut id: Transaction = [0; 12];
    id[..8].copy_from_slice(&a);
    id[8..].copy_from_slice(&b[..4]);
    match transport {
        Transport::Udp => over_udp(aim, id, attempt).await,
        Transport::Tcp => over_tcp(aim, id, attempt).await,
    }
}

fn request(id: Transaction) -> Vec<u8> {
    [&REQUEST[..], &[0, 0], &COOKIE, &id].concat()
}

async fn over_udp(aim: &Aim, id: Transaction, attempt: &mut Attempt) -> Asked {
    attempt.missing = "no STUN answer";
    let address = aim.target.address;
    let any: SocketAddr =
        if address.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).await.map_err(|error| dial::not_connected(&error))?;
    socket.connect(address).await.map_err(|error| dial::not_connected(&error))?;
    let spacing = aim.target.timeout / (STUN_TRIES + 1);
    for _ in 1..STUN_TRIES {
        if let Ok(answered) = time::timeout(spacing, asked_once(&socket, id)).await {
            return answered;
        }
    }
    asked_once(&socket, id).await
}

/// Sends the request and waits for its answer, for ever.
async fn asked_once(socket: &UdpSocket, id: Transaction) -> Asked {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::ConnectionRefused => failure(FailureClass::Refused, "port unreachable"),
        _ => dial::not_connected(&error),
    };
    socket.send(&request(id)).await.map_err(refused)?;
    let mut answer = [0; ANSWER_MAX];
    loop {
        let length = socket.recv(&mut answer).await.map_err(refused)?;
        match judge(&answer[..length], id) {
            Judged::Answer => return Ok(Answered::pass(None)),
            Judged::Wrong(why) => return Err(failure(FailureClass::Protocol, why)),
            Judged::NotOurs => {}
        }
    }
}

async fn over_tcp(aim: &Aim, id: Transaction, attempt: &mut Attempt) -> Asked {
    let (mut stream, _) = dial::connect(aim.target.address, attempt).await?;
    attempt.missing = "no STUN answer";
    let when = "before the STUN answer";
    stream.write_all(&request(id)).await.map_err(|error| dial::broken(&error, when))?;
    let mut answer = vec![0; HEADER];
    stream.read_exact(&mut answer).await.map_err(|error| dial::broken(&error, when))?;
    let length = usize::from(u16::from_be_bytes([answer[2], answer[3]]));
    if answer[4..8] != COOKIE || length > ANSWER_MAX {
        return Err(not_stun(&answer));
    }
    answer.resize(HEADER + length, 0);
    stream.read_exact(&mut answer[HEADER..]).await.map_err(|error| dial::broken(&error, when))?;
    match judge(&answer, id) {
        Judged::Answer => Ok(Answered::pass(dial::Connection::new(stream))),
        Judged::Wrong(why) => Err(failure(FailureClass::Protocol, why)),
        Judged::NotOurs => Err(not_stun(&answer)),
    }
}

fn not_stun(answer: &[u8]) -> Failure {
    failure(FailureClass::Protocol, format!("what answers is not STUN: \"{}\"", quoted(answer)))
}

/// What a message is to us.
#[derive(Debug, PartialEq, Eq)]
enum Judged {
    /// The answer to our request.
    Answer,
    /// The answer to our request, but not what a server may send.
    Wrong(&'static str),
    /// Something else.
    NotOurs,
}

fn judge(message: &[u8], id: Transaction) -> Judged {
    let is_ours = message.len() >= HEADER && message[4..8] == COOKIE && message[8..HEADER] == id;
    if !is_ours {
        return Judged::NotOurs;
    }
    let length = usize::from(u16::from_be_bytes([message[2], message[3]]));
    if HEADER + length != message.len() || !length.is_multiple_of(4) {
        return Judged::Wrong("the STUN answer is not as long as it says");
    }
    let Some(attributes) = attributes(message) else {
        return Judged::Wrong("the STUN answer has a broken attribute");
    };
    let find = |wanted| attributes.iter().find(|(kind, _, _)| *kind == wanted);
    if find(FINGERPRINT).is_some_and(|(_, at, value)| !is_fingerprint(&message[..*at], value)) {
        return Judged::Wrong("the STUN answer's fingerprint is wrong");
    }
    match [message[0], message[1]] {
        SUCCESS if find(XOR_MAPPED_ADDRESS).is_some_and(|(_, _, value)| is_address(value)) => Judged::Answer,
        SUCCESS => Judged::Wrong("the STUN answer has no XOR-MAPPED-ADDRESS"),
        ERROR if find(ERROR_CODE).is_some_and(|(_, _, value)| value.len() >= 4) => Judged::Answer,
        ERROR => Judged::Wrong("the STUN error has no ERROR-CODE"),
        _ => Judged::Wrong("the STUN answer is no answer to a binding request"),
    }
}

/// Types, places and values; `None` where one does not fit (RFC 8489 14).
fn attributes(message: &[u8]) -> Option<Vec<(u16, usize, &[u8])>> {
    let mut found = Vec::new();
    let mut at = HEADER;
    while at < message.len() {
        let head = message.get(at..at + 4)?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        found.push((u16::from_be_bytes([head[0], head[1]]), at, message.get(at + 4..at + 4 + length)?));
        at += 4 + length.next_multiple_of(4);
    }
    Some(found)
}

/// Family 1 with four octets or family 2 with sixteen, after an octet of nothing and before a port (RFC 8489 14.2).
fn is_address(value: &[u8]) -> bool {
    matches!((value.get(1), value.len()), (Some(1), 8) | (Some(2), 20))
}

fn is_fingerprint(before: &[u8], value: &[u8]) -> bool {
    value == (crc32(before) ^ FINGERPRINT_MASK).to_be_bytes()
}

/// CRC-32 of ITU V.42, bit by bit: a few dozen octets for each probe.
fn crc32(octets: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !octets.iter().fold(u32::MAX, |crc, octet| (0..8).fold(crc ^ u32::from(*octet), step))
}

#[cfg(test)]
mod tests;
