use super::*;
use proptest::prelude::*;
use tokio::io::AsyncWriteExt as _;

const CONFIRM: Duration = Duration::from_secs(2);

/// Plays `l` (a loss), `+` and `-` (a probe that passed or failed), one a second, or a `.` second.
/// Shows for each loss in how many seconds it starts a probe, for each probe whether its connection is kept (`k`).
fn play(script: &str) -> String {
    let start = Instant::now();
    let mut habit = Habit::default();
    let mut shown = |(second, event): (usize, char)| {
        let now = start + Duration::from_secs(second as u64);
        match event {
            'l' => (habit.lost(now, CONFIRM) - now).as_secs().to_string(),
            '+' | '-' if habit.probed(event == '+', now) => "k".to_owned(),
            _ => ".".to_owned(),
        }
    };
    script.chars().enumerate().map(&mut shown).collect()
}

#[test]
fn a_loss_starts_a_probe_and_losses_in_a_row_wait_for_confirm() {
    for (script, expected) in [
        ("+l-", "k0."),
        ("+ll", "k01"),
        ("+l.l", "k0.0"),
        ("+l+.....l", "k0k.....0"),
        // Three habits in a row: the tripwire rests.
        ("+l+l+l+", "k0k0k0."),
        // A failed probe after a loss, and a probe without a loss before it, end the row.
        ("+l+l-+l+l+", "k0k0.k0k0k"),
        ("+l+l+.+l+l+", "k0k0k.k0k0k"),
    ] {
        assert_eq!(play(script), expected, "{script}");
    }
}

#[test]
fn a_rest_ends() {
    let start = Instant::now();
    let mut habit = Habit::default();
    for _ in 0..TRIPWIRE_HABITS_MAX {
        habit.lost(start, CONFIRM);
        habit.probed(true, start);
    }
    assert!(!habit.probed(true, start + TRIPWIRE_REST - Duration::from_secs(1)));
    assert!(habit.probed(true, start + TRIPWIRE_REST));
}

proptest! {
    #[test]
    fn probes_for_losses_are_confirm_apart_whatever_happens(seconds in prop::collection::vec(0u64..10, 1..100)) {
        let mut now = Instant::now();
        let mut habit = Habit::default();
        let mut last: Option<Instant> = None;
        for second in seconds {
            now += Duration::from_secs(second);
            let due = habit.lost(now, CONFIRM);
            prop_assert!(due >= now && last.is_none_or(|last| due >= last + CONFIRM));
            last = Some(due);
        }
    }
}

/// A tripwire over a pipe and the peer's end of it.
fn armed(enabled: bool) -> (Tripwire, tokio::io::DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(64);
    let mut tripwire = Tripwire::new(enabled, CONFIRM);
    tripwire.probed(Some(Connection::new(ours)), Instant::now());
    (tripwire, theirs)
}

#[tokio::test]
async fn what_a_kept_connection_sends_is_forgotten_and_its_end_is_seen() {
    let (mut tripwire, mut peer) = armed(true);
    let talk = async {
        peer.write_all(&[b'x'; 1000]).await.unwrap();
        drop(peer);
    };
    tokio::join!(talk, tripwire.lost());
    assert!(tripwire.kept.is_none());
}

#[tokio::test]
async fn nothing_is_kept_where_it_is_not_wanted_or_the_probe_failed() {
    assert!(armed(false).0.kept.is_none());
    let (mut tripwire, _peer) = armed(true);
    tripwire.probed(None, Instant::now());
    assert!(tripwire.kept.is_none());
}

#[tokio::test]
async fn a_flood_waits() {
    let (mut tripwire, mut peer) = armed(true);
    let start = Instant::now();
    let mut sent = 0;
    {
        let mut lost = std::pin::pin!(tripwire.lost());
        for _ in 0..10 * TRIPWIRE_OCTETS_PER_SECOND / 64 {
            tokio::select! {
                biased;
                () = &mut lost => panic!("the connection is open"),
                written = peer.write(&[b'x'; 64]) => sent += written.unwrap(),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    let seconds = start.elapsed().as_secs() as usize + 1;
    assert!(sent >= TRIPWIRE_OCTETS_PER_SECOND, "it is read at all");
    assert!(sent <= seconds * (TRIPWIRE_OCTETS_PER_SECOND + 64) + 64, "{sent} octets in {seconds} s");
}
