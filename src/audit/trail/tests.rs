use super::*;
use crate::audit::verify::verify;
use tempfile::{TempDir, tempdir};

fn entries(count: usize) -> Vec<(SystemTime, Entry)> {
    (0..count).map(|i| (SystemTime::UNIX_EPOCH, Entry::of("verdict", format!("probe {i} failed")))).collect()
}

fn written(directory: &TempDir, counts: &[usize]) -> Trail {
    let mut trail = Trail::open(directory.path()).unwrap();
    counts.iter().for_each(|&count| trail.append(&entries(count)).unwrap());
    trail
}

fn current(directory: &TempDir) -> PathBuf {
    directory.path().join(CURRENT)
}

#[test]
fn a_trail_goes_on_where_it_ended() {
    let directory = tempdir().unwrap();
    written(&directory, &[3, 2]);
    written(&directory, &[4]);
    let whole = verify(directory.path()).unwrap();
    assert_eq!((whole.files, whole.lines, whole.first), (1, 9, Some(1)));
}

#[test]
fn a_piece_of_a_line_is_cut_away_and_the_trail_tells_it() {
    let directory = tempdir().unwrap();
    written(&directory, &[3]);
    let text = fs::read_to_string(current(&directory)).unwrap();
    for cut in [1, 20, text.len() - text.trim_end().rfind('\n').unwrap() - 2] {
        fs::write(current(&directory), &text[..text.len() - cut]).unwrap();
        assert!(matches!(verify(directory.path()), Err(crate::audit::VerifyError::Broken(_))), "cut {cut}");
        written(&directory, &[1]);
        assert_eq!(verify(directory.path()).unwrap().lines, 4, "two whole lines, the note, and one more");
        let now = fs::read_to_string(current(&directory)).unwrap();
        assert!(now.contains(r#""what":"recovered""#), "{now}");
    }
}

#[test]
fn a_crash_at_any_octet_of_the_first_line_leaves_a_trail() {
    let whole = tempdir().unwrap();
    written(&whole, &[1]);
    let line = fs::read(current(&whole)).unwrap();
    for length in 0..line.len() {
        let directory = tempdir().unwrap();
        fs::write(current(&directory), &line[..length]).unwrap();
        written(&directory, &[1]);
        let lines = verify(directory.path()).unwrap().lines;
        assert_eq!(lines, 1 + u64::from(length > 0), "torn after {length} octets");
    }
}

#[test]
fn what_is_no_trail_is_set_aside_and_told() {
    for foreign in ["hello\n".to_owned(), "{}\n".to_owned(), "x".repeat(2 * AUDIT_LINE_MAX), "\n".to_owned()] {
        let directory = tempdir().unwrap();
        fs::write(current(&directory), &foreign).unwrap();
        written(&directory, &[1]);
        assert_eq!(verify(directory.path()).unwrap().lines, 2);
        assert_eq!(fs::read_to_string(directory.path().join("audit.log.set-aside.1")).unwrap(), foreign);
    }
}

#[test]
fn a_link_or_a_directory_is_refused() {
    let directory = tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/null", current(&directory)).unwrap();
    assert!(Trail::open(directory.path()).is_err());
    let directory = tempdir().unwrap();
    fs::create_dir(current(&directory)).unwrap();
    let error = Trail::open(directory.path()).unwrap_err().to_string();
    assert!(error.contains("state_dir"), "{error}");
}

#[test]
fn a_file_that_is_full_is_closed_and_the_chain_goes_on() {
    let directory = tempdir().unwrap();
    let mut trail = written(&directory, &[3]);
    for _ in 0..AUDIT_FILES_MAX + 3 {
        // As if so many lines had been written.
        trail.length = trail.length.max(AUDIT_FILE_MAX);
        trail.rotate().unwrap();
        trail.append(&entries(2)).unwrap();
    }
    let whole = verify(directory.path()).unwrap();
    assert_eq!(whole.files, AUDIT_FILES_MAX + 1);
    assert_eq!(whole.lines, 2 * (AUDIT_FILES_MAX as u64 + 1));
    assert!(whole.first.unwrap() > 1, "the oldest gave way");
    drop(trail);
    // A crash between closing one file and beginning the next.
    fs::remove_file(current(&directory)).unwrap();
    written(&directory, &[1]);
    assert_eq!(verify(directory.path()).unwrap().lines, whole.lines - 1, "two lines were lost with the file, one came");
}

#[test]
fn a_line_that_would_be_too_long_is_shortened() {
    let directory = tempdir().unwrap();
    let mut trail = Trail::open(directory.path()).unwrap();
    let long = Entry::of("verdict", "\u{1}".repeat(AUDIT_LINE_MAX)).with("pools", vec!["x".repeat(AUDIT_LINE_MAX)]);
    trail.append(&[(SystemTime::UNIX_EPOCH, long)]).unwrap();
    assert_eq!(verify(directory.path()).unwrap().lines, 1);
    assert!(fs::read_to_string(current(&directory)).unwrap().contains(r#""detail":{"shortened":true}"#));
}

#[test]
fn what_a_failed_write_left_behind_is_written_over() {
    let directory = tempdir().unwrap();
    let mut trail = written(&directory, &[2]);
    fs::OpenOptions::new().append(true).open(current(&directory)).unwrap().write_all(b"{\"line\":3,\"ti").unwrap();
    trail.append(&entries(2)).unwrap();
    assert_eq!(verify(directory.path()).unwrap().lines, 4);
}
