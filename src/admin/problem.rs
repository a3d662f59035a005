//! The one form of every error of the admin listener: problem details (RFC 9457), with what to do next.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request got nothing, and what would be better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always "about:blank": the status says what sort it is, and `code` which (RFC 9457 section 4.2.1).
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    status: u16,
    /// A word for programs; it stays the same.
    pub(super) code: &'static str,
    /// What is wrong with this request.
    pub(super) detail: String,
    /// What to do next.
    next: String,
}

impl Problem {
    /// A problem with its word for programs, what is wrong, and what to do next.
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        let (detail, next) = (detail.into(), next.into());
        let title = status.canonical_reason().unwrap_or("Error");
        Self { kind: "about:blank", title, status: status.as_u16(), code, detail, next }
    }

    /// The request says something that it must not.
    pub(super) fn bad(detail: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", detail, next)
    }

    /// What is named does not exist.
    pub(super) fn unknown(detail: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail, next)
    }

    /// Nobody is there to answer.
    pub(super) fn stopping(why: impl ToString) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", why.to_string(), "ask again once it has started anew")
    }

    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), axum::Json(&self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}
