//! Verdicts that somebody else writes down.

use super::*;
use std::fs::File;
use std::path::{Path, PathBuf};

const MINUTE: Duration = Duration::from_secs(60);

fn told_in(path: &Path, address: &str) -> TargetSpec {
    asking(Ask::File { path: path.to_owned(), max_age: MINUTE }, address.parse().unwrap(), TlsOptions::default())
}

/// A file of verdicts, a new one each time, since a file is not looked at twice at once.
fn file(directory: &Path, text: &str) -> PathBuf {
    let path = directory.join(format!("{:x}.txt", std::collections::hash_map::RandomState::new().hash()));
    std::fs::write(&path, text).unwrap();
    path
}

trait Hash {
    fn hash(&self) -> u64;
}

impl Hash for std::collections::hash_map::RandomState {
    fn hash(&self) -> u64 {
        std::hash::BuildHasher::hash_one(self, 0)
    }
}

const VERDICTS: &str = "# who: the network's monitoring\n\n127.0.0.1 up\n127.0.0.2:5061\tdown   power is off\n\
                        127.0.0.2 up\n[::1]:5061 degraded next hop is slow\n127.0.0.3 unknown not looked at\n127.0.0.4 down\n";

#[tokio::test]
async fn a_file_tells_of_each_endpoint() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), VERDICTS);
    for (address, expected) in [
        ("127.0.0.1:5061", "pass".to_owned()),
        ("127.0.0.2:5061", "unavailable: power is off".to_owned()),
        ("127.0.0.2:443", "pass".to_owned()),
        ("[::1]:5061", "degraded: next hop is slow".to_owned()),
        ("[::1]:443", format!("stale: {} does not tell of ::1", path.display())),
        ("127.0.0.3:1", "stale: not looked at".to_owned()),
        ("127.0.0.4:1", format!("unavailable: told by {}", path.display())),
        ("127.0.0.5:1", format!("stale: {} does not tell of 127.0.0.5", path.display())),
    ] {
        assert_eq!(said(told_in(&path, address)).await, expected);
    }
}

#[tokio::test]
async fn a_file_that_is_old_is_unknown_and_not_down() {
    let directory = tempfile::tempdir().unwrap();
    for (age, expected) in [(MINUTE / 2, "unavailable: power is off"), (10 * MINUTE, "stale: ")] {
        let path = file(directory.path(), "127.0.0.1 down power is off\n");
        File::options().write(true).open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
        let got = said(told_in(&path, "127.0.0.1:1")).await;
        assert!(got.starts_with(expected), "{got}");
    }
    let absent = directory.path().join("absent");
    let expected = format!("stale: {}: No such file or directory (os error 2)", absent.display());
    assert_eq!(said(told_in(&absent, "127.0.0.1:1")).await, expected);
}

#[tokio::test]
async fn a_wrong_line_refuses_the_file_and_leaves_what_was_told() {
    let directory = tempfile::tempdir().unwrap();
    for (text, why) in [
        ("", "it tells of nothing"),
        ("# nothing\n", "it tells of nothing"),
        ("127.0.0.1 up\n127.0.0.1 down\n", "line 2: 127.0.0.1 is told twice"),
        ("127.0.0.1\n", "line 1: \"\" is not \"up\", \"down\", \"degraded\" or \"unknown\""),
        ("127.0.0.1 Up\n", "line 1: \"Up\" is not \"up\", \"down\", \"degraded\" or \"unknown\""),
        ("\n\nsip.contoso.com up\n", "line 3: \"sip.contoso.com\" is no address, with or without a port"),
        ("127.0.0.1:99999 up\n", "line 1: \"127.0.0.1:99999\" is no address, with or without a port"),
    ] {
        let path = file(directory.path(), text);
        let expected = format!("stale: {}: {why}", path.display());
        assert_eq!(said(told_in(&path, "127.0.0.1:1")).await, expected, "{text:?}");
    }
}

/// A file is read anew once it has changed; what is wrong replaces nothing.
#[tokio::test]
async fn a_file_that_changes_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), "127.0.0.1 up\n");
    let spec = told_in(&path, "127.0.0.1:1");
    let write = |text: &str| {
        let aside = directory.path().join("aside");
        std::fs::write(&aside, text).unwrap();
        std::fs::rename(&aside, &path).unwrap();
    };
    assert_eq!(said(spec.clone()).await, "pass");
    write("127.0.0.1 down moved\n");
    while said(spec.clone()).await != "unavailable: moved" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    write("127.0.0.1 perhaps\n");
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(said(spec.clone()).await, "unavailable: moved", "what was wrong has replaced nothing");
    write("127.0.0.1 up\n");
    while said(spec.clone()).await != "pass" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
