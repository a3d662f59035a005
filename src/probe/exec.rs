//! Check kind "exec": a command of the operator's says how the endpoint is.
//!
//! | it ends with | means |
//! |---|---|
//! | exit code 0 | pass |
//! | exit code 1 | failed |
//! | exit code 2 | degraded: it lives, and what is behind it does not |
//! | another code, a signal, or it cannot be started | nothing: no evidence of anything |
//! | nothing within the deadline | failed |
//!
//! The first line that it prints, on either output, is shown to people. It gets no input; how it runs is said in `command`.

use super::{Aim, Answered, Asked, Attempt, failure, quoted};
use crate::command::{Ended, Running};
use crate::health::{Failure, FailureClass, Outcome};
use crate::limits::COMMAND_OUTPUT_MAX;

const PASS: i32 = 0;
const FAIL: i32 = 1;
const DEGRADED: i32 = 2;

pub(super) async fn probe(aim: &Aim, command: &[String], attempt: &mut Attempt) -> Asked {
    attempt.is_ours = true;
    attempt.missing = "no room for another command";
    let target = &aim.target;
    let environment = [
        ("EDGESTEER_ADDRESS", target.address.ip().to_string()),
        ("EDGESTEER_PORT", target.address.port().to_string()),
        ("EDGESTEER_NAME", target.server_name.to_string()),
        ("EDGESTEER_TIMEOUT_MS", target.timeout.as_millis().to_string()),
    ];
    let running = Running::start(command, &environment, Vec::new()).await;
    let running = running.map_err(|error| nothing(&format!("{}: {error}", command[0])))?;
    attempt.is_ours = false;
    attempt.missing = "command not finished";
    judge(&running.end().await.map_err(|error| nothing(&error.to_string()))?)
}

fn judge(ended: &Ended) -> Asked {
    let said = line(&ended.printed);
    let or = |default: &str| if said.is_empty() { default.to_owned() } else { said.clone() };
    let Some(status) = ended.status else {
        return Err(nothing(&format!("the command printed over {COMMAND_OUTPUT_MAX} octets: \"{said}\"")));
    };
    match status.code() {
        Some(PASS) => Ok(Answered::pass(None)),
        Some(FAIL) => Err(failure(FailureClass::Unavailable, or("the command says that it failed"))),
        Some(DEGRADED) => Ok(Answered::new(Outcome::Degraded(or("the command says so").into()), None)),
        _ => Err(nothing(&format!("the command ended with {status}: \"{said}\""))),
    }
}

/// No evidence of the endpoint.
fn nothing(why: &str) -> Failure {
    failure(FailureClass::Local, format!("could not ask: {why}"))
}

/// The first line that says something.
fn line(printed: &[u8]) -> String {
    let said = printed.split(|b| *b == b'\n').map(quoted).find(|line| !line.is_empty());
    said.unwrap_or_default()
}
