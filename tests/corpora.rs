//! What the fuzzer found is replayed, and good messages are damaged: any octets get silence or a proper answer, in both lanes and
//! over every transport.
//!
//! The promises stand in `fuzz/src`, which the fuzzer runs for as long as one likes (CONTRIBUTING); its corpora are
//! `fuzz/corpora/*.hex`, a case in each line. `corpora/mutants.rs` damages messages.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "a crate of its own when it is fuzzed")]
mod bodies;
#[path = "corpora/mutants.rs"]
mod mutants;

use std::panic::catch_unwind;
use std::path::Path;

/// The cases of a corpus.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/corpora/{name}.hex"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let octet = |digits: &[u8]| u8::from_str_radix(str::from_utf8(digits).unwrap(), 16).unwrap();
    text.lines().map(|line| line.as_bytes().chunks(2).map(octet).collect()).collect()
}

fn replay(name: &str) {
    let (_, body) = bodies::BODIES.into_iter().find(|(known, _)| *known == name).unwrap();
    let cases = corpus(name);
    assert!(cases.len() > 20, "{} cases are no corpus", cases.len());
    for (i, case) in cases.iter().enumerate() {
        assert!(catch_unwind(|| body(case)).is_ok(), "fuzz/corpora/{name}.hex:{}", i + 1);
    }
}

#[test]
fn questions() {
    replay("question");
}

#[test]
fn options() {
    replay("edns");
}

#[test]
fn datagrams() {
    replay("datagram");
}

#[test]
fn streams() {
    replay("stream");
}

#[test]
fn master_files() {
    replay("records");
}
