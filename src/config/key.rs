//! What a table of the configuration may hold: declared once, beside the code that reads it.
//!
//! The reader refuses what is not declared (`table`), and the reference for people tells what is (`reference`). What always holds: a
//! reader asks for every key of its section and for no other, which every test that reads a configuration finds out (`table`). Not here:
//! types and ranges, which are the reader's alone.

use ipnet::IpNet;
use std::net::SocketAddr;
use std::time::Duration;

/// A table.
pub(super) struct Section {
    /// As it is opened in a file; words in capitals stand for names of the operator's choice. Empty for the file itself.
    pub(super) header: &'static str,
    /// What it is; Markdown.
    pub(super) about: &'static str,
    /// Its keys by the room that reads them, in the order in which people are told of them.
    pub(super) keys: &'static [&'static [Key]],
}

/// A key of a table.
pub(super) struct Key {
    /// The key itself.
    pub(super) name: &'static str,
    /// What holds where it is absent.
    pub(super) absent: Absent,
    /// What it does; Markdown, one or two sentences.
    pub(super) meaning: &'static str,
    /// How its value is written, where the reader's own words for a wrong one do not say all; Markdown.
    pub(super) written: Option<&'static str>,
    /// How many items it may have.
    pub(super) most: Option<usize>,
    /// The table that its value is, or may be.
    pub(super) within: Option<&'static Section>,
}

/// What holds without a key.
pub(super) enum Absent {
    /// It must be there; what to add, an example first.
    Needed(&'static str),
    /// What would have to be written for the same, in the words of the file.
    Is(fn() -> String),
    /// What no value says; Markdown.
    Means(&'static str),
}

impl Section {
    /// Its keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().copied().flatten()
    }

    /// Its keys' names.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys().map(|key| key.name)
    }

    /// The key of that name.
    pub(super) fn find(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

impl Key {
    /// A key with what holds without it and what it does.
    pub(super) const fn new(name: &'static str, absent: Absent, meaning: &'static str) -> Self {
        Self { name, absent, meaning, written: None, most: None, within: None }
    }

    /// A key of the file: a table, or tables with names.
    pub(super) const fn table(name: &'static str, within: &'static Section) -> Self {
        Self { within: Some(within), ..Self::new(name, Absent::Means("none"), "") }
    }

    /// Its value is this table, or may be.
    pub(super) const fn within(self, within: &'static Section) -> Self {
        Self { within: Some(within), ..self }
    }

    /// Its value is written so.
    pub(super) const fn written(self, written: &'static str) -> Self {
        Self { written: Some(written), ..self }
    }

    /// It may have so many items.
    pub(super) const fn most(self, most: usize) -> Self {
        Self { most: Some(most), ..self }
    }
}

/// What stands for true and false where a word says more.
pub(super) const ON_OFF: &[(&str, bool)] = &[("on", true), ("off", false)];

/// A default in the words of the file.
pub(super) trait Shown {
    /// As it would be written.
    fn shown(&self) -> String;
}

impl Shown for Duration {
    fn shown(&self) -> String {
        format!("\"{}\"", humantime::format_duration(*self))
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn shown(&self) -> String {
        format!("[{}]", self.iter().map(Shown::shown).collect::<Vec<_>>().join(", "))
    }
}

/// What is written as it is displayed, in quotes or without.
macro_rules! shown {
    ($form:literal: $($kind:ty)*) => {$(
        impl Shown for $kind {
            fn shown(&self) -> String {
                format!($form, self)
            }
        }
    )*};
}

shown!("\"{}\"": SocketAddr IpNet &str);
shown!("{}": bool u16 u32 usize);

/// A default that is one of a few words.
pub(super) fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> String {
    words.iter().find(|(_, known)| known == value).map_or_else(String::new, |(word, _)| word.shown())
}
