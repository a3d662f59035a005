//! Two pools on loopback that accept connections, so that every server that probes them finds them up.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// Where the pools are.
pub(crate) const SEOUL: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 10);
pub(crate) const DUBLIN: Ipv4Addr = Ipv4Addr::new(127, 0, 2, 10);
/// Both pools' IPv6 address: loopback has no more.
pub(crate) const V6: Ipv6Addr = Ipv6Addr::LOCALHOST;

/// Accepts connections and lets them go at once, until the process ends; returns the port.
pub(crate) fn accept() -> io::Result<u16> {
    let first = TcpListener::bind((SEOUL, 0))?;
    let port = first.local_addr()?.port();
    let others = [IpAddr::V4(DUBLIN), IpAddr::V6(V6)].map(|ip| TcpListener::bind(SocketAddr::new(ip, port)));
    for listener in std::iter::once(Ok(first)).chain(others) {
        let listener = listener?;
        std::thread::spawn(move || listener.incoming().for_each(drop));
    }
    Ok(port)
}
