//! What exists; immutable once compiled.

mod target;

pub use target::TargetSpec;
