//! Files with one item per line: domains and overrides.
//!
//! A list of a million domains costs its octets and 24 octets each while it is read, and nothing is kept per line
//! but the name. Blank lines and `#` comments are allowed in both files.

use super::codes;
use super::form;
use super::reader::Value;
use super::report::Report;
use super::source::{At, FileId, Span, values};
use super::{Country, Override};
use crate::limits;
use crate::name::NameList;
use hashbrown::HashTable;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

/// The domains of one service, without duplicates, with their places and an index.
#[derive(Default)]
pub(super) struct Domains {
    /// The names in the order in which they were given.
    pub(super) names: NameList,
    /// Whether something could not be read, so that the number of names says nothing.
    pub(super) bad: bool,
    spans: Vec<Span>,
    index: HashTable<u32>,
    hasher: RandomState,
}

impl Domains {
    /// Adds a domain; what is wrong with it is reported.
    pub(super) fn add(&mut self, text: &str, span: Span, report: &Report) {
        let Some(name) = form::NAME.at(text, span, report) else {
            self.bad = true;
            return;
        };
        let wire = name.value.wire();
        if let Some(first) = self.find(wire) {
            let title = format!("the domain {} is given twice", name.value);
            return report.repeated(span, self.spans[first], codes::DUPLICATE_DOMAIN, title, "remove one");
        }
        let (names, hasher) = (&mut self.names, &self.hasher);
        let place = names.push(wire) as u32;
        self.spans.push(span);
        self.index.insert_unique(hasher.hash_one(wire), place, |&i| hasher.hash_one(names.get(i as usize)));
    }

    /// Where in the list a domain is.
    pub(super) fn find(&self, wire: &[u8]) -> Option<usize> {
        let found = self.index.find(self.hasher.hash_one(wire), |&i| self.names.get(i as usize) == wire);
        found.map(|&i| i as usize)
    }

    /// Where the domain at `place` was written.
    pub(super) fn span(&self, place: usize) -> Span {
        self.spans[place]
    }

    /// Adds every line of a file that `named_at` names; `None` is reported.
    pub(super) fn read(&mut self, path: &Path, named_at: Value<'_>) -> Option<()> {
        let report = named_at.report;
        let (file, source) = report.open(path, limits::DOMAINS_FILE_MAX, named_at.span)?;
        let lines = source.text.bytes().filter(|&b| b == b'\n').count() + 1;
        let (names, hasher) = (&self.names, &self.hasher);
        self.index.reserve(lines, |&i| hasher.hash_one(names.get(i as usize)));
        self.spans.reserve(lines);
        items(file, &source.text).for_each(|item| self.add(item.value, item.span, report));
        self.names.shrink();
        Some(())
    }
}

/// Reads a file of `prefix,country` lines.
pub(super) fn overrides(path: &Path, named_at: Value<'_>) -> Option<Vec<Override>> {
    let report = named_at.report;
    let (file, source) = report.open(path, limits::CONFIG_FILE_MAX, named_at.span)?;
    let lines: Vec<_> = items(file, &source.text).filter_map(|item| override_line(item, report)).collect();
    let prefixes = lines.iter().map(|at| At { value: at.value.prefix, span: at.span });
    report.unique(prefixes, codes::DUPLICATE_OVERRIDE, "the prefix");
    Some(values(lines))
}

fn override_line(item: At<&str>, report: &Report) -> Option<At<Override>> {
    let Some((prefix, country)) = item.value.split_once(',') else {
        let title = format!("\"{}\" is not prefix,country", item.value);
        report.add(item.span, codes::BAD_OVERRIDE, title, "there is no comma", "write lines as 203.0.113.0/24,KR");
        return None;
    };
    let at = |field: &str| {
        let start = item.span.start + (field.as_ptr().addr() - item.value.as_ptr().addr()) as u32;
        Span { start, end: start + field.len() as u32, ..item.span }
    };
    let (prefix, country) = (prefix.trim(), country.trim());
    let country: Option<At<Country>> = form::COUNTRY.at(country, at(country), report);
    let prefix = form::PREFIX.at(prefix, at(prefix), report)?;
    Some(At { value: Override { prefix: prefix.value, country: country?.value }, span: prefix.span })
}

/// The lines of a text without blanks and comments.
fn items(file: FileId, text: &str) -> impl Iterator<Item = At<&str>> {
    let mut offset = 0;
    let lines = text.split_inclusive('\n').map(move |line| {
        let item = line.split('#').next().unwrap_or_default().trim_end();
        let start = offset + item.len() - item.trim_start().len();
        let span = Span::new(file, start..offset + item.len());
        offset += line.len();
        At { value: item.trim_start(), span }
    });
    lines.filter(|item| !item.value.is_empty())
}
