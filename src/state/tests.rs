use super::*;
use crate::health::{Grounds, Held, Hold, Subject};
use std::fs;

fn now() -> Moment {
    Moment { at: Instant::now(), unix: 1_000 }
}

fn open(directory: &Path) -> Result<(Store, Kept), StateError> {
    Store::open(directory, None, now(), &Registry::new())
}

/// Waits until the thread of an earlier store has let go of the directory.
fn reopen(directory: &Path) -> Kept {
    loop {
        match open(directory) {
            Ok((_, kept)) => return kept,
            Err(StateError::Locked(_)) => std::thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    }
}

fn holds(pool: &str) -> Holds {
    let hold = Hold { held: Held::Down, grounds: Grounds::new("x", "y").unwrap(), made: 900, ends: None };
    let subject = Subject { pool: pool.to_owned(), endpoint: None };
    [(subject, hold)].into_iter().collect()
}

#[test]
fn the_next_process_has_what_was_kept() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("made/by/us");
    let (store, kept) = open(&directory).unwrap();
    assert!(kept.holds.iter().len() == 0 && kept.past.is_none());
    store.save_holds(&holds("seoul"), now()).blocking_recv().unwrap().unwrap();
    let past = Past { said: 990, ..Past::default() };
    store.save_past(&past).blocking_recv().unwrap().unwrap();
    drop(store);
    let kept = reopen(&directory);
    assert_eq!((kept.holds, kept.past), (holds("seoul"), Some(past)));
}

#[test]
fn two_servers_do_not_share_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let first = open(directory.path()).unwrap();
    let refused = open(directory.path()).unwrap_err();
    assert!(matches!(&refused, StateError::Locked(path) if path == directory.path()), "{refused}");
    drop(first);
    reopen(directory.path());
}

#[test]
fn a_damaged_file_is_set_aside_and_the_start_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("holds.state"), "rubbish").unwrap();
    let (store, kept) = open(directory.path()).unwrap();
    assert_eq!(kept.holds.iter().len(), 0);
    assert_eq!(fs::read_to_string(directory.path().join("holds.bad-1000")).unwrap(), "rubbish");
    store.save_holds(&holds("seoul"), now()).blocking_recv().unwrap().unwrap();
}

#[test]
fn of_what_is_set_aside_the_newest_few_stay_and_nothing_else_is_touched() {
    let directory = tempfile::tempdir().unwrap();
    let others = ["holds.bad-", "holds.bad-old", "notes.bad-1", "verdicts.bad-1", "holds.bad"];
    others.iter().for_each(|other| fs::write(directory.path().join(other), "precious").unwrap());
    fs::create_dir(directory.path().join("holds.bad-2")).unwrap();
    // The newest by number, not by name.
    let starts = 990..1_005;
    for unix in starts.clone() {
        fs::write(directory.path().join("holds.state"), unix.to_string()).unwrap();
        let opened = loop {
            match Store::open(directory.path(), None, Moment { at: Instant::now(), unix }, &Registry::new()) {
                Err(StateError::Locked(_)) => std::thread::yield_now(),
                opened => break opened.unwrap(),
            }
        };
        assert_eq!(opened.1.holds.iter().len(), 0);
        assert_eq!(fs::read_to_string(directory.path().join(format!("holds.bad-{unix}"))).unwrap(), unix.to_string());
    }
    let is_there = |unix: &u64| directory.path().join(format!("holds.bad-{unix}")).exists();
    let stay: Vec<u64> = starts.filter(is_there).collect();
    assert_eq!(stay, [1_001, 1_002, 1_003, 1_004]);
    assert!(others.iter().all(|other| directory.path().join(other).exists()) && is_there(&2));
}

#[test]
fn a_disk_that_fails_is_tried_again_until_it_works() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = open(directory.path()).unwrap();
    // A directory in the way of the new file, since a test that runs as root may write anywhere.
    let obstacle = directory.path().join("holds.new");
    fs::create_dir(&obstacle).unwrap();
    let kept = store.save_holds(&holds("seoul"), now()).blocking_recv().unwrap();
    assert!(matches!(kept, Err(NotKept::Disk(_))), "{kept:?}");
    fs::remove_dir(&obstacle).unwrap();
    while !directory.path().join("holds.state").exists() {
        std::thread::yield_now();
    }
    drop(store);
    assert_eq!(reopen(directory.path()).holds, holds("seoul"), "the retry wrote what was asked for");
}

#[test]
fn without_a_directory_nothing_is_kept_and_that_is_said() {
    let kept = Store::nowhere().save_holds(&holds("seoul"), now()).blocking_recv().unwrap();
    assert_eq!(kept, Err(NotKept::NoDirectory));
}

#[test]
fn a_directory_that_cannot_be_made_stops_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    let (store, kept) = open(&file).unwrap();
    assert_eq!(kept.holds.iter().len(), 0);
    assert!(matches!(store.save_holds(&holds("seoul"), now()).blocking_recv().unwrap(), Err(NotKept::Disk(_))));
}
