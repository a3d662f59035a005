//! `/.well-known/matrix/server`, for whoever looks for the homeserver of a domain (Matrix server-server API, "resolving server names",
//! step 3). The one thing that strangers are told over HTTP: a listener, a thread and a runtime of its own, and nothing else on it.
//!
//! It speaks no TLS: `https://<domain>` is a website's, whose server passes this path on with the Host that was asked. What always
//! holds: names and SRV records in it are those of the snapshot that DNS answers from.

use super::AdminError;
use super::seats::Seats;
use crate::name::{Name, Prefix};
use crate::snapshot::{Lake, Snapshot};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use std::net::{SocketAddr, TcpListener};
use tokio::sync::watch;

const PATH: &str = "/.well-known/matrix/server";

/// The running listeners; they end when it is dropped.
#[derive(Debug)]
pub struct WellKnown {
    /// The sockets once more, for whoever comes after us.
    copies: Vec<TcpListener>,
    _stop: watch::Sender<()>,
}

/// What a domain delegates to.
#[derive(Debug, PartialEq, Eq)]
struct Delegated {
    /// A name without a port: a port would bypass SRV.
    server: String,
    /// For how long it may be kept, seconds.
    ttl: u32,
}

#[derive(Serialize)]
struct Document {
    #[serde(rename = "m.server")]
    server: String,
}

impl WellKnown {
    /// Binds where it will be; nobody is heard yet. An address that somebody else has is refused.
    ///
    /// # Errors
    /// Where the address cannot be had.
    pub fn bind(address: SocketAddr) -> Result<TcpListener, AdminError> {
        TcpListener::bind(address).map_err(|error| AdminError::WellKnown(address, error))
    }

    /// Serves each on a thread of its own.
    ///
    /// # Errors
    /// Where the system gives no thread, or one is no listener.
    pub fn start(listeners: Vec<TcpListener>, lake: &Lake) -> Result<Self, AdminError> {
        let (stop, stopped) = watch::channel(());
        for listener in &listeners {
            let address = listener.local_addr().unwrap_or_else(|_| ([0; 4], 0).into());
            let failed = |error| AdminError::WellKnown(address, error);
            let listener = listener.try_clone().map_err(failed)?;
            listener.set_nonblocking(true).map_err(failed)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
            let (router, mut stopped) = (router(lake.clone()), stopped.clone());
            let serve = async move {
                let listener = Seats::new(tokio::net::TcpListener::from_std(listener)?, None);
                // An error is the end of the sender, which is what is waited for.
                let until = async move { drop(stopped.changed().await) };
                axum::serve(listener, router).with_graceful_shutdown(until).await
            };
            let body = move || {
                if let Err(error) = runtime.block_on(serve) {
                    tracing::error!("the well-known listener on {address} ended: {error}");
                }
            };
            std::thread::Builder::new().name("well-known".into()).spawn(body).map_err(failed)?;
        }
        Ok(Self { copies: listeners, _stop: stop })
    }

    /// Its sockets, for whoever comes after us.
    pub fn sockets(&self) -> &[TcpListener] {
        &self.copies
    }
}

fn router(lake: Lake) -> Router {
    Router::new().route(PATH, get(answer)).fallback(async || StatusCode::NOT_FOUND).with_state(lake)
}

/// Any page of any origin may read it, since clients in browsers do.
async fn answer(State(lake): State<Lake>, request: Request) -> Response {
    let any_origin = (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned());
    let told = domain(&request).and_then(|domain| delegated(&lake.load(), &domain));
    // What a request sends beside its head is not read.
    match told {
        Some(Delegated { server, ttl }) => {
            let kept = (header::CACHE_CONTROL, format!("public, max-age={ttl}"));
            ([any_origin, kept], Json(Document { server })).into_response()
        }
        None => (StatusCode::NOT_FOUND, [any_origin, (header::CACHE_CONTROL, "no-store".to_owned())]).into_response(),
    }
}

/// The domain that is asked for, without a port.
fn domain(request: &Request) -> Option<Name> {
    let field = || request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(|authority| authority.as_str()).or_else(field)?;
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "443"));
    port.parse::<u16>().ok()?;
    Name::parse(name).ok()
}

fn delegated(snapshot: &Snapshot, domain: &Name) -> Option<Delegated> {
    let topology = &snapshot.topology;
    let owner = Prefix::parse("_matrix-fed._tcp").ok()?.under(domain.wire()).ok()?;
    let service = topology.service(topology.names.find(owner.wire())?.here?.srv?.service);
    Some(Delegated { server: service.delegated(domain)?.to_string(), ttl: service.ttl })
}

#[cfg(test)]
mod tests;
