//! Tables with the keys that a grammar knows.
//!
//! A table remembers which keys were asked for, so the code that reads a section is that section's grammar, and any other
//! key is an error that names the nearest.

use super::codes::{self, Code};
use super::reader::{Field, Value, in_file_order, list, nearest};
use super::report::Report;
use super::source::{At, FileId, Span};
use toml::de::DeTable;

/// A table with the keys that a grammar knows.
pub(super) struct Table<'a> {
    /// The key behind which the table stands; empty for the whole file.
    key: &'a str,
    /// Where it is opened.
    pub(super) span: Span,
    entries: &'a DeTable<'a>,
    report: &'a Report,
    known: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// The value behind a key, if it is there.
    pub(super) fn get<T>(&mut self, key: &'static str, read: impl FnOnce(Value<'a>) -> Option<T>) -> Field<T> {
        self.known.push(key);
        let Some(node) = self.entries.get(key) else { return Field::Absent };
        let value = Value::new(key, node, self.report);
        read(value).map_or(Field::Bad, |it| Field::Given(At { value: it, span: value.span }))
    }

    /// The value behind a key that must be there.
    pub(super) fn need<T>(
        &mut self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(Value<'a>) -> Option<T>,
    ) -> Field<T> {
        let field = self.get(key, read);
        if field.is_absent() {
            let title = format!("{} lacks \"{key}\"", self.what());
            self.report.add(self.span, codes::MISSING_KEY, title, "", format!("add {example}"));
        }
        field
    }

    /// Reports something about this table's values.
    pub(super) fn report(&self, span: Span, code: Code, title: String, help: String) {
        self.report.add(span, code, title, "", help);
    }

    /// The tables behind a key, each with a name of the operator's choice, in the order of the file. One that is wrong is
    /// left out.
    pub(super) fn named<T>(&mut self, key: &'static str, read: impl Fn(At<&'a str>, Value<'a>) -> Option<T>) -> Vec<T> {
        let tables = self.get(key, Value::pairs).or(Vec::new());
        tables.into_iter().filter_map(|(key, value)| read(key, value)).collect()
    }

    fn finish(self) {
        let strangers = in_file_order(self.entries, self.report).into_iter().map(|(key, _)| key);
        for key in strangers.filter(|key| !self.known.contains(&key.value)) {
            let help = nearest(key.value, self.known.iter().copied()).map_or_else(
                || format!("the keys here are {}", list(self.known.iter().copied())),
                |k| format!("did you mean \"{k}\"?"),
            );
            let title = format!("unknown key \"{}\" in {}", key.value, self.what());
            self.report.add(key.span, codes::UNKNOWN_KEY, title, "", help);
        }
    }

    fn what(&self) -> String {
        if self.key.is_empty() { "the file".to_owned() } else { format!("\"{}\"", self.key) }
    }
}

/// Reads the whole file with `grammar`.
pub(super) fn root<'a, T>(
    entries: &'a DeTable<'a>,
    report: &'a Report,
    grammar: impl FnOnce(&mut Table<'a>) -> T,
) -> T {
    read("", Span::new(FileId::MAIN, 0..0), entries, report, grammar)
}

/// Reads the table `entries`, which stands behind `key`, with `grammar`; keys that it does not ask for are reported.
pub(super) fn read<'a, T>(
    key: &'a str,
    span: Span,
    entries: &'a DeTable<'a>,
    report: &'a Report,
    grammar: impl FnOnce(&mut Table<'a>) -> T,
) -> T {
    let mut table = Table { key, span, entries, report, known: Vec::new() };
    let value = grammar(&mut table);
    table.finish();
    value
}
