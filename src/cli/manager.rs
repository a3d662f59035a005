//! What the service manager is told: the protocol of sd_notify(3), one datagram for each change.
//!
//! Nothing is told where `NOTIFY_SOCKET` is not set. A manager that does not listen is no reason to stop answering, so what
//! cannot be sent is dropped. It always holds that the watchdog is fed only by a control task that has just answered: a timer
//! alone would keep a process alive in which nobody decides any more.

use crate::handover;
use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The service manager, if there is one.
#[derive(Clone, Debug)]
pub(super) struct Manager {
    socket: Option<Arc<UnixDatagram>>,
    /// Within which time it wants to hear that we live.
    watchdog: Option<Duration>,
}

impl Manager {
    /// The one that started us, as its environment says.
    pub(super) fn of_this_process() -> Self {
        let socket = env::var_os("NOTIFY_SOCKET").and_then(|path| connect(&path).ok());
        let number = |key| env::var_os(key)?.to_str()?.parse::<u64>().ok();
        // It may have been meant for the process that started us (sd_watchdog_enabled(3)).
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 0).map(Duration::from_micros);
        Self { socket: socket.map(Arc::new), watchdog }
    }

    /// DNS is answered, also after a reload.
    pub(super) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// The configuration is being read again. The time lets the manager tell an answer to its own order from an earlier one.
    pub(super) fn reloading(&self) {
        let micros = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).map_or(0, |now| {
            let now = Duration::from(now);
            now.as_micros()
        });
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}\nSTATUS=reading the configuration again"));
    }

    /// The end has begun.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=answering what was read, then ending");
    }

    /// Gives it sockets to keep, so that what is asked between this process and the next waits in them. One that keeps none
    /// closes them.
    pub(super) fn keep<'s>(&self, sockets: impl Iterator<Item = &'s OwnedFd>) {
        for socket in sockets {
            let Some(address) = address_of(socket) else { continue };
            self.tell_with(&format!("FDSTORE=1\nFDNAME={}\nFDPOLL=0", name_of(&address)), &[socket.as_fd()]);
        }
    }

    /// Has it close sockets that it kept, which are bound there.
    pub(super) fn forget(&self, addresses: &[String]) {
        addresses.iter().for_each(|address| self.tell(&format!("FDSTOREREMOVE=1\nFDNAME={}", name_of(address))));
    }

    /// Feeds the watchdog, where there is one, for as long as `alive` says yes in time. Ends when it is aborted.
    pub(super) fn feed<F>(&self, alive: impl Fn() -> F + Send + 'static) -> Option<JoinHandle<()>>
    where
        F: Future<Output = bool> + Send + 'static,
    {
        self.socket.as_ref()?;
        // Half the time, as sd_watchdog_enabled(3) advises, of which an answer may take half.
        let pause = self.watchdog? / 4;
        let manager = self.clone();
        Some(tokio::spawn(async move {
            loop {
                if tokio::time::timeout(pause, alive()).await == Ok(true) {
                    manager.tell("WATCHDOG=1");
                }
                tokio::time::sleep(pause).await;
            }
        }))
    }

    fn tell(&self, text: &str) {
        self.tell_with(text, &[]);
    }

    fn tell_with(&self, text: &str, files: &[BorrowedFd<'_>]) {
        if let Some(socket) = &self.socket {
            // A manager that does not read must not hold us up.
            let _ = handover::say(socket, text, files);
        }
    }
}

fn address_of(socket: &OwnedFd) -> Option<String> {
    let address = rustix::net::getsockname(socket).ok()?;
    Some(std::net::SocketAddr::try_from(address).ok()?.to_string())
}

/// A name without a colon, which is not allowed in one.
fn name_of(address: &str) -> String {
    address.replace(':', "-")
}

/// A socket that leads to a path, or with `@` in front to a name without a file.
fn connect(path: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    let address = match path.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(path)?,
    };
    socket.connect_addr(&address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests;
