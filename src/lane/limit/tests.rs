use super::*;
use proptest::prelude::*;
use siphasher::sip::SipHasher24;
use std::hash::BuildHasherDefault;

type Fixed = BuildHasherDefault<SipHasher24>;

/// A limiter with the one limit of its life.
struct Limited(Limit, Limiter<Fixed>);

impl Limited {
    fn judge(&mut self, client: IpAddr, class: Class, now: Duration) -> Verdict {
        self.1.judge(&self.0, client, class, now)
    }
}

fn limiter(per_second: u32, slip: u32) -> Limited {
    let exempt = vec!["127.0.0.0/8".parse().unwrap()];
    Limited(Limit::new(&RateLimit { per_second, slip, exempt }), Limiter::new(1, Fixed::default()))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// How many of so many answers at one moment pass, slip and drop.
fn burst(limiter: &mut Limited, client: &str, class: Class, count: usize, at: u64) -> [usize; 3] {
    let verdicts: Vec<_> = (0..count).map(|_| limiter.judge(ip(client), class, Duration::from_millis(at))).collect();
    [Verdict::Pass, Verdict::Slip, Verdict::Drop].map(|wanted| verdicts.iter().filter(|&&v| v == wanted).count())
}

#[test]
fn a_second_is_worth_its_rate() {
    let mut limiter = limiter(10, 2);
    for (at, count, expected) in [
        (0, 30, [10, 10, 10]),
        (0, 4, [0, 2, 2]),
        // A tenth of a second pays for one answer.
        (100, 3, [1, 1, 1]),
        (10_000, 12, [10, 1, 1]),
    ] {
        assert_eq!(burst(&mut limiter, "192.0.2.1", Class::Answer, count, at), expected, "{at} ms");
    }
}

#[test]
fn lanes_share_a_limit() {
    let one = limiter(20, 0);
    let mut lanes: Vec<_> = (0..4).map(|_| Limited(one.0.clone(), Limiter::new(4, Fixed::default()))).collect();
    let passed: usize = lanes.iter_mut().map(|lane| burst(lane, "192.0.2.1", Class::Answer, 20, 0)[0]).sum();
    assert_eq!(passed, 20, "never more than the limit");
    let passed: usize = (1..=10).map(|s| burst(&mut lanes[0], "192.0.2.1", Class::Answer, 20, s * 1000)[0]).sum();
    assert_eq!(passed, 50, "over time one alone allows its part");
}

#[test]
fn slip_is_the_share_of_answers_over_the_limit() {
    for (slip, expected) in
        [(0, [10, 0, 90]), (1, [10, 90, 0]), (2, [10, 45, 45]), (3, [10, 30, 60]), (10, [10, 9, 81])]
    {
        assert_eq!(burst(&mut limiter(10, slip), "192.0.2.1", Class::Answer, 100, 0), expected, "{slip}");
    }
    assert_eq!(burst(&mut limiter(1, 0), "192.0.2.1", Class::Answer, 5, 0), [1, 0, 4]);
}

#[test]
fn who_shares_a_limit_and_who_does_not() {
    for (client, class, shared) in [
        ("192.0.2.255", Class::Answer, true),
        ("::ffff:192.0.2.7", Class::Answer, true),
        ("192.0.3.1", Class::Answer, false),
        ("192.0.2.1", Class::NoData, false),
        ("192.0.2.1", Class::NoName, false),
        ("192.0.2.1", Class::Refused, false),
        ("192.0.2.1", Class::Error, false),
        ("::c000:201", Class::Answer, false),
    ] {
        let mut limiter = limiter(10, 2);
        burst(&mut limiter, "192.0.2.1", Class::Answer, 20, 0);
        assert_eq!(burst(&mut limiter, client, class, 1, 0)[0], usize::from(!shared), "{client} {class:?}");
    }
    let mut limiter = limiter(10, 2);
    burst(&mut limiter, "2001:db8:0:1::1", Class::Answer, 20, 0);
    for (client, passed) in [("2001:db8:0:ff::9", 0), ("2001:db8:0:100::1", 1)] {
        assert_eq!(burst(&mut limiter, client, Class::Answer, 1, 0)[0], passed, "{client}");
    }
    assert_eq!(burst(&mut limiter, "127.3.2.1", Class::Answer, 1000, 0), [1000, 0, 0], "exempt");
}

#[test]
fn classes_of_answers() {
    for (code, has_answers, class) in [
        (ResponseCode::NoError, true, Class::Answer),
        (ResponseCode::NoError, false, Class::NoData),
        (ResponseCode::NXDomain, false, Class::NoName),
        (ResponseCode::NXDomain, true, Class::NoName),
        (ResponseCode::Refused, false, Class::Refused),
        (ResponseCode::FormErr, false, Class::Error),
        (ResponseCode::BADVERS, false, Class::Error),
    ] {
        assert_eq!(Class::new(code, has_answers), class, "{code:?}");
    }
}

#[test]
fn a_flood_from_everywhere_neither_grows_the_table_nor_frees_a_flooding_network() {
    let mut limiter = limiter(100, 2);
    burst(&mut limiter, "192.0.2.1", Class::Answer, 200, 0);
    for source in 0..4 * RATES_KNOWN_MAX as u32 {
        let client = IpAddr::from((0x0a00_0000 + (source << 8)).to_be_bytes());
        limiter.judge(client, Class::Answer, Duration::from_micros(source.into()));
    }
    assert_eq!(limiter.1.sets.len() * WAYS, RATES_KNOWN_MAX);
    // 262 ms have paid for 26 of the 100.
    let passed = burst(&mut limiter, "192.0.2.1", Class::Answer, 200, 263)[0];
    assert!(passed <= 27, "{passed}");
}

proptest! {
    #[test]
    fn nobody_gets_more_than_the_rate_and_one_second_ahead(
        per_second in 1u32..2000,
        slip in 0u32..=10,
        gaps in proptest::collection::vec(0u64..50_000, 1..500),
    ) {
        let mut limiter = limiter(per_second, slip);
        let (mut now, mut passed, mut slipped, mut over) = (Duration::ZERO, 0u64, 0u32, 0u32);
        for (other, gap) in (0u32..).zip(gaps) {
            now += Duration::from_micros(gap);
            match limiter.judge(ip("192.0.2.1"), Class::NoName, now) {
                Verdict::Pass => passed += 1,
                Verdict::Slip => (slipped, over) = (slipped + 1, over + 1),
                Verdict::Drop => over += 1,
            }
            // A network that asks for the first time is not concerned.
            let other = std::net::Ipv4Addr::from_bits(10 << 24 | other << 8 | 1);
            prop_assert_eq!(limiter.judge(other.into(), Class::Error, now), Verdict::Pass);
        }
        let allowed = u64::from(per_second) + (now.as_micros() as u64 * u64::from(per_second) / 1_000_000) + 1;
        prop_assert!(passed <= allowed, "{} of {}", passed, allowed);
        prop_assert_eq!(slipped, over.checked_div(slip).unwrap_or(0));
    }
}
