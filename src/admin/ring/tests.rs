use super::*;

fn ring(before: u64, events: u64) -> Ring {
    let ring = Ring::beginning(before);
    (0..events).for_each(|_| ring.add(Entry::of("publish", "x"), 1));
    ring
}

fn ids(since: &Since) -> Vec<u64> {
    since.events.iter().map(|told| told.id).collect()
}

#[test]
fn numbers_rise_and_a_reader_goes_on_behind_what_it_has() {
    let ring = ring(100, 3);
    for (after, most, expected) in [
        (Some(100), 10, vec![101, 102, 103]),
        (Some(101), 10, vec![102, 103]),
        (Some(100), 2, vec![101, 102]),
        (Some(103), 10, vec![]),
        (None, 10, vec![101, 102, 103]),
        (None, 1, vec![103]),
    ] {
        let since = ring.since(after, most);
        assert_eq!((ids(&since), since.gap, since.newest), (expected, false, 103), "after {after:?}");
    }
}

#[test]
fn a_number_of_another_process_or_one_that_was_dropped_is_a_gap() {
    let ring = ring(100, EVENTS_KEPT as u64 + 5);
    let newest = 100 + EVENTS_KEPT as u64 + 5;
    for (after, gap) in [(105, false), (104, true), (7, true), (newest, false), (newest + 1, true), (u64::MAX, true)] {
        assert_eq!(ring.since(Some(after), 1).gap, gap, "after {after}");
    }
    assert_eq!(ring.since(Some(104), usize::MAX).events.len(), EVENTS_KEPT, "no more than that are kept");
}

#[test]
fn what_was_lost_before_it_came_here_takes_its_numbers_with_it() {
    let ring = ring(100, 1);
    ring.add(Entry::of("gap", "x"), 5);
    ring.add(Entry::of("publish", "x"), 1);
    assert_eq!(ids(&ring.since(Some(101), 10)), [106, 107]);
}
