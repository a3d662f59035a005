use crate::config::Dns;
use crate::lane::{Doors, Given, Lanes, Sockets, Tally};
use crate::testing::{POOLS, ZONE, lake, service};
use prometheus::Registry;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;

/// contoso.com SOA with the id 0x0102.
const QUESTION: &[u8] = b"\x01\x02\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07contoso\x03com\x00\x00\x06\x00\x01";

/// Asks each address of a server on `listen`; the connected sockets hear those addresses alone.
async fn ask(listen: &str, asked: &[&str]) {
    let listen = listen.parse().unwrap();
    let lake = lake(&[ZONE, POOLS, &service("")].concat());
    let doors = Doors { listen: &[listen], tls: None, connections: 1, lanes: 2 };
    let sockets = Sockets::bind(doors, &mut Given::default()).unwrap();
    let tally = Tally::new(&Registry::new()).unwrap();
    let lanes = Lanes::start(doors, sockets, &Dns::default(), &lake, tally).unwrap();
    let port = lanes.addresses()[0].port();
    for ip in asked {
        let server = SocketAddr::new(ip.parse().unwrap(), port);
        let socket = UdpSocket::bind(SocketAddr::new(listen.ip(), 0)).await.unwrap();
        socket.connect(server).await.unwrap();
        socket.send(QUESTION).await.unwrap();
        let mut answer = [0; 512];
        let heard = tokio::time::timeout(Duration::from_secs(10), socket.recv(&mut answer)).await;
        let length = heard.unwrap_or_else(|_| panic!("no answer from {server} on {listen}")).unwrap();
        assert_eq!((&answer[..2], answer[2] & 0x80, answer[3] & 0x0f), (&QUESTION[..2], 0x80, 0), "{length} octets");
    }
    lanes.stop().await;
}

#[tokio::test]
async fn answers_come_from_the_address_that_was_asked() {
    ask("0.0.0.0:0", &["127.0.0.1", "127.0.0.2", "127.0.0.3"]).await;
    ask("127.0.0.2:0", &["127.0.0.2"]).await;
}

#[tokio::test]
async fn the_same_over_ipv6() {
    // The loopback interface has one IPv6 address, so this shows that the other family's control message is right.
    if UdpSocket::bind("[::1]:0").await.is_ok() {
        ask("[::]:0", &["::1"]).await;
    }
}
