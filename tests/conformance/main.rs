//! Suites that we did not write, and packets that nobody should send, at the binary and, beside it, at Knot and NSD.
//!
//! Everything runs on loopback; what talks to port 53 alone runs in a network namespace of its own. A program that is not there
//! fails its test. What others do is printed and never asserted: `docs/conformance.md` has the tables.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "../common/mod.rs"]
mod common;

mod cookies;
mod delegated;
mod packets;
mod resolvers;
mod servers;
mod streams;
mod tools;

use common::process::system;
use std::process::Command;

/// What is to be done where a program is missing.
const REMEDY: &str = "install the packages that .ci/run lists";

/// The zone that every server serves.
const ZONE: &str = "fed.test";

/// What a program says on standard output and standard error, to its end.
fn output(command: &mut Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().unwrap_or_else(|error| panic!("{program} cannot be started: {error}; {REMEDY}"));
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A table for people: a title, then rows of what was asked and what each server made of it.
fn print(title: &str, heads: &[&str], rows: &[(String, Vec<String>)]) {
    println!("\n| {title} | {} |\n|---|{}", heads.join(" | "), "---|".repeat(heads.len()));
    rows.iter().for_each(|(what, cells)| println!("| {what} | {} |", cells.join(" | ")));
}
