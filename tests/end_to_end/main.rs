//! The binary over real sockets, with simulated edges as its pools.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod audit;
mod check;
mod commands;
mod confined;
mod demo;
mod doubt;
mod drill;
mod estimate;
mod exit_codes;
mod failover;
mod gates;
mod geoip;
mod groups;
mod healthcheck;
mod holds;
mod hosting;
mod manager;
mod memory;
mod notify;
mod outside;
mod policy;
mod probe;
mod process;
mod reach;
mod reload;
mod replace;
mod replace_streams;
mod runbooks;
mod surroundings;
mod talkers;
mod terminal;
mod watch;
mod what_if;
mod wire;
