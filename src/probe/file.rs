//! Check kind "file": what somebody else found out, told in a file.
//!
//! ```text
//! # ADDRESS or ADDRESS:PORT, then "up", "down", "degraded" or "unknown", then words for people
//! 192.0.2.10          up
//! 192.0.2.11:5061     down      power is off
//! [2001:db8::10]:5061 degraded  the next hop does not answer
//! ```
//!
//! A line with a port beats one without. The file is looked at, and read whole when it has changed; with one wrong line it
//! is refused whole, and what it said before goes on to hold. Its age is that of its last change. What is older than `max_age`, or
//! was never told, is unknown: neither up nor down. Write it aside and rename it, so that half of it is never read.

use super::{Aim, Answered, Asked, Attempt, failure, quoted};
use crate::health::{FailureClass, Outcome};
use crate::limits::{VERDICTS_FILE_MAX, VERDICTS_LOOK};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{self, Instant};

/// The files that are looked at. One that no check names any more keeps what it said last: few, and bounded each.
static FILES: LazyLock<std::sync::Mutex<HashMap<PathBuf, Arc<Mutex<Seen>>>>> = LazyLock::new(Default::default);

pub(super) async fn probe(aim: &Aim, path: &Path, max_age: Duration, attempt: &mut Attempt) -> Asked {
    attempt.is_ours = true;
    attempt.missing = "the file of verdicts cannot be read";
    let seen = seen(path);
    // Half of what is left: a file system that hangs must not keep us from saying how old our knowledge is.
    let left = attempt.deadline.saturating_duration_since(Instant::now());
    let mut seen = seen.lock().await;
    let _ = time::timeout(left / 2, look(&mut seen, path)).await;
    let told = seen.told.as_ref();
    let fresh = told.map(|told| told.at_age(SystemTime::now()));
    match fresh {
        None => Ok(stale(format!("{}: {}", path.display(), seen.trouble()))),
        Some((_, age)) if age > max_age => {
            let age = humantime::format_duration(Duration::from_secs(age.as_secs()));
            Ok(stale(format!("{} was written {age} ago{}", path.display(), seen.trouble_too())))
        }
        Some((told, _)) => told.of(aim.target.address, path),
    }
}

fn stale(why: String) -> Answered {
    Answered::new(Outcome::Stale(why.into()), None)
}

fn seen(path: &Path) -> Arc<Mutex<Seen>> {
    // The lock is held for no longer than this line, in which nothing panics.
    let mut files = FILES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    files.entry(path.to_owned()).or_default().clone()
}

/// What is known of a file.
#[derive(Default)]
struct Seen {
    looked: Option<Instant>,
    stamp: Option<Stamp>,
    told: Option<Told>,
    trouble: Option<String>,
}

/// What tells one content of a file from another.
#[derive(Clone, PartialEq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

/// What a file told when it last could be read.
#[derive(Debug, PartialEq)]
struct Told {
    written: SystemTime,
    lines: HashMap<(IpAddr, Option<u16>), (Word, Arc<str>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Up,
    Down,
    Degraded,
    Unknown,
}

const WORDS: &[(&str, Word)] =
    &[("up", Word::Up), ("down", Word::Down), ("degraded", Word::Degraded), ("unknown", Word::Unknown)];

impl Seen {
    fn trouble(&self) -> &str {
        self.trouble.as_deref().unwrap_or("not read yet")
    }

    fn trouble_too(&self) -> String {
        self.trouble.as_ref().map(|why| format!(", and now: {why}")).unwrap_or_default()
    }
}

impl Told {
    /// Itself and how long ago it was written; a clock that went back makes nothing old.
    fn at_age(&self, now: SystemTime) -> (&Self, Duration) {
        (self, now.duration_since(self.written).unwrap_or_default())
    }

    fn of(&self, address: SocketAddr, path: &Path) -> Asked {
        let line = |port| self.lines.get(&(address.ip(), port));
        let Some((word, why)) = line(Some(address.port())).or_else(|| line(None)) else {
            return Ok(stale(format!("{} does not tell of {}", path.display(), address.ip())));
        };
        let why = if why.is_empty() { Arc::from(format!("told by {}", path.display())) } else { why.clone() };
        match word {
            Word::Up => Ok(Answered::pass(None)),
            Word::Degraded => Ok(Answered::new(Outcome::Degraded(why), None)),
            Word::Unknown => Ok(Answered::new(Outcome::Stale(why), None)),
            Word::Down => Err(failure(FailureClass::Unavailable, why)),
        }
    }
}

/// Reads the file anew if it has changed since it was last looked at, which is not long ago.
async fn look(seen: &mut MutexGuard<'_, Seen>, path: &Path) {
    if seen.looked.is_some_and(|at| at.elapsed() < VERDICTS_LOOK) {
        return;
    }
    let (before, path) = (seen.stamp.clone(), path.to_owned());
    let shown = path.display().to_string();
    let found = tokio::task::spawn_blocking(move || read_if_changed(&path, before)).await;
    seen.looked = Some(Instant::now());
    let trouble = match found.unwrap_or_else(|_| Err("it could not be read".to_owned())) {
        Ok(None) => return,
        Ok(Some((stamp, read))) => {
            seen.stamp = Some(stamp);
            match read {
                Ok(told) => {
                    seen.told = Some(told);
                    None
                }
                Err(why) => Some(why),
            }
        }
        Err(why) => {
            seen.stamp = None;
            Some(why)
        }
    };
    if let Some(why) = trouble.as_ref().filter(|_| trouble != seen.trouble) {
        tracing::error!(file = shown, "the file of verdicts is refused, and what it said before holds: {why}");
    }
    seen.trouble = trouble;
}

type Read = Result<Told, String>;

fn read_if_changed(path: &Path, before: Option<Stamp>) -> Result<Option<(Stamp, Read)>, String> {
    use std::os::unix::fs::MetadataExt as _;
    let said = |error: std::io::Error| error.to_string();
    let stamp = |meta: fs::Metadata| -> Result<Stamp, String> {
        Ok(Stamp { modified: meta.modified().map_err(said)?, length: meta.len(), inode: meta.ino() })
    };
    if before.is_some() && before == Some(stamp(fs::metadata(path).map_err(said)?)?) {
        return Ok(None);
    }
    let file = File::open(path).map_err(said)?;
    let stamp = stamp(file.metadata().map_err(said)?)?;
    let mut text = String::new();
    let read = file.take(VERDICTS_FILE_MAX + 1).read_to_string(&mut text);
    let written = stamp.modified;
    let told = match read {
        Err(error) => Err(error.to_string()),
        Ok(length) if length as u64 > VERDICTS_FILE_MAX => Err(format!("it is over {VERDICTS_FILE_MAX} octets")),
        Ok(_) => parse(&text).map(|lines| Told { written, lines }),
    };
    Ok(Some((stamp, told)))
}

type Lines = HashMap<(IpAddr, Option<u16>), (Word, Arc<str>)>;

/// The verdicts of a text; its first wrong line, with its number, where there is one.
fn parse(text: &str) -> Result<Lines, String> {
    let mut lines = Lines::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = |why: String| format!("line {}: {why}", i + 1);
        let (endpoint, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let key = endpoint_of(endpoint)
            .ok_or_else(|| at(format!("{:?} is no address, with or without a port", quoted(endpoint.as_bytes()))))?;
        let rest = rest.trim_start();
        let (word, why) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let found = WORDS.iter().find(|(text, _)| *text == word).map(|(_, word)| *word);
        let word = found.ok_or_else(|| {
            at(format!("{:?} is not \"up\", \"down\", \"degraded\" or \"unknown\"", quoted(word.as_bytes())))
        })?;
        if lines.insert(key, (word, quoted(why.as_bytes()).into())).is_some() {
            return Err(at(format!("{endpoint} is told twice")));
        }
    }
    if lines.is_empty() { Err("it tells of nothing".to_owned()) } else { Ok(lines) }
}

fn endpoint_of(text: &str) -> Option<(IpAddr, Option<u16>)> {
    let with_port = text.parse::<SocketAddr>().ok().map(|address| (address.ip(), Some(address.port())));
    with_port.or_else(|| text.parse().ok().map(|address| (address, None)))
}
