//! The running process: where the next one knocks, and what it is given.

use super::wire::{self, expect, say};
use super::{HandoverError, Knowledge, elder, name};
use crate::limits::{ACCEPT_PAUSE, HANDOVER_FILES, HANDOVER_START, HANDOVER_WAIT};
use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_domain};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use tokio::net::UnixListener;

/// Where the next process knocks. Its sockets keep messages apart (SOCK_SEQPACKET), which makes no difference to who listens.
#[derive(Debug)]
pub struct Door(UnixListener);

impl Door {
    /// The door of the server at that admin address, or the one that the process before us had.
    ///
    /// # Errors
    /// Where somebody else has it.
    pub fn open(admin: SocketAddr, given: Option<OwnedFd>) -> io::Result<Self> {
        let door = given.map_or_else(|| new(admin), Ok)?;
        // Said again for one that was given: who knocks is told whose it is now, and not who made it (unix(7), SO_PEERCRED).
        listen(&door, 1)?;
        let door = std::os::unix::net::UnixListener::from(door);
        door.set_nonblocking(true)?;
        UnixListener::from_std(door).map(Self)
    }

    /// Whether a given file is a door.
    pub fn is_one(file: BorrowedFd<'_>) -> bool {
        socket_domain(file).is_ok_and(|domain| domain == AddressFamily::UNIX)
    }

    /// Waits for the next process. Strangers are sent away.
    pub async fn knocked(&self) -> Visitor {
        loop {
            match self.heard().await {
                Ok(visitor) => return visitor,
                Err(failed) => {
                    tracing::warn!("nothing is handed over: {failed}");
                    // Where there are no more files, the next try fails at once.
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn heard(&self) -> Result<Visitor, HandoverError> {
        let (socket, _) = self.0.accept().await?;
        let socket = socket.into_std()?;
        // Every word is waited for, where waiting holds nobody up.
        socket.set_nonblocking(false)?;
        let socket = OwnedFd::from(socket);
        elder::trust(&socket, None)?;
        Ok(Visitor(socket))
    }

    fn file(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn new(admin: SocketAddr) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    let door = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    bind(&door, &SocketAddrUnix::new_abstract_name(name(admin).as_bytes())?)?;
    Ok(door)
}

/// The next process. Every call waits for it; `app` calls from where waiting holds nobody up.
#[derive(Debug)]
pub struct Visitor(OwnedFd);

impl Visitor {
    /// Gives it the sockets and our door, and returns when it is ready to answer at them.
    ///
    /// # Errors
    /// Where it is of another version, or goes away because its configuration is no good.
    pub fn give(&self, sockets: &[OwnedFd], door: &Door) -> Result<(), HandoverError> {
        set_socket_timeout(&self.0, Timeout::Recv, Some(HANDOVER_WAIT)).map_err(io::Error::from)?;
        set_socket_timeout(&self.0, Timeout::Send, Some(HANDOVER_WAIT)).map_err(io::Error::from)?;
        expect(&self.0, elder::TAKE, "said what it wants")?;
        let files: Vec<_> = sockets.iter().map(OwnedFd::as_fd).chain([door.file()]).collect();
        files.chunks(HANDOVER_FILES).try_for_each(|files| say(&self.0, elder::SOCKETS, files))?;
        say(&self.0, elder::ALL, &[])?;
        expect(&self.0, elder::READY, "was ready").map(drop)
    }

    /// Tells it what we know, with the lock of our state directory, and returns when it answers.
    ///
    /// # Errors
    /// Where it goes away instead.
    pub fn tell(&self, knowledge: &Knowledge, lock: Option<BorrowedFd<'_>>) -> Result<(), HandoverError> {
        let text = wire::file_of(&knowledge.say())?;
        let files: Vec<_> = std::iter::once(text.as_fd()).chain(lock).collect();
        say(&self.0, elder::KNOWLEDGE, &files)?;
        // It may wait for its first round of probes, where it has new ones.
        set_socket_timeout(&self.0, Timeout::Recv, Some(HANDOVER_START)).map_err(io::Error::from)?;
        expect(&self.0, elder::ANSWERING, "answered").map(drop)
    }

    /// Tells it what we have counted in the end.
    ///
    /// # Errors
    /// Where it has gone.
    pub fn farewell(&self, counters: &str) -> Result<(), HandoverError> {
        Ok(say(&self.0, elder::COUNTERS, &[wire::file_of(counters)?.as_fd()])?)
    }
}
