//! Orders to a running server, over its admin address. What it tells of itself is `status` and `watch`.

use super::{Ordering, say};
use crate::health::Subject;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Asks for a hold.
pub(super) fn hold(subject: &Subject, state: &str, length: Option<&str>, order: &Ordering) -> ExitCode {
    let mut said = said(order);
    said["state"] = state.into();
    if let Some(length) = length {
        said["for"] = length.into();
    }
    tell(order, "PUT", subject, &said)
}

/// Asks for the end of a hold and of a wait.
pub(super) fn release(subject: &Subject, order: &Ordering) -> ExitCode {
    tell(order, "DELETE", subject, &said(order))
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

fn tell(order: &Ordering, method: &str, subject: &Subject, said: &Value) -> ExitCode {
    match order.server.told(method, &format!("/api/v1/holds/{subject}"), &said.to_string()) {
        Ok(done) if order.json => say(&done.to_string()),
        Ok(done) => say(done["message"].as_str().unwrap_or_default()),
        Err(code) => return code,
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests;
