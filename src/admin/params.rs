//! What stands behind the question mark, and bodies: read, or refused in the listener's own form.

use super::Problem;
use crate::limits::{API_PAGE, API_PAGE_MAX};
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

/// Parameters of a query.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Query::from_request_parts(parts, state).await;
        let next = "GET /api/v1/openapi.json tells every parameter";
        read.map(|Query(it)| Self(it)).map_err(|why| Problem::bad(why.body_text(), next))
    }
}

/// Parts of the path.
pub(super) struct Named<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::from_request_parts(parts, state).await;
        let next = "GET /api/v1/openapi.json tells every path";
        read.map(|Path(it)| Self(it)).map_err(|why| Problem::bad(why.body_text(), next))
    }
}

/// Which part of a long list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// Where to begin: `next` of the page before.
    #[serde(default)]
    from: usize,
    /// How many items at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

impl Page {
    /// Where it begins and how many items it has at most.
    pub(super) fn bounds(&self) -> Result<(usize, usize), Problem> {
        match self.limit.unwrap_or(API_PAGE) {
            limit if (1..=API_PAGE_MAX).contains(&limit) => Ok((self.from, limit)),
            _ => Err(Problem::bad(
                format!("limit is from 1 to {API_PAGE_MAX}"),
                "ask for the rest with from = next of the page before",
            )),
        }
    }

    /// The items of the page, and where the next begins.
    pub(super) fn cut<T>(&self, items: impl Iterator<Item = T>) -> Result<(Vec<T>, Option<usize>), Problem> {
        let (from, limit) = self.bounds()?;
        let mut items = items.skip(from);
        let page: Vec<T> = items.by_ref().take(limit).collect();
        let next = items.next().map(|_| from.saturating_add(page.len()));
        Ok((page, next))
    }
}
