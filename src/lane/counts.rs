//! What one fast lane counts: by one thread, read by whoever scrapes.
//!
//! Only its own thread writes a lane's counters, so an increment is a load and a store, and they lie on cache lines that no other
//! lane writes.

use super::limit::Verdict;
use hickory_proto::op::ResponseCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The counters of one lane.
#[derive(Debug, Default)]
// Two lines, since neighbours are fetched in pairs.
#[repr(align(128))]
pub(super) struct Counts {
    answered: [AtomicU64; CODES.len()],
    limited: [AtomicU64; ACTIONS.len()],
    declined: [AtomicU64; REASONS.len()],
    lost: [AtomicU64; LOSSES.len()],
}

/// The RCODEs that a fast lane gives, as metrics say them.
pub(super) const CODES: [&str; 4] = ["NOERROR", "NXDOMAIN", "REFUSED", "BADCOOKIE"];
/// What is done about answers over a limit.
pub(super) const ACTIONS: [&str; 2] = ["slip", "drop"];
/// Why a question is left to the full lane.
pub(super) const REASONS: [&str; 5] = ["odd", "chaos", "ns", "size", "static"];
/// Why a question gets no answer though it should.
pub(super) const LOSSES: [&str; 2] = ["queue", "send"];

/// Why a question is left to the full lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It is refused unseen, or no message at all.
    Odd,
    /// It is of class CHAOS.
    Chaos,
    /// It gets an NS set.
    Ns,
    /// How much of its answer fits depends on the other encoder.
    Size,
    /// Its answer is in a zone's file.
    Static,
}

/// Why a question gets no answer though it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// The full lane is behind.
    Queue,
    /// The system had no room for the answer.
    Send,
}

impl Counts {
    pub(super) fn answered(&self, code: ResponseCode) {
        let place = match code {
            ResponseCode::NXDomain => 1,
            ResponseCode::Refused => 2,
            ResponseCode::BADCOOKIE => 3,
            _ => 0,
        };
        add(&self.answered[place], 1);
    }

    pub(super) fn limited(&self, verdict: Verdict) {
        match verdict {
            Verdict::Pass => {}
            Verdict::Slip => add(&self.limited[0], 1),
            Verdict::Drop => add(&self.limited[1], 1),
        }
    }

    pub(super) fn declined(&self, why: Why) {
        add(&self.declined[why as usize], 1);
    }

    pub(super) fn lost(&self, why: Loss, count: usize) {
        add(&self.lost[why as usize], count as u64);
    }

    /// Each counter: the words of `CODES`, `ACTIONS`, `REASONS` and `LOSSES` with their counts.
    pub(super) fn read(&self) -> [Vec<(&'static str, u64)>; 4] {
        let words = |words: &[&'static str], counts: &[AtomicU64]| {
            words.iter().zip(counts).map(|(&word, count)| (word, count.load(Relaxed))).collect()
        };
        [
            words(&CODES, &self.answered),
            words(&ACTIONS, &self.limited),
            words(&REASONS, &self.declined),
            words(&LOSSES, &self.lost),
        ]
    }
}

/// One writer: nothing is lost between the load and the store.
fn add(counter: &AtomicU64, count: u64) {
    counter.store(counter.load(Relaxed) + count, Relaxed);
}
