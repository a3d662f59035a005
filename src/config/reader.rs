//! Typed access to the TOML tree, with places and with every error reported.
//!
//! A reader takes a `Value` and gives `Some`, or `None` after it has reported why. Not here: which keys a table has (`table`).

use super::codes;
use super::form::Form;
use super::report::Report;
use super::source::{At, FileId, Span};
use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What stands, or does not, behind a key.
#[derive(Debug, Default)]
pub(super) enum Field<T> {
    /// The key is absent.
    #[default]
    Absent,
    /// The value is wrong, which was reported.
    Bad,
    /// The value.
    Given(At<T>),
}

impl<T> Field<T> {
    /// The value, or what stands for it where there is none.
    pub(super) fn or(self, default: T) -> T {
        self.into_option().unwrap_or(default)
    }

    /// The value, or the type's default.
    pub(super) fn or_default(self) -> T
    where
        T: Default,
    {
        self.into_option().unwrap_or_default()
    }

    /// The value, if there is one.
    pub(super) fn into_option(self) -> Option<T> {
        match self {
            Self::Given(at) => Some(at.value),
            Self::Absent | Self::Bad => None,
        }
    }

    /// The value with its place.
    pub(super) fn at(&self) -> Option<&At<T>> {
        match self {
            Self::Given(at) => Some(at),
            Self::Absent | Self::Bad => None,
        }
    }

    /// The value.
    pub(super) fn get(&self) -> Option<&T> {
        self.at().map(|at| &at.value)
    }

    /// Whether the key is absent.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// One value of the tree.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    /// The key behind which it stands, itself or in a list.
    pub(super) key: &'a str,
    /// Where it stands.
    pub(super) span: Span,
    /// Where to report.
    pub(super) report: &'a Report,
    node: &'a DeValue<'a>,
}

impl<'a> Value<'a> {
    /// The value `node` that stands behind `key`.
    pub(super) fn new(key: &'a str, node: &'a Spanned<DeValue<'a>>, report: &'a Report) -> Self {
        Self { key, span: Span::new(FileId::MAIN, node.span()), report, node: node.get_ref() }
    }

    /// The value itself.
    pub(super) fn node(&self) -> &'a DeValue<'a> {
        self.node
    }

    /// An item of this value, if it is a list.
    pub(super) fn beside(&self, item: &'a Spanned<DeValue<'a>>) -> Self {
        Self::new(self.key, item, self.report)
    }

    /// The text, if it is one.
    pub(super) fn as_text(&self) -> Option<&'a str> {
        self.node.as_str()
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        self.node.is_array()
    }

    /// Whether it is a table.
    pub(super) fn is_table(&self) -> bool {
        self.node.is_table()
    }

    /// Reports that it is of the wrong type.
    pub(super) fn wrong<T>(&self, wanted: &str, help: &str) -> Option<T> {
        let title = format!("\"{}\" must be {wanted}", self.key);
        self.report.add(
            self.span,
            codes::WRONG_TYPE,
            title,
            format!("this is {}", article(self.node.type_str())),
            help,
        );
        None
    }

    /// A text of any form.
    pub(super) fn text(&self, wanted: &str, help: &str) -> Option<&'a str> {
        self.node.as_str().or_else(|| self.wrong(wanted, help))
    }

    /// A text of this form.
    pub(super) fn form<T>(self, form: &Form<T>) -> Option<T> {
        let text = self.text(form.noun, form.help)?;
        form.at(text, self.span, self.report).map(|at| at.value)
    }

    /// A text of this form that is a secret, or tells of one: nobody is shown it (`written`).
    pub(super) fn secret<T>(self, form: &Form<T>) -> Option<T> {
        self.report.hide(self.span);
        self.form(form)
    }

    /// One of a few words.
    pub(super) fn word<T: Clone>(self, words: &[(&'static str, T)]) -> Option<T> {
        let choices = list(words.iter().map(|(word, _)| *word));
        let text = self.text("one of a few words", &format!("write one of {choices}"))?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| meaning.clone());
        if found.is_none() {
            let help = nearest(text, words.iter().map(|(word, _)| *word))
                .map_or(format!("write one of {choices}"), |word| {
                    format!("did you mean \"{word}\"? The choices are {choices}")
                });
            self.report.add(self.span, codes::UNKNOWN_WORD, format!("unknown {} \"{text}\"", self.key), "", help);
        }
        found
    }

    /// A path, resolved against the configuration file's directory.
    pub(super) fn path(self) -> Option<PathBuf> {
        let text = self.text("a path", "write a path in quotes; it is relative to the directory of this file")?;
        Some(self.report.resolve(text))
    }

    /// A truth value.
    pub(super) fn boolean(self) -> Option<bool> {
        self.node.as_bool().or_else(|| self.wrong("true or false", "write true or false without quotes"))
    }

    /// A whole number within a range.
    pub(super) fn integer<T: TryFrom<i64> + TryInto<i64> + Copy>(self, range: RangeInclusive<T>) -> Option<T> {
        let ends = [*range.start(), *range.end()].map(|end| end.try_into().unwrap_or(i64::MAX));
        let help = format!("write a whole number from {} to {} without quotes", ends[0], ends[1]);
        let Some(number) = self.node.as_integer() else { return self.wrong("a whole number", &help) };
        let inside = |n: &i64| (ends[0]..=ends[1]).contains(n);
        let value = i64::from_str_radix(number.as_str(), number.radix()).ok().filter(inside);
        value.and_then(|n| T::try_from(n).ok()).or_else(|| self.out_of_range(&number.to_string(), help))
    }

    /// Whether it is a number.
    pub(super) fn is_number(&self) -> bool {
        self.node.is_integer() || self.node.is_float()
    }

    /// A number, with or without a fraction.
    pub(super) fn number(self) -> Option<f64> {
        let text = match self.node {
            DeValue::Integer(n) if n.radix() == 10 => n.as_str(),
            DeValue::Float(n) => n.as_str(),
            _ => return self.wrong("a number", "write a number without quotes"),
        };
        text.parse().ok().or_else(|| self.wrong("a number", "write a decimal number"))
    }

    /// A duration within a range.
    pub(super) fn duration(self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let duration = self.form(&super::form::DURATION)?;
        let show = humantime::format_duration;
        let help = format!("write a duration from {} to {}", show(*range.start()), show(*range.end()));
        range.contains(&duration).then_some(duration).or_else(|| self.out_of_range(&show(duration).to_string(), help))
    }

    /// A TTL: whole seconds, at least one, at most `limits::TTL_MAX`.
    pub(super) fn ttl(self) -> Option<Duration> {
        let ttl = self.form(&super::form::DURATION)?;
        let why = match ttl {
            ttl if ttl.is_zero() => "it must not be zero: resolvers would ask for every connection",
            ttl if ttl.subsec_nanos() != 0 => "DNS counts in whole seconds",
            ttl if ttl > crate::limits::TTL_MAX => "it must not be longer than a day",
            ttl => return Some(ttl),
        };
        let title = format!("\"{}\" is no usable time to live", self.key);
        self.report.add(
            self.span,
            codes::BAD_TTL,
            title,
            why,
            "write whole seconds from \"1s\" to \"1day\", as \"30s\"",
        );
        None
    }

    /// A list of at least one item. A list with a wrong item is wrong as a whole: what it lacks is no further error.
    pub(super) fn list<T>(self, item: impl Fn(Self) -> Option<T>) -> Option<Vec<At<T>>> {
        if self.node.as_array().is_some_and(|items| items.is_empty()) { self.empty() } else { self.list_or_empty(item) }
    }

    /// A list that may be empty.
    pub(super) fn list_or_empty<T>(self, item: impl Fn(Self) -> Option<T>) -> Option<Vec<At<T>>> {
        let Some(items) = self.node.as_array() else { return self.wrong("a list", "write [ ] around the items") };
        let items = items.iter().map(|node| Self::new(self.key, node, self.report));
        whole(items.map(|value| item(value).map(|it| At { value: it, span: value.span })))
    }

    /// A table with keys of the operator's choice, in the order of the file. With a wrong entry it is wrong as a whole.
    pub(super) fn entries<T>(self, entry: impl Fn(At<&'a str>, Self) -> Option<T>) -> Option<Vec<T>> {
        whole(self.pairs()?.into_iter().map(|(key, value)| entry(key, value)))
    }

    /// The entries of a table in the order of the file.
    pub(super) fn pairs(self) -> Option<Vec<(At<&'a str>, Self)>> {
        match self.node.as_table() {
            Some(entries) => Some(in_file_order(entries, self.report)),
            None => self.wrong("a table", "write { name = value } or a [section] for each name"),
        }
    }

    /// Names of pools.
    pub(super) fn pools(self) -> Option<Vec<At<String>>> {
        self.list(|v| v.text("names of pools", "write the names of [pool.…] tables in quotes").map(str::to_owned))
    }

    /// Reports that it holds nothing.
    pub(super) fn empty<T>(&self) -> Option<T> {
        let title = format!("\"{}\" is empty", self.key);
        self.report.add(self.span, codes::EMPTY_LIST, title, "", "give at least one item, or leave the key out");
        None
    }

    /// Reports that it holds more than `max` items.
    pub(super) fn too_many(&self, count: usize, max: usize) {
        let title = format!("\"{}\" has {count} items", self.key);
        self.report.add(self.span, codes::TOO_MANY, title, "", format!("at most {max} are allowed"));
    }

    /// Whether the key of this table can be the name of a pool, service, partner, check or role; `None` is reported.
    pub(super) fn entry_name(&self, key: At<&str>) -> Option<()> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !key.value.is_empty() && key.value.chars().all(plain) {
            return Some(());
        }
        let title = format!("{:?} cannot be a name", key.value);
        let help = "write ASCII letters, digits, - _ and . alone: the name stands in metrics and URLs";
        self.report.add(key.span, codes::BAD_ENTRY_NAME, title, "", help);
        None
    }

    /// The first table within this table, other than those in `known`.
    pub(super) fn first_table(&self, known: &[&str]) -> Option<(At<&'a str>, Self)> {
        let entries = in_file_order(self.node.as_table()?, self.report);
        entries.into_iter().find(|(key, value)| value.is_table() && !known.contains(&key.value))
    }

    fn out_of_range<T>(&self, value: &str, help: String) -> Option<T> {
        let title = format!("\"{}\" is out of range", self.key);
        self.report.add(self.span, codes::OUT_OF_RANGE, title, format!("{value} is not allowed"), help);
        None
    }
}

/// The candidate that `word` was probably meant to be.
pub(super) fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let distance = |candidate: &&str| strsim::damerau_levenshtein(word, candidate);
    let close = |candidate: &&str| distance(candidate) <= 1.max(candidate.len() / 3);
    candidates.filter(close).min_by_key(distance)
}

/// The words in quotes with commas between them.
pub(super) fn list<'c>(words: impl Iterator<Item = &'c str>) -> String {
    words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

/// The tree keeps keys sorted; people think in the order in which they wrote.
pub(super) fn in_file_order<'a>(entries: &'a DeTable<'a>, report: &'a Report) -> Vec<(At<&'a str>, Value<'a>)> {
    let mut entries: Vec<_> = entries
        .iter()
        .map(|(key, node)| {
            let name = At { value: key.get_ref().as_ref(), span: Span::new(FileId::MAIN, key.span()) };
            let value = Value::new(name.value, node, report);
            (name, value)
        })
        .collect();
    entries.sort_by_key(|(key, _)| key.span);
    entries
}

/// All items, each of which is asked for, so that each is reported.
fn whole<T>(items: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let items: Vec<Option<T>> = items.collect();
    items.into_iter().collect()
}

fn article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {kind}")
}
