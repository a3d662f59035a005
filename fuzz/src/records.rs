//! Octets as a master file: what is wrong with it is said at its place, and what is right is answered.

use super::{judge, world};
use edgesteer::config;
use std::fs;
use tempfile::TempDir;

/// Reads as fast as the built-in database is large.
const DATABASE: &[u8] = include_bytes!("../../geoip/fixtures/flat-tiny.mmdb");
const CONFIGURATION: &str = "\
[geoip]
database = \"tiny.mmdb\"
[zone.\"a.example\"]
ns = { \"ns1.a.example\" = [\"192.0.2.53\"], \"ns.example.net\" = [] }
records = \"a.zone\"
";
/// Questions for one file.
const ASKED_MAX: usize = 64;

thread_local! {
    static DIRECTORY: TempDir = directory();
}

fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, content) in [("tiny.mmdb", DATABASE), ("a.toml", CONFIGURATION.as_bytes())] {
        fs::write(directory.path().join(name), content).expect("a file can be written");
    }
    directory
}

/// The octets are the file of a zone.
pub fn records(octets: &[u8]) {
    DIRECTORY.with(|directory| {
        fs::write(directory.path().join("a.zone"), octets).expect("a file can be written");
        let configuration = directory.path().join("a.toml");
        match config::load(&configuration) {
            Ok((config, _)) => {
                let mut lanes = world::lanes(&configuration).unwrap_or_else(|error| panic!("{error}"));
                for set in config.zones[0].records.iter().take(ASKED_MAX) {
                    let kind = set.kind.to_be_bytes();
                    // Every set fits into the largest datagram or is cut.
                    let head = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
                    let opt = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
                    let question = [&head, set.owner.wire(), &kind, &[0, 1], &opt].concat();
                    judge::both_lanes(&mut lanes, &question, ([192, 0, 2, 1], 4000).into());
                }
            }
            Err(errors) => {
                assert!(errors.errors() > 0 && !errors.to_string().is_empty());
                errors.iter().for_each(|error| has_a_place(error, octets));
            }
        }
    });
}

/// What is wrong in the file is shown at a line of it.
fn has_a_place(error: &config::Diagnostic, octets: &[u8]) {
    let Some(place) = error.span.as_ref().filter(|_| error.file.ends_with("a.zone")) else { return };
    let lines = octets.split(|&octet| octet == b'\n').count();
    assert!((1..=lines).contains(&place.line) && place.column > 0, "{error:?}");
    assert!(place.text.get(place.range.clone()).is_some(), "{error:?}");
}
