//! A small DNS client: blocking, without retries, over UDP and TCP.

use hickory_proto::op::{Edns, Message, Query};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RData, Record};
use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

pub(crate) use hickory_proto::rr::RecordType;

/// For an answer; over loopback it comes at once or never.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest UDP answer read: more than any server may send.
const DATAGRAM_MAX: usize = 4096;

/// A question; the case of the name is kept.
pub(crate) fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    let mut name = Name::from_ascii(name).unwrap();
    name.set_fqdn(true);
    message.add_query(Query::query(name, kind));
    message
}

/// The same question with an OPT.
pub(crate) fn with_edns(mut message: Message, size: u16) -> Message {
    let mut edns = Edns::new();
    edns.set_max_payload(size).set_version(0);
    message.set_edns(edns);
    message
}

/// The same question on behalf of a client network, as "87.32.0.0/24".
pub(crate) fn from_subnet(message: Message, subnet: &str) -> Message {
    let (address, length) = subnet.split_once('/').unwrap();
    let subnet = ClientSubnet::new(address.parse().unwrap(), length.parse().unwrap(), 0);
    let mut message = with_edns(message, 1232);
    message.edns.as_mut().unwrap().options_mut().insert(EdnsOption::Subnet(subnet));
    message
}

/// The client subnet option of an answer.
pub(crate) fn subnet_of(message: &Message) -> Option<ClientSubnet> {
    match message.edns.as_ref()?.option(EdnsCode::Subnet) {
        Some(EdnsOption::Subnet(subnet)) => Some(*subnet),
        _ => None,
    }
}

/// A UDP socket that speaks with one server alone, so that a closed port is an error.
pub(crate) fn socket(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Octets out, octets in, over UDP.
pub(crate) fn udp(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let socket = socket(server);
    socket.send(question)?;
    receive(&socket)
}

/// One datagram.
pub(crate) fn receive(socket: &UdpSocket) -> io::Result<Vec<u8>> {
    let mut answer = vec![0; DATAGRAM_MAX];
    let length = socket.recv(&mut answer)?;
    answer.truncate(length);
    Ok(answer)
}

/// Octets out, octets in, over TCP.
pub(crate) fn tcp(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = u16::try_from(question.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length, question].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// Whether a packet gets no answer: a question after it on the same socket is answered first.
pub(crate) fn is_silence(server: SocketAddr, packet: &[u8]) -> bool {
    let socket = socket(server);
    socket.send(packet).unwrap();
    let after = question("contoso.com", RecordType::SOA);
    socket.send(&after.to_vec().unwrap()).unwrap();
    receive(&socket).unwrap()[..2] == after.metadata.id.to_be_bytes()
}

/// The answer over UDP, with its question as it was asked.
pub(crate) fn ask(server: SocketAddr, question: &Message) -> Message {
    checked(question, &udp(server, &question.to_vec().unwrap()).unwrap())
}

/// The answer over TCP, with its question as it was asked.
pub(crate) fn ask_tcp(server: SocketAddr, question: &Message) -> Message {
    checked(question, &tcp(server, &question.to_vec().unwrap()).unwrap())
}

/// The answer over UDP to a plain question.
pub(crate) fn look_up(server: SocketAddr, name: &str, kind: RecordType) -> Message {
    ask(server, &question(name, kind))
}

fn checked(question: &Message, octets: &[u8]) -> Message {
    let answer = Message::from_vec(octets).unwrap();
    assert_eq!(answer.metadata.id, question.metadata.id, "{answer:?}");
    assert_eq!(answer.queries, question.queries, "{answer:?}");
    assert_eq!(answer.edns.is_some(), question.edns.is_some(), "{answer:?}");
    answer
}

/// The names that SRV records of the answer section point at.
pub(crate) fn targets(message: &Message) -> Vec<String> {
    let target = |record: &Record| match &record.data {
        RData::SRV(srv) => Some(srv.target.to_string()),
        _ => None,
    };
    message.answers.iter().filter_map(target).collect()
}

/// Every address that a message tells, in the answer and beside it.
pub(crate) fn addresses(message: &Message) -> BTreeSet<IpAddr> {
    message.answers.iter().chain(&message.additionals).filter_map(address).collect()
}

fn address(record: &Record) -> Option<IpAddr> {
    match &record.data {
        RData::A(a) => Some(a.0.into()),
        RData::AAAA(aaaa) => Some(aaaa.0.into()),
        _ => None,
    }
}
