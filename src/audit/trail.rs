//! The files of a trail: `audit.log`, and the older ones that it grew out of, named by their first line.
//!
//! A line is on disk before the next batch is written. What a crash tore off at the end is cut away, and a file that is no
//! trail is set aside; the trail tells both. Nothing here stops the server.

use super::Entry;
use super::chain::Link;
use crate::limits::{AUDIT_FILE_MAX, AUDIT_FILES_MAX, AUDIT_LINE_MAX};
use nix::libc;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The file that is written to.
pub(super) const CURRENT: &str = "audit.log";
/// What the names of older files begin with; their first line's number follows.
pub(super) const OLDER: &str = "audit-";
/// What the names of older files end with.
pub(super) const SUFFIX: &str = ".log";

/// A trail cannot be begun.
#[derive(Debug, thiserror::Error)]
#[error(
    "the audit trail in {} cannot be used: {source}; make state_dir a directory that this user may write to",
    path.display()
)]
pub struct TrailError {
    /// The directory.
    pub(super) path: PathBuf,
    /// What the system said.
    pub(super) source: io::Error,
}

/// An open trail.
#[derive(Debug)]
pub(super) struct Trail {
    directory: PathBuf,
    file: File,
    /// Octets that are known to be whole lines.
    length: u64,
    /// The number of the file's first line.
    first: u64,
    end: Link,
    /// What is to be told with the next lines.
    notes: Vec<Entry>,
}

impl Trail {
    pub(super) fn open(directory: &Path) -> Result<Self, TrailError> {
        Self::try_open(directory).map_err(|source| TrailError { path: directory.to_owned(), source })
    }

    fn try_open(directory: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o750).create(directory)?;
        let mut file = open(directory)?;
        let mut notes = Vec::new();
        let (length, end) = match recover(&mut file)? {
            Recovered::Whole { length, torn, end } => {
                if torn > 0 {
                    file.set_len(length)?;
                    let reason = "the last line was torn off by a crash, and was cut away";
                    notes.push(Entry::of("recovered", reason).with("octets", torn));
                }
                (length, end)
            }
            Recovered::Foreign => {
                let aside = set_aside(directory)?;
                let reason =
                    "the end of audit.log was no trail; the file was set aside, and its lines are missing here";
                notes.push(Entry::of("recovered", reason).with("file", aside));
                file = open(directory)?;
                (0, None)
            }
        };
        // A file without lines continues the newest of the older ones.
        let end = match end {
            Some(end) => end,
            None => newest_end(directory)?.unwrap_or_default(),
        };
        let first = first_line(&mut file)?.unwrap_or(end.lines + 1);
        Ok(Self { directory: directory.to_owned(), file, length, first, end, notes })
    }

    /// Writes entries, each a line, and has them on disk when it returns.
    ///
    /// # Errors
    /// Where the system cannot; then none of them counts as written.
    pub(super) fn append(&mut self, entries: &[(SystemTime, Entry)]) -> io::Result<()> {
        if self.length >= AUDIT_FILE_MAX {
            self.rotate()?;
        }
        let now = entries.first().map_or(SystemTime::UNIX_EPOCH, |(time, _)| *time);
        let notes = self.notes.iter().map(|entry| (now, entry));
        let mut end = self.end;
        let mut text = String::new();
        for (time, entry) in notes.chain(entries.iter().map(|(time, entry)| (*time, entry))) {
            let (line, next) = bounded(end, time, entry);
            text.push_str(&line);
            text.push('\n');
            end = next;
        }
        // What an earlier failure left behind the last whole line goes first.
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()?;
        self.length += text.len() as u64;
        self.end = end;
        self.notes.clear();
        Ok(())
    }

    /// Reads again where the trail ends: another process has gone on with it meanwhile.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        *self = Self::try_open(&self.directory)?;
        Ok(())
    }

    /// Makes every write fail, as a full disk does.
    #[cfg(test)]
    pub(super) fn break_file(&mut self) {
        self.file = File::open(self.directory.join(CURRENT)).unwrap();
    }

    /// Begins another file; the chain goes on. The oldest give way.
    fn rotate(&mut self) -> io::Result<()> {
        let older = format!("{OLDER}{:012}{SUFFIX}", self.first);
        match fs::rename(self.directory.join(CURRENT), self.directory.join(older)) {
            // A rotation that failed half-way is gone on with.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.file = open(&self.directory)?;
        File::open(&self.directory)?.sync_all()?;
        self.length = 0;
        self.first = self.end.lines + 1;
        let files = older_files(&self.directory)?;
        for gone in &files[..files.len().saturating_sub(AUDIT_FILES_MAX)] {
            fs::remove_file(gone)?;
        }
        Ok(())
    }
}

/// A line within the bound: one that is longer loses its details.
fn bounded(end: Link, time: SystemTime, entry: &Entry) -> (String, Link) {
    let (line, next) = end.next(time, entry);
    if line.len() < AUDIT_LINE_MAX {
        return (line, next);
    }
    let reason = entry.reason.chars().take(AUDIT_LINE_MAX / 16).collect::<String>();
    let short = Entry { reason, detail: serde_json::Map::new(), ..entry.clone() };
    end.next(time, &short.with("shortened", true))
}

fn open(directory: &Path) -> io::Result<File> {
    // A link here would have us write wherever it leads.
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o640).custom_flags(libc::O_NOFOLLOW);
    let file = options.open(directory.join(CURRENT))?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("audit.log is no plain file")) }
}

/// What the end of a file tells.
enum Recovered {
    /// Whole lines, and perhaps a piece of one more.
    Whole { length: u64, torn: u64, end: Option<Link> },
    /// Something else.
    Foreign,
}

/// Reads the end of the file: only its last line matters for going on; `verify` looks at all.
fn recover(file: &mut File) -> io::Result<Recovered> {
    let size = file.metadata()?.len();
    let from = size.saturating_sub(2 * AUDIT_LINE_MAX as u64);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(2 * AUDIT_LINE_MAX as u64).read_to_end(&mut tail)?;
    let Some(last) = tail.iter().rposition(|&octet| octet == b'\n') else {
        // Nothing whole: a first line that was torn, unless there is more than any line has.
        let torn = Recovered::Whole { length: 0, torn: size, end: None };
        return Ok(if size < AUDIT_LINE_MAX as u64 { torn } else { Recovered::Foreign });
    };
    let start = tail[..last].iter().rposition(|&octet| octet == b'\n').map_or(0, |before| before + 1);
    let line = std::str::from_utf8(&tail[start..last]).ok();
    let end = line.and_then(|line| Link::read(None, line).ok());
    let length = from + last as u64 + 1;
    Ok(end.map_or(Recovered::Foreign, |end| Recovered::Whole { length, torn: size - length, end: Some(end) }))
}

/// The number of a file's first line.
fn first_line(file: &mut File) -> io::Result<Option<u64>> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    file.take(AUDIT_LINE_MAX as u64).read_to_end(&mut head)?;
    let line = head.split(|&octet| octet == b'\n').next().and_then(|line| std::str::from_utf8(line).ok());
    Ok(line.and_then(|line| Link::read(None, line).ok()).map(|link| link.lines))
}

fn set_aside(directory: &Path) -> io::Result<String> {
    let free = (1..).map(|n| format!("{CURRENT}.set-aside.{n}")).find(|name| !directory.join(name).exists());
    let name = free.unwrap_or_default();
    fs::rename(directory.join(CURRENT), directory.join(&name))?;
    Ok(name)
}

/// Where the newest of the older files ends.
fn newest_end(directory: &Path) -> io::Result<Option<Link>> {
    let Some(newest) = older_files(directory)?.pop() else { return Ok(None) };
    match recover(&mut File::open(newest)?)? {
        Recovered::Whole { end, .. } => Ok(end),
        Recovered::Foreign => Ok(None),
    }
}

/// The older files of a trail, the oldest first.
pub(super) fn older_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let names = fs::read_dir(directory)?.map(|entry| entry.map(|e| e.file_name().to_string_lossy().into_owned()));
    let names: io::Result<Vec<String>> = names.collect();
    let is_older = |name: &String| {
        let number = name.strip_prefix(OLDER).and_then(|rest| rest.strip_suffix(SUFFIX));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut older: Vec<String> = names?.into_iter().filter(is_older).collect();
    older.sort();
    Ok(older.into_iter().map(|name| directory.join(name)).collect())
}

#[cfg(test)]
mod tests;
