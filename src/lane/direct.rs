//! Both lanes without sockets: what tests compare and benches measure.

use super::compose::ROOM;
use super::fast::{Fast, Said};
use super::full::{self, Full};
use super::guard::Now;
use super::settings::Shared;
use super::{Peer, Tally, Transport, stream};
use crate::config::Dns;
use crate::snapshot::Lake;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// A fast and a full lane that answer from one lake with the same cookies.
#[derive(Debug)]
pub struct Direct {
    fast: Fast,
    full: Full,
    now: Now,
    room: Box<[u8; ROOM]>,
}

/// What becomes of a question in the fast lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'d> {
    /// It is answered.
    Answer(&'d [u8]),
    /// Silence is the answer.
    Nothing,
    /// The full lane answers.
    Declined,
}

impl Direct {
    /// Lanes of these manners.
    pub fn new(lake: &Lake, dns: &Dns, tally: &Tally) -> Self {
        let full = Full::new(lake.clone(), tally.clone(), Arc::new(Shared::new(dns)));
        let fast = Fast::new(lake, &full, 1, tally.lane());
        Self { now: fast.now(), fast, full, room: Box::new([0; ROOM]) }
    }

    /// Looks at the clock.
    pub fn tick(&mut self) {
        self.now = self.fast.now();
    }

    /// What a lane does while nobody asks.
    pub fn idle(&mut self) {
        self.fast.revalidate();
    }

    /// Looks at the clock and reads ahead, as a lane does for each batch.
    pub fn begin<'q>(&mut self, batch: impl Iterator<Item = &'q [u8]>) {
        self.tick();
        self.fast.read_ahead(batch);
    }

    /// The fast lane's answer over UDP.
    pub fn fast(&mut self, question: &[u8], client: SocketAddr) -> Outcome<'_> {
        match self.fast.message(question, client, self.now, &mut self.room) {
            Said::Answer(length) => Outcome::Answer(&self.room[..length]),
            Said::Nothing => Outcome::Nothing,
            Said::Declined { .. } => Outcome::Declined,
        }
    }

    /// The full lane's answer over UDP, unless it is silence or others must be asked first.
    pub fn full(&self, question: &[u8], client: SocketAddr) -> Option<Vec<u8>> {
        match self.full.message(question, &Peer::datagram(client)) {
            full::Said::Now(answer) | full::Said::Last(answer) => Some(answer),
            full::Said::Later(_) | full::Said::Many(_) | full::Said::Nothing => None,
        }
    }

    /// Holds a whole conversation over TCP, or as over TLS where it is `encrypted`, with the full lane.
    pub async fn converse<S>(&self, stream: &mut S, client: SocketAddr, encrypted: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let transport = if encrypted { Transport::Tls } else { Transport::Tcp };
        stream::converse(&self.full, stream, client, transport).await;
    }
}
