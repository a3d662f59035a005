//! What operators may not do by accident; pure, time is an argument.

use super::beliefs::Left;
use crate::config::Safety;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Why an operator's action was refused. `force` overrides it, and is remembered with the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// Too few pools would be left for partners.
    #[error(
        "the service {service} would be left with {active} active pools, and min_active_pools under [safety] is {min}"
    )]
    TooFewPools {
        /// The service.
        service: String,
        /// How many would be active.
        active: usize,
        /// How many must be.
        min: usize,
    },
    /// Too much happens at once.
    #[error("{0} changes were made within the last minute, and max_changes_per_minute under [safety] is {0}")]
    TooManyChanges(u32),
}

/// The operators' changes of the last minute.
#[derive(Debug, Default)]
pub struct Recent(VecDeque<Instant>);

impl Recent {
    /// Judges an action at `now` that would leave `left` in the service that it hurts most.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn judge(&mut self, safety: Safety, left: Option<&Left>, now: Instant) -> Result<(), Unsafe> {
        if let Some(left) = left.filter(|left| left.active < safety.min_active_pools) {
            let (service, active) = (left.service.clone(), left.active);
            return Err(Unsafe::TooFewPools { service, active, min: safety.min_active_pools });
        }
        self.0.retain(|at| now.saturating_duration_since(*at) < MINUTE);
        let max = safety.max_changes_per_minute;
        if self.0.len() >= max as usize { Err(Unsafe::TooManyChanges(max)) } else { Ok(()) }
    }

    /// Counts an action that was obeyed.
    pub fn count(&mut self, safety: Safety, now: Instant) {
        self.0.push_back(now);
        while self.0.len() > safety.max_changes_per_minute as usize {
            self.0.pop_front();
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
