//! Whether a trail is whole: every line fits its seal, and each continues the one before it.

use super::chain::{Fault, Link};
use super::trail::{CURRENT, older_files};
use crate::limits::AUDIT_LINE_MAX;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// A trail that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many files it has.
    pub files: usize,
    /// How many lines.
    pub lines: u64,
    /// The number of its first line: more than 1 where older files are gone.
    pub first: Option<u64>,
    /// The seal of its last line: who keeps it elsewhere can prove later that nothing was cut off.
    pub seal: String,
}

/// Where a trail is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {fault}", file.display())]
pub struct Broken {
    /// The file.
    pub file: PathBuf,
    /// The line in it, from 1.
    pub line: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// A trail is not proven whole.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is broken.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// What cannot be read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Verifies the trail in a directory, or one file of it.
///
/// # Errors
/// Where it is broken, at the first line that is, or cannot be read.
pub fn verify(path: &Path) -> Result<Verified, VerifyError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| VerifyError::Unreadable { path, source }
    };
    let files = if path.is_dir() {
        let mut files = older_files(path).map_err(unreadable(path))?;
        files.push(path.join(CURRENT));
        files
    } else {
        vec![path.to_owned()]
    };
    let mut walk = Walk::default();
    for file in &files {
        walk.file(file).map_err(unreadable(file))??;
    }
    let seal = walk.end.map(|end| end.seal()).unwrap_or_default();
    Ok(Verified { files: files.len(), lines: walk.lines, first: walk.first, seal })
}

#[derive(Default)]
struct Walk {
    end: Option<Link>,
    lines: u64,
    first: Option<u64>,
}

impl Walk {
    fn file(&mut self, path: &Path) -> io::Result<Result<(), Broken>> {
        let mut file = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            if (&mut file).take(AUDIT_LINE_MAX as u64 + 1).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if let Err(fault) = self.line(&line) {
                return Ok(Err(Broken { file: path.to_owned(), line: number, fault }));
            }
        }
        Ok(Ok(()))
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Fault> {
        let whole =
            line.strip_suffix(b"\n").ok_or(if line.len() > AUDIT_LINE_MAX { Fault::Foreign } else { Fault::Torn })?;
        let link = Link::read(self.end, std::str::from_utf8(whole).map_err(|_| Fault::Foreign)?)?;
        self.end = Some(link);
        self.lines += 1;
        self.first = self.first.or(Some(link.lines));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
