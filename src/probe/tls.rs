//! Check kind "tls": a handshake with a certificate that holds, and no refusal right after it.
//!
//! In TLS 1.3 the client is done before the server has judged the client's certificate, so a refusal arrives one round trip
//! after a handshake that seemed good. The probe listens for that long, and passes at the first octet or in silence.

use super::{Aim, Asked, Attempt, dial};
use crate::limits::TLS_REFUSAL_GRACE;
use std::io::ErrorKind;
use tokio::io::AsyncReadExt as _;
use tokio::time;

pub(super) async fn probe(aim: &Aim, attempt: &mut Attempt) -> Asked {
    let mut line = dial::handshake(aim, attempt).await?;
    let until = attempt.deadline.min(time::Instant::now() + line.round_trip + TLS_REFUSAL_GRACE);
    match time::timeout_at(until, line.connection.read_u8()).await {
        Err(_) | Ok(Ok(_)) => Ok(line.connection),
        Ok(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(dial::closed("right after the TLS handshake"))
        }
        Ok(Err(error)) => Err(dial::broken(&error, "right after the TLS handshake")),
    }
}
