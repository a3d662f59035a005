//! `[safety]`.

use super::reader::Value;
use crate::limits;

/// `[safety]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Safety {
    /// A hold that would leave a service with fewer active pools is refused. Default 1.
    pub min_active_pools: usize,
    /// More holds and releases than this within a minute are refused. Default 30.
    pub max_changes_per_minute: u32,
}

impl Default for Safety {
    fn default() -> Self {
        Self { min_active_pools: 1, max_changes_per_minute: 30 }
    }
}

/// `[safety]`.
pub(super) fn read(value: Value<'_>) -> Option<Safety> {
    let default = Safety::default();
    value.table(|t| Safety {
        min_active_pools: t.get("min_active_pools", |v| v.integer(0..=limits::POOLS_MAX)).or(default.min_active_pools),
        max_changes_per_minute: t
            .get("max_changes_per_minute", |v| v.integer(1..=limits::CHANGES_PER_MINUTE_MAX))
            .or(default.max_changes_per_minute),
    })
}
