//! Files with one item per line: domains and overrides.
//!
//! A list of a million domains costs the file's octets, those of the names and some 25 each while it is read, and after
//! that the names alone. Blank lines and `#` comments are allowed in both files.

use super::codes;
use super::form;
use super::reader::Value;
use super::report::Report;
use super::source::{At, FileId, Span, values};
use super::{Country, Override};
use crate::limits;
use crate::name::{Name, NameList};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
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
    wire: Vec<u8>,
    hasher: RandomState,
}

impl Domains {
    /// Adds a domain; what is wrong with it is reported.
    pub(super) fn add(&mut self, text: &str, span: Span, report: &Report) {
        if Name::parse_into(text, &mut self.wire).is_err() {
            self.bad = true;
            if !report.flooded(form::NAME.code) {
                form::NAME.at(text, span, report);
            }
            return;
        }
        let (names, hasher, wire) = (&mut self.names, &self.hasher, self.wire.as_slice());
        let (equal, hash) =
            (|&i: &u32| names.get(i as usize) == wire, |&i: &u32| hasher.hash_one(names.get(i as usize)));
        match self.index.entry(hasher.hash_one(wire), equal, hash) {
            Entry::Occupied(_) if report.flooded(codes::DUPLICATE_DOMAIN) => {}
            Entry::Occupied(first) => {
                let title = format!("the domain {} is given twice", Name::from_wire(wire));
                report.repeated(span, self.spans[*first.get() as usize], codes::DUPLICATE_DOMAIN, title, "remove one");
            }
            Entry::Vacant(place) => {
                place.insert(names.len() as u32);
                names.push(wire);
                self.spans.push(span);
            }
        }
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
        self.names.reserve(lines, source.text.len() + lines);
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
    // Editors of another system begin a text with a byte order mark.
    let mut offset = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let lines = text.as_bytes()[offset..].split_inclusive(|&b| b == b'\n').map(move |line| {
        let length = line.iter().position(|&b| b == b'#').unwrap_or(line.len());
        let item = text[offset..offset + length].trim_end();
        let start = offset + item.len() - item.trim_start().len();
        let span = Span::new(file, start..offset + item.len());
        offset += line.len();
        At { value: item.trim_start(), span }
    });
    lines.filter(|item| !item.value.is_empty())
}
