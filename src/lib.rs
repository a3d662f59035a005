//! edgesteer: the authoritative DNS server that answers only with pools that are provably alive.
//!
//! The rooms in the order in which data flows; `ARCHITECTURE.md` draws the two rivers and the lake.

pub mod ids;
pub mod limits;
pub mod name;
pub mod rrtype;

pub mod command;
pub mod config;
pub mod federation;
pub mod geo;
pub mod health;

pub mod topology;

pub mod answer;
pub mod steering;

pub mod resolve;
pub mod snapshot;
pub mod whatif;

pub mod audit;
pub mod handover;
pub mod lane;
pub mod probe;
pub mod state;

pub mod control;

pub mod admin;
pub mod notify;

pub mod app;
pub mod cli;
pub mod demo;

#[cfg(test)]
mod testing;
