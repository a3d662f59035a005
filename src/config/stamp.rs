//! Which state of a file was read, so that a change is noticed without reading it again.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A file that a configuration is made of, as it was when it was read. Equal stamps of one path mean the same content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    path: PathBuf,
    /// `None` where there was no file.
    mark: Option<Mark>,
}

/// What no change of a file leaves as it is: a replaced one has another inode, one that is written to another time of change,
/// which no program can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Stamp {
    /// The file that a path leads to now, through every link.
    pub fn now(path: &Path) -> Self {
        Self { path: path.to_owned(), mark: fs::metadata(path).ok().map(|meta| Mark::of(&meta)) }
    }

    /// Whether we may not read it; where there is none yet, whether we may not read in the directory in which it, or its own, would be.
    pub fn is_forbidden(&self) -> bool {
        let opened = match fs::metadata(&self.path) {
            Ok(meta) if meta.is_file() => fs::File::open(&self.path).map(drop),
            // Opening a pipe waits for whoever writes to it, which may be nobody.
            Ok(_) => return false,
            Err(_) => fs::read_dir(self.directory()).map(drop),
        };
        opened.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
    }

    /// The nearest directory that exists.
    fn directory(&self) -> &Path {
        self.path.ancestors().skip(1).find(|above| above.is_dir()).unwrap_or(Path::new("."))
    }

    /// Its octets; none where there was no file.
    pub fn size(&self) -> u64 {
        self.mark.map_or(0, |mark| mark.size)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Mark {
    fn of(meta: &Metadata) -> Self {
        let changed = (meta.ctime(), meta.ctime_nsec());
        Self { device: meta.dev(), inode: meta.ino(), size: meta.size(), changed }
    }
}

#[cfg(test)]
mod tests;
