//! Lines and their seals: each line holds the SHA-256 of the line before it and of itself, so that none can be changed, taken
//! out or put in without breaking every line after it. Pure; time is an argument.

use super::Entry;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::SystemTime;

/// What stands between a line's content and its seal.
const SEAL: &str = ",\"seal\":\"";
const END: &str = "\"}";

/// A SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hash([u8; SHA256_OUTPUT_LEN]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// The end of a chain: what the next line continues. The default is the beginning of a trail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// How many lines there are.
    pub(super) lines: u64,
    hash: Hash,
}

/// A line's content, in the order in which it is written.
#[derive(Serialize)]
struct Content<'a> {
    line: u64,
    time: String,
    #[serde(flatten)]
    entry: &'a Entry,
    after: String,
}

/// What of a line's content matters for the chain.
#[derive(Deserialize)]
struct Place {
    line: u64,
    after: String,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no line of an audit trail.
    #[error("this is no line of an audit trail")]
    Foreign,
    /// It has no end.
    #[error("the line is unfinished: a crash tore it off, or it is being written right now; look again")]
    Torn,
    /// Its seal does not fit its content.
    #[error("the line was changed: its seal does not fit what it says")]
    Changed,
    /// It does not continue the line before it.
    #[error("line {found} of the trail stands where line {wanted} belongs: lines are missing, or were moved or put in")]
    Gap {
        /// The number it should have.
        wanted: u64,
        /// The number it has.
        found: u64,
    },
    /// Its number fits, but it continues another line.
    #[error("the line continues another line than the one before it: that one was changed or replaced")]
    Replaced,
}

impl Link {
    /// The seal of the last line.
    pub(super) fn seal(self) -> String {
        self.hash.to_string()
    }

    /// The next line, without its line feed, and what continues it.
    pub(super) fn next(self, time: SystemTime, entry: &Entry) -> (String, Self) {
        let lines = self.lines + 1;
        let time = humantime::format_rfc3339_millis(time).to_string();
        let content = Content { line: lines, time, entry, after: self.hash.to_string() };
        // Strings, numbers and maps of them always serialize; an entry is nothing else.
        let content = serde_json::to_string(&content).unwrap_or_default();
        let content = content.strip_suffix('}').unwrap_or(&content);
        let hash = sha256(content);
        (format!("{content}{SEAL}{hash}{END}"), Self { lines, hash })
    }

    /// Reads a line that should continue this; `None` where nothing is known of what was before it.
    pub(super) fn read(before: Option<Self>, line: &str) -> Result<Self, Fault> {
        let (content, seal) = line.strip_suffix(END).and_then(|l| l.rsplit_once(SEAL)).ok_or(Fault::Foreign)?;
        let place: Place = serde_json::from_str(&format!("{content}}}")).map_err(|_| Fault::Foreign)?;
        let hash = sha256(content);
        if hash.to_string() != seal {
            return Err(Fault::Changed);
        }
        // Nothing is before the first line.
        if let Some(before) = before.or((place.line == 1).then(Self::default)) {
            let (wanted, found) = (before.lines + 1, place.line);
            if wanted != found {
                return Err(Fault::Gap { wanted, found });
            }
            if before.hash.to_string() != place.after {
                return Err(Fault::Replaced);
            }
        }
        Ok(Self { lines: place.line, hash })
    }
}

fn sha256(text: &str) -> Hash {
    let mut hash = Hash::default();
    hash.0.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests;
