//! Programs that are asked before a service sends clients elsewhere by itself. Pure, but for the programs.
//!
//! Clients of a gated service whom a new row would send elsewhere are told of the pools that they were told of before while its gate is asked, and as long as that
//! says "stay"; then it is asked again after `GATE_AGAIN`. What always holds: only moves wait, a canary's among them, and only those that verdicts and
//! time make: all others of the service are told what is true; what an operator orders and a reload pass; a move of which the gate would be told
//! something else, other clients or another loss, is asked for anew; a gate that does not answer in time, or cannot, is passed or
//! not as its `otherwise` says, so that nothing waits for ever. Services of one gate that move together are asked for together.

use super::event::{Move, goes_elsewhere, moves, trial_moves};
use crate::command::Running;
use crate::config::{Gate, Way};
use crate::ids::ServiceId;
use crate::limits::{GATE_AGAIN, GATES_QUEUE, NOTIFY_ANSWER_SHOWN};
use crate::snapshot::{Row, Snapshot};
use crate::topology::Topology;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

const GO: i32 = 0;
const STAY: i32 = 1;

/// Clients of a service who would go elsewhere.
#[derive(Debug)]
struct Going {
    moved: Move,
    /// The share of client networks, if it is of those alone who try a pool in its canary.
    canary: Option<f64>,
}

/// What a gate is told of a service. Who would be told something else was not asked for.
type Told = Vec<Value>;

/// What waits for gates.
#[derive(Debug)]
pub(super) struct Gates {
    waiting: BTreeMap<ServiceId, Waiting>,
    /// Whether every target was probed: before, there is nothing to hold on to.
    is_shut: bool,
    next: u64,
    answers: mpsc::Sender<Answer>,
}

#[derive(Debug)]
struct Waiting {
    /// Which question was asked for it.
    asked: u64,
    gate: String,
    told: Told,
    said: Option<(Way, Instant)>,
}

/// What a gate said.
#[derive(Debug)]
pub(super) struct Answer {
    asked: u64,
    gate: String,
    way: Way,
    why: String,
}

/// What a gate was asked, or what it said, for events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The name of the gate.
    pub gate: String,
    /// The services that would move.
    pub services: Vec<String>,
    /// What it said; `None` where it was asked.
    pub way: Option<Way>,
    /// Why, for people.
    pub why: String,
}

impl Gates {
    /// No question is asked yet; answers come out of the receiver.
    pub(super) fn new() -> (Self, mpsc::Receiver<Answer>) {
        let (answers, receiver) = mpsc::channel(GATES_QUEUE);
        (Self { waiting: BTreeMap::new(), is_shut: false, next: 0, answers }, receiver)
    }

    /// From now on gates are asked.
    pub(super) fn shut(&mut self) {
        self.is_shut = true;
    }

    /// Forgets every question, as when what was asked is done or is no more.
    pub(super) fn forget(&mut self, services: impl IntoIterator<Item = ServiceId>) {
        services.into_iter().for_each(|service| drop(self.waiting.remove(&service)));
    }

    /// The same of all services.
    pub(super) fn forget_all(&mut self) {
        self.waiting.clear();
    }

    /// The gate for which a service of that name waits.
    pub(super) fn of(&self, service: &str, topology: &Topology) -> Option<String> {
        let its = self.waiting.iter().find(|(id, _)| topology.service(**id).name == service);
        its.map(|(_, waiting)| waiting.gate.clone())
    }

    /// How many services wait for each gate that has some waiting.
    pub(super) fn waiting(&self) -> BTreeMap<&str, usize> {
        self.waiting.values().fold(BTreeMap::new(), |mut counts, waiting| {
            *counts.entry(waiting.gate.as_str()).or_default() += 1;
            counts
        })
    }

    /// Has whoever must wait stay where he is in the rows of `changes`, takes out those that so change nothing, and asks for what was not asked
    /// for yet.
    pub(super) fn sift(&mut self, before: &Snapshot, changes: &mut Vec<(ServiceId, Arc<Row>)>) -> Vec<Asked> {
        if !self.is_shut || before.topology.gates.is_empty() {
            return Vec::new();
        }
        let mut news: BTreeMap<usize, Vec<(ServiceId, Vec<Going>)>> = BTreeMap::new();
        changes.retain_mut(|(id, row)| {
            let Some(gate) = before.topology.gate_of(*id) else { return true };
            let (going, service) = (going(before, *id, row), before.topology.service(*id));
            let old = self.waiting.get(id).filter(|waiting| waiting.told == told(&going));
            match old.map(|waiting| waiting.said) {
                _ if going.is_empty() => drop(self.waiting.remove(id)),
                Some(Some((Way::Go, _))) => drop(self.waiting.remove(id)),
                Some(_) => *row = Arc::new(row.keeping(service, before.row(*id), goes_elsewhere)),
                None => {
                    *row = Arc::new(row.keeping(service, before.row(*id), goes_elsewhere));
                    news.entry(gate).or_default().push((*id, going));
                }
            }
            **row != *before.row(*id)
        });
        news.into_iter().map(|(gate, moving)| self.ask(&before.topology.gates[gate], moving)).collect()
    }

    fn ask(&mut self, gate: &Gate, moving: Vec<(ServiceId, Vec<Going>)>) -> Asked {
        self.next += 1;
        let asked = self.next;
        let all = moving.iter().flat_map(|(_, going)| going);
        let moves: Told = all.clone().map(Going::told).collect();
        let mut services: Vec<String> = all.map(|going| going.moved.service.clone()).collect();
        services.dedup();
        let body =
            json!({"gate": gate.name, "timeout_ms": gate.timeout.as_millis() as u64, "moves": moves}).to_string();
        for (id, going) in moving {
            let waiting = Waiting { asked, gate: gate.name.clone(), told: told(&going), said: None };
            self.waiting.insert(id, waiting);
        }
        let (answers, asking) = (self.answers.clone(), gate.clone());
        tokio::spawn(async move {
            let (way, why) = pass(&asking, body.into_bytes()).await;
            // The control task is gone: so is what was asked for.
            let _ = answers.send(Answer { asked, gate: asking.name, way, why }).await;
        });
        Asked { gate: gate.name.clone(), services, way: None, why: "clients would be sent elsewhere".to_owned() }
    }

    /// Takes an answer; the services that are to be looked at anew, and what to tell. One to a question that is no longer asked says
    /// nothing.
    pub(super) fn hear(&mut self, answer: Answer, before: &Snapshot, now: Instant) -> Option<(Vec<ServiceId>, Asked)> {
        let Answer { asked, gate, way, why } = answer;
        let mine: Vec<ServiceId> =
            self.waiting.iter().filter(|(_, waiting)| waiting.asked == asked).map(|(id, _)| *id).collect();
        let services: Vec<String> = mine.iter().map(|id| before.topology.service(*id).name.clone()).collect();
        for waiting in self.waiting.values_mut().filter(|waiting| waiting.asked == asked) {
            waiting.said = Some((way, now + GATE_AGAIN));
        }
        let again = if way == Way::Go { mine.clone() } else { Vec::new() };
        (!mine.is_empty()).then_some((again, Asked { gate, services, way: Some(way), why }))
    }

    /// When a gate that said "stay" is to be asked again.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.waiting.values().filter_map(|waiting| waiting.said.map(|(_, again)| again)).min()
    }

    /// The services whose gates are to be asked again now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<ServiceId> {
        let is_due = |waiting: &Waiting| waiting.said.is_some_and(|(_, again)| again <= now);
        let due: Vec<_> = self.waiting.iter().filter(|(_, waiting)| is_due(waiting)).map(|(id, _)| *id).collect();
        self.forget(due.iter().copied());
        due
    }
}

impl Going {
    /// What a gate reads of it.
    fn told(&self) -> Value {
        let Move { service, from, to, lost, regions, .. } = &self.moved;
        let lost: Vec<&str> = lost.iter().map(|lost| lost.pool.as_str()).collect();
        let mut told = json!({"service": service, "from": from, "to": to, "lost": lost, "regions": regions});
        if let Some(share) = self.canary {
            told["canary"] = Value::from(share);
        }
        told
    }
}

/// Whom a new row would send elsewhere.
fn going(before: &Snapshot, id: ServiceId, row: &Row) -> Vec<Going> {
    let share = before.topology.service(id).canary.map_or(0.0, |canary| f64::from(canary.share) / 10_000.0);
    let all = moves(before, id, row).into_iter().map(|moved| Going { moved, canary: None });
    let tried = trial_moves(before, id, row).into_iter().map(|moved| Going { moved, canary: Some(share) });
    all.chain(tried).filter(|Going { moved, .. }| moved.from != moved.to).collect()
}

fn told(going: &[Going]) -> Told {
    going.iter().map(Going::told).collect()
}

/// What the program says, or what is done without an answer.
async fn pass(gate: &Gate, body: Vec<u8>) -> (Way, String) {
    let run = async { Running::start(&gate.command, &[], body).await?.end().await };
    let otherwise = |why: String| (gate.otherwise, format!("{why}, so it is \"{}\"", gate.otherwise.word()));
    let ended = match tokio::time::timeout(gate.timeout, run).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => return otherwise(format!("the gate cannot be asked: {error}")),
        Err(_) => return otherwise("the gate did not answer in time".to_owned()),
    };
    let said = String::from_utf8_lossy(&ended.printed[..ended.printed.len().min(NOTIFY_ANSWER_SHOWN)]);
    let said = said.lines().next().unwrap_or_default().escape_debug().to_string();
    let or = |default: &str| if said.is_empty() { default.to_owned() } else { said.clone() };
    match ended.status.and_then(|status| status.code()) {
        Some(GO) => (Way::Go, or("the gate says so")),
        Some(STAY) => (Way::Stay, or("the gate says so")),
        _ => otherwise(format!("the gate ended otherwise than with exit code 0 or 1 (\"{said}\")")),
    }
}

#[cfg(test)]
mod tests;
