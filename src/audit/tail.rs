//! The last lines of a trail, without reading the whole of it. They are told as they stand; `verify` proves them.

use super::trail::{CURRENT, older_files};
use crate::limits::AUDIT_TAIL_MAX;
use serde_json::Value;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// The end of a trail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tail {
    /// The number of the last line that is whole; 0 where there is none.
    pub newest: u64,
    /// Whole lines, the oldest first. Their numbers tell where some between are missing.
    pub lines: Vec<Value>,
}

impl Tail {
    /// The last lines in a directory, at most `most` and `AUDIT_TAIL_MAX` octets of them; only those with a number above `after`.
    ///
    /// # Errors
    /// Where the files cannot be read.
    pub fn read(directory: &Path, after: u64, most: usize) -> io::Result<Self> {
        // Opened before the others are looked for: a file that is closed meanwhile is then read twice and not missed.
        let current = match File::open(directory.join(CURRENT)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            other => Some(other?),
        };
        let mut older = older_files(directory)?;
        let mut next = current;
        let (mut tail, mut left) = (Backwards { after, most, found: Vec::new(), newest: 0 }, AUDIT_TAIL_MAX);
        loop {
            if let Some(mut file) = next.take()
                && !tail.take(&end(&mut file, &mut left)?)
            {
                break;
            }
            let Some(path) = older.pop().filter(|_| left > 0) else { break };
            next = Some(File::open(path)?);
        }
        tail.found.reverse();
        Ok(Self { newest: tail.newest, lines: tail.found })
    }
}

/// The last `left` octets of a file, and no more; `left` counts down.
fn end(file: &mut File, left: &mut u64) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len();
    let from = size.saturating_sub(*left);
    file.seek(SeekFrom::Start(from))?;
    let mut octets = Vec::new();
    file.take(*left).read_to_end(&mut octets)?;
    *left -= octets.len() as u64;
    if from > 0 {
        // The first line is a piece.
        let whole = octets.iter().position(|&octet| octet == b'\n').map_or(octets.len(), |feed| feed + 1);
        octets.drain(..whole);
    }
    Ok(octets)
}

/// Lines from the newest to the oldest.
struct Backwards {
    after: u64,
    most: usize,
    found: Vec<Value>,
    newest: u64,
}

impl Backwards {
    /// Takes lines from the end of these; whether older ones are wanted too.
    fn take(&mut self, octets: &[u8]) -> bool {
        // What is behind the last line feed is being written, or was torn off.
        let whole = octets.iter().rposition(|&octet| octet == b'\n').map_or(0, |feed| feed);
        for line in octets[..whole].rsplit(|&octet| octet == b'\n') {
            let Ok(line) = serde_json::from_slice::<Value>(line) else { continue };
            let number = line["line"].as_u64().unwrap_or_default();
            self.newest = self.newest.max(number);
            let last = self.found.last().and_then(|line| line["line"].as_u64());
            if last.is_some_and(|last| number >= last) {
                continue;
            }
            if number <= self.after || self.found.len() >= self.most {
                return false;
            }
            self.found.push(line);
        }
        true
    }
}

#[cfg(test)]
mod tests;
