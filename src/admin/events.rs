//! `/api/v1/events`, a stream that resumes where a reader left it, and `/api/v1/events/recent`, the same as a list.
//!
//! A stream has no queue of its own but `EVENT_STREAM_QUEUE` events under way: whoever reads slowly is served from the ring,
//! and is told "gap" where the ring has gone on without him.

use super::params::Params;
use super::ring::{Ring, Since, Told};
use super::{Problem, Shown, Until};
use crate::limits::{API_PAGE, API_PAGE_MAX, EVENT_STREAM_ALIVE, EVENT_STREAM_QUEUE, EVENT_STREAMS_MAX};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http_body_util::channel::{Channel, Sender};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// The number of the last event that is known already; without it, the newest are told.
    after: Option<u64>,
    /// How many at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// Some events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Recent {
    /// The number of the newest event: what to ask for next time.
    newest: u64,
    /// Whether events after the asked number are not kept any more.
    gap: bool,
    events: Vec<Told>,
}

/// What happened lately.
#[utoipa::path(
    get,
    path = "/api/v1/events/recent",
    params(After),
    responses((status = 200, description = "as asked", body = Recent))
)]
pub(super) async fn recent(
    State(shown): State<Shown>,
    Params(After { after, limit }): Params<After>,
) -> Result<Json<Recent>, Problem> {
    let limit = limit.unwrap_or(API_PAGE);
    if !(1..=API_PAGE_MAX).contains(&limit) {
        return Err(Problem::bad(format!("limit is from 1 to {API_PAGE_MAX}"), "ask again with after = newest"));
    }
    let Since { events, gap, newest } = shown.ring.since(known(after)?, limit);
    let events = events.iter().map(|told| Told::clone(told)).collect();
    Ok(Json(Recent { newest, gap, events }))
}

/// The largest number of the description's format, int64; no event has a larger one.
pub(super) const NUMBER_MAX: u64 = i64::MAX as u64;

/// A number that an event may have.
fn known(after: Option<u64>) -> Result<Option<u64>, Problem> {
    match after {
        Some(after) if after > NUMBER_MAX => Err(Problem::bad(
            format!("no event has the number {after}"),
            "leave it out for the newest, or take `newest` of the list before",
        )),
        after => Ok(after),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Resume {
    /// The number of the last event that is known already, as the field Last-Event-ID says it too.
    after: Option<u64>,
}

/// What happens, as server-sent events; the field Last-Event-ID resumes.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    params(Resume),
    responses((status = 200, description = "as asked", body = String, content_type = "text/event-stream"))
)]
pub(super) async fn stream(
    State(shown): State<Shown>,
    Extension(until): Extension<Until>,
    Params(Resume { after }): Params<Resume>,
    fields: HeaderMap,
) -> Result<Response, Problem> {
    let Ok(seat) = shown.streams.clone().try_acquire_owned() else {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too-many-streams",
            format!("{EVENT_STREAMS_MAX} event streams are open, and that is the limit"),
            "close one, or ask /api/v1/events/recent now and then",
        ));
    };
    let after = match fields.get("last-event-id") {
        // What is no number of ours is of another server, and a gap.
        Some(id) => Some(id.to_str().ok().and_then(|id| id.trim().parse().ok()).unwrap_or(0)),
        None => known(after)?,
    };
    let (sender, channel) = Channel::<Bytes, Infallible>::new(EVENT_STREAM_QUEUE);
    let ring = shown.ring.clone();
    tokio::spawn(async move {
        tokio::select! {
            // A reader that has gone away ends its stream.
            _ = tell(&ring, after, sender) => {}
            // Whoever reads comes back, to the listener of the next process.
            () = until.over() => {}
        }
        drop(seat);
    });
    // `no-transform`, since a proxy that compresses also waits.
    let fields = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store, no-transform")];
    Ok((fields, Body::new(channel)).into_response())
}

/// Tells everything after a number, then whatever comes.
async fn tell(
    ring: &Ring,
    after: Option<u64>,
    mut reader: Sender<Bytes, Infallible>,
) -> Result<(), http_body_util::channel::SendError> {
    let mut news = ring.news();
    let mut last = after.unwrap_or(*news.borrow_and_update());
    // The browser waits so long before it connects anew, milliseconds.
    reader.send_data(Bytes::from_static(b"retry: 2000\n\n")).await?;
    loop {
        let Since { events, gap, newest } = ring.since(Some(last), EVENT_STREAM_QUEUE);
        if gap {
            let first = events.first().map_or(newest, |told| told.id - 1);
            let text = format!("{{\"after\":{last},\"resumes_after\":{first}}}");
            reader.send_data(frame(first, "gap", &text)).await?;
            last = first;
        }
        for told in &events {
            let text = serde_json::to_string(&**told).unwrap_or_default();
            reader.send_data(frame(told.id, told.what, &text)).await?;
            last = told.id;
        }
        if events.is_empty() {
            let news = timeout(EVENT_STREAM_ALIVE, news.wait_for(|newest| *newest > last)).await;
            match news.map(|news| news.is_ok()) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(_) => reader.send_data(Bytes::from_static(b": alive\n\n")).await?,
            }
        }
    }
}

/// An event as the HTML standard has it. The text has no line breaks: it is JSON.
fn frame(id: u64, what: &str, text: &str) -> Bytes {
    format!("id: {id}\nevent: {what}\ndata: {text}\n\n").into()
}
