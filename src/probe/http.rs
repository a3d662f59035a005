//! One HTTP/1.1 exchange over a connection of ours, for the checks that speak HTTP.
//!
//! Not here: what an answer means (`https`, `matrix`). What always holds: the request has the header fields that stand here
//! and no others (no Accept, federation.md 1.5), nothing is followed, and at most `PROBE_ANSWER_MAX` octets of a header and as
//! many of a body are kept.

use super::dial::{self, Connection};
use super::{Attempt, failure};
use crate::config::Method;
use crate::health::{Failure, FailureClass};
use crate::limits::PROBE_ANSWER_MAX;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, Parts, SendRequest};
use hyper::{Request, Response, Version, header};
use hyper_util::rt::TokioIo;
use std::error::Error as _;
use std::io;
use std::pin::pin;

/// What came back.
pub(super) struct Reply {
    pub(super) status: u16,
    /// The status line's words for people, as "HTTP 503 Service Unavailable".
    pub(super) said: String,
    /// Its beginning.
    pub(super) body: Vec<u8>,
    /// The connection, where it may be used again.
    pub(super) connection: Option<Connection>,
}

/// What is asked.
pub(super) struct Asking<'a> {
    pub(super) method: Method,
    pub(super) host: &'a str,
    pub(super) path: &'a str,
}

/// Asks over an open connection.
pub(super) async fn ask(connection: Connection, asking: Asking<'_>, attempt: &mut Attempt) -> Result<Reply, Failure> {
    attempt.missing = "no HTTP answer";
    let request = request(&asking)?;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(PROBE_ANSWER_MAX);
    let (sender, driver) = builder.handshake(TokioIo::new(connection)).await.map_err(|error| broken(&error))?;
    let mut driver = pin!(driver.without_shutdown());
    let mut exchange = pin!(exchange(sender, request, attempt));
    // The driver moves the octets. It ends after the exchange, or before it where the connection breaks; only the exchange
    // says what that means.
    let mut driven = None;
    let reply = tokio::select! {
        biased;
        reply = &mut exchange => reply,
        ended = &mut driver => {
            driven = Some(ended);
            exchange.await
        }
    }?;
    let ended = match driven {
        Some(ended) => ended,
        None if reply.is_lasting => driver.await,
        None => return Ok(reply.with(None)),
    };
    Ok(reply.with(ended.ok()))
}

fn request(asking: &Asking<'_>) -> Result<Request<Empty<Bytes>>, Failure> {
    let method = match asking.method {
        Method::Get => hyper::Method::GET,
        Method::Head => hyper::Method::HEAD,
    };
    let request = Request::builder()
        .method(method)
        .uri(asking.path)
        .header(header::HOST, asking.host)
        .header(header::USER_AGENT, concat!("edgesteer/", env!("CARGO_PKG_VERSION")))
        .body(Empty::new());
    request.map_err(|error| failure(FailureClass::Protocol, format!("internal: no request can be made: {error}")))
}

/// An answer that was read as far as is wanted.
struct Read {
    status: u16,
    said: String,
    body: Vec<u8>,
    /// Whether both sides may go on after it.
    is_lasting: bool,
}

impl Read {
    fn with(self, parts: Option<Parts<TokioIo<Connection>>>) -> Reply {
        // Octets after the answer belong to nothing that was asked.
        let connection = parts.filter(|parts| self.is_lasting && parts.read_buf.is_empty()).map(|p| p.io.into_inner());
        Reply { status: self.status, said: self.said, body: self.body, connection }
    }
}

async fn exchange(
    mut sender: SendRequest<Empty<Bytes>>,
    request: Request<Empty<Bytes>>,
    attempt: &mut Attempt,
) -> Result<Read, Failure> {
    let mut response = sender.send_request(request).await.map_err(|error| broken(&error))?;
    attempt.missing = "HTTP answer not finished";
    let (body, is_whole) = body(&mut response).await?;
    let status = response.status();
    let closes =
        response.headers().get(header::CONNECTION).is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"close"));
    let said = format!("HTTP {} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    Ok(Read {
        status: status.as_u16(),
        said: said.trim_end().to_owned(),
        body,
        is_lasting: is_whole && !closes && response.version() == Version::HTTP_11,
    })
}

/// The body's beginning, and whether that is all of it.
async fn body(response: &mut Response<Incoming>) -> Result<(Vec<u8>, bool), Failure> {
    let mut body = Vec::new();
    while let Some(frame) = response.body_mut().frame().await {
        let frame = frame.map_err(|error| broken(&error))?;
        body.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        if body.len() > PROBE_ANSWER_MAX {
            body.truncate(PROBE_ANSWER_MAX);
            return Ok((body, false));
        }
    }
    Ok((body, true))
}

/// What an error of the exchange says of the peer.
fn broken(error: &hyper::Error) -> Failure {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    match io {
        Some(io) => dial::broken(io, "before the HTTP answer"),
        None if error.is_parse_too_large() => {
            let detail = format!("the HTTP answer's header is over {PROBE_ANSWER_MAX} octets");
            failure(FailureClass::Protocol, detail)
        }
        None if error.is_parse() => failure(FailureClass::Protocol, format!("what answers is not HTTP: {error}")),
        None if error.is_incomplete_message() || error.is_closed() || error.is_canceled() => {
            dial::closed("before the HTTP answer")
        }
        None => failure(FailureClass::Protocol, format!("HTTP failed: {error}")),
    }
}
