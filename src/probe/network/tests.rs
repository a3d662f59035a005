use super::*;
use proptest::prelude::*;

#[test]
fn a_network_is_what_a_firewall_takes_for_one_site() {
    let of = |text: &str| Network::of(text.parse().unwrap());
    assert_eq!(of("192.0.2.1"), of("192.0.2.254"));
    assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
    assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:ff::2"));
    assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:100::1"));
}

proptest! {
    /// However many targets of a network want to be asked at once, and again and again as their outcomes allow, each has
    /// its turn within one `confirm`.
    #[test]
    fn nobody_waits_longer_than_confirm(targets in 1usize..2000, confirm_ms in 10u64..5000, rounds in 1u32..6) {
        let confirm = Duration::from_millis(confirm_ms);
        let mut bucket = Bucket::new(targets as f64 / confirm.as_secs_f64());
        let start = Instant::now();
        let mut wanted: Vec<Instant> = vec![start; targets];
        for _ in 0..rounds {
            wanted.sort_unstable();
            for want in &mut wanted {
                let turn = bucket.take(*want);
                prop_assert!(turn >= *want);
                prop_assert!(turn - *want <= confirm + Duration::from_millis(1), "{:?}", turn - *want);
                *want = turn + confirm;
            }
        }
    }

    #[test]
    fn no_second_has_more_than_the_rate_and_a_burst(takes in prop::collection::vec(0u64..20, 1..500)) {
        let mut bucket = Bucket::new(0.0);
        let mut now = Instant::now();
        let mut turns = Vec::new();
        for wait in takes {
            now += Duration::from_millis(wait);
            turns.push(bucket.take(now));
        }
        turns.sort_unstable();
        let most = NETWORK_RATE_MIN as usize + NETWORK_BURST as usize + 1;
        for window in turns.windows(most + 1) {
            prop_assert!(window[most] - window[0] >= Duration::from_millis(999));
        }
    }
}
