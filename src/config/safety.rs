//! `[safety]`.

use super::key::Absent::Is;
use super::key::{Key, Section, Shown as _};
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
pub(super) static SECTION: Section = Section {
    header: "[safety]",
    about: "What operators may not do by accident. `--force` does it all the same, and is remembered with its \
            reason ([policy](policy.md)).",
    keys: &[&[
        Key::new(
            "min_active_pools",
            Is(|| Safety::default().min_active_pools.shown()),
            "An order that would leave a service with fewer pools is refused.",
        ),
        Key::new(
            "max_changes_per_minute",
            Is(|| Safety::default().max_changes_per_minute.shown()),
            "More holds and releases than this within a minute are refused.",
        ),
    ]],
};

/// `[safety]`.
pub(super) fn read(value: Value<'_>) -> Option<Safety> {
    let default = Safety::default();
    value.table(&SECTION, |t| Safety {
        min_active_pools: t.get("min_active_pools", |v| v.integer(0..=limits::POOLS_MAX)).or(default.min_active_pools),
        max_changes_per_minute: t
            .get("max_changes_per_minute", |v| v.integer(1..=limits::CHANGES_PER_MINUTE_MAX))
            .or(default.max_changes_per_minute),
    })
}
