//! The reference as a page in Markdown: `docs/manual/configuration.md` from its mark on.

use super::{Entry, Table, Words, reference};
use std::fmt::Write as _;

/// The whole page but for its introduction.
pub fn page() -> String {
    let tables = reference();
    let mut text = contents(&tables);
    for table in &tables {
        let _ = write!(text, "\n## `{}`\n\n{}\n\n", table.header, table.about);
        text += "| key | value | without it | what it does |\n|---|---|---|---|\n";
        table.keys.iter().for_each(|entry| row(entry, &mut text));
        table.words.iter().for_each(|words| explained(words, &mut text));
    }
    text
}

fn contents(tables: &[Table]) -> String {
    let mut text = "| table | what it is |\n|---|---|\n".to_owned();
    for table in tables {
        let ends = [". ", " ([", ": ", "; "];
        let first = ends.iter().fold(table.about, |about, end| about.split(end).next().unwrap_or_default());
        let _ = writeln!(text, "| {} | {} |", link(table.header), first.trim_end_matches('.'));
    }
    text
}

fn row(entry: &Entry, text: &mut String) {
    let Entry { name, written, absent, meaning, within } = entry;
    let written = within.map_or_else(|| written.clone(), |header| written.replace("a table", &link(header)));
    let absent = absent.as_deref().unwrap_or("**must be given**");
    let _ = writeln!(text, "| `{name}` | {written} | {absent} | {meaning} |");
}

/// A header as a link to its place on the page, which is named as GitHub names it.
fn link(header: &str) -> String {
    let anchor: String = header.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    format!("[`{header}`](#{})", anchor.to_ascii_lowercase())
}

fn explained(words: &Words, text: &mut String) {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let _ = write!(text, "\n### {}\n\n{}", words.title, line(words.columns.to_vec()));
    let _ = writeln!(text, "|{}", "---|".repeat(words.columns.len()));
    words.rows.iter().for_each(|row| *text += &line(row.iter().map(String::as_str).collect()));
}
