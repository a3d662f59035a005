//! Events as lines of the audit trail.

use super::certificates::days;
use super::event::{Event, Move};
use super::{Asked, Flap, Step, Trial, Unsafe};
use crate::audit::{Audit, Entry};
use crate::health::Verdict;
use crate::limits::AUDIT_NAMES_MAX;
use crate::steering::Basis;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Records every event until the control task ends. One that came too fast for us is counted as lost.
pub async fn record(mut events: Receiver<Event>, audit: Audit) {
    loop {
        match events.recv().await {
            Ok(event) => audit.record(entry(&event)),
            Err(RecvError::Lagged(lost)) => audit.lost(lost),
            Err(RecvError::Closed) => return,
        }
    }
}

/// An event in the words of the trail, which are also those of the admin listener's event stream.
pub fn entry(event: &Event) -> Entry {
    match event {
        Event::Verdict { target, pools, verdict, took, generation } => Entry::of("verdict", reason(verdict))
            .at(*generation)
            .with("state", verdict.state.word())
            .with("address", target.address.to_string())
            .with("check", target.kind().word())
            .with("pools", few(pools))
            .with("took_ms", took.as_millis() as u64),
        Event::Published { generation, services, untold } => {
            let entry = Entry::of("publish", "the services named say something else")
                .at(*generation)
                .with("services", few(services))
                .with("count", services.len());
            if *untold > 0 { entry.with("ttl_alone_before", *untold) } else { entry }
        }
        Event::Certificate { target, pools, left, generation } => {
            Entry::of("certificate", format!("the certificate ends in {}", days(*left)))
                .at(*generation)
                .with("address", target.address.to_string())
                .with("check", target.kind().word())
                .with("pools", few(pools))
                .with("left_s", *left)
        }
        Event::Gate { said: Asked { gate, services, way, why }, generation } => {
            let what = if way.is_some() { "gate-said" } else { "gate-asked" };
            let entry = Entry::of(what, why.as_str())
                .at(*generation)
                .with("gate", gate.as_str())
                .with("services", few(services));
            way.iter().fold(entry, |entry, way| entry.with("way", way.word()))
        }
        Event::Moved(moved) => movement(moved),
        Event::Held { subject, hold, forced, generation } => {
            let entry = Entry::of("hold", hold.grounds.reason.as_str())
                .at(*generation)
                .with("subject", subject.to_string())
                .with("state", hold.held.word())
                .with("author", hold.grounds.author.as_str());
            by_force(entry, forced.as_ref())
        }
        Event::Released { subject, hold, grounds, forced, generation } => {
            let entry = Entry::of("release", grounds.reason.as_str())
                .at(*generation)
                .with("subject", subject.to_string())
                .with("was", hold.as_ref().map(|hold| hold.held.word()))
                .with("author", grounds.author.as_str());
            by_force(entry, forced.as_ref())
        }
        Event::HoldEnded { subject, hold } => Entry::of("hold-ended", "the time of the hold is over")
            .with("subject", subject.to_string())
            .with("state", hold.held.word())
            .with("held_because", hold.grounds.reason.as_str()),
        Event::Drained { subject, generation } => Entry::of("drained", "the last answer that named it has expired")
            .at(*generation)
            .with("subject", subject.to_string()),
        Event::Refused { action, why, grounds } => Entry::of("refused", why.as_str())
            .with("action", action.as_str())
            .with("wanted_because", grounds.reason.as_str())
            .with("author", grounds.author.as_str()),
        Event::Doubt { why, generation } => {
            let reason = why.map_or("what is seen is believed again, and judged anew", |why| why.words());
            Entry::of(if why.is_some() { "doubt" } else { "doubt-ended" }, reason).at(*generation)
        }
        Event::Flap(flap) => flapping(flap),
        Event::Trial(trial) => tried(trial),
        Event::Replaced { generation } => Entry::of("publish", "a configuration was taken over").at(*generation),
    }
}

/// An order with what `[safety]` had against it.
fn by_force(entry: Entry, forced: Option<&Unsafe>) -> Entry {
    forced.into_iter().fold(entry, |entry, danger| entry.with("forced", danger.to_string()))
}

fn flapping(Flap { service, pool, damped }: &Flap) -> Entry {
    let (what, reason) = match damped {
        Some(_) => ("damp", "it flaps: it serves only where no other does"),
        None => ("damp-ended", "it flaps no longer"),
    };
    let entry = Entry::of(what, reason).with("service", service.as_str()).with("pool", pool.as_str());
    damped.map(|damped| damped.as_secs()).into_iter().fold(entry, |entry, s| entry.with("for_s", s))
}

fn tried(trial @ Trial { service, pool, step, gate }: &Trial) -> Entry {
    let what = match step {
        Step::Began { .. } => "canary",
        Step::Passed => "canary-passed",
        Step::Aborted => "canary-aborted",
    };
    let entry = Entry::of(what, trial.words()).with("service", service.as_str()).with("pool", pool.as_str());
    let entry = gate.iter().fold(entry, |entry, gate| entry.with("gate", gate.as_str()));
    match step {
        Step::Began { share, length } => {
            entry.with("share", f64::from(*share) / 10_000.0).with("for_s", length.as_secs())
        }
        Step::Passed | Step::Aborted => entry,
    }
}

fn reason(verdict: &Verdict) -> String {
    verdict.why.as_ref().map_or_else(|| "probes pass".to_owned(), ToString::to_string)
}

fn movement(moved: &Move) -> Entry {
    let reason = match moved.basis {
        Basis::AllDown(rung) => format!("every pool is down: {}", rung.word()),
        basis if moved.from == moved.to => format!("the pool is {}", basis.word()),
        _ => "the nearest pool that may be used is another".to_owned(),
    };
    Entry::of("move", reason)
        .at(moved.generation)
        .with("service", moved.service.as_str())
        .with("from", few(&moved.from))
        .with("to", few(&moved.to))
        .with("regions", few(&moved.regions))
        .with("decided_ms", moved.decided.as_millis() as u64)
        .with("published_us", moved.published.as_micros() as u64)
        .with("runbooks", few(&moved.runbooks()))
}

/// The first of some names: a line is no list of everything.
fn few(names: &[String]) -> Vec<String> {
    names.iter().take(AUDIT_NAMES_MAX).cloned().collect()
}

#[cfg(test)]
mod tests;
