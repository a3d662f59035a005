use super::*;
use proptest::prelude::*;

#[test]
fn doubt_begins_ends_and_is_spent() {
    let start = Instant::now();
    let at = |s| start + Duration::from_secs(s);
    let alike = Some(Suspicion::Alike);
    let (doubting, spent) = (Doubt::In { why: Suspicion::Alike, since: at(1) }, Doubt::Spent { since: at(1) });
    let longest = DOUBT_ALIKE_MAX.as_secs();
    let mut doubt = Doubt::default();
    for (s, suspicion, expected) in [
        (0, None, Doubt::Clear),
        (1, alike, doubting),
        (2, Some(Suspicion::References), doubting),
        (longest, alike, doubting),
        (longest + 1, alike, spent),
        (longest * 9, alike, spent),
        (longest * 9 + 1, None, Doubt::Clear),
        (longest * 9 + 2, alike, Doubt::In { why: Suspicion::Alike, since: at(longest * 9 + 2) }),
        (longest * 9 + 3, None, Doubt::Clear),
    ] {
        doubt = doubt.step(suspicion, at(s));
        assert_eq!(doubt, expected, "at {s}");
    }
}

proptest! {
    /// However suspicious the world is, nobody doubts himself for longer than the bound without a moment of clearness.
    #[test]
    fn doubt_is_bounded(steps in prop::collection::vec((any::<bool>(), any::<bool>(), 1u64..600), 1..100)) {
        let (mut doubt, mut now) = (Doubt::default(), Instant::now());
        for (is_suspicious, is_alike, wait) in steps {
            now += Duration::from_secs(wait);
            let why = if is_alike { Suspicion::Alike } else { Suspicion::References };
            doubt = doubt.step(is_suspicious.then_some(why), now);
            prop_assert_eq!(doubt == Doubt::Clear, !is_suspicious);
            if let Doubt::In { since, .. } = doubt {
                prop_assert!(now - since < DOUBT_REFERENCES_MAX);
            }
        }
    }
}
