//! What keeps the secrets in our memory (private keys, cookie secrets, tokens) from being written down when we crash.
//!
//! Not here: how they are read (`config`). A system that does not let us is warned of and no reason not to start.

use rlimit::Resource;

/// Forbids core dumps. A handler of the system that takes them by a pipe is told the limit, and has to obey it itself (core(5)).
pub(super) fn keep_in_memory() {
    if let Err(error) = Resource::CORE.set(0, 0) {
        tracing::warn!("core dumps cannot be forbidden: {error}; one would have keys and secrets in it");
    }
}
