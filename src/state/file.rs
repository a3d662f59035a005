//! One file of state: a first line that says what it is and how long and what checksum the rest has, then the rest.
//!
//! Writing is a new file, fsync, rename, fsync of the directory: after a kill or a power cut there is the old file or the
//! new one.

use crate::limits::{STATE_ASIDE_MAX, STATE_FILE_MAX};
use ring::digest::{SHA256, digest};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const MAGIC: &str = "edgesteer-state";
const VERSION: &str = "1";

/// Why a file says nothing to us.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// It is no file, or the disk fails: not ours to move.
    Io(io::Error),
    /// It is torn, damaged, or written by somebody else.
    Foreign(&'static str),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(super) fn path(directory: &Path, what: &str) -> PathBuf {
    directory.join(format!("{what}.state"))
}

/// The text of a file, once it is proven whole; `None` where there is none.
pub(super) fn read(path: &Path, what: &str) -> Result<Option<String>, Unreadable> {
    match plain(path) {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NOFOLLOW).open(path)?;
    let mut bytes = Vec::new();
    file.take(STATE_FILE_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > STATE_FILE_MAX {
        return Err(Unreadable::Foreign("it is larger than any that this version writes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| Unreadable::Foreign("it is not text"))?;
    unwrap(&text, what).map(|body| Some(body.to_owned())).map_err(Unreadable::Foreign)
}

/// The rest of a file whose first line is right about it.
fn unwrap<'t>(text: &'t str, what: &str) -> Result<&'t str, &'static str> {
    let (head, body) = text.split_once('\n').ok_or("it has no first line")?;
    let head: Vec<&str> = head.split(' ').collect();
    let [magic, version, kind, length, sum] = head[..] else { return Err("its first line is another program's") };
    match () {
        () if magic != MAGIC => Err("its first line is another program's"),
        () if version != VERSION => Err("it is of another version"),
        () if kind != what => Err("it is another file of ours under this name"),
        () if length.parse() != Ok(body.len()) => Err("it is torn: its length is not what its first line says"),
        () if sum != hex(body.as_bytes()) => Err("it is damaged: its checksum is not what its first line says"),
        () => Ok(body),
    }
}

/// Replaces a file so that it is whole at any moment, and safe when this returns.
pub(super) fn write(directory: &Path, what: &str, body: &str) -> io::Result<()> {
    let (path, new) = (path(directory, what), directory.join(format!("{what}.new")));
    plain(&path)?;
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let head = format!("{MAGIC} {VERSION} {what} {} {}\n", body.len(), hex(body.as_bytes()));
    file.write_all(head.as_bytes())?;
    file.write_all(body.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    File::open(directory)?.sync_all()
}

/// Moves a file out of the way, in the place of what was set aside before at that second. Of what was set aside of it in all the
/// newest `STATE_ASIDE_MAX` stay, so that a fault that comes with every start fills no disk.
pub(super) fn set_aside(path: &Path, unix: u64) -> io::Result<PathBuf> {
    let aside = path.with_extension(format!("bad-{unix}"));
    fs::rename(path, &aside)?;
    let mut all = aside_of(path)?;
    all.sort_unstable();
    for (_, oldest) in all.iter().take(all.len().saturating_sub(STATE_ASIDE_MAX)) {
        fs::remove_file(oldest)?;
    }
    Ok(aside)
}

/// What was set aside of a file, with when. Whatever else lies there is somebody else's.
fn aside_of(path: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut all = Vec::new();
    let directory = path.parent().unwrap_or(Path::new("."));
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let other = entry.path();
        let unix = other.extension().and_then(|word| word.to_str()?.strip_prefix("bad-")?.parse().ok());
        if let Some(unix) = unix.filter(|_| other.file_stem() == path.file_stem())
            && entry.file_type()?.is_file()
        {
            all.push((unix, other));
        }
    }
    Ok(all)
}

/// Whether a plain file is there. A link or a directory in its place is somebody's trap or mistake, and refused.
fn plain(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => Ok(true),
        Ok(_) => Err(io::Error::other(format!("{} is not a plain file; remove it", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
