//! The next process: what it takes from the running one.

use super::wire::{self, expect, hear, say};
use super::{HandoverError, Knowledge, name};
use crate::limits::{HANDOVER_START, HANDOVER_WAIT, SOCKETS_MAX};
use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_peercred};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use rustix::process::getuid;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

/// The next process asks for the sockets; the number is the version of the talk.
pub(super) const TAKE: &str = "take 1";
/// Some sockets.
pub(super) const SOCKETS: &str = "sockets";
/// These were all.
pub(super) const ALL: &str = "all";
/// The next process could begin.
pub(super) const READY: &str = "ready";
/// What is known.
pub(super) const KNOWLEDGE: &str = "knowledge";
/// The next process answers.
pub(super) const ANSWERING: &str = "answering";
/// What was counted.
pub(super) const COUNTERS: &str = "counters";

/// The running process. Every call waits for it, for a bounded time.
#[derive(Debug)]
pub struct Elder(OwnedFd);

impl Elder {
    /// Knocks at the server at that admin address; `None` where none runs. `user` is whom we are going to be, and whom it may be
    /// already.
    ///
    /// # Errors
    /// Where it is somebody else's.
    pub fn find(admin: SocketAddr, user: Option<u32>) -> Result<Option<Self>, HandoverError> {
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
        let socket = socket.map_err(io::Error::from)?;
        let door = SocketAddrUnix::new_abstract_name(name(admin).as_bytes()).map_err(io::Error::from)?;
        for kind in [Timeout::Recv, Timeout::Send] {
            set_socket_timeout(&socket, kind, Some(HANDOVER_WAIT)).map_err(io::Error::from)?;
        }
        match connect(&socket, &door) {
            Ok(()) => {}
            Err(rustix::io::Errno::CONNREFUSED) => return Ok(None),
            Err(rustix::io::Errno::AGAIN) => return Err(HandoverError::Gone("opened")),
            Err(error) => return Err(io::Error::from(error).into()),
        }
        trust(&socket, user)?;
        Ok(Some(Self(socket)))
    }

    /// Its sockets. It goes on answering at them.
    ///
    /// # Errors
    /// Where it is of another version, or busy with somebody else.
    pub fn take(&self) -> Result<Vec<OwnedFd>, HandoverError> {
        say(&self.0, TAKE, &[])?;
        let mut sockets = Vec::new();
        loop {
            let heard = hear(&self.0, "gave its sockets")?;
            match heard.word.as_str() {
                SOCKETS if sockets.len() < SOCKETS_MAX => sockets.extend(heard.files),
                ALL => return Ok(sockets),
                _ => return Err(HandoverError::Foreign(heard.word)),
            }
        }
    }

    /// Says that nothing stands in our way; returns what it knows, and the lock of its state directory if it has one. From now on
    /// it writes nothing, unless we go away.
    ///
    /// # Errors
    /// Where it goes away or says something else.
    pub fn ready(&self) -> Result<(Knowledge, Option<OwnedFd>), HandoverError> {
        say(&self.0, READY, &[])?;
        let mut files = expect(&self.0, KNOWLEDGE, "told what it knows")?.into_iter();
        let text = files.next().map(wire::text_of).transpose()?.unwrap_or_default();
        let knowledge = Knowledge::read(&text).ok_or_else(|| HandoverError::Foreign(KNOWLEDGE.to_owned()))?;
        Ok((knowledge, files.next()))
    }

    /// Says that we answer: it ends what it has begun, and goes.
    ///
    /// # Errors
    /// Where it has gone already.
    pub fn answering(&self) -> Result<(), HandoverError> {
        Ok(say(&self.0, ANSWERING, &[])?)
    }

    /// Waits until it goes; what it has counted until then.
    ///
    /// # Errors
    /// Where it went without a word.
    pub fn counters(&self) -> Result<String, HandoverError> {
        set_socket_timeout(&self.0, Timeout::Recv, Some(HANDOVER_START)).map_err(io::Error::from)?;
        let mut files = expect(&self.0, COUNTERS, "told what it has counted")?.into_iter();
        Ok(files.next().map(wire::text_of).transpose()?.unwrap_or_default())
    }
}

/// Whether the other side may have what we have, or tell us what it was: it is of our user, of root, or of that `user`.
pub(super) fn trust(socket: &OwnedFd, user: Option<u32>) -> Result<(), HandoverError> {
    let other = socket_peercred(socket).map_err(io::Error::from)?.uid.as_raw();
    if is_trusted(other, getuid().as_raw(), user) { Ok(()) } else { Err(HandoverError::Stranger(other)) }
}

/// Root believes nobody else: whoever takes over from it, or is taken over from, would have its port and its token.
pub(super) fn is_trusted(other: u32, own: u32, user: Option<u32>) -> bool {
    other == own || other == ROOT || user == Some(other)
}

const ROOT: u32 = 0;
