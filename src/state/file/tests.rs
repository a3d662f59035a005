use super::*;
use std::os::unix::fs::symlink;

const WHAT: &str = "holds";

fn read_back(directory: &Path) -> Result<Option<String>, String> {
    read(&path(directory, WHAT), WHAT).map_err(|why| match why {
        Unreadable::Foreign(why) => why.to_owned(),
        Unreadable::Io(error) => format!("io: {error}"),
    })
}

#[test]
fn what_is_written_is_read() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(read_back(directory.path()), Ok(None));
    for body in ["", "one\nand two\n", "three"] {
        write(directory.path(), WHAT, body).unwrap();
        assert_eq!(read_back(directory.path()), Ok(Some(body.to_owned())));
    }
    let files: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["holds.state"], "nothing else is left behind");
}

#[test]
fn whatever_is_cut_or_changed_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), WHAT, "[{\"pool\":\"seoul\"}]").unwrap();
    let path = path(directory.path(), WHAT);
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(read_back(directory.path()).is_err(), "cut to {length}");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert!(read_back(directory.path()).is_err(), "octet {at} changed");
    }
    fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
    assert!(read_back(directory.path()).unwrap_err().contains("torn"));
}

#[test]
fn foreign_files_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = path(directory.path(), WHAT);
    for (text, expected) in [
        (&b"hello"[..], "no first line"),
        (b"PK\x03\x04\n", "another program's"),
        (b"edgesteer-state 9 holds 0 x\n", "another version"),
        (b"edgesteer-state 1 verdicts 0 x\n", "another file of ours"),
        (b"\xff\xfe\n", "not text"),
    ] {
        fs::write(&path, text).unwrap();
        let why = read_back(directory.path()).unwrap_err();
        assert!(why.contains(expected), "{why}");
    }
}

#[test]
fn links_and_directories_are_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (path(directory.path(), WHAT), directory.path().join("elsewhere"));
    fs::write(&elsewhere, "precious").unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert!(read_back(directory.path()).unwrap_err().contains("not a plain file"));
    assert!(write(directory.path(), WHAT, "x").is_err());
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "precious");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(read_back(directory.path()).unwrap_err().contains("not a plain file"));
    assert!(write(directory.path(), WHAT, "x").is_err());
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), WHAT, "old").unwrap();
    fs::create_dir(directory.path().join("holds.new")).unwrap();
    assert!(write(directory.path(), WHAT, "new").is_err());
    assert_eq!(read_back(directory.path()), Ok(Some("old".into())));
}
