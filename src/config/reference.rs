//! The reference of the configuration: every table with every key, for people.
//!
//! What a key means, and what holds without it, is declared beside its reader (`key`). How its value is written is what the reader
//! itself says of a wrong one: each key is given one that no key takes, so the reference has the words of the errors, and the ranges that
//! are checked. Not here: what it looks like (`page`).

use super::changes;
use super::codes;
use super::key::{Absent, Key, Section};
use super::load::{FILE, grammar};

mod kinds;
mod page;

pub use kinds::Words;
pub use page::page;

/// A table of the configuration.
#[derive(Debug)]
pub struct Table {
    /// As it is opened in a file, as `[pool.NAME]`; words in capitals stand for names of the operator's choice.
    pub header: &'static str,
    /// What it is; Markdown.
    pub about: &'static str,
    /// Its keys; at least one.
    pub keys: Vec<Entry>,
    /// What words of one of its keys stand for.
    pub words: Option<Words>,
}

/// A key of a table.
#[derive(Debug)]
pub struct Entry {
    /// The key.
    pub name: &'static str,
    /// How its value is written; Markdown.
    pub written: String,
    /// What holds without it; Markdown. `None`: it must be given.
    pub absent: Option<String>,
    /// What it does; Markdown.
    pub meaning: String,
    /// The header of the table that its value is, or may be.
    pub within: Option<&'static str>,
}

/// Every table of the configuration, in the order in which people think of them.
pub fn reference() -> Vec<Table> {
    let mut sections: Vec<&'static Section> = Vec::new();
    for key in FILE.keys() {
        collect(key, &mut sections);
    }
    sections.into_iter().map(table).collect()
}

/// A section and those in it, each once; one that has a place of its own in the file stands there.
fn collect(key: &'static Key, into: &mut Vec<&'static Section>) {
    let Some(section) = key.within.filter(|section| into.iter().all(|known| known.header != section.header)) else {
        return;
    };
    into.push(section);
    let is_own = |inner: &Section| FILE.keys().filter_map(|key| key.within).any(|own| own.header == inner.header);
    for key in section.keys().filter(|key| key.within.is_some_and(|inner| !is_own(inner))) {
        collect(key, into);
    }
}

fn table(section: &'static Section) -> Table {
    let keys = section.keys().map(|key| entry(section, key)).collect();
    Table { header: section.header, about: section.about, keys, words: kinds::of(section.header) }
}

fn entry(section: &'static Section, key: &'static Key) -> Entry {
    let settled = section.header == "[server]" && changes::settled().any(|settled| settled == key.name);
    let restart = settled && !key.meaning.contains("restart");
    let most = key.most.map_or_else(String::new, |most| format!("; at most {most}"));
    Entry {
        name: key.name,
        written: written(section, key) + &most,
        absent: match key.absent {
            Absent::Needed(_) => None,
            Absent::Is(default) => Some(format!("`{}`", default())),
            Absent::Means(what) => Some(what.to_owned()),
        },
        meaning: format!("{}{}", key.meaning, if restart { " **A change needs a restart.**" } else { "" }),
        within: key.within.map(|section| section.header),
    }
}

/// A value that no key takes.
const WRONG: &str = "1979-05-27";
/// Longer than any duration that a key takes.
const LONG: &str = "\"400000days\"";
/// A text that is no word of any key.
const NO_WORD: &str = "\"?\"";

/// How a value is written.
fn written(section: &Section, key: &Key) -> String {
    if let Some(written) = key.written {
        return written.to_owned();
    }
    let Some(said) = ask(section, key, WRONG) else { return String::new() };
    let or_table = if key.within.is_some() { ", or a table" } else { "" };
    match said.wanted.as_str() {
        "a table" => match (ask(section, key, NO_WORD), ask(section, key, &format!("{{ x = {WRONG} }}"))) {
            (Some(words), _) if words.code == codes::UNKNOWN_WORD.name => phrase(&words.help) + or_table,
            (_, Some(entry)) if key.within.is_none() => format!("a table of names, each with {}", value(&entry)),
            _ => "a table".to_owned(),
        },
        "a list" => {
            let item = ask(section, key, &format!("[{WRONG}]")).map_or_else(String::new, |item| value(&item));
            format!("list{} {item}", if item.starts_with("a") { ", each" } else { " of" })
        }
        choice if choice.contains("a duration") => {
            let range = ask(section, key, LONG).map_or_else(String::new, |range| phrase(&range.help));
            phrase(choice).replace("a duration", range.split(", as ").next().unwrap_or_default())
        }
        _ => value(&said) + or_table,
    }
}

/// What the page explains once for all keys.
const EXPLAINED: &[&str] = &["an IP address with a port", "a domain name", "an address prefix"];

/// What is wanted, with the examples of how to write it; where there is a choice, or a range, how to write it alone.
fn value(said: &Said) -> String {
    let (how, wanted) = (phrase(&said.help), said.wanted.as_str());
    let is_choice = wanted.contains(" or ") || wanted.starts_with("one of");
    if is_choice || how.contains(" from ") || how.starts_with("up to ") {
        return how;
    }
    let example = how.find(", as ").filter(|_| !EXPLAINED.contains(&wanted)).map_or("", |at| &how[at..]);
    wanted.to_owned() + example
}

/// What the reader says of a value.
struct Said {
    code: &'static str,
    /// What it must be, where the type is wrong.
    wanted: String,
    help: String,
}

fn ask(section: &Section, key: &Key, value: &str) -> Option<Said> {
    let header =
        ["NAME", "APEX", "KEY"].iter().fold(section.header.to_owned(), |header, name| header.replace(name, "x"));
    let all = grammar(format!("{header}\n{} = {value}\n", key.name));
    let said = all.iter().find(|said| said.span.as_ref().is_some_and(|at| at.line == 2))?;
    let wanted = said.title.split_once(" must be ").map_or("", |(_, wanted)| wanted);
    Some(Said { code: said.code, wanted: wanted.to_owned(), help: said.help.clone() })
}

/// An error's remedy as a description: without "write", and with what is written as it stands as code.
fn phrase(help: &str) -> String {
    let help = help.strip_prefix("write ").unwrap_or(help).replace(" without quotes", "").replace(" in quotes", "");
    let help = help.split("; ").next().unwrap_or_default();
    let choice = help.strip_prefix("one of ").filter(|choice| !choice.contains(" or ")).map(last_or);
    let help = choice.unwrap_or_else(|| help.strip_prefix("one of ").unwrap_or(help).to_owned());
    let mut rest = help.as_str();
    let mut text = String::new();
    while let Some(begin) = rest.find(['"', '[', '{']) {
        let Some(end) = end_of_code(&rest[begin..]).map(|length| begin + length) else { break };
        text += &format!("{}`{}`", &rest[..begin], &rest[begin..end]);
        rest = &rest[end..];
    }
    text + rest
}

/// A choice of words with "or" before the last.
fn last_or(choice: &str) -> String {
    choice.rsplit_once(", ").map_or_else(|| choice.to_owned(), |(first, last)| format!("{first} or {last}"))
}

/// The length of the quoted text, list or table that a text begins with.
fn end_of_code(text: &str) -> Option<usize> {
    if let Some(inner) = text.strip_prefix('"') {
        return inner.find('"').map(|at| at + 2);
    }
    let mut depth = 0;
    let end = text.find(|c| {
        depth += i32::from(matches!(c, '[' | '{')) - i32::from(matches!(c, ']' | '}'));
        depth == 0
    });
    end.map(|at| at + 1)
}

#[cfg(test)]
mod tests;
