use super::super::Entry;
use super::super::trail::Trail;
use super::*;
use crate::limits::AUDIT_FILE_MAX;
use std::fs;
use std::time::SystemTime;

fn written(directory: &Path, count: usize, reason: &str) {
    let mut trail = Trail::open(directory).unwrap();
    let entry = || (SystemTime::UNIX_EPOCH, Entry::of("verdict", reason));
    trail.append(&(0..count).map(|_| entry()).collect::<Vec<_>>()).unwrap();
}

fn numbers(tail: &Tail) -> Vec<u64> {
    tail.lines.iter().map(|line| line["line"].as_u64().unwrap()).collect()
}

#[test]
fn the_last_lines_come_oldest_first_and_none_twice() {
    let directory = tempfile::tempdir().unwrap();
    let read = |after, most| Tail::read(directory.path(), after, most).unwrap();
    assert_eq!(read(0, 10), Tail::default(), "there is none yet");
    written(directory.path(), 5, "connection refused");
    assert_eq!((numbers(&read(0, 3)), read(0, 3).newest), (vec![3, 4, 5], 5));
    assert_eq!(numbers(&read(3, 10)), [4, 5]);
    assert_eq!((numbers(&read(5, 10)), read(5, 10).newest), (vec![], 5));
    assert_eq!(numbers(&read(9, 10)), [] as [u64; 0]);
    assert_eq!(read(4, 1).lines[0]["reason"], "connection refused");
}

#[test]
fn a_line_that_is_being_written_is_not_told_and_what_is_no_line_is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path(), 2, "good");
    let file = directory.path().join(CURRENT);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("nonsense\n{text}{{\"line\":3,")).unwrap();
    assert_eq!(numbers(&Tail::read(directory.path(), 0, 10).unwrap()), [1, 2]);
}

#[test]
fn it_goes_on_in_older_files_and_reads_no_more_than_the_bound() {
    let directory = tempfile::tempdir().unwrap();
    let long = "x".repeat(30_000);
    let in_one = (AUDIT_FILE_MAX / 30_000) as usize + 1;
    written(directory.path(), in_one, &long);
    written(directory.path(), 2, "short");
    assert_eq!(older_files(directory.path()).unwrap().len(), 1, "the second append began a file");
    let last = in_one as u64 + 2;
    assert_eq!(numbers(&Tail::read(directory.path(), 0, 4).unwrap()), [last - 3, last - 2, last - 1, last]);
    let all = Tail::read(directory.path(), 0, usize::MAX).unwrap();
    let octets: usize = all.lines.iter().map(|line| line.to_string().len()).sum();
    assert!(octets as u64 <= AUDIT_TAIL_MAX && all.lines.len() > 10, "{octets} octets in {} lines", all.lines.len());
    assert!(numbers(&all).windows(2).all(|pair| pair[0] + 1 == pair[1]));
}

#[test]
fn a_file_that_is_read_twice_tells_nothing_twice() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path(), 3, "good");
    // As if it had been closed between the two looks.
    fs::copy(directory.path().join(CURRENT), directory.path().join("audit-000000000001.log")).unwrap();
    assert_eq!(numbers(&Tail::read(directory.path(), 0, 10).unwrap()), [1, 2, 3]);
}
