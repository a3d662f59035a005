//! One look at a path over HTTPS, outside any schedule. What is there is for the caller to judge.

use super::http::{self, Asking};
use super::{Aim, Attempt, dial, failure, trust};
use crate::config::Method;
use crate::health::{Failure, FailureClass};
use crate::topology::TargetSpec;
use std::sync::Arc;
use tokio::time;

/// What stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The HTTP status.
    pub status: u16,
    /// The body, or its beginning, of at most `PROBE_ANSWER_MAX` octets.
    pub body: Vec<u8>,
}

/// Fetches a path from the target, which speaks TLS, under its server name. Ends within the target's timeout.
///
/// # Errors
/// Why nothing was heard.
pub async fn fetch(target: Arc<TargetSpec>, path: &str) -> Result<Fetched, Failure> {
    let deadline = time::Instant::now() + target.timeout;
    let aim = Aim::new(target, &mut trust::Configs::default());
    let mut attempt = Attempt { deadline, missing: "no answer", is_ours: false, not_after: None };
    let asked = async {
        let line = dial::handshake(&aim, &mut attempt).await?;
        let host = aim.target.server_name.to_string();
        http::ask(line.connection, Asking { method: Method::Get, host: &host, path }, &mut attempt).await
    };
    let late = |_| Err(failure(FailureClass::Timeout, "no answer in time"));
    let reply = time::timeout_at(deadline, asked).await.unwrap_or_else(late)?;
    Ok(Fetched { status: reply.status, body: reply.body })
}
