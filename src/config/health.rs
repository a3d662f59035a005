//! `[health]`.

use super::codes;
use super::form;
use super::reader::Value;
use super::report;
use super::source::At;
use crate::limits;
use std::net::SocketAddr;

/// `[health]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Third parties that are asked whether our own uplink works. Default none.
    pub references: Vec<SocketAddr>,
}

/// `[health]`.
pub(super) fn read(value: Value<'_>) -> Option<Health> {
    value.table(|t| Health { references: t.get("references", references).or_default() })
}

/// `["192.0.2.1:443"]`
fn references(value: Value<'_>) -> Option<Vec<SocketAddr>> {
    let references = value.list_or_empty(|v| v.form(&form::REFERENCE))?;
    let report: &report::Report = value.report;
    report.unique(references.iter().map(At::as_ref), codes::DUPLICATE_REFERENCE, "the reference");
    if references.len() > limits::REFERENCES_MAX {
        value.too_many(references.len(), limits::REFERENCES_MAX);
        return None;
    }
    Some(references.into_iter().map(|at| at.value).collect())
}
