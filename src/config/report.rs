//! Collects what is found while a configuration is read, and ends as `Diagnostics`.

use super::Stamp;
use super::codes::{self, Code, Severity};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::source::{self, At, FileId, Source, Sources, Span, Unusable};
use crate::limits::DIAGNOSTICS_SHOWN_MAX;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Display;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The texts of one configuration and what was found in them. Shared by reference by everything that reads and judges.
pub(super) struct Report {
    directory: PathBuf,
    sources: Sources,
    /// Every file that was read, or should have been.
    stamps: RefCell<Vec<Stamp>>,
    found: RefCell<Vec<Found>>,
    counts: RefCell<BTreeMap<&'static str, (Severity, usize)>>,
    /// Values that nobody is shown, in the configuration file.
    secrets: RefCell<HashSet<Span>>,
}

struct Found {
    code: Code,
    span: Span,
    title: String,
    label: String,
    help: String,
    first: Option<Span>,
}

impl Report {
    /// A report on the configuration file `path` with the content `text`.
    pub(super) fn new(path: &Path, text: String) -> Self {
        let sources = Sources::default();
        sources.add(path.to_owned(), text);
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        let (stamps, found, counts, secrets) = Default::default();
        Self { directory, sources, stamps, found, counts, secrets }
    }

    /// A path of the configuration, which is relative to the configuration file's directory.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// The configuration file.
    pub(super) fn main(&self) -> Rc<Source> {
        self.sources.get(FileId::MAIN)
    }

    /// Reads a text file that `named_at` names; `None` is reported there.
    pub(super) fn open(&self, path: &Path, max: u64, named_at: Span) -> Option<(FileId, Rc<Source>)> {
        let text = self.text(path, max, named_at)?;
        Some(self.sources.add(path.to_owned(), text))
    }

    /// As `open`, where no line of the file will be shown.
    pub(super) fn text(&self, path: &Path, max: u64, named_at: Span) -> Option<String> {
        let octets = self.octets(path, max, named_at)?;
        source::text(octets).map_err(|why| self.unusable(path, named_at, &why)).ok()
    }

    /// The content of any file that `named_at` names; `None` is reported there.
    pub(super) fn octets(&self, path: &Path, max: u64, named_at: Span) -> Option<Vec<u8>> {
        self.stamp(path);
        source::read(path, max).map_err(|why| self.unusable(path, named_at, &why)).ok()
    }

    /// Remembers which state of a file is about to be read: what changes from now on is noticed.
    pub(super) fn stamp(&self, path: &Path) {
        self.stamps.borrow_mut().push(Stamp::now(path));
    }

    /// Whether nobody but owner and group may read a file of secrets; else that is reported, with what whoever reads it can do.
    pub(super) fn is_private(&self, path: &Path, named_at: Span, danger: &str) -> bool {
        let mode = source::mode(path);
        let exposed = mode & 0o004 != 0;
        if exposed {
            let title = format!("{} has mode {mode:04o}: everybody on this host can read it", path.display());
            let help = format!(
                "chmod 640 it (in Kubernetes, defaultMode: 0440 of its volume), and change the secret: whoever knows it {danger}"
            );
            self.add(named_at, codes::EXPOSED_SECRET, title, "named here", help);
        }
        !exposed
    }

    /// Reports that the file that `named_at` names cannot be used.
    pub(super) fn unusable(&self, path: &Path, named_at: Span, why: &Unusable) {
        let title = format!("cannot use the file {}: {why}", path.display());
        self.add(named_at, why.code(), title, "named here", "paths are relative to the directory of this file");
    }

    /// Reports one finding: what is wrong, what stands beside the caret, what to do.
    pub(super) fn add(
        &self,
        span: Span,
        code: Code,
        title: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.keep(Found { code, span, title: title.into(), label: label.into(), help: help.into(), first: None });
    }

    /// Reports that `span` repeats what already stands at `first`.
    pub(super) fn repeated(&self, span: Span, first: Span, code: Code, title: impl Into<String>, help: &str) {
        let (title, help) = (title.into(), help.to_owned());
        self.keep(Found { code, span, title, label: "again here".to_owned(), help, first: Some(first) });
    }

    /// Reports every item that equals an earlier one; `what` is the noun for an item.
    pub(super) fn unique<T: Hash + Eq + Display>(
        &self,
        items: impl IntoIterator<Item = At<T>>,
        code: Code,
        what: &str,
    ) {
        let mut seen: HashMap<T, Span> = HashMap::new();
        for item in items {
            if let Some(&first) = seen.get(&item.value) {
                self.repeated(item.span, first, code, format!("{what} {} is given twice", item.value), "remove one");
            } else {
                seen.insert(item.value, item.span);
            }
        }
    }

    /// Has the value at `span` never shown.
    pub(super) fn hide(&self, span: Span) {
        self.secrets.borrow_mut().insert(span);
    }

    /// Whether the value at `span` is never shown.
    pub(super) fn is_hidden(&self, span: Span) -> bool {
        self.secrets.borrow().contains(&span)
    }

    /// Whether an error was reported.
    pub(super) fn has_errors(&self) -> bool {
        self.counts.borrow().values().any(|(severity, _)| *severity == Severity::Error)
    }

    /// Everything that was found, in the order of the files, and which files were read.
    pub(super) fn finish(self) -> (Diagnostics, Vec<Stamp>) {
        let mut found = self.found.into_inner();
        found.sort_by_key(|f| (f.span, f.code.severity));
        let kept = found.into_iter().map(|f| f.locate(&self.sources)).collect();
        (Diagnostics { kept, counts: self.counts.into_inner() }, self.stamps.into_inner())
    }

    /// Whether a flood of findings of this code need not be put into words: if so, one more is counted.
    pub(super) fn flooded(&self, code: Code) -> bool {
        let mut counts = self.counts.borrow_mut();
        let full = counts.get_mut(code.name).filter(|(_, count)| *count >= DIAGNOSTICS_SHOWN_MAX);
        full.map(|(_, count)| *count += 1).is_some()
    }

    /// Of a flood of one code only as many are kept as can be shown; all are counted.
    fn keep(&self, found: Found) {
        if !self.flooded(found.code) {
            let mut counts = self.counts.borrow_mut();
            counts.entry(found.code.name).or_insert((found.code.severity, 0)).1 += 1;
            self.found.borrow_mut().push(found);
        }
    }
}

impl Found {
    fn locate(self, sources: &Sources) -> Diagnostic {
        let source = sources.get(self.span.file);
        let first = self.first.map(|first| {
            let source = sources.get(first.file);
            format!("; the first is at {}:{}", source.path.display(), source.line(first.start))
        });
        Diagnostic {
            severity: self.code.severity,
            code: self.code.name,
            title: self.title,
            file: source.path.clone(),
            span: Some(source.excerpt(self.span)),
            label: self.label,
            help: self.help + &first.unwrap_or_default(),
        }
    }
}
