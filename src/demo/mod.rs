//! Simulated edge pools: peers for `edgesteer demo` and for tests, on loopback and with throw-away certificates.
//!
//! Not here: the demo command itself. Nothing here is part of serving, and nothing in serving uses it.

pub mod ca;
pub mod edge;
