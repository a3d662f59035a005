use super::*;
use crate::lane::Doors;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Two lanes on a port of loopback that the system chooses.
fn bound(listen: &[SocketAddr], given: &mut Given) -> Sockets {
    Sockets::bind(Doors { listen, tls: None, connections: 1, lanes: 2 }, given).unwrap()
}

fn inode(socket: &impl std::os::fd::AsFd) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::File::from(socket.as_fd().try_clone_to_owned().unwrap()).metadata().unwrap().ino()
}

#[test]
fn what_was_given_is_taken_by_kind_and_address_and_the_rest_is_bound() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let first = bound(&[any], &mut Given::default());
    let at = first.udp[0][0].local_addr().unwrap();
    let known: Vec<u64> = first.udp[0].iter().map(inode).chain([inode(&first.tcp[0])]).collect();
    let stray = std::net::UdpSocket::bind(any).unwrap();
    let place = stray.local_addr().unwrap().to_string();
    let mut given = Given::new(first.copies().unwrap().into_iter().chain([stray.into()]));
    assert!(!given.is_empty());

    let second = bound(&[at, any], &mut given);
    let taken: Vec<u64> = second.udp[0].iter().map(inode).chain([inode(&second.tcp[0])]).collect();
    assert_eq!(taken, known, "the very same sockets");
    assert_eq!(second.udp[1].len(), 2, "what is new is bound, one socket for each lane");
    assert_eq!(given.left(), [place], "what nobody wants is left");
}

#[test]
fn no_path_that_somebody_claims_to_be_narrow_has_answers_cut_up() {
    let (v4, v6) = (SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0)));
    let here = if UdpSocket::bind(v6).is_ok() { 2 } else { 1 };
    let sockets = bound(&[v4, v6][..here], &mut Given::default());
    for socket in &sockets.udp[0] {
        assert_eq!(sockopt::ip_mtu_discover(socket).unwrap(), Ipv4PathMtuDiscovery::PROBE);
    }
    for socket in sockets.udp.iter().skip(1).flatten() {
        assert_eq!(sockopt::ipv6_mtu_discover(socket).unwrap(), Ipv6PathMtuDiscovery::PROBE);
    }
}

#[test]
fn every_lane_has_a_socket_on_each_address_and_every_socket_a_lane() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let sockets = |count| -> Vec<UdpSocket> { (0..count).map(|_| UdpSocket::bind(any).unwrap()).collect() };
    for (given, lanes) in [(1, 1), (1, 3), (3, 1), (3, 2), (2, 3), (4, 4)] {
        let udp = [sockets(given), sockets(1)];
        let hands = deal(&udp, lanes).unwrap();
        for address in &udp {
            let of_it = |hand: &Vec<UdpSocket>| {
                hand.iter().filter(|s| address.iter().any(|known| inode(known) == inode(*s))).count()
            };
            assert!(hands.iter().all(|hand| of_it(hand) >= 1), "{given} sockets, {lanes} lanes");
            let dealt: usize = hands.iter().map(of_it).sum();
            assert_eq!(dealt, lanes.max(address.len()));
        }
    }
}

#[tokio::test]
async fn where_one_of_several_cannot_listen_the_error_names_it() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let sockets = bound(&[any, any], &mut Given::default());
    // Who does not listen yet shares its address.
    let taken = sockets.tcp[1].local_addr().unwrap().as_socket().unwrap();
    let _other = std::net::TcpListener::bind(taken).unwrap();
    let failed = listen(sockets.tcp, "TLS").unwrap_err().to_string();
    assert!(failed.starts_with(&format!("cannot listen on {taken} (TLS): ")), "{failed}");
}
