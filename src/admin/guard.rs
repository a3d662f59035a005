//! The door of the admin listener: every request is judged here before anything is done for it, and what is refused is told
//! to the audit trail, within a bound.

use super::Problem;
use super::access::{Access, Request as Judged};
use super::local::Local;
use super::rates::Rates;
use super::seats::Peer;
use crate::audit::{Audit, Entry};
use crate::limits::{ADMIN_REFUSALS_TOLD, ADMIN_REQUEST, QUOTE_MAX};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Judges requests.
#[derive(Debug)]
pub(super) struct Guard {
    listen: SocketAddr,
    access: Mutex<Arc<Access>>,
    local: Mutex<Option<Local>>,
    rates: Mutex<Rates>,
    told: Mutex<Refused>,
    audit: Audit,
}

/// Refusals of the present minute.
#[derive(Debug)]
struct Refused {
    began: Instant,
    told: u32,
    /// Those beyond, which the next line counts.
    hidden: u64,
}

impl Guard {
    /// The door of the listener at that address, with the token that this machine has already, if it has one.
    pub(super) fn new(listen: SocketAddr, token: Option<&str>, access: Access, audit: Audit) -> Self {
        let local = Local::draw(listen, token)
            .inspect(|local| tracing::info!(file = %local.path.display(), "the token of this machine for orders"))
            .inspect_err(|error| {
                tracing::warn!(
                    "no token of this machine could be written ({error}): orders need a [token] of the configuration"
                );
            });
        Self {
            listen,
            access: Mutex::new(Arc::new(access)),
            local: Mutex::new(local.ok()),
            rates: Mutex::default(),
            told: Mutex::new(Refused { began: Instant::now(), told: 0, hidden: 0 }),
            audit,
        }
    }

    /// Takes over who may ask.
    pub(super) fn obey(&self, access: Access) {
        *self.access.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(access);
    }

    /// Whether clients must show a certificate.
    pub(super) fn is_gated(&self) -> bool {
        self.access.lock().unwrap_or_else(PoisonError::into_inner).is_gated()
    }

    /// The token of this machine, where there is one.
    pub(super) fn token(&self) -> Option<String> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.token().ok()
    }

    /// Has the token of this machine in its place again, where another process has put its own there or taken that away.
    pub(super) fn put_token_back(&self) -> io::Result<()> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map_or(Ok(()), Local::put_back)
    }

    fn judge(&self, peer: &Peer, request: &mut Request) -> Result<(), Problem> {
        let client = peer.address.ip();
        let is_within = self.rates.lock().unwrap_or_else(PoisonError::into_inner).allow(client, Instant::now());
        if !is_within {
            let next = "ask less often: events come by themselves on /api/v1/events";
            let code = "too-many-requests";
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, code, "too many requests from this address", next));
        }
        let access = self.access.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_certified = peer.is_certified();
        let judged = Judged { method: request.method(), uri: request.uri(), fields: request.headers(), is_certified };
        let local = self.local.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|local| local.sha256);
        let who = access.judge(&judged, self.listen, local.as_ref())?;
        request.extensions_mut().insert(who);
        Ok(())
    }

    /// Tells of a refusal.
    fn tell(&self, peer: SocketAddr, request: &Request, problem: &Problem) {
        let path: String = request.uri().path().chars().take(QUOTE_MAX).collect();
        let (method, code, detail) = (request.method().as_str(), problem.code, &problem.detail);
        let Some(hidden) = self.may_tell() else { return };
        tracing::warn!(%peer, method, path, code, hidden, "refused a request: {detail}");
        let entry = Entry::of("admin-refused", detail.as_str()).with("client", peer.to_string()).with("method", method);
        self.audit.record(entry.with("path", path).with("code", code).with("more_before", hidden));
    }

    /// Tells of a TLS handshake that came to nothing.
    pub(super) fn tell_handshake(&self, peer: SocketAddr, why: &str) {
        let Some(hidden) = self.may_tell() else { return };
        let detail = format!("no TLS handshake: {why}");
        tracing::warn!(%peer, code = "handshake", hidden, "refused a connection: {detail}");
        let entry = Entry::of("admin-refused", detail).with("client", peer.to_string()).with("code", "handshake");
        self.audit.record(entry.with("more_before", hidden));
    }

    /// Whether a refusal is told, with how many before were not; `None` where there were so many lately that telling would be
    /// what the flood wants.
    fn may_tell(&self) -> Option<u64> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.began.elapsed() >= MINUTE {
            (told.began, told.told) = (Instant::now(), 0);
        }
        if told.told >= ADMIN_REFUSALS_TOLD {
            told.hidden += 1;
            return None;
        }
        told.told += 1;
        Some(std::mem::take(&mut told.hidden))
    }
}

const MINUTE: Duration = Duration::from_secs(60);

/// Lets a request pass, or not; ends what takes longer than `ADMIN_REQUEST`.
pub(super) async fn guard(
    State(guard): State<Arc<Guard>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Err(problem) = guard.judge(&peer, &mut request) {
        guard.tell(peer.address, &request, &problem);
        return refusal(problem);
    }
    let done = tokio::time::timeout(ADMIN_REQUEST, next.run(request)).await;
    done.unwrap_or_else(|_| {
        let detail = "the request did not come whole, or the answer was not ready, in time";
        Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail, "send it again at once").into_response()
    })
}

fn refusal(problem: Problem) -> Response {
    let field = match problem.status() {
        StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer realm=\"edgesteer\"")),
        StatusCode::TOO_MANY_REQUESTS => Some((header::RETRY_AFTER, "1")),
        _ => None,
    };
    let mut response = problem.into_response();
    if let Some((name, value)) = field {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
