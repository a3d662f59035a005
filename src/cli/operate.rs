//! Orders and questions to a running server, over its admin address.

use super::reach::Reach;
use super::{Ordering, say};
use crate::health::Subject;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Asks for a hold.
pub(super) fn hold(subject: &Subject, state: &str, length: Option<&str>, order: &Ordering) -> ExitCode {
    let mut said = said(order);
    said["state"] = state.into();
    if let Some(length) = length {
        said["for"] = length.into();
    }
    tell(&order.server, "PUT", subject, &said)
}

/// Asks for the end of a hold and of a wait.
pub(super) fn release(subject: &Subject, order: &Ordering) -> ExitCode {
    tell(&order.server, "DELETE", subject, &said(order))
}

/// Shows how it stands.
pub(super) fn status(server: &Reach, json: bool) -> ExitCode {
    match server.json("/api/v1/status") {
        Ok(status) => say(&if json { status.to_string() } else { table(&status).trim_end().to_owned() }),
        Err(code) => return code,
    }
    ExitCode::SUCCESS
}

fn said(order: &Ordering) -> Value {
    let author = order.author.clone().unwrap_or_else(user);
    json!({ "reason": order.reason, "author": author, "force": order.force })
}

/// The name of the user who runs this, or the number where it has none. Looked up in the file itself: the system's look-ups load
/// libraries, which a static binary cannot (they must be those of the C library that it was linked with).
pub(super) fn user() -> String {
    let uid = nix::unistd::getuid().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(&uid, &users).map_or_else(|| format!("uid {uid}"), str::to_owned)
}

/// The name that a passwd(5) file has for a number.
fn name_of<'u>(uid: &str, users: &'u str) -> Option<&'u str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then_some(name)
    })
}

fn tell(server: &Reach, method: &str, subject: &Subject, said: &Value) -> ExitCode {
    match server.told(method, &format!("/api/v1/holds/{subject}"), &said.to_string()) {
        Ok(done) => {
            say(done["message"].as_str().unwrap_or_default());
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}

/// The status for people.
pub(super) fn table(status: &Value) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_table(&mut text, status);
    text
}

fn write_table(text: &mut String, status: &Value) -> std::fmt::Result {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let ready = if status["ready"] == true { "ready" } else { "NOT READY" };
    writeln!(text, "edgesteer {}, generation {}, {ready}", word(&status["version"]), status["generation"])?;
    for remark in list(&status["remarks"]) {
        writeln!(text, "! {}", word(remark))?;
    }
    for hold in list(&status["holds"]) {
        let until = hold["until"].as_u64().map_or("until released".to_owned(), |until| format!("for {}", left(until)));
        let stray = if hold["applies"] == true { "" } else { " (not in the configuration)" };
        let (subject, state) = (word(&hold["subject"]), word(&hold["state"]));
        let (author, reason) = (word(&hold["author"]), word(&hold["reason"]));
        let old = match (&hold["named"], hold["named_until"].as_u64()) {
            (named, _) if *named == true => "; answers still name it, since nothing else is live".to_owned(),
            (_, Some(until)) => format!("; the last answer that named it expires in {}", left(until)),
            (named, None) if *named == false && state != "up" => "; no answer that names it is left".to_owned(),
            _ => String::new(),
        };
        writeln!(text, "HELD {subject} {state} {until}{stray}, by {author}: {reason}{old}")?;
    }
    for service in list(&status["services"]) {
        writeln!(text, "\nservice {}", word(&service["service"]))?;
        for choice in list(&service["choices"]) {
            let pools: Vec<String> = list(&choice["pools"]).map(word).collect();
            let pools = if pools.is_empty() { "no pool".to_owned() } else { pools.join(" ") };
            writeln!(text, "  {:<28} -> {pools} ({})", word(&choice["region"]), word(&choice["basis"]))?;
        }
        for pool in list(&service["pools"]) {
            let held = pool["held"].as_str().map_or(String::new(), |held| format!("  held {held}"));
            let waits = match (&pool["damped"], &pool["waits_for_failback"]) {
                (damped, _) if *damped == true => "  flaps: serves only where no other does",
                (_, waits) if *waits == true && pool["canary"] == true => "  in its canary",
                (_, waits) if *waits == true => "  waits for its failback",
                _ => "",
            };
            let suspect = if pool["suspect"] == true { "  suspect: failing probes are being confirmed" } else { "" };
            writeln!(text, "    {:<20} {}{held}{waits}{suspect}", word(&pool["pool"]), word(&pool["state"]))?;
            for endpoint in list(&pool["endpoints"]) {
                let held = endpoint["held"].as_str().map_or(String::new(), |held| format!("  held {held}"));
                writeln!(text, "      {:<28} {}{held}", word(&endpoint["address"]), word(&endpoint["state"]))?;
            }
        }
    }
    left_out(text, "service", &status["services_left_out"])?;
    writeln!(text, "\ntargets")?;
    for target in list(&status["targets"]) {
        let since = target["since"].as_u64().map_or(String::new(), |since| format!("  for {}", past(since)));
        let why = target["why"].as_str().map_or(String::new(), |why| format!("  {why}"));
        let (address, check, state) = (word(&target["address"]), word(&target["check"]), word(&target["state"]));
        writeln!(text, "  {address:<30} {check:<7} {state}{since}{why}")?;
    }
    left_out(text, "target", &status["targets_left_out"])
}

fn left_out(text: &mut String, noun: &str, count: &Value) -> std::fmt::Result {
    match count.as_u64() {
        Some(0) | None => Ok(()),
        Some(count) => writeln!(text, "and {count} more {noun}(s)"),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn left(until: u64) -> String {
    shown(until.saturating_sub(now()))
}

fn past(since: u64) -> String {
    shown(now().saturating_sub(since))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn shown(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests;
