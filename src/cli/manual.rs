//! edgesteer.toml(5): the reference of the configuration as a man page.

use crate::config::{Entry, Table, Words, reference};
use clap_mangen::roff::{Inline, Roff, bold, roman};

/// What stands before the tables.
const INTRODUCTION: &[&str] = &[
    "One TOML file is the whole configuration. A key that is not on this page is an error, and so is a value out of its range, a name that \
     refers to nothing, and a file that cannot be read: `edgesteer check -c FILE` shows all of them, with the remedy.",
    "A reload (SIGHUP) takes the file over as a whole, or with an error not at all. It takes over everything but what says that it needs a \
     restart.",
    "Relative paths begin at the directory of the file. Durations are texts with their unit, as `\"500ms\"`, `\"30s\"`, `\"10m\"`. A value that is \
     a table may stand in its key, as `tls = { ca = \"ca.pem\" }`, or in a section of its own, as `[check.ldaps.tls]`. NAME is of your choice; APEX \
     and KEY are domain names, in quotes.",
];

/// The page.
pub(super) fn page() -> String {
    let mut page = Roff::new();
    page.control("TH", ["edgesteer.toml", "5", "", concat!("edgesteer ", env!("CARGO_PKG_VERSION"))]);
    page.control("SH", ["NAME"]).text([roman("edgesteer.toml - configuration of edgesteer")]);
    page.control("SH", ["SYNOPSIS"]).text([bold("edgesteer serve -c"), roman(" FILE")]);
    page.control("SH", ["DESCRIPTION"]);
    for paragraph in INTRODUCTION {
        page.control("PP", []).text(inlines(paragraph));
    }
    reference().iter().for_each(|table| section(table, &mut page));
    page.control("SH", ["SEE ALSO"]).text([bold("edgesteer"), roman("(1), "), bold("edgesteer-check"), roman("(1)")]);
    page.render()
}

fn section(table: &Table, page: &mut Roff) {
    page.control("SH", [table.header]).text(inlines(table.about));
    table.keys.iter().for_each(|entry| key(entry, page));
    table.words.iter().for_each(|words| explained(words, page));
}

fn key(entry: &Entry, page: &mut Roff) {
    let Entry { name, written, absent, meaning, within } = entry;
    let written = within.map_or_else(|| written.clone(), |header| written.replace("a table", &format!("`{header}`")));
    let absent = absent.as_ref().map_or("It must be given".to_owned(), |what| format!("Without it: {what}"));
    page.control("TP", []).text([bold(*name)]).text(inlines(meaning));
    page.control("br", []).text(inlines(&format!("Value: {written}. {absent}.")));
}

fn explained(words: &Words, page: &mut Roff) {
    page.control("SS", [words.title]);
    for row in &words.rows {
        let [word, cells @ ..] = &row[..] else { continue };
        page.control("TP", []).text(inlines(word));
        let cells: Vec<_> =
            words.columns[1..].iter().zip(cells).map(|(column, cell)| format!("{column}: {cell}")).collect();
        page.text(inlines(&format!("{}.", cells.join(". "))));
    }
}

/// What Markdown there is in the reference: code and strong words become bold, of a link its text stays.
fn inlines(markdown: &str) -> Vec<Inline> {
    let mut all = Vec::new();
    let mut rest = markdown;
    while let Some(at) = rest.find(['`', '*', '[']) {
        let (before, marked) = rest.split_at(at);
        all.push(roman(before));
        let (inline, length) = marked_at(marked);
        all.push(inline);
        rest = &marked[length..];
    }
    all.push(roman(rest));
    all
}

/// What a text begins with, and its length.
fn marked_at(text: &str) -> (Inline, usize) {
    let inside = |mark: &str| text.strip_prefix(mark)?.split_once(mark).map(|(inner, _)| (inner, 2 * mark.len()));
    if let Some((inner, marks)) = inside("`").or_else(|| inside("**")) {
        return (bold(inner), inner.len() + marks);
    }
    let link = text.strip_prefix('[').and_then(|inner| inner.split_once("]("));
    if let Some((name, target)) = link.and_then(|(name, rest)| Some((name, rest.split_once(')')?.0))) {
        return (roman(name.trim_matches('`')), name.len() + target.len() + "[]()".len());
    }
    (roman(&text[..1]), 1)
}

#[cfg(test)]
mod tests;
