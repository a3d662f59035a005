//! `/api/v1/audit`: the last lines of the audit trail, as they stand in it. `edgesteer audit verify` proves them on the server itself.

use super::events::NUMBER_MAX;
use super::params::Params;
use super::{Problem, Shown};
use crate::audit::Tail;
use crate::limits::{API_PAGE, API_PAGE_MAX};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// Only lines with a number above this.
    #[serde(default)]
    after: u64,
    /// How many at most; the newest are told.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// The end of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Trail {
    /// The number of the last line: what to ask for next time. 0 where there is none.
    newest: u64,
    /// The oldest first. A number that does not follow the one before shows that more was written than is told.
    #[schema(value_type = Vec<Object>)]
    lines: Vec<Value>,
}

/// The last lines of the audit trail.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    params(After),
    responses((status = 200, description = "as asked", body = Trail))
)]
pub(super) async fn http(
    State(shown): State<Shown>,
    Params(After { after, limit }): Params<After>,
) -> Result<Json<Trail>, Problem> {
    let limit = limit.unwrap_or(API_PAGE);
    if !(1..=API_PAGE_MAX).contains(&limit) {
        return Err(Problem::bad(format!("limit is from 1 to {API_PAGE_MAX}"), "ask again with after = newest"));
    }
    if after > NUMBER_MAX {
        return Err(Problem::bad(
            format!("no line has the number {after}"),
            "leave it out, or take `newest` of the answer before",
        ));
    }
    let directory = shown.audit.directory().ok_or_else(|| {
        Problem::unknown("no audit trail is kept", "set state_dir under [server], and restart the server")
    })?;
    let unreadable = |why: String| {
        let next = "look at the server's log, and at the files in its state_dir";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "unreadable", format!("the audit trail: {why}"), next)
    };
    let read = tokio::task::spawn_blocking(move || Tail::read(&directory, after, limit)).await;
    let Tail { newest, lines } =
        read.map_err(|panic| unreadable(panic.to_string()))?.map_err(|error| unreadable(error.to_string()))?;
    Ok(Json(Trail { newest, lines }))
}
