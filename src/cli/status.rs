//! How a running server stands, as a table for people: `status` shows it once, `watch` again and again.
//!
//! The table is pure: what the server tells, the time, and how it is to be written are arguments.

use super::colour::{self, Tone};
use super::reach::Reach;
use super::say;
use super::told::{list, word};
use crate::config::Style;
use serde_json::Value;
use std::fmt::{self, Write as _};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Of clients whom a gate keeps where they are.
const KEPT: &str = "; kept until a gate lets them go";

/// Shows how it stands.
pub(super) fn run(server: &Reach, json: bool) -> ExitCode {
    let status = match server.json("/api/v1/status") {
        Ok(status) => status,
        Err(code) => return code,
    };
    let drawn = Drawn { style: colour::style(&std::io::stdout()), now: now(), is_brief: false };
    say(&if json { status.to_string() } else { drawn.table(&status).trim_end().to_owned() });
    ExitCode::SUCCESS
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// How a table is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawn {
    pub(super) style: Style,
    /// Seconds since 1970.
    pub(super) now: u64,
    /// Without the parts of what is up: endpoints of pools that are wholly up, and targets.
    pub(super) is_brief: bool,
}

impl Drawn {
    /// What `/api/v1/status` tells, as lines.
    pub(super) fn table(self, status: &Value) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text, status);
        text
    }

    fn write(self, text: &mut String, status: &Value) -> fmt::Result {
        let ready = if status["ready"] == true { "ready".to_owned() } else { self.paint(Tone::Bad, "NOT READY") };
        writeln!(text, "edgesteer {}, generation {}, {ready}", word(&status["version"]), status["generation"])?;
        for remark in list(&status["remarks"]) {
            writeln!(text, "{}", self.paint(Tone::Odd, &format!("! {}", word(remark))))?;
        }
        for hold in list(&status["holds"]) {
            writeln!(text, "{} {}", self.paint(Tone::Odd, "HELD"), self.hold(hold))?;
        }
        for service in list(&status["services"]) {
            self.write_service(text, service)?;
        }
        left_out(text, "service", status["services_left_out"].as_u64())?;
        self.write_targets(text, status)
    }

    /// What is held, and until when answers name it that were given before.
    fn hold(self, hold: &Value) -> String {
        let until =
            hold["until"].as_u64().map_or("until released".to_owned(), |until| format!("for {}", self.left(until)));
        let stray = if hold["applies"] == true { "" } else { " (not in the configuration)" };
        let (subject, state) = (word(&hold["subject"]), word(&hold["state"]));
        let (author, reason) = (word(&hold["author"]), word(&hold["reason"]));
        let old = match (&hold["named"], hold["named_until"].as_u64()) {
            (named, _) if *named == true => "; answers still name it, since nothing else is live".to_owned(),
            (_, Some(until)) => format!("; the last answer that named it expires in {}", self.left(until)),
            (named, None) if *named == false && state != "up" => "; no answer that names it is left".to_owned(),
            _ => String::new(),
        };
        format!("{subject} {state} {until}{stray}, by {author}: {reason}{old}")
    }

    fn write_service(self, text: &mut String, service: &Value) -> fmt::Result {
        let name = format!("service {}", word(&service["service"]));
        writeln!(text, "\n{}", self.paint(Tone::Head, &name))?;
        for choice in list(&service["choices"]) {
            let pools: Vec<String> = list(&choice["pools"]).map(word).collect();
            let basis = word(&choice["basis"]);
            let told = match pools.is_empty() {
                true => self.paint(Tone::Bad, "no pool"),
                false => pools.join(" "),
            };
            let basis = if basis == "proven alive" { basis } else { self.paint(Tone::Odd, &basis) };
            let kept = if choice["kept"] == true { self.paint(Tone::Odd, KEPT) } else { String::new() };
            writeln!(text, "  {:<28} -> {told} ({basis}{kept})", word(&choice["region"]))?;
        }
        list(&service["pools"]).try_for_each(|pool| self.write_pool(text, pool))
    }

    fn write_pool(self, text: &mut String, pool: &Value) -> fmt::Result {
        let waits = match (&pool["damped"], &pool["waits_for_failback"]) {
            (damped, _) if *damped == true => "flaps: serves only where no other does",
            (_, waits) if *waits == true && pool["canary"] == true => "in its canary",
            (_, waits) if *waits == true => "waits for its failback",
            _ => "",
        };
        let suspect = if pool["suspect"] == true { "suspect: failing probes are being confirmed" } else { "" };
        let more: String = [&held(pool), waits, suspect]
            .into_iter()
            .filter(|words| !words.is_empty())
            .map(|words| format!("  {}", self.paint(Tone::Odd, words)))
            .collect();
        writeln!(text, "    {:<20} {}{more}", word(&pool["pool"]), self.state(pool))?;
        if self.is_brief && is_well(pool) && list(&pool["endpoints"]).all(is_well) {
            return Ok(());
        }
        list(&pool["endpoints"]).try_for_each(|endpoint| {
            let held = held(endpoint);
            let held = if held.is_empty() { held } else { format!("  {}", self.paint(Tone::Odd, &held)) };
            writeln!(text, "      {:<28} {}{held}", word(&endpoint["address"]), self.state(endpoint))
        })
    }

    fn write_targets(self, text: &mut String, status: &Value) -> fmt::Result {
        writeln!(text, "\n{}", self.paint(Tone::Head, "targets"))?;
        let mut well = 0;
        for target in list(&status["targets"]) {
            if self.is_brief && is_well(target) {
                well += 1;
                continue;
            }
            let since = target["since"].as_u64().map_or(String::new(), |since| format!("  for {}", self.past(since)));
            let why = target["why"].as_str().map_or(String::new(), |why| format!("  {why}"));
            let (address, check) = (word(&target["address"]), word(&target["check"]));
            writeln!(text, "  {address:<30} {check:<7} {}{since}{why}", self.state(target))?;
        }
        match well {
            0 => {}
            1 => writeln!(text, "  1 is up")?,
            well => writeln!(text, "  {well} are up")?,
        }
        left_out(text, "target", status["targets_left_out"].as_u64())
    }

    fn state(self, of: &Value) -> String {
        let state = word(&of["state"]);
        self.paint(Tone::of(&state), &state)
    }

    fn paint(self, tone: Tone, words: &str) -> String {
        tone.paint(words, self.style)
    }

    fn left(self, until: u64) -> String {
        shown(until.saturating_sub(self.now))
    }

    fn past(self, since: u64) -> String {
        shown(self.now.saturating_sub(since))
    }
}

fn held(of: &Value) -> String {
    of["held"].as_str().map_or(String::new(), |held| format!("held {held}"))
}

fn is_well(of: &Value) -> bool {
    of["state"] == "up" && of["held"].is_null()
}

fn left_out(text: &mut String, noun: &str, count: Option<u64>) -> fmt::Result {
    match count {
        Some(0) | None => Ok(()),
        Some(count) => writeln!(text, "and {count} more {noun}(s)"),
    }
}

fn shown(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}
