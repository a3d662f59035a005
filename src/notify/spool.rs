//! A queue of messages on disk: a file for each, whole or not there, named by its number.

use super::message::Message;
use crate::limits::NOTIFICATIONS_KEPT;
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

const SUFFIX: &str = ".json";
const NEW: &str = "new";

/// Somebody's queue.
#[derive(Debug)]
pub(super) struct Spool {
    directory: PathBuf,
    waiting: BTreeSet<u64>,
    next: u64,
}

/// A message that waits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Rises with each message, and is never used twice.
    pub(super) number: u64,
    pub(super) message: Message,
}

impl Spool {
    /// The queue in this directory with what an earlier process left in it.
    ///
    /// # Errors
    /// Where the directory cannot be made or read.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let mut waiting = BTreeSet::new();
        for entry in fs::read_dir(directory)? {
            let name = entry?.file_name();
            let number: Option<u64> =
                name.to_str().and_then(|name| name.strip_suffix(SUFFIX)).and_then(|digits| digits.parse().ok());
            waiting.extend(number);
        }
        let next = waiting.last().map_or(1, |last| last + 1);
        Ok(Self { directory: directory.to_owned(), waiting, next })
    }

    /// How many messages wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Puts a message behind the others; it is on the disk when this returns. Returns how many had to give way.
    ///
    /// # Errors
    /// Where the disk does not take it.
    pub(super) fn put(&mut self, message: &Message) -> io::Result<usize> {
        let new = self.directory.join(NEW);
        // Numbers rise with time, also over a queue that was emptied and a restart, so that no two messages have the same.
        let number = self.next.max(message.at);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(message.body.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, self.path(number))?;
        File::open(&self.directory)?.sync_all()?;
        self.next = number + 1;
        self.waiting.insert(number);
        let mut dropped = 0;
        while self.waiting.len() > NOTIFICATIONS_KEPT {
            self.waiting.first().copied().into_iter().for_each(|oldest| self.done(oldest));
            dropped += 1;
        }
        Ok(dropped)
    }

    /// The oldest message that can be read, and how many that cannot were left out before it. One whose file is gone was told: by
    /// whoever had this queue before, who was about to.
    pub(super) fn oldest(&mut self) -> (Option<Waiting>, usize) {
        let mut unreadable = 0;
        while let Some(&number) = self.waiting.first() {
            match fs::read_to_string(self.path(number)) {
                Ok(body) => return (Some(Waiting { number, message: Message { at: number, body } }), unreadable),
                Err(error) => unreadable += usize::from(error.kind() != io::ErrorKind::NotFound),
            }
            self.waiting.remove(&number);
        }
        (None, unreadable)
    }

    /// Forgets a message.
    pub(super) fn done(&mut self, number: u64) {
        self.waiting.remove(&number);
        // One that stays is told once more after a restart, which is allowed.
        let _ = fs::remove_file(self.path(number));
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number:020}{SUFFIX}"))
    }
}
