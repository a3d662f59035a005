use super::*;

/// An envelope with this socket address and a control message of this level and type.
fn envelope(peer: &[u8], level: i32, kind: i32, data: &[u8]) -> Envelope {
    let mut envelope = Envelope::EMPTY;
    let (to_peer, to_control) = envelope.blank();
    to_peer[..peer.len()].copy_from_slice(peer);
    let length = (HEAD + data.len()).to_ne_bytes();
    let control = [&length[..], &level.to_ne_bytes(), &kind.to_ne_bytes(), data].concat();
    to_control[..control.len()].copy_from_slice(&control);
    envelope.fill(12, peer.len(), control.len());
    envelope
}

fn peer_v6(scope: u32) -> Vec<u8> {
    let ip: Ipv6Addr = "fe80::7".parse().unwrap();
    let family = (libc::AF_INET6 as u16).to_ne_bytes();
    [&family[..], &53u16.to_be_bytes(), &[0; 4], &ip.octets(), &scope.to_ne_bytes()].concat()
}

#[test]
fn clients_of_both_families_are_read() {
    let family = (libc::AF_INET as u16).to_ne_bytes();
    let v4 = [&family[..], &4000u16.to_be_bytes(), &[192, 0, 2, 1], &[0; 8]].concat();
    let none = |peer: &[u8]| envelope(peer, 0, 0, &[]).client();
    assert_eq!(none(&v4), Some("192.0.2.1:4000".parse().unwrap()));
    assert_eq!(none(&peer_v6(3)), Some("[fe80::7%3]:53".parse().unwrap()));
    assert_eq!(none(&[]), None);
    assert_eq!(none(&[&(libc::AF_UNIX as u16).to_ne_bytes()[..], &[0; 14]].concat()), None);
}

#[test]
fn the_interface_is_left_open_but_for_link_local_addresses() {
    let index = 7u32.to_ne_bytes();
    let v4 = |index: [u8; 4]| [&index[..], &[127, 0, 0, 2], &[127, 0, 0, 2]].concat();
    let v6 = |ip: &str, index: [u8; 4]| [&ip.parse::<Ipv6Addr>().unwrap().octets()[..], &index].concat();
    for (level, kind, data, kept) in [
        (libc::IPPROTO_IP, libc::IP_PKTINFO, v4(index), v4([0; 4])),
        (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, v6("2001:db8::1", index), v6("2001:db8::1", [0; 4])),
        (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, v6("fe80::1", index), v6("fe80::1", index)),
    ] {
        assert_eq!(envelope(&peer_v6(0), level, kind, &data).control()[HEAD..], kept);
    }
    assert!(envelope(&peer_v6(0), libc::SOL_SOCKET, libc::SO_TIMESTAMP, &[1; 16]).control().is_empty());
}
