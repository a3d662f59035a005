//! `/api/v1/config`: the configuration that is at work, as it was written, without its secrets.

use super::Shown;
use crate::config::Written;
use axum::Json;
use axum::extract::State;
use serde::{Serialize, Serializer};
use std::path::Path;
use std::sync::Arc;
use utoipa::ToSchema;

/// A configuration that was taken over.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Loaded {
    /// The file that it was read from.
    file: String,
    /// When it was taken over, seconds since 1970.
    taken_over: u64,
    /// Its tables. Secrets read "(hidden)"; defaults are not added, and the content of files that it names is not shown.
    #[schema(value_type = Object)]
    #[serde(serialize_with = "written")]
    config: Arc<Written>,
}

impl Loaded {
    /// What was written in that file, at work since `taken_over` in seconds since 1970.
    pub fn new(file: &Path, taken_over: u64, config: Arc<Written>) -> Self {
        Self { file: file.display().to_string(), taken_over, config }
    }
}

fn written<S: Serializer>(config: &Arc<Written>, to: S) -> Result<S::Ok, S::Error> {
    (**config).serialize(to)
}

/// The configuration that is at work, without its secrets.
#[utoipa::path(
    get,
    path = "/api/v1/config",
    responses((status = 200, description = "as asked", body = Loaded))
)]
pub(super) async fn http(State(shown): State<Shown>) -> Json<Loaded> {
    Json(shown.loaded())
}
