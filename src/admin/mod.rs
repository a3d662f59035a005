//! The operators' side: metrics, health of the process, explanations, status, holds. Never on the packet path.
//!
//! Here: the HTTP listener, on a thread and a runtime of its own. It reads the same snapshots as everyone and can only ask
//! `control` for changes. Beyond loopback it listens with TLS and tokens alone. Every request passes `guard` first. What strangers may
//! have is another listener's (`well_known`).

use crate::config::AdminTls;
use crate::limits::ADMIN_BODY_MAX;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus::{Encoder, TextEncoder};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::oneshot;
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
    /// Its certificate or key cannot be used.
    #[error("admin_tls under [server] cannot be used: {0}")]
    Tls(#[source] io::Error),
}

/// The running admin listener; ends when it is dropped.
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    guard: Arc<Guard>,
    shown: Shown,
    tls: Option<Tls>,
    stop: Option<oneshot::Sender<()>>,
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
        let tls = tls.map(Tls::new).transpose().map_err(AdminError::Tls)?;
        let failed = |error| AdminError::Listen(address, error);
        listener.set_nonblocking(true).map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let guard = Arc::new(Guard::new(address, token, access, shown.audit.clone()));
        let (door, greeter) = (guard.clone(), tls.clone().map(|tls| (tls, guard.clone())));
        let (ring, events, at_work) = (shown.ring.clone(), shown.control.events(), shown.clone());
        // On this runtime, which goes on when the other does not.
        let watchdog = shown.control.watchdog().clone();
        let serve = async move {
            tokio::spawn(ring.keep(events));
            tokio::spawn(watchdog.watch());
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let until = async { drop(stopped.await) };
            let service = router(shown, door).into_make_service_with_connect_info::<seats::Peer>();
            axum::serve(seats::Seats::new(listener, greeter), service).with_graceful_shutdown(until).await
        };
        std::thread::Builder::new()
            .name("admin".into())
            .spawn(move || {
                if let Err(error) = runtime.block_on(serve) {
                    tracing::error!("the admin listener ended: {error}");
                }
            })
            .map_err(failed)?;
        Ok(Self { address, guard, shown: at_work, tls, stop: Some(stop) })
    }

    /// Takes over who may ask, and what the configuration at work is.
    pub fn obey(&self, access: Access, loaded: Loaded) {
        self.guard.obey(access);
        self.shown.take_over(loaded);
    }

    /// Shows new connections other certificates. Whether there is TLS at all is settled at the start.
    pub fn show(&self, files: &AdminTls) {
        if let Some(Err(error)) = self.tls.as_ref().map(|tls| tls.show(files)) {
            tracing::error!("the admin listener goes on with its old certificate: {error}");
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Strangers must not reach it without TLS and tokens.
fn is_safe(address: SocketAddr, tls: Option<&AdminTls>, access: &Access) -> Result<(), AdminError> {
    let is_safe = address.ip().is_loopback() || tls.is_some() && !access.is_free();
    if is_safe { Ok(()) } else { Err(AdminError::NotLoopback(address)) }
}

impl Drop for Admin {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It ended by itself already.
            let _ = stop.send(());
        }
    }
}

fn router(shown: Shown, door: Arc<Guard>) -> Router {
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
