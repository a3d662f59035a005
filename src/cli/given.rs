//! Sockets that a service manager opened for us: the protocol of sd_listen_fds(3).
//!
//! Their names (`LISTEN_FDNAMES`) are not looked at: what a socket is, and where it is bound, says what it is for.

use crate::limits::SOCKETS_MAX;
use listenfd::ListenFd;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;

/// The sockets that were opened for this process.
pub(super) fn sockets() -> Vec<OwnedFd> {
    let mut given = ListenFd::from_env();
    let mut sockets = Vec::new();
    for place in 0..given.len().min(SOCKETS_MAX) {
        // What is neither is not ours to touch.
        if let Ok(Some(udp)) = given.take_udp_socket(place) {
            sockets.push(udp.into());
        } else if let Ok(Some(tcp)) = given.take_tcp_listener(place) {
            sockets.push(tcp.into());
        }
    }
    sockets
}

/// By what each is known again.
pub(super) fn inodes(sockets: &[OwnedFd]) -> Vec<u64> {
    sockets.iter().filter_map(inode).collect()
}

/// Whether a socket is one of those.
pub(super) fn is_one_of(socket: &OwnedFd, known: &[u64]) -> bool {
    inode(socket).is_some_and(|inode| known.contains(&inode))
}

fn inode(socket: &OwnedFd) -> Option<u64> {
    // Every socket is in one file system.
    File::from(socket.try_clone().ok()?).metadata().ok().map(|meta| meta.ino())
}
