//! Check kind "sip": OPTIONS over TLS, answered by something that parsed it.
//!
//! Here: the request, a parser of as much of SIP (RFC 3261) as an answer needs. Not here: the handshake (`dial`), which
//! status codes prove service (`config::Ask`). What always holds: no more than `PROBE_ANSWER_MAX` octets are kept, and a connection
//! or a proxy that is alive without SIP behind it does not pass.

use super::{Aim, Answered, Asked, Attempt, dial, failure, quoted, random};
use crate::config::Codes;
use crate::health::{Failure, FailureClass, Outcome};
use crate::limits::PROBE_ANSWER_MAX;
use crate::name::Name;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

pub(super) async fn probe(aim: &Aim, (alive, degraded): (&Codes, &Codes), attempt: &mut Attempt) -> Asked {
    let mut line = dial::handshake(aim, attempt).await?;
    attempt.missing = "no SIP answer";
    let call_id = format!("{:016x}{:016x}", random(), random());
    // A peer that refuses us may have closed already. What it said before is more telling than a failed write.
    let _ = line.connection.write_all(request(&aim.target.domain, line.local, &call_id).as_bytes()).await;
    let _ = line.connection.flush().await;
    let answer = final_answer(&mut line.connection, attempt).await?;
    Ok(Answered::new(judge(&answer, &call_id, (alive, degraded))?, line.connection))
}

/// The request. It comes from our address and not from a domain: nobody's name is borrowed, and no route back is needed.
fn request(domain: &Name, local: SocketAddr, call_id: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let host = match local {
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    };
    let port = local.port();
    let (branch, tag) = (random(), random());
    format!(
        "OPTIONS sip:{domain} SIP/2.0\r\n\
         Via: SIP/2.0/TLS {host}:{port};branch=z9hG4bK{branch:016x};rport\r\n\
         Max-Forwards: 70\r\n\
         From: <sip:edgesteer@{host}>;tag={tag:016x}\r\n\
         To: <sip:{domain}>\r\n\
         Call-ID: {call_id}\r\n\
         CSeq: 1 OPTIONS\r\n\
         Contact: <sip:edgesteer@{host}:{port};transport=tls>\r\n\
         User-Agent: edgesteer/{version}\r\n\
         Accept: application/sdp\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

/// Reads until an answer that is final has its whole header; requests and provisional answers before it are skipped.
async fn final_answer(connection: &mut dial::Connection, attempt: &mut Attempt) -> Result<Message, Failure> {
    let mut read = Vec::with_capacity(1024);
    loop {
        match parse(&read) {
            Parsed::NotSip => return Err(not_sip(&read)),
            Parsed::Message(message) if message.status.is_some_and(|code| code >= 200) => return Ok(message),
            Parsed::Message(message) if message.length <= read.len() => {
                attempt.missing = "no final SIP answer";
                read.drain(..message.length);
                continue;
            }
            Parsed::Message(_) | Parsed::Incomplete => {}
        }
        if read.len() >= PROBE_ANSWER_MAX {
            let detail = format!("no SIP answer in the first {PROBE_ANSWER_MAX} octets: begins \"{}\"", quoted(&read));
            return Err(failure(FailureClass::Protocol, detail));
        }
        let room = (PROBE_ANSWER_MAX - read.len()) as u64;
        match (&mut *connection).take(room).read_buf(&mut read).await {
            Ok(0) => return Err(ended(&read, dial::closed("before the SIP answer"))),
            Ok(_) => {}
            Err(error) => return Err(ended(&read, dial::broken(&error, "before the SIP answer"))),
        }
    }
}

fn not_sip(read: &[u8]) -> Failure {
    failure(FailureClass::Protocol, format!("what answers is not SIP: \"{}\"", quoted(read)))
}

/// The failure of a connection that ended after `read`.
fn ended(read: &[u8], failure: Failure) -> Failure {
    let began = read.iter().any(|b| !b.is_ascii_whitespace());
    if began && failure.class == FailureClass::Closed { not_sip(read) } else { failure }
}

/// Whether the answer is to our request, and what its status means.
fn judge(answer: &Message, call_id: &str, (alive, degraded): (&Codes, &Codes)) -> Result<Outcome, Failure> {
    let code = answer.status.unwrap_or_default();
    if answer.call_id.as_deref() != Some(call_id) {
        return Err(failure(FailureClass::Protocol, "the SIP answer has another Call-ID than the request"));
    }
    if answer.cseq.as_ref().is_none_or(|(number, method)| *number != 1 || method != "OPTIONS") {
        return Err(failure(FailureClass::Protocol, "the SIP answer has another CSeq than the request"));
    }
    let status = format!("SIP {code} {}", answer.reason);
    let status = status.trim_end();
    match code {
        _ if alive.contains(code) => Ok(Outcome::Pass),
        _ if degraded.contains(code) => Ok(Outcome::Degraded(status.into())),
        500 | 502 | 503 => Err(failure(FailureClass::Unavailable, status)),
        // The reference lists what proves service; an answer outside the list proves none.
        _ => Err(failure(FailureClass::Unavailable, format!("{status}: not an answer that proves service"))),
    }
}

/// What the first octets of a stream are.
#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    /// Not yet a whole header.
    Incomplete,
    /// No SIP message begins like this.
    NotSip,
    /// A message whose header is whole; its body may not be.
    Message(Message),
}

/// What matters of a SIP message.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    /// The status code of an answer; `None` for a request.
    status: Option<u16>,
    reason: String,
    call_id: Option<String>,
    cseq: Option<(u32, String)>,
    /// Octets from the start of the stream to the end of the body.
    length: usize,
}

/// Reads the message at the start of `bytes`, after any keep-alive line ends (RFC 3261 7.5, RFC 5626 3.5.1).
fn parse(bytes: &[u8]) -> Parsed {
    let blank = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let message = &bytes[blank..];
    let Some(line_end) = message.iter().position(|&b| b == b'\n') else {
        return if message.iter().all(|&b| may_start(b)) { Parsed::Incomplete } else { Parsed::NotSip };
    };
    let Some((status, reason)) = start_line(&message[..line_end]) else { return Parsed::NotSip };
    let Some(header) = header_length(message) else { return Parsed::Incomplete };
    let mut found = Message { status, reason, call_id: None, cseq: None, length: blank + header };
    for (name, value) in fields(&message[line_end + 1..header]) {
        match name.as_str() {
            "call-id" | "i" if found.call_id.is_none() => found.call_id = Some(value),
            "cseq" if found.cseq.is_none() => found.cseq = cseq(&value),
            "content-length" | "l" => found.length = found.length.saturating_add(value.parse().unwrap_or(0)),
            _ => {}
        }
    }
    Parsed::Message(found)
}

/// Whether an octet may stand in a start line: text, UTF-8 in a reason phrase, and the line's own end.
fn may_start(octet: u8) -> bool {
    octet >= b' ' && octet != 0x7f || octet == b'\r' || octet == b'\t'
}

/// The status and reason of a status line; no status for a request line; `None` for anything else.
fn start_line(line: &[u8]) -> Option<(Option<u16>, String)> {
    let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
    let Some(status) = line.strip_prefix("SIP/2.0 ") else {
        return line.ends_with(" SIP/2.0").then(|| (None, String::new()));
    };
    let (code, reason) = status.split_at_checked(3)?;
    let is_code = code.bytes().all(|b| b.is_ascii_digit()) && (reason.is_empty() || reason.starts_with(' '));
    let code = code.parse().ok().filter(|code| is_code && (100..700).contains(code))?;
    Some((Some(code), quoted(reason.trim().as_bytes())))
}

/// Octets up to and with the empty line that ends a header.
fn header_length(message: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let length = message[start..].iter().position(|&b| b == b'\n')? + 1;
        let line = &message[start..start + length];
        start += length;
        if matches!(line, b"\n" | b"\r\n") {
            return Some(start);
        }
    }
}

/// Header fields with lower-cased names and continued lines joined (RFC 3261 7.3.1).
fn fields(header: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(header).replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let split = text.lines().filter_map(|line| line.split_once(':'));
    split.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())).collect()
}

fn cseq(value: &str) -> Option<(u32, String)> {
    let (number, method) = value.split_once(|c: char| c.is_ascii_whitespace())?;
    Some((number.parse().ok()?, method.trim().to_owned()))
}

#[cfg(test)]
mod tests;
