//! What the black-box tests share: a DNS client, processes that end with their test, a scene of two pools, and waiting.
//!
//! Every scene has loopback addresses of its own, so that tests may run at the same time. Nothing here asserts how long
//! something took: `eventually` waits generously and fails only where the thing never came.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs::Permissions;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

pub(crate) mod dns;
pub(crate) mod edges;
pub(crate) mod load;
pub(crate) mod process;
pub(crate) mod scene;
pub(crate) mod server;
pub(crate) mod tls;

/// For what must happen.
pub(crate) const GENEROUS: Duration = Duration::from_secs(30);
/// Between two looks.
const GLANCE: Duration = Duration::from_millis(10);

/// Looks until there is something to see.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < GENEROUS, "not within {GENEROUS:?}: {what}");
        std::thread::sleep(GLANCE);
    }
}

/// Writes a file of secrets, which only its owner may read.
pub(crate) fn write_secret(path: &Path, content: &str) {
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// A loopback address that nothing else on this host uses: the process and a counter make it.
pub(crate) fn fresh_ip() -> IpAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let pid = std::process::id();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let (block, last) = ((next / 254) as u8, (next % 254) as u8 + 1);
    assert!(block < 3, "a test binary has 762 loopback addresses");
    Ipv4Addr::new(127, 64 * (block + 1) + (pid >> 8 & 0x3f) as u8, pid as u8, last).into()
}

/// A port that is free for UDP and TCP on that address.
pub(crate) fn free_port(ip: IpAddr) -> u16 {
    loop {
        let tcp = TcpListener::bind(SocketAddr::new(ip, 0)).unwrap();
        let port = tcp.local_addr().unwrap().port();
        if UdpSocket::bind(SocketAddr::new(ip, port)).is_ok() {
            return port;
        }
    }
}

/// A socket address that is free for UDP and TCP.
pub(crate) fn fresh_address() -> SocketAddr {
    let ip = fresh_ip();
    SocketAddr::new(ip, free_port(ip))
}
