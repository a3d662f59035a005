//! The operators' side: metrics, health of the process, explanations, status, holds. Never on the packet path.
//!
//! Here: the HTTP listener, on a thread and a runtime of its own. It reads the same snapshots as everyone and can only ask
//! `control` for changes. Beyond loopback it listens with TLS and tokens alone. Every request passes `guard` first. What strangers may
//! have is another listener's (`well_known`).

use crate::config::AdminTls;
use crate::limits::{ADMIN_BODY_MAX, ADMIN_FAREWELL};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Router};
use prometheus::{Encoder, TextEncoder};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

mod access;
mod config;
mod endpoints;
mod estimate;
mod events;
mod explain;
mod guard;
mod holds;
mod inherited;
mod local;
mod metrics;
mod openapi;
mod page;
mod params;
mod pools;
mod problem;
mod rates;
mod regions;
mod ring;
mod runbook;
mod seats;
mod services;
mod shown;
mod status;
mod tls;
mod trail;
mod well_known;
mod what_if;

pub use access::Access;
pub use config::Loaded;
pub use estimate::Estimates;
pub use explain::{Explanation, explain};
use guard::Guard;
pub use local::{local_token, new_token, sha256, token_directory};
pub use metrics::register;
use problem::Problem;
use shown::Readiness;
pub use shown::Shown;
use tls::Tls;
pub use well_known::WellKnown;
pub use what_if::{WhatIf, pools_named};

/// The admin listener could not be started.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The socket could not be had.
    #[error("cannot listen on {0} (admin): {1}; set `admin` under [server]")]
    Listen(SocketAddr, #[source] io::Error),
    /// The same for what strangers are told.
    #[error("cannot listen on {0} (well-known): {1}; set `well_known` under [server]")]
    WellKnown(SocketAddr, #[source] io::Error),
    /// Strangers must not read tokens on the way, nor be told anything without one.
    #[error(
        "the admin listener cannot be open to others on {0} without TLS and tokens: set admin_tls under [server] and a \
         [token.NAME], or `admin` to a loopback address"
    )]
    NotLoopback(SocketAddr),
    /// Nobody on this machine would find the token of it.
    #[error("the token of this machine cannot be written down again: {0}")]
    Token(#[source] io::Error),
    /// Its certificate or key cannot be used.
    #[error("admin_tls under [server] cannot be used: {0}")]
    Tls(#[source] io::Error),
}

/// The admin listener: what was settled at the start and what reloads have said since, whether it is heard at present or rests. Ends
/// when it is dropped.
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    listener: TcpListener,
    guard: Arc<Guard>,
    shown: Shown,
    tls: Option<Tls>,
    /// `None` while it rests.
    stop: Option<watch::Sender<()>>,
}

impl Admin {
    /// Binds where it will be; nobody is heard yet.
    ///
    /// # Errors
    /// Where the address cannot be had, or is not loopback without TLS and tokens.
    pub fn bind(address: SocketAddr, tls: Option<&AdminTls>, access: &Access) -> Result<TcpListener, AdminError> {
        is_safe(address, tls, access)?;
        TcpListener::bind(address).map_err(|error| AdminError::Listen(address, error))
    }

    /// Serves on a thread of its own. `token` is that of this machine where the process before us had one.
    ///
    /// # Errors
    /// Where the system gives no thread, or the listener is none, or not loopback without TLS and tokens.
    pub fn start(
        listener: TcpListener,
        token: Option<&str>,
        tls: Option<&AdminTls>,
        access: Access,
        shown: Shown,
    ) -> Result<Self, AdminError> {
        let address = listener.local_addr().unwrap_or_else(|_| ([0; 4], 0).into());
        is_safe(address, tls, &access)?;
        let access = access.gated(tls.is_some_and(|files| files.client_ca.is_some()));
        let tls = tls.map(Tls::new).transpose().map_err(AdminError::Tls)?;
        let guard = Arc::new(Guard::new(address, token, access, shown.audit.clone()));
        let mut admin = Self { address, listener, guard, shown, tls, stop: None };
        admin.hear().map_err(|error| AdminError::Listen(address, error))?;
        Ok(admin)
    }

    /// Hears nobody any more; connections end soon. Whoever comes waits at the socket.
    pub fn rest(&mut self) {
        self.stop = None;
    }

    /// Hears people as before [`Self::rest`], who show the same tokens. May be said again where it failed.
    ///
    /// # Errors
    /// Where the system gives no file or thread.
    pub fn resume(&mut self) -> Result<(), AdminError> {
        if self.stop.is_none() {
            self.hear().map_err(|error| AdminError::Listen(self.address, error))?;
        }
        self.guard.put_token_back().map_err(AdminError::Token)
    }

    fn hear(&mut self) -> io::Result<()> {
        let listener = self.listener.try_clone()?;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = watch::channel(());
        let (until, at_last) = (Until(stopped.clone()), Until(stopped));
        let (door, shown) = (self.guard.clone(), self.shown.clone());
        let greeter = self.tls.clone().map(|tls| (tls, self.guard.clone()));
        // On this runtime, which goes on when the other does not.
        let watchdog = shown.control.watchdog().clone();
        let serve = async move {
            tokio::spawn(watchdog.watch());
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let service = router(shown, door, until.clone()).into_make_service_with_connect_info::<seats::Peer>();
            let served = axum::serve(seats::Seats::new(listener, greeter), service);
            tokio::select! {
                done = served.with_graceful_shutdown(until.over()).into_future() => done,
                () = at_last.long_over() => Ok(()),
            }
        };
        std::thread::Builder::new().name("admin".into()).spawn(move || {
            if let Err(error) = runtime.block_on(serve) {
                tracing::error!("the admin listener ended: {error}");
            }
            // Connections that are left end here. What blocks has nothing that others wait for.
            runtime.shutdown_background();
        })?;
        self.stop = Some(stop);
        Ok(())
    }

    /// Takes over who may ask, what new connections are shown, and what the configuration at work is.
    ///
    /// Where it listens and whether there is TLS was settled at the start: what a file says of another listener than this one opens it
    /// to nobody.
    pub fn obey(&self, access: Access, files: Option<&AdminTls>, loaded: Loaded) {
        let is_gated = match (&self.tls, files) {
            (Some(tls), Some(files)) => match tls.show(files) {
                Ok(()) => files.client_ca.is_some(),
                Err(error) => {
                    tracing::error!("the admin listener goes on with its old certificate: {error}");
                    self.guard.is_gated()
                }
            },
            (Some(_), None) => self.guard.is_gated(),
            // Nobody could show one.
            (None, _) => false,
        };
        if access.is_free() && !self.address.ip().is_loopback() {
            let address = self.address;
            tracing::error!(
                "there is no [token] any more, and the admin listener is on {address} until a restart: it takes this machine's token alone"
            );
        }
        self.guard.obey(access.gated(is_gated));
        self.shown.take_over(loaded);
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its socket, for whoever comes after us.
    pub fn socket(&self) -> &TcpListener {
        &self.listener
    }

    /// The token of this machine, for whoever comes after us.
    pub fn token(&self) -> Option<String> {
        self.guard.token()
    }
}

/// Strangers must not reach it without TLS and tokens.
fn is_safe(address: SocketAddr, tls: Option<&AdminTls>, access: &Access) -> Result<(), AdminError> {
    let is_safe = address.ip().is_loopback() || tls.is_some() && !access.is_free();
    if is_safe { Ok(()) } else { Err(AdminError::NotLoopback(address)) }
}

/// Until the listener is to end.
#[derive(Clone, Debug)]
struct Until(watch::Receiver<()>);

impl Until {
    /// Waits until it is to end.
    async fn over(mut self) {
        // An error is the end of the sender, which is what is waited for.
        while self.0.changed().await.is_ok() {}
    }

    /// Waits until it was to end a while ago, in which what is under way may be finished.
    async fn long_over(self) {
        self.over().await;
        tokio::time::sleep(ADMIN_FAREWELL).await;
    }
}

fn router(shown: Shown, door: Arc<Guard>, until: Until) -> Router {
    // Methods of one path stand together.
    let (router, api) = OpenApiRouter::new()
        .routes(routes!(metrics_text))
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(explain::http))
        .routes(routes!(status::http))
        .routes(routes!(runbook::http))
        .routes(routes!(what_if::http))
        .routes(routes!(estimate::http))
        .routes(routes!(services::list))
        .routes(routes!(services::one))
        .routes(routes!(services::domains))
        .routes(routes!(pools::http))
        .routes(routes!(endpoints::http))
        .routes(routes!(regions::http))
        .routes(routes!(config::http))
        .routes(routes!(trail::http))
        .routes(routes!(events::stream))
        .routes(routes!(events::recent))
        .routes(routes!(holds::list))
        .routes(routes!(holds::put_pool, holds::delete_pool))
        .routes(routes!(holds::put_endpoint, holds::delete_endpoint))
        .split_for_parts();
    router
        .route("/api/v1/openapi.json", get(async move || openapi::http(&api)))
        .merge(page::routes())
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(ADMIN_BODY_MAX))
        .layer(Extension(until))
        .layer(middleware::from_fn_with_state(door, guard::guard))
        .with_state(shown)
}

async fn nowhere() -> Problem {
    Problem::unknown("there is nothing at this path", "the API is below /api/v1, as /api/v1/status")
}

async fn wrong_method() -> Problem {
    let next = "the field Allow of this answer tells what is";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "that is no method of this path", next)
}

/// Everything that is counted, as Prometheus reads it.
#[utoipa::path(
    get,
    path = "/metrics",
    responses((status = 200, description = "as asked", body = String, content_type = "text/plain"))
)]
async fn metrics_text(State(shown): State<Shown>) -> impl IntoResponse {
    let mut text = Vec::new();
    match TextEncoder::new().encode(&shown.gather(), &mut text) {
        Ok(()) => (StatusCode::OK, [(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text),
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            [(header::CONTENT_TYPE, "text/plain")],
            format!("{error}\n").into_bytes(),
        ),
    }
}

/// Whether somebody probes and decides: otherwise yesterday's truth would be answered.
#[utoipa::path(
    get,
    path = "/healthz",
    responses(
        (status = 200, description = "as asked", body = String, content_type = "text/plain"),
        (status = "default", description = "what is stuck, a line each", body = String, content_type = "text/plain"),
    )
)]
async fn healthz(State(shown): State<Shown>) -> (StatusCode, String) {
    let stuck = shown.stuck(Instant::now());
    if stuck.is_empty() {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, stuck.iter().map(|why| format!("{why}\n")).collect())
}

/// Ready once DNS is answered, which begins after the first round of probes or the grace.
#[utoipa::path(
    get,
    path = "/readyz",
    responses(
        (status = 200, description = "as asked", body = String, content_type = "text/plain"),
        (status = "default", description = "why not, a line each", body = String, content_type = "text/plain"),
    )
)]
async fn readyz(State(shown): State<Shown>) -> (StatusCode, String) {
    let Readiness { ready, remarks } = shown.readiness(Instant::now());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let lines = remarks.iter().map(|remark| format!("{remark}\n"));
    (status, std::iter::once(if ready { "ready\n" } else { "not ready\n" }.to_owned()).chain(lines).collect())
}
