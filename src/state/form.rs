//! What the files say, as JSON, in terms that outlive a process: names, addresses, seconds since 1970.

use crate::health::{Grounds, Held, Hold, Holds, Moment, State, Subject};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What was believed when it was last said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// When it was said, seconds since 1970.
    pub said: u64,
    /// Verdicts, one of each target; also what is Unknown, since another check of the same address may know.
    pub verdicts: Vec<PastVerdict>,
    /// What services remember, where it is not what a new one would.
    pub services: Vec<PastService>,
}

/// What was believed of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastVerdict {
    /// Where it is.
    pub address: SocketAddr,
    /// The check's word.
    pub check: String,
    /// The names that the check said.
    pub names: String,
    /// "up" or "down".
    pub state: String,
    /// When the belief was formed, seconds since 1970.
    pub since: u64,
}

impl PastVerdict {
    /// The belief, if this version knows it.
    pub fn state(&self) -> Option<State> {
        State::parse(&self.state)
    }
}

/// What a service remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastService {
    /// Its name.
    pub name: String,
    /// Gates of its pools that are not open.
    pub gates: Vec<PastGate>,
    /// Pools that were lost lately.
    #[serde(default)]
    pub damps: Vec<PastDamp>,
    /// For each order that was not proven alive: its label, and the name of its last good pool.
    pub last_good: Vec<(String, String)>,
}

/// How much a pool flapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastDamp {
    /// The pool's name.
    pub pool: String,
    /// The penalty at its last loss, thousandths.
    pub penalty: u32,
    /// When that was, seconds since 1970.
    pub lost: u64,
    /// Whether it was damped.
    pub damped: bool,
}

/// A pool that was lost, or waited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastGate {
    /// The pool's name.
    pub pool: String,
    /// Whether it was up again and waited.
    pub waits: bool,
    /// Since when, seconds since 1970.
    pub since: u64,
}

#[derive(Serialize, Deserialize)]
struct HoldForm {
    pool: String,
    endpoint: Option<IpAddr>,
    state: String,
    reason: String,
    author: String,
    made: u64,
    until: Option<u64>,
    /// When this was written: the clock may have been set since it was made.
    #[serde(default)]
    said: Option<u64>,
}

/// The holds as they are written.
pub(super) fn say_holds(holds: &Holds, now: Moment) -> String {
    let form = |(subject, hold): (&Subject, &std::sync::Arc<Hold>)| HoldForm {
        pool: subject.pool.clone(),
        endpoint: subject.endpoint,
        state: hold.held.word().to_owned(),
        reason: hold.grounds.reason.clone(),
        author: hold.grounds.author.clone(),
        made: hold.made,
        until: hold.ends.map(|ends| now.unix_of(ends)),
        said: Some(now.unix),
    };
    say(&holds.iter().map(form).collect::<Vec<_>>())
}

/// The holds that have not ended by `now`; `None` where the text is not what `say_holds` writes.
///
/// A clock that was set back while we were away gives no hold more time than it had left when it was written.
pub(super) fn read_holds(text: &str, now: Moment) -> Option<Holds> {
    let forms: Vec<HoldForm> = serde_json::from_str(text).ok()?;
    let hold = |form: HoldForm| {
        let held = Held::parse(&form.state)?;
        let grounds = Grounds::new(&form.reason, &form.author).ok()?;
        let left = form.until.map(|until| until.saturating_sub(now.unix.max(form.said.unwrap_or(form.made))));
        let ends = left.and_then(|left| now.at.checked_add(Duration::from_secs(left)));
        let subject = Subject { pool: form.pool, endpoint: form.endpoint };
        Some((left != Some(0)).then_some((subject, Hold { held, grounds, made: form.made, ends })))
    };
    let holds: Option<Vec<_>> = forms.into_iter().map(hold).collect();
    Some(holds?.into_iter().flatten().collect())
}

/// What is believed, as it is written.
pub(super) fn say_past(past: &Past) -> String {
    say(past)
}

/// What was believed; `None` where the text is not what `say_past` writes.
pub(super) fn read_past(text: &str) -> Option<Past> {
    serde_json::from_str(text).ok()
}

fn say(it: &impl Serialize) -> String {
    // Maps with other keys than text are what can fail, and there are none.
    serde_json::to_string(it).unwrap_or_default()
}

#[cfg(test)]
mod tests;
