//! What operators order, and what the next process must know: the control task's side of holds and state.

use super::handle::{Done, Order, Refusal, Release};
use super::{Control, Event, Unsafe, instant};
use crate::health::{Grounds, Hold};
use crate::ids::ServiceId;
use crate::limits::{HOLDS_MAX, STATE_PART, STATE_SAVE_AT_LEAST, STATE_SAVE_AT_MOST};
use crate::state::{Kept, NotKept, PATIENCE, Receipt};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

type Reply = oneshot::Sender<Result<Done, Refusal>>;

/// When beliefs were last handed to the store.
#[derive(Debug)]
pub(super) struct Saved {
    at: Instant,
    /// How long it took us to say them.
    took: Duration,
    is_stale: bool,
}

impl Saved {
    pub(super) fn at(now: Instant) -> Self {
        Self { at: now, took: Duration::ZERO, is_stale: true }
    }

    /// Something has changed.
    pub(super) fn note(&mut self) {
        self.is_stale = true;
    }

    /// A change is written soon; without one the file is written again so that it stays fresh. Large worlds wait longer: saying
    /// them takes no more than one part in `STATE_PART` of our time.
    fn is_due(&self, now: Instant) -> bool {
        let least = STATE_SAVE_AT_MOST.max(self.took.saturating_mul(STATE_PART));
        let wait = if self.is_stale { least } else { STATE_SAVE_AT_LEAST.max(least) };
        now.saturating_duration_since(self.at) >= wait
    }
}

impl Control {
    pub(super) fn hold(&mut self, order: Order, reply: Reply) {
        let now = self.moment();
        let Order { subject, held, length, grounds, force } = order;
        let ends = length.and_then(|length| now.at.checked_add(length));
        let hold = Hold { held, grounds: grounds.clone(), made: now.unix, ends };
        let what = format!("hold {subject} {}", held.word());
        let judged = self.beliefs.find(&subject).map_err(Refusal::from).and_then(|()| {
            let is_new = self.beliefs.holds().get(&subject).is_none();
            if is_new && self.beliefs.holds().iter().len() >= HOLDS_MAX {
                return Err(Refusal::TooMany);
            }
            let left = self.beliefs.would_leave(&subject, Some(&hold));
            let safety = self.beliefs.topology().safety;
            Ok(self.recent.judge(safety, left.as_ref(), now.at).err())
        });
        let Some((forced, reply)) = self.pass(judged, force, what, &grounds, reply) else { return };
        let was_held = self.beliefs.holds().get(&subject).is_some();
        let services = self.beliefs.hold(subject.clone(), hold.clone());
        let told = forced.clone();
        let event =
            |generation| Event::Held { subject: subject.clone(), hold: Arc::new(hold), forced: told, generation };
        let done = self.carry_out(services, was_held, event);
        let lingers = if held.keeps_away() {
            let snapshot = self.publisher.lake().load();
            Some(self.linger.await_leave(&snapshot, &subject, instant()))
        } else {
            self.linger.forget(&subject);
            None
        };
        self.answer(Done { forced, lingers, ..done }, reply);
    }

    pub(super) fn release(&mut self, release: Release, reply: Reply) {
        let Release { subject, grounds, force } = release;
        let is_held = self.beliefs.holds().get(&subject).is_some();
        let found = if is_held { Ok(()) } else { self.beliefs.find(&subject) };
        let safety = self.beliefs.topology().safety;
        // What is held up may be down without its hold.
        let left = self.beliefs.would_leave(&subject, None);
        let judged = found.map_err(Refusal::from).map(|()| self.recent.judge(safety, left.as_ref(), instant()).err());
        let what = format!("release {subject}");
        let Some((forced, reply)) = self.pass(judged, force, what, &grounds, reply) else { return };
        let (hold, services) = self.beliefs.release(&subject);
        self.linger.forget(&subject);
        let told = forced.clone();
        let event = |generation| Event::Released { subject, hold, grounds, forced: told, generation };
        let done = self.carry_out(services, is_held, event);
        self.answer(Done { forced, ..done }, reply);
    }

    /// Lets an order pass that is safe or forced; every other is refused and told.
    fn pass(
        &mut self,
        judged: Result<Option<Unsafe>, Refusal>,
        force: bool,
        action: String,
        grounds: &Grounds,
        reply: Reply,
    ) -> Option<(Option<Unsafe>, Reply)> {
        let why = match judged {
            Ok(None) => return Some((None, reply)),
            Ok(Some(danger)) if force => return Some((Some(danger), reply)),
            Ok(Some(danger)) => Refusal::from(danger),
            Err(refusal) => refusal,
        };
        self.tell(Event::Refused { action, why: why.to_string(), grounds: grounds.clone() });
        // Whoever asked may have gone.
        let _ = reply.send(Err(why));
        None
    }

    fn carry_out(&mut self, services: BTreeSet<ServiceId>, was_held: bool, event: impl FnOnce(u64) -> Event) -> Done {
        let count = services.len();
        let published = self.publish(services, None, instant());
        let generation = self.publisher.lake().load().generation;
        self.recent.count(self.beliefs.topology().safety, instant());
        self.tell(event(generation));
        published.into_iter().for_each(|event| self.tell(event));
        self.saved.note();
        Done { services: count, was_held, generation, kept: Err(NotKept::NoDirectory), lingers: None, forced: None }
    }

    /// Answers once the holds are on the disk, or will not be; nobody waits for the disk here.
    fn answer(&self, done: Done, reply: Reply) {
        let receipt = self.store.save_holds(self.beliefs.holds(), self.moment());
        tokio::spawn(async move {
            let kept = in_time(receipt).await;
            // Whoever asked may have gone.
            let _ = reply.send(Ok(Done { kept, ..done }));
        });
    }

    /// Hands beliefs to the store when it is time.
    pub(super) fn save_now_and_then(&mut self) {
        if self.store.keeps() && self.saved.is_due(instant()) {
            drop(self.save_past());
        }
    }

    pub(super) fn save(&mut self, reply: oneshot::Sender<()>) {
        let receipt = self.save_past();
        tokio::spawn(async move {
            // What failed was said by the store.
            let _ = in_time(receipt).await;
            let _ = reply.send(());
        });
    }

    /// Tells what the next process must know, once everything is on the disk: whatever we were still writing would undo what it
    /// writes.
    pub(super) fn hand_over(&mut self, reply: oneshot::Sender<String>) {
        let now = self.moment();
        let kept = Kept::say(self.beliefs.holds(), &self.beliefs.past(now), now);
        let receipts = [self.store.save_holds(self.beliefs.holds(), now), self.save_past()];
        self.rest(true);
        tokio::spawn(async move {
            for receipt in receipts {
                // What failed was said by the store.
                let _ = in_time(receipt).await;
            }
            let _ = reply.send(kept);
        });
    }

    pub(super) fn rest(&mut self, resting: bool) {
        self.is_resting = resting;
        self.store.rest(resting);
        self.saved.note();
    }

    fn save_past(&mut self) -> Receipt {
        let now = self.moment();
        let receipt = self.store.save_past(&self.beliefs.past(now));
        self.saved = Saved { at: now.at, took: instant().saturating_duration_since(now.at), is_stale: false };
        receipt
    }
}

async fn in_time(receipt: Receipt) -> Result<(), NotKept> {
    match tokio::time::timeout(PATIENCE, receipt).await {
        Ok(Ok(kept)) => kept,
        Ok(Err(_)) | Err(_) => Err(NotKept::Busy),
    }
}
