//! Who is connected over one transport: so many in all, so many of one client; the idlest gives way to a newcomer.
//!
//! Nobody is turned away. What counts is the order in which connections came or last asked something, which needs no clock;
//! who connects faster than others ask still drives them out, back to UDP. Every look goes through all seats; there are few.

use crate::lane::Transport;
use crate::lane::tally::{Refused, Tally};
use crate::limits::{STREAM_CLIENT_PART, STREAM_IDLE, STREAM_IDLE_MIN};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The seats of one transport.
pub(super) struct Seats {
    taken: Mutex<Vec<Arc<Seat>>>,
    most: usize,
    turn: AtomicU64,
    transport: Transport,
    tally: Tally,
}

struct Seat {
    client: IpAddr,
    /// The turn at which it last asked something.
    active: AtomicU64,
    dismissed: Notify,
}

/// A taken seat; dropping it gives it back.
pub(super) struct Guest {
    seat: Arc<Seat>,
    seats: Arc<Seats>,
}

impl Seats {
    /// At most `most` connections.
    pub(super) fn new(most: usize, transport: Transport, tally: Tally) -> Arc<Self> {
        Arc::new(Self { taken: Mutex::default(), most, turn: AtomicU64::new(0), transport, tally })
    }

    /// Seats a newcomer. Where there is no seat for it, the idlest is dismissed: of the same client if that has its share.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Guest {
        let client = client(address);
        let mut taken = self.taken();
        let is_own = |seat: &Seat| seat.client == client;
        if taken.iter().filter(|seat| is_own(seat)).count() >= self.most.div_ceil(STREAM_CLIENT_PART) {
            self.dismiss(&mut taken, is_own);
            self.tally.refused(self.transport, Refused::Client);
        } else if taken.len() >= self.most {
            self.dismiss(&mut taken, |_| true);
            self.tally.refused(self.transport, Refused::Full);
        }
        let seat = Arc::new(Seat { client, active: AtomicU64::new(self.next_turn()), dismissed: Notify::new() });
        taken.push(seat.clone());
        self.show(&taken);
        Guest { seat, seats: self.clone() }
    }

    /// Frees a seat, if one is taken.
    pub(super) fn dismiss_idlest(&self) {
        self.dismiss(&mut self.taken(), |_| true);
    }

    /// How long a connection may be silent now: all of `STREAM_IDLE` while half the seats are free, then in proportion.
    pub(super) fn idle(&self) -> Duration {
        let free = self.most.saturating_sub(self.taken().len());
        STREAM_IDLE.mul_f64((2 * free) as f64 / self.most as f64).clamp(STREAM_IDLE_MIN, STREAM_IDLE)
    }

    fn dismiss(&self, taken: &mut Vec<Arc<Seat>>, of: impl Fn(&Seat) -> bool) {
        let active = |seat: &Seat| seat.active.load(Ordering::Relaxed);
        let candidates = taken.iter().enumerate().filter(|(_, seat)| of(seat));
        if let Some((idlest, _)) = candidates.min_by_key(|(_, seat)| active(seat)) {
            taken.swap_remove(idlest).dismissed.notify_one();
            self.show(taken);
        }
    }

    fn next_turn(&self) -> u64 {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }

    fn show(&self, taken: &[Arc<Seat>]) {
        self.tally.connections(self.transport).set(taken.len() as i64);
    }

    fn taken(&self) -> MutexGuard<'_, Vec<Arc<Seat>>> {
        // Nothing panics between two changes that belong together.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// The connection asks something.
    pub(super) fn mark_active(&self) {
        self.seat.active.store(self.seats.next_turn(), Ordering::Relaxed);
    }

    /// The same, for what outlives the question.
    pub(super) fn marks(&self) -> impl Fn() + Send + use<> {
        let (seat, seats) = (self.seat.clone(), self.seats.clone());
        move || seat.active.store(seats.next_turn(), Ordering::Relaxed)
    }

    /// Waits until the seat is given to another.
    pub(super) async fn dismissed(&self) {
        self.seat.dismissed.notified().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        // A dismissed guest's seat is no longer there.
        if let Some(own) = taken.iter().position(|seat| Arc::ptr_eq(seat, &self.seat)) {
            taken.swap_remove(own);
            self.seats.show(&taken);
        }
    }
}

/// Whom an address counts for: an IPv4 address for itself, since a /24 is many customers; an IPv6 /56, which is one.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 72 << 72).into(),
    }
}

#[cfg(test)]
mod tests;
