//! A client that says octets and reads to the end.

use crate::common::GENEROUS;
use crate::common::dns::{RecordType, question};
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};

/// Octets of a DNS header.
pub(crate) const HEADER: usize = 12;

/// A question with this id, as it stands in a stream; its answer does not depend on the pools.
pub(crate) fn asked(id: u16) -> Vec<u8> {
    let mut message = question("contoso.com", RecordType::SOA).to_vec().unwrap();
    message[..2].copy_from_slice(&id.to_be_bytes());
    framed(&message)
}

/// A message with its length.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

/// A connection.
pub(crate) fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&server, GENEROUS).unwrap();
    stream.set_read_timeout(Some(GENEROUS)).unwrap();
    stream
}

/// A connection from this address, which takes little before its peer must wait.
pub(crate) fn connect_from(client: Ipv4Addr, server: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind(&SocketAddr::from((client, 0)).into()).unwrap();
    socket.connect_timeout(&server.into(), GENEROUS).unwrap();
    let stream: TcpStream = socket.into();
    stream.set_read_timeout(Some(GENEROUS)).unwrap();
    stream
}

/// The next answer, without its length; `None` at the end of the stream or where it was reset.
pub(crate) fn answer(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    whole(stream, &mut length)?;
    let mut answer = vec![0; u16::from_be_bytes(length).into()];
    whole(stream, &mut answer)?;
    assert!(answer.len() >= HEADER && answer[2] & 0x80 != 0, "no answer: {answer:?}");
    Some(answer)
}

fn whole(stream: &mut impl Read, octets: &mut [u8]) -> Option<()> {
    match stream.read_exact(octets) {
        Ok(()) => Some(()),
        Err(error) if [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset].contains(&error.kind()) => None,
        Err(error) => panic!("neither answered nor closed: {error}"),
    }
}

/// The id of an answer.
pub(crate) fn id(answer: &[u8]) -> u16 {
    u16::from_be_bytes([answer[0], answer[1]])
}

/// The ids of all answers until the end.
pub(crate) fn ids(stream: &mut impl Read) -> Vec<u16> {
    std::iter::from_fn(|| answer(stream)).map(|answer| id(&answer)).collect()
}

/// Asks on an open connection.
pub(crate) fn ask(stream: &mut (impl Read + Write), id: u16) {
    stream.write_all(&asked(id)).unwrap();
    let answer = answer(stream).expect("an answer, not the end");
    assert_eq!((self::id(&answer), answer[3] & 0x0f, answer[7]), (id, 0, 1), "{answer:?}");
}

/// Says octets, ends its own side, and returns the ids of the answers until the server ends its.
pub(crate) fn say_and_listen(server: SocketAddr, octets: &[u8]) -> Vec<u16> {
    let mut stream = connect(server);
    stream.write_all(octets).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    ids(&mut stream)
}
