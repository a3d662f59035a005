//! Tables with the keys that a grammar knows.
//!
//! A key that the section does not declare is an error that names the nearest. Reader and declaration are held to each other
//! wherever a table is read, in all builds but releases: neither has a key that the other lacks.

use super::codes::{self, Code};
use super::key::{Absent, Key, Section};
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
    section: &'static Section,
    entries: &'a DeTable<'a>,
    report: &'a Report,
    asked: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// The value behind a key, if it is there.
    pub(super) fn get<T>(&mut self, key: &'static str, read: impl FnOnce(Value<'a>) -> Option<T>) -> Field<T> {
        debug_assert!(self.section.find(key).is_some(), "\"{key}\" is not declared for {}", self.section.header);
        self.asked.push(key);
        let Some(node) = self.entries.get(key) else { return Field::Absent };
        let value = Value::new(key, node, self.report);
        read(value).map_or(Field::Bad, |it| Field::Given(At { value: it, span: value.span }))
    }

    /// The value behind a key that must be there.
    pub(super) fn need<T>(&mut self, key: &'static str, read: impl FnOnce(Value<'a>) -> Option<T>) -> Field<T> {
        let field = self.get(key, read);
        let declared = self.section.find(key);
        debug_assert!(
            matches!(declared, Some(Key { absent: Absent::Needed(_), .. })),
            "\"{key}\" is needed, and not declared so for {}",
            self.section.header
        );
        if let (Field::Absent, Some(Key { absent: Absent::Needed(example), .. })) = (&field, declared) {
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
        let unread = || self.section.names().find(|key| !self.asked.contains(key));
        debug_assert_eq!(unread(), None, "a key of {} that nobody reads", self.section.header);
        let strangers = in_file_order(self.entries, self.report).into_iter().map(|(key, _)| key);
        for key in strangers.filter(|key| self.section.find(key.value).is_none()) {
            let help = nearest(key.value, self.section.names()).map_or_else(
                || format!("the keys here are {}", list(self.section.names())),
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
    section: &'static Section,
    report: &'a Report,
    grammar: impl FnOnce(&mut Table<'a>) -> T,
) -> T {
    let place = Span::new(FileId::MAIN, 0..0);
    read(Table { key: "", span: place, section, entries, report, asked: Vec::new() }, grammar)
}

impl<'a> Value<'a> {
    /// A table with the keys of `section`, read with `grammar`; other keys are errors.
    pub(super) fn table<T>(self, section: &'static Section, grammar: impl FnOnce(&mut Table<'a>) -> T) -> Option<T> {
        let Some(entries) = self.node().as_table() else {
            return self.wrong("a table", "write { key = value } or a [section] of its own");
        };
        let (key, span, report) = (self.key, self.span, self.report);
        Some(read(Table { key, span, section, entries, report, asked: Vec::new() }, grammar))
    }
}

fn read<'a, T>(mut table: Table<'a>, grammar: impl FnOnce(&mut Table<'a>) -> T) -> T {
    let value = grammar(&mut table);
    table.finish();
    value
}
