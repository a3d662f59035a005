//! Files that were read and places in them.
//!
//! Here: bounded reading, spans, and the line and column of a span. Texts are held while a configuration is read and
//! judged, and dropped with it: a diagnostic keeps only the line that it shows.

use super::codes::{self, Code};
use crate::limits;
use std::cell::{OnceCell, RefCell};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Index into [`Sources`]; the configuration file itself is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FileId(u32);

impl FileId {
    /// The configuration file.
    pub(super) const MAIN: Self = Self(0);
}

/// Octets of one file; every file limit is below 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Span {
    /// Which file.
    pub(super) file: FileId,
    /// First octet.
    pub(super) start: u32,
    /// The octet after the last.
    pub(super) end: u32,
}

impl Span {
    /// A place in `file`.
    pub(super) fn new(file: FileId, range: Range<usize>) -> Self {
        Self { file, start: range.start as u32, end: range.end as u32 }
    }
}

/// A value and where it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<T> {
    /// The value.
    pub(super) value: T,
    /// Where it was written.
    pub(super) span: Span,
}

impl<T> At<T> {
    /// The value by reference, with its place.
    pub(super) fn as_ref(&self) -> At<&T> {
        At { value: &self.value, span: self.span }
    }
}

/// The values alone.
pub(super) fn values<T>(items: impl IntoIterator<Item = At<T>>) -> Vec<T> {
    items.into_iter().map(|item| item.value).collect()
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// The system refuses.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is over its limit.
    #[error("it is larger than {0} octets")]
    TooLarge(u64),
    /// It is no text.
    #[error("line {0} is not UTF-8")]
    NotUtf8(usize),
}

impl Unusable {
    /// The code of its diagnostic.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Io(_) => codes::UNREADABLE_FILE,
            Self::TooLarge(_) => codes::FILE_TOO_LARGE,
            Self::NotUtf8(_) => codes::NOT_UTF8,
        }
    }
}

/// Reads a file of at most `max` octets.
pub(super) fn read(path: &Path, max: u64) -> Result<Vec<u8>, Unusable> {
    // Opening a pipe waits for whoever writes to it, which may be nobody.
    let meta = std::fs::metadata(path)?;
    if meta.file_type().is_fifo() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe").into());
    }
    let file = File::open(path)?;
    let mut bytes = Vec::with_capacity(meta.len().min(max) as usize + 1);
    file.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max { Err(Unusable::TooLarge(max)) } else { Ok(bytes) }
}

/// Octets as a text.
pub(super) fn text(octets: Vec<u8>) -> Result<String, Unusable> {
    String::from_utf8(octets).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        Unusable::NotUtf8(1 + error.as_bytes()[..good].iter().filter(|&&b| b == b'\n').count())
    })
}

/// Who may do what with a file; 0 where there is none.
pub(super) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).map_or(0, |meta| meta.permissions().mode() & 0o7777)
}

/// The texts of one configuration.
#[derive(Default)]
pub(super) struct Sources(RefCell<Vec<Rc<Source>>>);

/// One text with the places of its lines.
pub(super) struct Source {
    /// As the operator wrote it, joined to the configuration file's directory.
    pub(super) path: PathBuf,
    /// The whole text.
    pub(super) text: String,
    /// Where lines begin, found when first asked for.
    lines: OnceCell<Vec<u32>>,
}

/// A line of a text and the part of it that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line's number, from 1.
    pub line: usize,
    /// The first character's number within the line, from 1.
    pub column: usize,
    /// The line, without its end; empty where it is too long to show.
    pub text: String,
    /// The octets of `text` that are meant.
    pub range: Range<usize>,
}

impl Sources {
    /// Takes a text; the first one is the configuration file.
    pub(super) fn add(&self, path: PathBuf, text: String) -> (FileId, Rc<Source>) {
        let source = Rc::new(Source { path, text, lines: OnceCell::new() });
        let mut all = self.0.borrow_mut();
        all.push(source.clone());
        (FileId((all.len() - 1) as u32), source)
    }

    /// The text of a place.
    pub(super) fn get(&self, file: FileId) -> Rc<Source> {
        self.0.borrow()[file.0 as usize].clone()
    }
}

impl Source {
    /// The number of the line in which `offset` lies, from 1.
    pub(super) fn line(&self, offset: u32) -> usize {
        let lines = self.lines.get_or_init(|| {
            let ends = self.text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
            std::iter::once(0).chain(ends.map(|(i, _)| i as u32 + 1)).collect()
        });
        lines.partition_point(|&start| start <= offset)
    }

    /// The line in which `span` begins, and the part of it that `span` covers.
    pub(super) fn excerpt(&self, span: Span) -> Excerpt {
        let start = boundary(&self.text, span.start as usize);
        let line_start = self.text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line = self.text[line_start..].lines().next().unwrap_or_default();
        let column = 1 + self.text[line_start..start].chars().count();
        let from = (start - line_start).min(line.len());
        let to = (span.end as usize).saturating_sub(line_start).clamp(from, line.len());
        let range = from..boundary(line, to);
        let (text, range) =
            if line.len() > limits::EXCERPT_MAX { (String::new(), 0..0) } else { (line.to_owned(), range) };
        Excerpt { line: self.line(span.start), column, text, range }
    }
}

/// The octet at or before `offset` at which a character begins.
fn boundary(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}
