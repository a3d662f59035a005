//! The last `EVENTS_KEPT` events, each with a number that rises, also over restarts: what streams of events resume from.
//!
//! Numbers are never used twice and never fall, unless the clock is set back while the process is down: the first of a
//! process is its start in seconds since 1970, times a million. What was lost is told by an event "gap" in its place.

use crate::audit::Entry;
use crate::control::{self, Event};
use crate::limits::EVENTS_KEPT;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::watch;
use utoipa::ToSchema;

/// An event as it is told: the words are those of the audit trail.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Told {
    /// Rises with each event.
    pub(super) id: u64,
    /// When it was heard of, milliseconds since 1970.
    at: u64,
    /// What happened, a word of a small set.
    pub(super) what: &'static str,
    /// The generation that was true afterwards, where it is known.
    generation: Option<u64>,
    /// Why, for people.
    reason: String,
    /// What else a program may want to know.
    #[schema(value_type = Object)]
    detail: Map<String, Value>,
}

/// Events for those who come later.
#[derive(Debug)]
pub(super) struct Ring {
    kept: Mutex<Kept>,
    newest: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept {
    events: VecDeque<Arc<Told>>,
    next: u64,
}

/// Some of the events after a number.
#[derive(Debug)]
pub(super) struct Since {
    pub(super) events: Vec<Arc<Told>>,
    /// Whether some after that number are not kept any more, or the number is none of this server's.
    pub(super) gap: bool,
    /// The number of the newest event.
    pub(super) newest: u64,
}

impl Default for Ring {
    fn default() -> Self {
        Self::beginning(now().as_secs().saturating_mul(1_000_000))
    }
}

impl Ring {
    /// An empty ring whose first event has the number after this.
    fn beginning(before: u64) -> Self {
        Self {
            kept: Mutex::new(Kept { events: VecDeque::new(), next: before + 1 }),
            newest: watch::Sender::new(before),
        }
    }

    /// Keeps events until the control task ends.
    pub(super) async fn keep(self: Arc<Self>, mut events: Receiver<Event>) {
        loop {
            match events.recv().await {
                Ok(event) => self.add(control::entry(&event), 1),
                Err(RecvError::Lagged(lost)) => {
                    let reason = "events came faster than they could be kept";
                    self.add(Entry::of("gap", reason).with("events", lost), lost);
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Adds what stands for so many events.
    fn add(&self, entry: Entry, numbers: u64) {
        let mut kept = self.kept();
        kept.next += numbers;
        let id = kept.next - 1;
        let Entry { what, generation, reason, detail } = entry;
        let at = now().as_millis() as u64;
        kept.events.push_back(Arc::new(Told { id, at, what, generation, reason, detail }));
        if kept.events.len() > EVENTS_KEPT {
            kept.events.pop_front();
        }
        self.newest.send_replace(id);
    }

    /// At most `most` events after that number, the oldest first; without a number, the newest.
    pub(super) fn since(&self, after: Option<u64>, most: usize) -> Since {
        let kept = self.kept();
        let newest = kept.next - 1;
        let Some(after) = after else {
            let skipped = kept.events.len().saturating_sub(most);
            return Since { events: kept.events.iter().skip(skipped).cloned().collect(), gap: false, newest };
        };
        let from = kept.events.partition_point(|told| told.id <= after);
        let events: Vec<_> = kept.events.iter().skip(from).take(most).cloned().collect();
        // Nothing is between the number and the oldest that is kept, unless something was dropped or is of another process.
        let oldest = kept.events.front().map_or(kept.next, |told| told.id);
        Since { events, gap: after > newest || after + 1 < oldest, newest }
    }

    /// Tells when there is something new.
    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests;
