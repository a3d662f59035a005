//! `edgesteer watch`: how a running server's pools stand, renewed each second, and what happened last.

use super::audit::happened;
use super::operate::table;
use super::reach::Reach;
use super::say;
use serde_json::Value;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, UNIX_EPOCH};

/// Between two looks.
const GLANCE: Duration = Duration::from_secs(1);
/// Events below the table.
const LAST: usize = 10;
/// Moves a terminal's cursor home and clears what is below; colours are not used.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Looks on until it is told to stop, or the server cannot be asked.
pub(super) fn run(server: &Reach, json: bool) -> ExitCode {
    let is_live = !json && io::stdout().is_terminal();
    let stop = is_live.then(typed);
    let mut after: Option<u64> = None;
    let mut last: Vec<String> = Vec::new();
    loop {
        let since = after.map_or(format!("limit={LAST}"), |after| format!("after={after}&limit=1000"));
        let news = match server.json(&format!("/api/v1/events/recent?{since}")) {
            Ok(news) => news,
            Err(code) => return code,
        };
        after = news["newest"].as_u64();
        let events = news["events"].as_array().map_or(&[][..], Vec::as_slice);
        let told = events.iter().map(|event| if json { event.to_string() } else { line(event) });
        if is_live {
            last.extend(told);
            last.drain(..last.len().saturating_sub(LAST));
            let status = match server.json("/api/v1/status") {
                Ok(status) => status,
                Err(code) => return code,
            };
            say(&format!(
                "{CLEAR}{}\n\nlast events\n  {}\n\nq and Enter ends this",
                table(&status).trim_end(),
                last.join("\n  ")
            ));
        } else {
            told.for_each(|told| say(&told));
        }
        match &stop {
            Some(stop) if stop.recv_timeout(GLANCE).is_ok() => return ExitCode::SUCCESS,
            Some(_) => {}
            None => std::thread::sleep(GLANCE),
        }
    }
}

/// An event for people: when, what, and the words that tell it.
fn line(event: &Value) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(event["at"].as_u64().unwrap_or_default());
    format!("{} {}", humantime::format_rfc3339_seconds(at), happened(event))
}

/// Tells once "q" is typed. What is typed is read by a thread of its own, which nobody can end and the process takes with it.
fn typed() -> Receiver<()> {
    let (sender, stop) = channel();
    std::thread::spawn(move || {
        let lines = io::stdin().lines().map_while(Result::ok);
        lines.into_iter().any(|line| line.trim() == "q").then(|| sender.send(()))
    });
    stop
}
