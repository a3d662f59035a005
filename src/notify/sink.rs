//! Somebody who is told: his queue and the thread that empties it.

use super::deliver::deliver;
use super::spool::{Spool, Waiting};
use super::{Message, Metrics, is_stale, lock};
use crate::config::Notify;
use crate::limits::{NOTIFY_RETRY, NOTIFY_RETRY_MAX};
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Dropping it ends its thread after the message under way.
#[derive(Debug)]
pub(super) struct Sink(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    notify: Notify,
    desk: Mutex<Desk>,
    news: Condvar,
    metrics: Metrics,
}

#[derive(Debug)]
struct Desk {
    spool: Spool,
    is_over: bool,
}

impl Sink {
    /// Takes over the queue of that name and begins to empty it.
    ///
    /// # Errors
    /// Where there can be no queue or no thread.
    pub(super) fn start(notify: Notify, directory: &Path, metrics: Metrics) -> io::Result<Self> {
        let desk = Mutex::new(Desk { spool: Spool::open(&directory.join(&notify.name))?, is_over: false });
        let shared = Arc::new(Shared { notify, desk, news: Condvar::new(), metrics });
        ["sent", "failed", "dropped"].iter().for_each(|outcome| shared.count(outcome, 0));
        shared.show(&lock(&shared.desk));
        let works = shared.clone();
        std::thread::Builder::new().name("notify-send".to_owned()).spawn(move || works.run())?;
        Ok(Self(shared))
    }

    pub(super) fn notify(&self) -> &Notify {
        &self.0.notify
    }

    /// Queues a message. One that the disk does not take is lost, and counted.
    pub(super) fn put(&self, message: &Message) {
        let mut desk = lock(&self.0.desk);
        let put = desk.spool.put(message);
        self.0.show(&desk);
        drop(desk);
        let dropped = put.unwrap_or_else(|error| {
            tracing::error!(name = self.0.notify.name, "a message cannot be queued: {error}");
            1
        });
        self.0.count("dropped", dropped as u64);
        self.0.news.notify_one();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let mut desk = lock(&self.0.desk);
        desk.is_over = true;
        // It was set at the start, so it is there.
        let _ = self.0.metrics.waiting.remove_label_values(&[self.0.notify.name.as_str()]);
        drop(desk);
        self.0.news.notify_one();
    }
}

impl Shared {
    fn run(&self) {
        let mut pause = Duration::ZERO;
        while let Some(Waiting { number, message }) = self.next(pause) {
            let told = if is_stale(message.at / 1000, SystemTime::now()) {
                self.count("dropped", 1);
                true
            } else {
                self.tell(number, &message, pause.is_zero())
            };
            pause = if told { Duration::ZERO } else { (pause * 2).clamp(NOTIFY_RETRY, NOTIFY_RETRY_MAX) };
            if told {
                let mut desk = lock(&self.desk);
                desk.spool.done(number);
                self.show(&desk);
            }
        }
    }

    /// The oldest message once the pause is over and there is one; `None` at the end.
    fn next(&self, pause: Duration) -> Option<Waiting> {
        let desk = lock(&self.desk);
        let over = |desk: &mut Desk| !desk.is_over;
        let mut desk = self.news.wait_timeout_while(desk, pause, over).unwrap_or_else(PoisonError::into_inner).0;
        let idle = |desk: &mut Desk| !desk.is_over && desk.spool.len() == 0;
        loop {
            desk = self.news.wait_while(desk, idle).unwrap_or_else(PoisonError::into_inner);
            if desk.is_over {
                return None;
            }
            let (oldest, unreadable) = desk.spool.oldest();
            if unreadable > 0 {
                tracing::error!(name = self.notify.name, unreadable, "messages that waited cannot be read");
                self.count("dropped", unreadable as u64);
            }
            if oldest.is_some() {
                return oldest;
            }
            self.show(&desk);
        }
    }

    /// Whether the message was taken. That it was not is said once, until one is taken again.
    fn tell(&self, number: u64, message: &Message, first: bool) -> bool {
        let name = &self.notify.name;
        match deliver(&self.notify, number, message) {
            Ok(()) => {
                self.count("sent", 1);
                true
            }
            Err(why) => {
                self.count("failed", 1);
                if first {
                    tracing::error!(name, "a message was not taken, and is tried again: {why}");
                }
                false
            }
        }
    }

    fn count(&self, outcome: &str, count: u64) {
        self.metrics.messages.with_label_values(&[self.notify.name.as_str(), outcome]).inc_by(count);
    }

    /// How many wait; once it is over, whoever took the queue over tells that.
    fn show(&self, desk: &Desk) {
        if !desk.is_over {
            let waiting = self.metrics.waiting.with_label_values(&[self.notify.name.as_str()]);
            waiting.set(desk.spool.len() as i64);
        }
    }
}
