//! One connection of a target kept open after a passed probe: its loss is the first sign, and starts the next probe.
//!
//! A loss proves nothing by itself; the probe after it does. A server that closes idle connections by habit must not cause
//! a storm: extra probes are `confirm` apart at least, and after `TRIPWIRE_HABITS_MAX` losses in a row that a passed
//! probe followed, nothing is kept for `TRIPWIRE_REST`. Then detection is that of the interval alone.

use super::dial::Connection;
use crate::limits::{FOREVER, TRIPWIRE_HABITS_MAX, TRIPWIRE_OCTETS_PER_SECOND, TRIPWIRE_REST};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::time;

/// The kept connection of one target, if there is one.
pub(super) struct Tripwire {
    enabled: bool,
    confirm: Duration,
    kept: Option<Connection>,
    habit: Habit,
}

impl Tripwire {
    pub(super) fn new(enabled: bool, confirm: Duration) -> Self {
        Self { enabled, confirm, kept: None, habit: Habit::default() }
    }

    /// Takes what a probe that ended at `now` left: the connection of a passed one. It replaces the kept one.
    pub(super) fn probed(&mut self, connection: Option<Connection>, now: Instant) {
        let is_armed = self.habit.probed(connection.is_some(), now);
        self.kept = connection.filter(|_| self.enabled && is_armed);
    }

    /// Waits until the kept connection is lost and a probe shall start for it; for ever where that cannot happen.
    pub(super) async fn lost(&mut self) {
        if let Some(connection) = &mut self.kept {
            ended(connection).await;
            self.kept = None;
            let due = self.habit.lost(Instant::now(), self.confirm);
            return time::sleep_until(due.into()).await;
        }
        std::future::pending().await
    }
}

/// How losses and probes follow one another on one target.
#[derive(Debug, Default)]
struct Habit {
    is_lost: bool,
    in_a_row: u32,
    extra: Option<Instant>,
    rests_until: Option<Instant>,
}

impl Habit {
    /// A loss; says when it starts a probe.
    fn lost(&mut self, now: Instant, confirm: Duration) -> Instant {
        self.is_lost = true;
        let due = self.extra.map_or(now, |last| now.max(last + confirm.min(FOREVER)));
        self.extra = Some(due);
        due
    }

    /// A probe that ended; says whether its connection may be kept.
    fn probed(&mut self, passed: bool, now: Instant) -> bool {
        let was_habit = std::mem::take(&mut self.is_lost) && passed;
        self.in_a_row = if was_habit { self.in_a_row + 1 } else { 0 };
        if self.in_a_row >= TRIPWIRE_HABITS_MAX {
            self.in_a_row = 0;
            self.rests_until = Some(now + TRIPWIRE_REST);
        }
        passed && self.rests_until.is_none_or(|until| now >= until)
    }
}

/// Reads and forgets until the connection ends.
async fn ended(connection: &mut Connection) {
    let mut since = time::Instant::now();
    let mut octets = 0;
    while let Ok(count @ 1..) = poll_fn(|context| poll_forget(connection, context)).await {
        octets += count;
        if octets >= TRIPWIRE_OCTETS_PER_SECOND {
            time::sleep_until(since + Duration::from_secs(1)).await;
            (since, octets) = (time::Instant::now(), 0);
        }
    }
}

/// The buffer lives only while octets move: thousands of silent connections must cost nothing.
fn poll_forget(connection: &mut Connection, context: &mut std::task::Context<'_>) -> Poll<io::Result<usize>> {
    let mut octets = [0; 4096];
    let mut buffer = ReadBuf::new(&mut octets);
    ready!(Pin::new(connection).poll_read(context, &mut buffer))?;
    Poll::Ready(Ok(buffer.filled().len()))
}

#[cfg(test)]
mod tests;
