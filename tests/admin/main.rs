//! The admin listener over real sockets: what it tells, to whom, and whom it refuses.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod access;
#[path = "../common/mod.rs"]
mod common;
mod crowd;
mod http;
mod openapi;
mod reading;
mod record;
mod streams;
mod tls;
mod well_known;
