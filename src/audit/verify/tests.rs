use super::*;
use crate::audit::{Entry, trail::Trail};
use std::fs;
use std::time::SystemTime;

#[test]
fn the_first_broken_line_is_named_with_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let entry = |i| (SystemTime::UNIX_EPOCH, Entry::of("verdict", format!("probe {i} failed")));
    Trail::open(directory.path()).unwrap().append(&[entry(1), entry(2), entry(3)]).unwrap();
    let file = directory.path().join(CURRENT);
    let text = fs::read_to_string(&file).unwrap();
    let whole = verify(directory.path()).unwrap();
    assert_eq!(verify(&file).unwrap(), whole, "a file is verified as its directory is");
    assert!(text.trim_end().ends_with(&format!("\"seal\":\"{}\"}}", whole.seal)));

    fs::write(&file, text.replace("probe 2", "probe 7")).unwrap();
    let broken = verify(directory.path()).unwrap_err().to_string();
    assert_eq!(broken, format!("{}:2: the line was changed: its seal does not fit what it says", file.display()));

    fs::write(&file, &text[..text.len() - 5]).unwrap();
    let broken = verify(directory.path()).unwrap_err().to_string();
    assert!(broken.starts_with(&format!("{}:3: the line is unfinished", file.display())), "{broken}");

    fs::write(&file, "x".repeat(3 * AUDIT_LINE_MAX)).unwrap();
    let broken = verify(directory.path()).unwrap_err().to_string();
    assert!(broken.ends_with(":1: this is no line of an audit trail"), "{broken}");
}

#[test]
fn what_is_not_there_is_no_whole_trail() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(verify(directory.path()), Err(VerifyError::Unreadable { .. })));
}
