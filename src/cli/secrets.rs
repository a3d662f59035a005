//! What keeps the secrets in our memory (private keys, cookie secrets, tokens) from being written down when we crash.
//!
//! Not here: how they are read (`config`). It is forbidden before they are. A system that does not let us is no reason not to start.

use rlimit::Resource;

/// Forbids core dumps. A handler of the system that takes them by a pipe is told the limit, and has to obey it itself (core(5)).
///
/// # Errors
/// Where the system does not let us, for people.
pub(super) fn keep_in_memory() -> Result<(), String> {
    let failed = |error| format!("core dumps cannot be forbidden: {error}; one would have keys and secrets in it");
    Resource::CORE.set(0, 0).map_err(failed)
}
