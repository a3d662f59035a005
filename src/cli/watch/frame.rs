//! What `watch` shows: the table, what happened last, and a line on how fresh that is, cut to the size of a terminal. Pure.

use super::{LAST, Sight, when};
use crate::cli::colour::Tone;
use crate::cli::status::Drawn;
use crate::cli::told::briefly;
use crate::config::Style;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::{Duration, UNIX_EPOCH};

/// Rows that events keep, however long the table is.
const EVENTS_MIN: usize = 3;
/// Below so many rows, there is room for the table alone.
const ROWS_OF_EVENTS: usize = 12;

/// Of a terminal, in characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// What is known of a server.
#[derive(Debug)]
pub(super) struct Picture {
    admin: String,
    status: Value,
    /// When that was told, in seconds since 1970: all that is shown is as it was then, however late it is drawn.
    at: u64,
    /// When each was, and what.
    events: VecDeque<(String, String)>,
    /// Why it is not what is true now.
    pub(super) lost: Option<String>,
}

impl Picture {
    /// Nothing yet of the server at that address.
    pub(super) fn of(admin: String) -> Self {
        Self { admin, status: Value::Null, at: 0, events: VecDeque::new(), lost: None }
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.status.is_null()
    }

    /// How it stands now, and what happened since.
    pub(super) fn renew(&mut self, Sight { status, events, at }: Sight) {
        (self.status, self.at) = (status, at);
        self.events.extend(events.iter().filter_map(|event| Some((when(event), briefly(event)?))));
        self.events.drain(..self.events.len().saturating_sub(LAST));
        self.lost = None;
    }

    /// The lines to show. What is well gives way where the terminal is low, then what is last in the table.
    pub(super) fn frame(&self, style: Style, size: Size) -> Vec<String> {
        let foot = self.foot(style);
        let mut events = self.happened();
        if size.rows < ROWS_OF_EVENTS {
            events.clear();
        }
        let table = |is_brief| {
            let text = Drawn { style, now: self.at, is_brief }.table(&self.status);
            text.trim_end().lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let room = size.rows.saturating_sub(foot.len());
        let mut lines = table(false);
        if lines.len() + events.len() > room {
            lines = table(true);
        }
        shorten(&mut events, room.saturating_sub(lines.len()));
        cut(&mut lines, room.saturating_sub(events.len()));
        let all = lines.into_iter().chain(events).chain(foot);
        all.take(size.rows).map(|line| clipped(&line, size.columns)).collect()
    }

    /// What happened last, the newest at the end, below a heading.
    fn happened(&self) -> Vec<String> {
        let today = day(self.at);
        let line = |(at, what): &(String, String)| format!("  {} {what}", at.strip_prefix(&today).unwrap_or(at));
        let mut lines = vec![String::new(), "last events".to_owned()];
        lines.extend(self.events.iter().map(line));
        if self.events.is_empty() {
            lines.push("  none yet".to_owned());
        }
        lines
    }

    fn foot(&self, style: Style) -> Vec<String> {
        let at = time(self.at);
        let last = match &self.lost {
            Some(why) => Tone::Bad.paint(&format!("this is from {at}: {why}"), style),
            None => format!("{} at {at}", self.admin),
        };
        vec![String::new(), format!("{last}; q ends this")]
    }
}

/// Leaves out the oldest events beyond that many lines, but for `EVENTS_MIN`; the heading stays.
fn shorten(events: &mut Vec<String>, room: usize) {
    const HEADING: usize = 2;
    let spare = events.len().saturating_sub(room.max(HEADING + EVENTS_MIN));
    events.drain(HEADING.min(events.len())..(HEADING + spare).min(events.len()));
}

/// Leaves out what is beyond that many lines, and says so.
fn cut(lines: &mut Vec<String>, room: usize) {
    if lines.len() > room {
        let shown = room.saturating_sub(1);
        let more = lines.len() - shown;
        lines.truncate(shown);
        lines.push(format!("... {more} more lines: `edgesteer status` shows all"));
    }
}

/// The line within so many columns; colours end where it is cut.
fn clipped(line: &str, columns: usize) -> String {
    if characters(line).filter(|(_, is_seen)| *is_seen).count() <= columns {
        return line.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |(_, is_seen): &(char, bool)| {
        let fits = !is_seen || left > 0;
        left -= usize::from(*is_seen && fits);
        fits
    };
    let kept: String = characters(line).take_while(fits).map(|(character, _)| character).collect();
    kept + if line.contains('\x1b') { "\x1b[0m…" } else { "…" }
}

/// Characters, and whether each is seen: those of a colour's sequence, from ESC to m, are not.
fn characters(line: &str) -> impl Iterator<Item = (char, bool)> {
    line.chars().scan(false, |is_escape, character| {
        let is_hidden = *is_escape || character == '\x1b';
        *is_escape = is_hidden && character != 'm';
        Some((character, !is_hidden))
    })
}

fn stamp(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

/// With the letter that ends it, as 2026-11-29T.
fn day(seconds: u64) -> String {
    stamp(seconds).split_inclusive('T').next().unwrap_or_default().to_owned()
}

fn time(seconds: u64) -> String {
    stamp(seconds).split('T').nth(1).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
