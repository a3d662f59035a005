//! What std does not have: many datagrams with one call, and a core of one's own. All of this program's `unsafe`.

#![allow(unsafe_code, reason = "calls into libc")]

use std::io;
use std::mem::zeroed;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::ptr::null_mut;
use std::time::{Duration, SystemTime};

/// Octets of the longest datagram: a question with everything, or an answer of 1,232 octets.
pub(crate) const DATAGRAM: usize = 1500;

/// Datagrams that are received or sent with one call.
pub(crate) struct Batch {
    octets: Box<[[u8; DATAGRAM]]>,
    // Both point into heap memory of this value, which never moves or is resized while the value lives.
    headers: Box<[libc::mmsghdr]>,
    _peers: Box<[libc::sockaddr_storage]>,
    _vectors: Box<[libc::iovec]>,
    /// What the kernel tells beside each datagram; empty where it was not asked.
    beside: Box<[Beside]>,
}

/// Room for a `cmsghdr` with a `timespec`, aligned as the first wants.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Beside([u8; 64]);

/// Whether the batch keeps who sent each datagram.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peers {
    Keep,
    Connected,
}

impl Batch {
    /// Room for so many datagrams.
    pub(crate) fn new(size: usize, peers: Peers) -> Self {
        let mut octets = vec![[0; DATAGRAM]; size].into_boxed_slice();
        // SAFETY: all three are plain C structures for which all zeroes is a value.
        let (zero_peer, zero_header) = unsafe { (zeroed::<libc::sockaddr_storage>(), zeroed::<libc::mmsghdr>()) };
        let mut addresses = vec![zero_peer; size].into_boxed_slice();
        let vector =
            |octets: &mut [u8; DATAGRAM]| libc::iovec { iov_base: octets.as_mut_ptr().cast(), iov_len: DATAGRAM };
        let mut vectors: Box<[libc::iovec]> = octets.iter_mut().map(vector).collect();
        let mut headers = vec![zero_header; size].into_boxed_slice();
        for (i, header) in headers.iter_mut().enumerate() {
            header.msg_hdr.msg_iov = &raw mut vectors[i];
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = match peers {
                Peers::Keep => (&raw mut addresses[i]).cast(),
                Peers::Connected => null_mut(),
            };
        }
        Self { octets, headers, _peers: addresses, _vectors: vectors, beside: Box::default() }
    }

    /// As `new` for a connected socket that tells when each datagram came: see `tell_times`.
    pub(crate) fn with_times(size: usize) -> Self {
        let mut batch = Self::new(size, Peers::Connected);
        batch.beside = vec![Beside([0; 64]); size].into_boxed_slice();
        batch
    }

    /// When the datagram at `i` came, if the kernel told it.
    pub(crate) fn time(&self, i: usize) -> Option<SystemTime> {
        let header = &self.headers[i].msg_hdr;
        // SAFETY: the kernel has filled `msg_control`, which is this value's own and aligned, up to `msg_controllen`; the
        // macros stay within that, and what is read is a plain C structure.
        let time = unsafe {
            let first = libc::CMSG_FIRSTHDR(header);
            if first.is_null() || (*first).cmsg_type != libc::SCM_TIMESTAMPNS {
                return None;
            }
            libc::CMSG_DATA(first).cast::<libc::timespec>().read_unaligned()
        };
        Some(SystemTime::UNIX_EPOCH + Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }

    /// A datagram's room, to be filled before `set_length` and `send`.
    pub(crate) fn room(&mut self, i: usize) -> &mut [u8; DATAGRAM] {
        &mut self.octets[i]
    }

    /// The datagram that was received at `i`.
    pub(crate) fn received(&mut self, i: usize) -> &mut [u8] {
        let length = self.headers[i].msg_len as usize;
        &mut self.octets[i][..length]
    }

    /// How long the datagram at `i` is to be sent.
    pub(crate) fn set_length(&mut self, i: usize, length: usize) {
        assert!(length <= DATAGRAM);
        // SAFETY: `msg_iov` points at this value's own vector, and nothing else refers to it.
        unsafe { (*self.headers[i].msg_hdr.msg_iov).iov_len = length };
    }

    /// Receives up to `count` datagrams; waits for the first if `wait`. No datagram is 0.
    pub(crate) fn receive(&mut self, socket: &UdpSocket, count: usize, wait: bool) -> io::Result<usize> {
        let storage = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        for i in 0..count {
            let named = !self.headers[i].msg_hdr.msg_name.is_null();
            self.headers[i].msg_hdr.msg_namelen = if named { storage } else { 0 };
            self.set_length(i, DATAGRAM);
            if let Some(beside) = self.beside.get_mut(i) {
                self.headers[i].msg_hdr.msg_control = beside.0.as_mut_ptr().cast();
                self.headers[i].msg_hdr.msg_controllen = beside.0.len() as _;
            }
        }
        let flags = if wait { libc::MSG_WAITFORONE } else { libc::MSG_DONTWAIT };
        let headers = &mut self.headers[..count];
        // SAFETY: each header points at a vector and a name of this value, with their true lengths.
        let got =
            unsafe { libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count as u32, flags as _, null_mut()) };
        number(got)
    }

    /// Sends the first `count` datagrams, to whom they came from or the socket is connected to; returns how many went.
    pub(crate) fn send(&mut self, socket: &UdpSocket, count: usize) -> io::Result<usize> {
        let headers = &mut self.headers[..count];
        // SAFETY: as in `receive`; the lengths were set by `set_length` and `receive`.
        number(unsafe { libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count as u32, 0) })
    }
}

fn number(result: i32) -> io::Result<usize> {
    match usize::try_from(result) {
        Ok(count) => Ok(count),
        Err(_) => {
            let error = io::Error::last_os_error();
            // Refused is what a socket hears of an earlier datagram, while its server was not there yet.
            let nothing = [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted, io::ErrorKind::ConnectionRefused];
            if nothing.contains(&error.kind()) { Ok(0) } else { Err(error) }
        }
    }
}

/// Binds this thread and what it will start to one core. Async-signal-safe, so it may be called between fork and exec.
pub(crate) fn pin(core: usize) -> io::Result<()> {
    // SAFETY: a set of cores is plain bits, `CPU_SET` checks its index, and 0 is the calling thread.
    let result = unsafe {
        let mut cores: libc::cpu_set_t = zeroed();
        libc::CPU_SET(core, &mut cores);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const cores)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Makes a child start on one core, and end when we do.
pub(crate) fn before_exec(command: &mut std::process::Command, core: usize) {
    use std::os::unix::process::CommandExt as _;
    let prepare = move || {
        pin(core)?;
        // SAFETY: changes nothing but which signal this process gets when its parent ends.
        if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    };
    // SAFETY: both calls are async-signal-safe and allocate nothing.
    unsafe { command.pre_exec(prepare) };
}

/// Sends a signal to a child that was not waited for.
pub(crate) fn signal(pid: u32, signal: i32) -> io::Result<()> {
    // SAFETY: sends a signal and touches no memory.
    if unsafe { libc::kill(pid as i32, signal) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Lets a socket hold a burst of answers.
pub(crate) fn roomy(socket: &UdpSocket) -> io::Result<()> {
    set(socket, libc::SO_RCVBUF, 4 << 20)
}

/// Makes a socket tell when each datagram came.
pub(crate) fn tell_times(socket: &UdpSocket) -> io::Result<()> {
    set(socket, libc::SO_TIMESTAMPNS, 1)
}

fn set(socket: &UdpSocket, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the value is an int that lives through the call, as both options want.
    let result = unsafe {
        let value = (&raw const value).cast();
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, value, size_of::<libc::c_int>() as u32)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
