//! Check kind "matrix": a homeserver tells its version, and signing keys that are still valid.
//!
//! The version may come from a proxy's own idea of health; the keys come from the homeserver. A proxy's 502 is down: some
//! peers never leave a host that answers so (federation.md 3.2).

use super::http::{self, Asking};
use super::{Aim, Answered, Asked, Attempt, dial, failure, quoted};
use crate::config::Method;
use crate::health::{Failure, FailureClass};
use crate::name::Name;
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

const VERSION: &str = "/_matrix/federation/v1/version";
const KEYS: &str = "/_matrix/key/v2/server";

pub(super) async fn probe(aim: &Aim, attempt: &mut Attempt) -> Asked {
    let line = dial::handshake(aim, attempt).await?;
    let (version, connection) = told(aim, line.connection, VERSION, attempt).await?;
    if !version.get("server").is_some_and(Value::is_object) {
        return Err(failure(FailureClass::Protocol, format!("{VERSION} does not tell a server: {}", shown(&version))));
    }
    let connection = match connection {
        Some(connection) => connection,
        None => dial::handshake(aim, attempt).await?.connection,
    };
    let (keys, connection) = told(aim, connection, KEYS, attempt).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    judge_keys(&keys, &aim.target.domain, now)?;
    Ok(Answered::pass(connection))
}

/// The JSON that a path tells.
async fn told(
    aim: &Aim,
    connection: dial::Connection,
    path: &str,
    attempt: &mut Attempt,
) -> Result<(Value, Option<dial::Connection>), Failure> {
    let host = aim.target.server_name.to_string();
    let reply = http::ask(connection, Asking { method: Method::Get, host: &host, path }, attempt).await?;
    if reply.status != 200 {
        return Err(failure(FailureClass::Unavailable, format!("{} for {path}", reply.said)));
    }
    let value = serde_json::from_slice(&reply.body)
        .map_err(|_| failure(FailureClass::Protocol, format!("{path} is not JSON: \"{}\"", quoted(&reply.body))))?;
    Ok((value, reply.connection))
}

/// Whether these are keys of the domain that peers can still use. The root stands for any domain.
fn judge_keys(keys: &Value, domain: &Name, now_ms: u128) -> Result<(), Failure> {
    let wrong = |why: String| Err(failure(FailureClass::Protocol, format!("{KEYS} {why}")));
    let Some(server) = keys.get("server_name").and_then(Value::as_str) else {
        return wrong(format!("tells no server_name: {}", shown(keys)));
    };
    if *domain != Name::root() && !server.eq_ignore_ascii_case(&domain.to_string()) {
        return wrong(format!("is that of {:?}, not of {domain}", quoted(server.as_bytes())));
    }
    if keys.get("verify_keys").and_then(Value::as_object).is_none_or(|keys| keys.is_empty()) {
        return wrong("tells no verify_keys".to_owned());
    }
    match keys.get("valid_until_ts").and_then(Value::as_u64) {
        None => wrong("does not tell until when it is valid".to_owned()),
        Some(until) if u128::from(until) < now_ms => {
            Err(failure(FailureClass::Unavailable, "the homeserver's signing keys have expired"))
        }
        Some(_) => Ok(()),
    }
}

fn shown(value: &Value) -> String {
    quoted(value.to_string().as_bytes())
}
