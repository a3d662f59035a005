//! What people are told about a configuration: file, line, caret and one sentence of help.

use super::codes::{Code, Severity};
use super::source::Excerpt;
use crate::limits::DIAGNOSTICS_SHOWN_MAX;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it forbids the configuration.
    pub severity: Severity,
    /// The stable code, kebab case.
    pub code: &'static str,
    /// What is wrong.
    pub title: String,
    /// The file in which it is wrong.
    pub file: PathBuf,
    /// Where in the file; `None` where the file as a whole is meant.
    pub span: Option<Excerpt>,
    /// What stands beside the caret; may be empty.
    pub label: String,
    /// What to do about it, one sentence.
    pub help: String,
}

/// Whether a terminal shows colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// ANSI colours.
    Coloured,
}

/// Everything that was found, in the order of the files: the configuration file first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    /// What is kept: at least the first `DIAGNOSTICS_SHOWN_MAX` of each code.
    pub(super) kept: Vec<Diagnostic>,
    /// How many there were in all of each code.
    pub(super) counts: BTreeMap<&'static str, (Severity, usize)>,
}

impl Diagnostics {
    /// A single error about a whole file.
    pub(super) fn of_file(path: PathBuf, code: Code, reason: &str, help: &str) -> Self {
        let title = format!("cannot use the file {}: {reason}", path.display());
        Self::of(vec![Diagnostic::of_world(&path, code, title, help.to_owned())])
    }

    /// Findings of any origin, in their order.
    pub fn of(found: Vec<Diagnostic>) -> Self {
        let mut counts = BTreeMap::new();
        found.iter().for_each(|found| counts.entry(found.code).or_insert((found.severity, 0)).1 += 1);
        Self { kept: found, counts }
    }

    /// These, and those after them.
    pub fn with(mut self, others: Self) -> Self {
        self.kept.extend(others.kept);
        for (code, (severity, count)) in others.counts {
            self.counts.entry(code).or_insert((severity, 0)).1 += count;
        }
        self
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many warnings there are.
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, wanted: Severity) -> usize {
        self.counts.values().filter(|(severity, _)| *severity == wanted).map(|(_, count)| count).sum()
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Without the warnings of these codes; errors stay.
    pub fn allowing(mut self, codes: &[String]) -> Self {
        let is_meant = |code: &str| codes.iter().any(|allowed| allowed == code);
        let stays = |code: &str, severity| severity == Severity::Error || !is_meant(code);
        self.kept.retain(|found| stays(found.code, found.severity));
        self.counts.retain(|code, (severity, _)| stays(code, *severity));
        self
    }

    /// The findings in the order of the files; of a flood of one code, only the first are kept.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.kept.iter()
    }

    /// The findings as a compiler shows them, and how many there are. Where not all can be shown, errors come before
    /// warnings, and the first of each kind before the second of any: no flood hides another mistake.
    pub fn render(&self, style: Style) -> String {
        if self.is_empty() {
            return String::new();
        }
        let renderer = match style {
            Style::Plain => Renderer::plain(),
            Style::Coloured => Renderer::styled(),
        };
        let shown = self.shown();
        let mut text: String = shown.iter().map(|found| found.render(&renderer) + "\n\n").collect();
        text += &self.summary(shown.len());
        text
    }

    fn shown(&self) -> Vec<&Diagnostic> {
        let mut of_code: HashMap<&str, usize> = HashMap::new();
        let mut nth = |found: &Diagnostic| {
            let count = of_code.entry(found.code).or_default();
            *count += 1;
            *count
        };
        let mut shown: Vec<_> = self.kept.iter().enumerate().map(|(place, found)| (nth(found), place, found)).collect();
        shown.sort_by_key(|(nth, place, found)| (found.severity, *nth, *place));
        shown.truncate(DIAGNOSTICS_SHOWN_MAX);
        shown.sort_by_key(|(_, place, _)| *place);
        shown.into_iter().map(|(_, _, found)| found).collect()
    }

    fn summary(&self, shown: usize) -> String {
        let count = |n: usize, what: &str| match n {
            0 => None,
            1 => Some(format!("1 {what}")),
            n => Some(format!("{n} {what}s")),
        };
        let all = [count(self.errors(), "error"), count(self.warnings(), "warning")];
        let all = all.into_iter().flatten().collect::<Vec<_>>().join(", ");
        match self.errors() + self.warnings() - shown {
            0 => format!("{all}\n"),
            hidden => format!("{all}; {hidden} of them not shown\n"),
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Style::Plain))
    }
}

impl std::error::Error for Diagnostics {}

impl Diagnostic {
    /// A finding about the world that the configuration at `file` describes: it has no line.
    pub fn of_world(file: &Path, code: Code, title: String, help: String) -> Self {
        Self {
            severity: code.severity,
            code: code.name,
            title,
            file: file.to_owned(),
            span: None,
            label: String::new(),
            help,
        }
    }

    fn render(&self, renderer: &Renderer) -> String {
        let path = self.file.to_string_lossy();
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(self.title.as_str()).id(self.code);
        let group = match &self.span {
            None => title.element(Origin::path(path)),
            Some(place) if place.text.is_empty() => {
                title.element(Origin::path(path).line(place.line).char_column(place.column))
            }
            Some(place) => {
                let label = (!self.label.is_empty()).then_some(self.label.as_str());
                let caret = AnnotationKind::Primary.span(place.range.clone()).label(label);
                title.element(Snippet::source(&place.text).line_start(place.line).path(path).annotation(caret))
            }
        };
        renderer.render(&[group.element(Level::HELP.message(self.help.as_str()))])
    }
}
