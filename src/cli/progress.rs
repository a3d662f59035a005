//! What is being done, on a terminal, where it takes longer than a second.
//!
//! Nothing is shown where standard error is a file or a pipe. What always holds: the line is gone when the value is dropped.

use crate::limits::PROGRESS_AFTER;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the line is written anew.
const EVERY: Duration = Duration::from_millis(250);

/// A piece of work that somebody waits for.
pub(super) struct Progress {
    done: Arc<AtomicUsize>,
    /// Its end is the end of the work.
    working: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// `what` as in "reading edgesteer.toml".
    pub(super) fn of(what: impl Into<String>) -> Self {
        Self::counting(what, 0)
    }

    /// `what` as in "probing", of so many parts; of 0 none are shown.
    pub(super) fn counting(what: impl Into<String>, parts: usize) -> Self {
        let done = Arc::new(AtomicUsize::new(0));
        if !std::io::stderr().is_terminal() {
            return Self { done, working: None, thread: None };
        }
        let ((working, ended), what, counted) = (mpsc::channel(), what.into(), done.clone());
        let thread = std::thread::spawn(move || show(&what, (&counted, parts), &ended));
        Self { done, working: Some(working), thread: Some(thread) }
    }

    /// One part more is done.
    pub(super) fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.working = None;
        // A panic there was reported where it happened.
        self.thread.take().map(JoinHandle::join);
    }
}

fn show(what: &str, (done, parts): (&AtomicUsize, usize), ended: &mpsc::Receiver<()>) {
    let (mut wait, mut seconds, mut shown) = (PROGRESS_AFTER, PROGRESS_AFTER.as_secs_f64(), false);
    while ended.recv_timeout(wait) == Err(mpsc::RecvTimeoutError::Timeout) {
        let part = if parts == 0 { String::new() } else { format!(" {} of {parts}", done.load(Ordering::Relaxed)) };
        let _ = write!(std::io::stderr().lock(), "\r\x1b[K{what}{part} ({seconds:.0} s)");
        (wait, seconds, shown) = (EVERY, seconds + EVERY.as_secs_f64(), true);
    }
    if shown {
        let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
    }
}
