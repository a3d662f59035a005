//! One question to one DNS server, over UDP and, where the answer does not fit, over TCP.
//!
//! Not here: what an answer means (`outside`). Nothing is kept and nothing followed.

use crate::limits::{OUTSIDE_TIMEOUT, OUTSIDE_TRIES};
use crate::name::Name;
use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::{Name as DnsName, RData, Record, RecordType};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// Largest answer that is taken over UDP (RFC 9715's advice).
const UDP_MAX: u16 = 1232;

/// What is asked of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Its own word: RD clear.
    Own,
    /// That it finds out: RD set.
    Found,
}

/// Asks; the error is in words for people.
pub(super) async fn ask(server: SocketAddr, name: &Name, kind: RecordType, want: Want) -> Result<Message, String> {
    let mut message = Message::query();
    message.metadata.recursion_desired = want == Want::Found;
    let mut asked = DnsName::from_labels(name.labels()).map_err(|error| error.to_string())?;
    asked.set_fqdn(true);
    message.add_query(Query::query(asked, kind));
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_MAX).set_version(0);
    message.set_edns(edns);
    let octets = message.to_vec().map_err(|error| error.to_string())?;
    let mut last = format!("no answer within {}", humantime::format_duration(OUTSIDE_TIMEOUT * OUTSIDE_TRIES));
    for _ in 0..OUTSIDE_TRIES {
        match timeout(OUTSIDE_TIMEOUT, over_udp(server, &octets, &message)).await {
            Ok(Ok(answer)) if answer.metadata.truncation => {
                let answer = timeout(OUTSIDE_TIMEOUT, over_tcp(server, &octets, &message)).await;
                return answer.map_err(|_| "no answer over TCP".to_owned())?.map_err(|error| error.to_string());
            }
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => last = error.to_string(),
            Err(_) => {}
        }
    }
    Err(last)
}

async fn over_udp(server: SocketAddr, question: &[u8], asked: &Message) -> io::Result<Message> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    // From now on only that server is heard.
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut octets = vec![0; usize::from(u16::MAX)];
    loop {
        let length = socket.recv(&mut octets).await?;
        if let Some(answer) = fitting(&octets[..length], asked) {
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &[u8], asked: &Message) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), question].concat()).await?;
    let length = stream.read_u16().await?;
    let mut octets = vec![0; length.into()];
    stream.read_exact(&mut octets).await?;
    fitting(&octets, asked).ok_or_else(|| io::Error::other("what answers is not the answer"))
}

/// The answer to that question, if it is one.
fn fitting(octets: &[u8], asked: &Message) -> Option<Message> {
    let answer = Message::from_vec(octets).ok()?;
    let is_echo = answer.queries.is_empty() || answer.queries == asked.queries;
    (answer.metadata.id == asked.metadata.id && is_echo).then_some(answer)
}

/// An owner or a target as the rest of the program has names.
pub(super) fn name(name: &DnsName) -> Option<Name> {
    if name.is_root() { Some(Name::root()) } else { Name::parse(&name.to_ascii()).ok() }
}

/// The address in a record.
pub(super) fn address(record: &Record) -> Option<IpAddr> {
    match &record.data {
        RData::A(a) => Some(a.0.into()),
        RData::AAAA(aaaa) => Some(aaaa.0.into()),
        _ => None,
    }
}

/// The host of an NS record.
pub(super) fn host(record: &Record) -> Option<Name> {
    match &record.data {
        RData::NS(ns) => name(&ns.0),
        _ => None,
    }
}

/// Why an answer is none, in words; `None` where it is one.
pub(super) fn refusal(answer: &Message) -> Option<String> {
    match answer.metadata.response_code {
        ResponseCode::NoError => None,
        ResponseCode::NXDomain => Some("there is no such name".to_owned()),
        ResponseCode::ServFail => Some("SERVFAIL".to_owned()),
        ResponseCode::Refused => Some("REFUSED".to_owned()),
        other => Some(other.to_string()),
    }
}
