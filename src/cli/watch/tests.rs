use super::*;

type Looks = &'static [(u64, bool)];

/// Looks at seconds after the beginning, and whether they were answered; and what becomes of the last: for how many seconds there was
/// no answer, or `None` where the server is given up.
const TABLE: [(Looks, Option<u64>); 8] = [
    // It never answered.
    (&[(0, false)], None),
    (&[(5, false)], None),
    // It refuses from one second to the next.
    (&[(0, true), (1, false)], Some(1)),
    (&[(0, true), (1, false), (10, false)], Some(10)),
    (&[(0, true), (1, false), (11, false)], None),
    // It hangs: the first look that fails took long, and nobody is given up at once.
    (&[(0, true), (60, false)], Some(60)),
    (&[(0, true), (60, false), (69, false)], Some(69)),
    // It was back meanwhile.
    (&[(0, true), (1, false), (9, true), (14, false), (20, false)], Some(11)),
];

#[test]
fn patience_begins_with_the_first_look_that_fails() {
    let beginning = Instant::now();
    for (looks, expected) in TABLE {
        let (mut silence, mut told) = (Silence::default(), None);
        for &(at, is_answered) in looks {
            let now = beginning + Duration::from_secs(at);
            match is_answered {
                true => silence = Silence::since(now),
                false => told = silence.goes_on(now),
            }
        }
        assert_eq!(told.map(|silent| silent.as_secs()), expected, "{looks:?}");
    }
}
