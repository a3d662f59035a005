//! Check kind "https": one request over TLS, judged by its status and, where that is wanted, by what its body has in it.
//!
//! A redirect is an answer like any other: whether it proves service is for the configured codes to say.

use super::http::{self, Asking};
use super::{Aim, Answered, Asked, Attempt, dial, failure, quoted};
use crate::config::Request;
use crate::health::FailureClass;

/// The port that a Host field leaves out (RFC 9110 7.2).
const DEFAULT_PORT: u16 = 443;

pub(super) async fn probe(aim: &Aim, wanted: &Request, attempt: &mut Attempt) -> Asked {
    let line = dial::handshake(aim, attempt).await?;
    let host = match aim.target.address.port() {
        DEFAULT_PORT => aim.target.server_name.to_string(),
        port => format!("{}:{port}", aim.target.server_name),
    };
    let asking = Asking { method: wanted.method, host: &host, path: &wanted.path };
    let reply = http::ask(line.connection, asking, attempt).await?;
    if !wanted.status.contains(reply.status) {
        let detail = format!("{} and not {}", reply.said, wanted.status);
        return Err(failure(FailureClass::Unavailable, detail));
    }
    let is_there = |text: &String| reply.body.windows(text.len()).any(|window| window == text.as_bytes());
    match wanted.contains.as_ref().filter(|text| !is_there(text)) {
        Some(text) => {
            let said = quoted(&reply.body);
            Err(failure(FailureClass::Unavailable, format!("{}, without {text:?} in its body: \"{said}\"", reply.said)))
        }
        None => Ok(Answered::pass(reply.connection)),
    }
}
