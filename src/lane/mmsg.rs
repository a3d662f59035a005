//! Many datagrams with one system call: `recvmmsg` and `sendmmsg`. With `unsafe`, as only `cli/allocator` beside it.
//!
//! nix has safe forms of both, but one set of control messages for a whole batch, so answers of a wildcard socket could not
//! each come from the address that was asked. Here: pointers made from slices for the length of one call, and nothing else.
//! Not here: what the octets mean (`envelope`), whether to wait (the caller's flags). No pointer outlives the function that
//! made it.

#![allow(unsafe_code, reason = "the two calls have no safe form that says a source address for each datagram")]

use super::envelope::Envelope;
use crate::limits::UDP_BATCH;
use nix::libc;
use std::io;
use std::mem;
use std::net::UdpSocket;
use std::os::fd::AsRawFd as _;
use std::ptr;

/// What comes first is waited for, and what is there with it is taken.
pub(super) const WAIT: libc::c_int = libc::MSG_WAITFORONE;
/// Only what is there is taken.
pub(super) const LOOK: libc::c_int = libc::MSG_DONTWAIT;

/// Receives datagrams into the rooms, one each, and returns how many; their envelopes say how long they are and who sent them.
///
/// # Errors
/// What the system says, `WouldBlock` where nothing came.
pub(super) fn receive<const N: usize>(
    socket: &UdpSocket,
    rooms: &mut [[u8; N]],
    envelopes: &mut [Envelope],
    flags: libc::c_int,
) -> io::Result<usize> {
    let (mut vectors, mut headers) = empty();
    let count = rooms.len().min(envelopes.len()).min(UDP_BATCH);
    for (i, (room, envelope)) in rooms.iter_mut().zip(envelopes.iter_mut()).take(count).enumerate() {
        vectors[i] = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: N };
        let header = &mut headers[i].msg_hdr;
        header.msg_iov = &raw mut vectors[i];
        header.msg_iovlen = 1;
        let (peer, control) = envelope.blank();
        header.msg_name = peer.as_mut_ptr().cast();
        header.msg_namelen = peer.len() as _;
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = control.len() as _;
    }
    // SAFETY: `headers` has at least `count` entries. In each, name, control and the one vector point at buffers of the given
    // lengths that are borrowed mutably for longer than this call, all distinct; the kernel writes no more than those lengths.
    // No timeout is given.
    let got = unsafe {
        libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count as libc::c_uint, flags as _, ptr::null_mut())
    };
    let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
    for (envelope, header) in envelopes.iter_mut().zip(&headers[..got]) {
        let (length, header) = (header.msg_len as usize, &header.msg_hdr);
        #[allow(clippy::unnecessary_cast, reason = "musl counts it in 32 bits, glibc in as many as a pointer has")]
        let control = header.msg_controllen as usize;
        envelope.fill(length, header.msg_namelen as usize, control);
    }
    Ok(got)
}

/// Sends datagrams to where their envelopes came from, at most `UDP_BATCH` of them, without waiting; returns how many the system
/// did not take.
pub(super) fn send<'m>(socket: &UdpSocket, letters: impl Iterator<Item = (&'m Envelope, &'m [u8])>) -> usize {
    let (mut vectors, mut headers) = empty();
    let mut count = 0;
    for (i, (envelope, octets)) in letters.take(UDP_BATCH).enumerate() {
        vectors[i] = libc::iovec { iov_base: octets.as_ptr().cast_mut().cast(), iov_len: octets.len() };
        let header = &mut headers[i].msg_hdr;
        header.msg_iov = &raw mut vectors[i];
        header.msg_iovlen = 1;
        let (peer, control) = (envelope.peer(), envelope.control());
        header.msg_name = peer.as_ptr().cast_mut().cast();
        header.msg_namelen = peer.len() as _;
        header.msg_control = control.as_ptr().cast_mut().cast();
        header.msg_controllen = control.len() as _;
        count = i + 1;
    }
    let (mut at, mut lost) = (0, 0);
    while at < count {
        let rest = &mut headers[at..count];
        // SAFETY: `rest` has the given number of entries. In each, name, control and the one vector point at buffers of the given
        // lengths that are borrowed for 'm, which is longer than this call; the kernel only reads them, and writes nothing but
        // the lengths in `rest` itself.
        let sent = unsafe {
            libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), rest.len() as libc::c_uint, libc::MSG_DONTWAIT as _)
        };
        match usize::try_from(sent) {
            Ok(sent) if sent > 0 => at += sent,
            _ => match io::Error::last_os_error().kind() {
                io::ErrorKind::Interrupted => {}
                // The system has no room: it has none for the others either.
                io::ErrorKind::WouldBlock => return lost + count - at,
                // This one cannot be sent; that says nothing of the others.
                _ => (at, lost) = (at + 1, lost + 1),
            },
        }
    }
    lost
}

/// Vectors and headers that point nowhere.
fn empty() -> ([libc::iovec; UDP_BATCH], [libc::mmsghdr; UDP_BATCH]) {
    // SAFETY: both are plain structures of C, integers and pointers alone, for which all bits zero is a value.
    unsafe { (mem::zeroed(), mem::zeroed()) }
}
