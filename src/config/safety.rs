//! `[safety]`.

use super::Safety;
use super::reader::Value;
use crate::limits;

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
