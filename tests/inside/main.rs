//! The binary for clients inside: what it says depends on where a question comes from, over every transport.
//!
//! Every 127.x address of a host is a client of its own.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "../common/mod.rs"]
mod common;

mod views;

use common::dns::question;
use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;

use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// For an answer that comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client that asks from an address of its own.
#[derive(Clone, Copy)]
struct Client {
    ip: IpAddr,
    server: SocketAddr,
}

impl Client {
    /// Over UDP.
    fn udp(self, question: &Message) -> Message {
        let socket = UdpSocket::bind(SocketAddr::new(self.ip, 0)).unwrap();
        socket.connect(self.server).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.send(&question.to_vec().unwrap()).unwrap();
        let mut answer = [0; 4096];
        let length = socket.recv(&mut answer).unwrap();
        checked(question, &answer[..length])
    }

    /// Over TCP.
    fn tcp(self, question: &Message) -> Message {
        let mut stream = self.connect();
        write(&mut stream, question);
        checked(question, &read(&mut stream))
    }

    /// Over UDP and TCP, which must say the same.
    fn ask(self, name: &str, kind: RecordType) -> Message {
        let question = question(name, kind);
        let (udp, tcp) = (self.udp(&question), self.tcp(&question));
        assert_eq!(udp.metadata, tcp.metadata);
        let datas = |message: &Message| message.answers.iter().map(|r| r.data.clone()).collect::<Vec<_>>();
        assert_eq!(datas(&udp), datas(&tcp));
        udp
    }

    fn connect(self) -> TcpStream {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new(self.ip, 0).into()).unwrap();
        socket.connect(&self.server.into()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.into()
    }
}

fn write(stream: &mut impl std::io::Write, question: &Message) {
    let octets = question.to_vec().unwrap();
    stream.write_all(&[&(octets.len() as u16).to_be_bytes()[..], &octets].concat()).unwrap();
}

fn read(stream: &mut impl std::io::Read) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut answer).unwrap();
    answer
}

fn checked(question: &Message, octets: &[u8]) -> Message {
    let answer = Message::from_vec(octets).unwrap();
    assert_eq!((answer.metadata.id, &answer.queries), (question.metadata.id, &question.queries), "{answer:?}");
    answer
}
