//! What a running process gives to the one that replaces it: its sockets, and what it knows.
//!
//! Here: the door at which the next process knocks (`door`), the two sides of the talk behind it (`Visitor` is the next process as the
//! running one sees it, `Elder` the running one as the next sees it), and its messages (`wire`). Not here: what is given, which is
//! opaque here, and when a process may go; `app` says that.
//!
//! The talk, in which only the next process asks:
//!
//! | next | running |
//! |---|---|
//! | `take` | `sockets`, with them: both answer at the same ones for a while, so nothing that waits in one is lost |
//! | `ready`: its configuration is good, and it has every socket that it needs | stops writing, and tells `knowledge` |
//! | `answering` | ends what it has begun, tells `counters`, and goes |
//!
//! It always holds that a next process which fails, or vanishes, before `answering` changes nothing. Both sides look who the other is:
//! the door is a name of the network namespace (`unix(7)`, abstract), which anybody there could take first.

use std::io;
use std::net::SocketAddr;

mod door;
mod elder;
mod wire;

pub use door::{Door, Visitor};
pub use elder::Elder;
pub use wire::say;

/// Why a process could not replace another; the running one goes on as it was.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// The system does not let us.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It went away, or said nothing for too long.
    #[error("the other process went away before it {0}")]
    Gone(&'static str),
    /// It speaks another version of this, or something else.
    #[error("the other process says {0:?}, which this version does not understand: stop it and start this one")]
    Foreign(String),
    /// Somebody else's process.
    #[error("the other process belongs to the user {0}, who is neither us nor root nor the `user` under [server]")]
    Stranger(u32),
}

/// What a process knows, in words of the rooms that know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    /// Holds and verdicts, as `state` says them.
    pub kept: String,
    /// What was counted, as `admin` says it.
    pub counters: String,
    /// The token of this machine.
    pub token: String,
}

impl Knowledge {
    fn parts(&self) -> [&str; 3] {
        [&self.kept, &self.counters, &self.token]
    }

    /// Each part behind its length, a line each.
    fn say(&self) -> String {
        self.parts().iter().map(|part| format!("{}\n{part}", part.len())).collect()
    }

    fn read(mut text: &str) -> Option<Self> {
        let mut part = || {
            let (length, rest) = text.split_once('\n')?;
            let (part, rest) = rest.split_at_checked(length.parse().ok()?)?;
            text = rest;
            Some(part.to_owned())
        };
        Some(Self { kept: part()?, counters: part()?, token: part()? })
    }
}

/// The door of the server whose admin listener is at that address: no two servers of a network namespace have the same.
fn name(admin: SocketAddr) -> String {
    format!("edgesteer-replace-{admin}")
}

#[cfg(test)]
mod tests;
