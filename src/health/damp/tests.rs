use super::*;
use proptest::prelude::*;

const BY: Damping =
    Damping { half_life: Duration::from_secs(300), suppress: 3, reuse: 1, longest: Duration::from_secs(1800) };

#[test]
fn a_pool_that_flaps_is_damped_until_its_losses_are_half_forgotten() {
    let start = Instant::now();
    let at = |s| start + Duration::from_secs(s);
    let mut damp = Damp::default();
    for (s, damped) in [(0, false), (20, false), (40, false), (60, true)] {
        damp = damp.lose(at(s), &BY);
        assert_eq!(damp.is_damped(at(s), Some(&BY)), damped, "at {s}");
    }
    let until = damp.until(&BY).unwrap();
    assert!((3.5..4.0).contains(&damp.penalty(at(60), &BY)));
    // 3.7 losses halve to one in not quite two half-lives.
    assert!(until > at(60 + 500) && until < at(60 + 600), "{:?}", until - start);
    let second = Duration::from_secs(1);
    assert!(damp.is_damped(until - second, Some(&BY)) && !damp.is_damped(until, Some(&BY)));
    assert!((damp.penalty(until, &BY) - 1.0).abs() < 0.01);
    assert!(!damp.is_damped(at(61), None), "nothing is damped where that is off");
    // It is forgiven and not forgotten: two more losses soon after are the fourth again.
    let again = damp.settle(until, Some(&BY)).lose(until, &BY).lose(until + second, &BY);
    assert!(!again.is_damped(until + second, Some(&BY)));
    assert!(again.lose(until + second, &BY).is_damped(until + second, Some(&BY)));
}

#[test]
fn rare_losses_are_no_flapping() {
    let (mut damp, mut now) = (Damp::default(), Instant::now());
    for _ in 0..100 {
        damp = damp.lose(now, &BY);
        assert!(!damp.is_damped(now, Some(&BY)));
        now += Duration::from_secs(180);
    }
}

proptest! {
    /// A penalty only decays; nothing is damped longer than the longest time after its last loss, and nothing below the threshold.
    #[test]
    fn damping_is_bounded(
        waits in prop::collection::vec(0u64..900, 1..60),
        half_life in 1u64..3600, suppress in 1u32..20, reuse in 1u32..20, longest in 1u64..7200,
    ) {
        let (half_life, longest) = (Duration::from_secs(half_life), Duration::from_secs(longest));
        let by = Damping { half_life, suppress, reuse: reuse.min(suppress), longest };
        let (mut damp, mut now) = (Damp::default(), Instant::now());
        for (losses, wait) in waits.into_iter().enumerate() {
            let before = damp;
            damp = damp.settle(now, Some(&by)).lose(now, &by);
            prop_assert!(damp.penalty(now, &by) <= losses as f64 + 1.0 + 1e-9);
            if damp.is_damped(now, Some(&by)) && !before.is_damped(now, Some(&by)) {
                prop_assert!(damp.penalty(now, &by) > f64::from(suppress));
            }
            prop_assert!(!damp.is_damped(now + longest, Some(&by)));
            let later = now + Duration::from_secs(wait);
            prop_assert!(damp.penalty(later, &by) <= damp.penalty(now, &by));
            now = later;
        }
    }

    #[test]
    fn what_is_remembered_is_what_was_told(losses in prop::collection::vec(0u64..100, 1..20)) {
        let (mut damp, mut now) = (Damp::default(), Instant::now());
        for wait in losses {
            now += Duration::from_secs(wait);
            damp = damp.lose(now, &BY);
        }
        let (thousandths, lost, damped) = damp.told().unwrap();
        let again = Damp::recalled(thousandths, lost, damped);
        prop_assert_eq!(again.is_damped(now, Some(&BY)), damp.is_damped(now, Some(&BY)));
        prop_assert!((again.penalty(now, &BY) - damp.penalty(now, &BY)).abs() < 0.002);
    }
}
