//! Check kind "tls": a handshake with a certificate that holds, and no refusal right after it.
//!
//! In TLS 1.3 the client is done before the server has judged the client's certificate, so a refusal arrives one round trip
//! after a handshake that seemed good. The probe listens for that long, and passes at the first octet or in silence.

use super::{Aim, Answered, Asked, Attempt, dial};
use crate::limits::TLS_REFUSAL_GRACE;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::time;

pub(super) async fn probe(aim: &Aim, attempt: &mut Attempt) -> Asked {
    let mut line = dial::handshake(aim, attempt).await?;
    // Half of what is left at most: a late but good handshake is no timeout.
    let left = attempt.deadline.saturating_duration_since(time::Instant::now());
    let patience = (line.round_trip + TLS_REFUSAL_GRACE).min(left / 2);
    let mut heard = time::timeout(patience, line.connection.read_u8()).await;
    if heard.is_err() {
        // A last look: on a busy machine this task may wake long after the alert came.
        tokio::task::yield_now().await;
        heard = time::timeout(Duration::ZERO, line.connection.read_u8()).await;
    }
    match heard {
        Err(_) | Ok(Ok(_)) => Ok(Answered::pass(line.connection)),
        Ok(Err(error)) => Err(dial::broken(&error, "right after the TLS handshake")),
    }
}
