//! Questions and answers over UDP: a thread for each core, each with a socket of its own on every address.
//!
//! The system spreads clients over the sockets, so lanes share nothing. A lane reads what has come, answers it, and sends the
//! answers, two system calls for a batch. What it declines goes through one bounded queue to the full lane (`declined`); where
//! that is behind, a question is lost, as any datagram may be. A lane wakes up now and then though nobody asks, so that it
//! does not keep an old snapshot in memory. Not here: what is answered (`fast`), system calls (`mmsg`).

use super::compose::ROOM;
use super::counts::Loss;
use super::envelope::Envelope;
use super::fast::{Fast, Said};
use super::mmsg::{self, LOOK, WAIT};
use crate::limits::{LANE_IDLE, LANE_NICE, LANE_TURNS, UDP_BATCH, UDP_QUESTION_MAX};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{getpriority_process, setpriority_process};
use std::io;
use std::net::UdpSocket;
use std::os::fd::AsFd as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use tokio::sync::mpsc;

pub(super) mod declined;

use declined::Declined;

/// Room for one question: three cache lines more than the largest, so that not every question begins in the same set of the cache.
const QUESTION_ROOM: usize = (UDP_QUESTION_MAX + 1) + 192;

/// One thread's part of the UDP service.
#[derive(Debug)]
pub(super) struct Lane {
    sockets: Vec<Arc<UdpSocket>>,
    fast: Fast,
    declined: mpsc::Sender<Declined>,
    stop: Arc<AtomicBool>,
}

/// Where a batch lies: made once, never grown.
struct Desk {
    questions: Box<[[u8; QUESTION_ROOM]]>,
    answers: Box<[[u8; ROOM]]>,
    lengths: [usize; UDP_BATCH],
    envelopes: [Envelope; UDP_BATCH],
}

impl Lane {
    /// A lane that answers on these sockets until `stop` says so.
    pub(super) fn new(
        sockets: Vec<UdpSocket>,
        fast: Fast,
        declined: mpsc::Sender<Declined>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self { sockets: sockets.into_iter().map(Arc::new).collect(), fast, declined, stop }
    }

    /// Starts its thread.
    ///
    /// # Errors
    /// Where the system gives none.
    pub(super) fn start(self, number: usize) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name(format!("lane-{number}")).spawn(move || self.run())
    }

    fn run(mut self) {
        step_back();
        let mut desk = Desk::new();
        self.fast.settle();
        while !self.is_over() {
            // A defect that one question brings to light must not end the answers to all others.
            if catch_unwind(AssertUnwindSafe(|| self.serve(&mut desk))).is_err() {
                tracing::error!("a question was not answered because of a defect of this program; please report it");
            }
        }
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn serve(&mut self, desk: &mut Desk) {
        let sockets = self.sockets.clone();
        let mut polled: Vec<_> = sockets.iter().map(|s| PollFd::new(s.as_fd(), PollFlags::POLLIN)).collect();
        while !self.is_over() {
            if let [socket] = &sockets[..] {
                // The one that there is has a time-out of its own.
                self.turn(socket, WAIT, desk);
            } else {
                look(&mut polled);
                let ready = sockets.iter().zip(&polled).filter(|(_, polled)| polled.any().unwrap_or(true));
                for (socket, _) in ready {
                    let _ = (0..LANE_TURNS).try_for_each(|_| self.turn(socket, LOOK, desk).then_some(()));
                }
            }
            self.fast.revalidate();
        }
    }

    /// Answers one batch; whether there was any.
    fn turn(&mut self, socket: &Arc<UdpSocket>, flags: nix::libc::c_int, desk: &mut Desk) -> bool {
        let Desk { questions, answers, lengths, envelopes } = desk;
        let got = match mmsg::receive(socket, questions, envelopes, flags) {
            Ok(got) => got,
            Err(error) => {
                if !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) {
                    // Nothing that a client does; looking again at once would only burn the core.
                    thread::sleep(LANE_IDLE);
                }
                return false;
            }
        };
        let now = self.fast.now();
        if got > 1 {
            self.fast.read_ahead((0..got).map(|i| &questions[i][..envelopes[i].length()]));
        }
        for i in 0..got {
            let (question, envelope) = (&questions[i][..envelopes[i].length()], &envelopes[i]);
            let said =
                envelope.client().map_or(Said::Nothing, |from| self.fast.message(question, from, now, &mut answers[i]));
            lengths[i] = match said {
                Said::Answer(length) => length,
                Said::Nothing => 0,
                Said::Declined { over } => {
                    self.decline(socket, envelope, question, over);
                    0
                }
            };
        }
        let said = envelopes.iter().zip(answers.iter()).zip(&lengths[..got]).filter(|(_, length)| **length > 0);
        let lost = mmsg::send(socket, said.map(|((envelope, answer), &length)| (envelope, &answer[..length])));
        self.fast.counts().lost(Loss::Send, lost);
        got > 0
    }

    fn decline(&self, socket: &Arc<UdpSocket>, envelope: &Envelope, question: &[u8], over: bool) {
        match self.declined.try_reserve() {
            Ok(seat) => seat.send(Declined::new(socket.clone(), *envelope, question, over)),
            Err(_) => self.fast.counts().lost(Loss::Queue, 1),
        }
    }
}

/// Waits until something has come somewhere, or nothing has come for a while.
fn look(polled: &mut [PollFd<'_>]) {
    let patience = PollTimeout::try_from(LANE_IDLE).unwrap_or(PollTimeout::ZERO);
    match poll(polled, patience) {
        Ok(_) | Err(Errno::EINTR) => {}
        // For want of memory, and that for a moment; the sockets are looked at all the same.
        Err(_) => thread::sleep(LANE_IDLE),
    }
}

/// Lets whoever decides go first where there are no more cores than lanes: this thread alone gives way, since Linux keeps a priority for
/// each. A lane that never rests would else hold a verdict back for a whole slice of the scheduler, three milliseconds; a core of its own
/// it keeps. Where the system refuses, it stays as it was.
fn step_back() {
    if let Ok(nice) = getpriority_process(None) {
        let _ = setpriority_process(None, nice.saturating_add(LANE_NICE));
    }
}

impl Desk {
    fn new() -> Self {
        Self {
            questions: vec![[0; QUESTION_ROOM]; UDP_BATCH].into(),
            answers: vec![[0; ROOM]; UDP_BATCH].into(),
            lengths: [0; UDP_BATCH],
            envelopes: [Envelope::EMPTY; UDP_BATCH],
        }
    }
}

#[cfg(test)]
mod tests;
