//! Notices that a file of the configuration was changed.
//!
//! It looks at every file twice a second, where the system could tell us (inotify): one look sees a file that was written to,
//! renamed over or swapped by a link at any height of its path (as Kubernetes does), also on another machine's file system and
//! where the system has no more watches to give. It always holds that a change is told once it has been still for a look,
//! so that a file is not read while it is written, and that it is told once.

use crate::config::Stamp;
use crate::limits::{WATCH_LOOK, WATCH_PART};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

/// The files of a configuration as they were when it was read.
#[derive(Clone, Debug)]
pub struct Watch {
    files: Arc<[Stamp]>,
    on: bool,
}

impl Watch {
    /// Watches these files, where it is `on`.
    pub(super) fn new(files: Vec<Stamp>, on: bool) -> Self {
        Self { files: files.into(), on }
    }

    /// After an attempt that was refused: the files that it has read, and those that it did not come to, as they are now.
    pub(super) fn after(&self, mut attempt: Vec<Stamp>) -> Self {
        let read: HashSet<_> = attempt.iter().map(|stamp| stamp.path().to_owned()).collect();
        attempt.extend(self.look().into_iter().filter(|stamp| !read.contains(stamp.path())));
        Self::new(attempt, self.on)
    }

    /// The same files now.
    fn look(&self) -> Vec<Stamp> {
        self.files.iter().map(|stamp| Stamp::now(stamp.path())).collect()
    }

    /// How many octets the same files have now.
    pub(super) fn size(&self) -> u64 {
        sizes(&self.look())
    }

    /// Waits until one of them differs from what was read, and for ever where nobody is to watch.
    pub async fn changed(&self) {
        if !self.on {
            std::future::pending::<()>().await;
        }
        let (mut last, mut pause) = (self.files.to_vec(), WATCH_LOOK);
        loop {
            tokio::time::sleep(pause).await;
            let (watch, began) = (self.clone(), Instant::now());
            let Ok(now) = tokio::task::spawn_blocking(move || watch.look()).await else { continue };
            if now == last && *now != *self.files {
                return;
            }
            last = now;
            pause = WATCH_LOOK.max(began.elapsed().saturating_mul(WATCH_PART));
        }
    }
}

/// How many octets these files had.
pub(super) fn sizes(files: &[Stamp]) -> u64 {
    files.iter().map(Stamp::size).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
