//! What is being done, on a terminal, where it takes longer than a second.
//!
//! Nothing is shown where standard error is a file or a pipe. What always holds: the line is gone when the value is dropped.

use crate::limits::PROGRESS_AFTER;
use std::io::{IsTerminal as _, Write as _};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the line is written anew.
const EVERY: Duration = Duration::from_millis(250);

/// A piece of work that somebody waits for.
pub(super) struct Progress {
    /// Its end is the end of the work.
    working: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// `what` as in "reading edgesteer.toml".
    pub(super) fn of(what: impl Into<String>) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { working: None, thread: None };
        }
        let ((working, ended), what) = (mpsc::channel(), what.into());
        let thread = std::thread::spawn(move || show(&what, &ended));
        Self { working: Some(working), thread: Some(thread) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.working = None;
        // A panic there was reported where it happened.
        self.thread.take().map(JoinHandle::join);
    }
}

fn show(what: &str, ended: &mpsc::Receiver<()>) {
    let (mut wait, mut seconds, mut shown) = (PROGRESS_AFTER, PROGRESS_AFTER.as_secs_f64(), false);
    while ended.recv_timeout(wait) == Err(mpsc::RecvTimeoutError::Timeout) {
        let _ = write!(std::io::stderr().lock(), "\r\x1b[K{what} ({seconds:.0} s)");
        (wait, seconds, shown) = (EVERY, seconds + EVERY.as_secs_f64(), true);
    }
    if shown {
        let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
    }
}
