//! What is told: an event as JSON, with a sentence for people. Also what chat systems show: they read `text`.

use crate::audit::Entry;
use crate::config::Topic;
use crate::control::{self, Asked, Event, Lost, Move, Trial};
use crate::steering::Basis;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Milliseconds since 1970.
    pub(super) at: u64,
    /// Its body, one line.
    pub(super) body: String,
}

impl Message {
    /// What somebody is told of an event.
    pub(super) fn of(topic: Topic, event: &Event, now: SystemTime) -> Self {
        Self::new(topic.word(), &sentence(event), &control::entry(event), now)
    }

    fn new(topic: &str, text: &str, entry: &Entry, now: SystemTime) -> Self {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let mut data = entry.detail.clone();
        data.insert("what".to_owned(), Value::from(entry.what));
        data.insert("reason".to_owned(), Value::from(entry.reason.as_str()));
        data.insert("generation".to_owned(), Value::from(entry.generation));
        let time = humantime::format_rfc3339_millis(now).to_string();
        let body = json!({"type": format!("edgesteer.{topic}"), "timestamp": time, "text": text, "data": data});
        Self { at: since.as_millis() as u64, body: body.to_string() }
    }
}

/// A message by which somebody sees that he is reached.
pub fn trial(now: SystemTime) -> Message {
    let text = "edgesteer: this is a trial message; nothing has happened";
    Message::new("trial", text, &Entry::of("trial", "somebody asked for it"), now)
}

fn sentence(event: &Event) -> String {
    match event {
        Event::Moved(moved) => movement(moved),
        Event::Verdict { target, pools, verdict, .. } => {
            let why = verdict.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            let (pool, kind, state) = (pools.join(", "), target.kind().word(), verdict.state.word());
            format!("{pool}: {} ({kind}) is {state}{why}", target.address)
        }
        Event::Gate { said: Asked { gate, services, way, why }, .. } => match way {
            Some(way) => format!("gate {gate} says {} for {}: {why}", way.word(), services.join(", ")),
            None => format!("gate {gate} is asked whether clients of {} may be sent elsewhere", services.join(", ")),
        },
        Event::Trial(trial @ Trial { service, pool, .. }) => format!("{service}: canary of {pool}: {}", trial.words()),
        event => {
            let entry = control::entry(event);
            let subject = ["subject", "action", "pools"].into_iter().find_map(|key| entry.detail.get(key));
            let subject = subject.map(|subject| match subject {
                Value::String(text) => format!("{text}: "),
                Value::Array(items) => {
                    format!("{}: ", items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
                }
                _ => String::new(),
            });
            format!("{}{}: {}", subject.unwrap_or_default(), entry.what, entry.reason)
        }
    }
}

fn movement(moved: &Move) -> String {
    let Move { service, from, to, lost, was, basis, .. } = moved;
    let named = |pools: &[String]| if pools.is_empty() { "no address".to_owned() } else { pools.join(", ") };
    let (from, to, whom) = (named(from), named(to), format!("partners ({})", moved.regions.join(", ")));
    match basis {
        Basis::AllDown(rung) => format!("{service}: every pool is down; {whom} are told {to} ({})", rung.word()),
        _ if !lost.is_empty() => {
            let lost: Vec<String> = lost.iter().map(Lost::to_string).collect();
            format!("{service}: {}; {whom} are now sent to {to}", lost.join(", "))
        }
        basis if was.is_all_down() => {
            format!("{service}: no longer is every pool down; {whom} are sent to {to} ({})", basis.word())
        }
        _ => format!("{service}: {whom} are sent back to {to}, from {from}"),
    }
}
