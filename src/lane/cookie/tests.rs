use super::*;
use proptest::prelude::*;

/// The secrets of RFC 9018 appendix A.
const FIRST: &str = "e5e973e5a6b2a43f48e7dc849e37bfcf";
const OLD: &str = "dd3bdf9344b678b185a6f5cb60fca715";
const NEW: &str = "445536bcd2513298075a5d379663c962";

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn jar(secrets: &[&str]) -> Jar {
    let secrets: Vec<_> = secrets.iter().map(|hex| CookieSecret(octets(hex).try_into().unwrap())).collect();
    Jar::new(&secrets, CookieSecret([0; 16]))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn the_vectors_of_rfc_9018() {
    let v6 = "2001:db8:220:1:59de:d0f4:8769:82b8";
    for (secrets, client, sent, valid, reply) in [
        (&[FIRST][..], "198.51.100.100", "2464c4abcf10c957", false, "2464c4abcf10c957010000005cf79f111f8130c3eee29480"),
        (
            &[FIRST],
            "198.51.100.100",
            "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
            false,
            "2464c4abcf10c957010000005cf7a871d4a564a1442aca77",
        ),
        (
            &[FIRST],
            "203.0.113.203",
            "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
            false,
            "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e",
        ),
        (
            &[NEW, OLD],
            v6,
            "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
            true,
            "22681ab97d52c298010000005cf7c609a6bb79d16625507a",
        ),
    ] {
        let [sent, reply] = [sent, reply].map(octets);
        let jar = jar(secrets);
        let now = u32::from_be_bytes(reply[12..16].try_into().unwrap());
        assert_eq!(jar.fresh(&sent, ip(client), now).map(Vec::from), Some(reply.clone()));
        assert!(jar.is_valid(&reply, ip(client), now));
        // Two of the published cookies come back within the hour, and one comes back long after.
        let age = sent.get(12..16).map(|time| now - u32::from_be_bytes(time.try_into().unwrap()));
        assert_eq!(jar.is_valid(&sent, ip(client), now), age.is_some_and(|age| age <= 3600), "{age:?} {valid}");
    }
}

#[test]
fn a_cookie_holds_for_an_hour_also_where_seconds_wrap() {
    let (jar, client) = (jar(&[FIRST]), ip("192.0.2.1"));
    for made in [0, 300, 1_559_731_985, i32::MAX as u32, u32::MAX - 10, u32::MAX] {
        let cookie = jar.fresh(&[1; 8], client, made).unwrap();
        for (age, valid) in [(-301, false), (-300, true), (0, true), (3600, true), (3601, false), (i32::MIN, false)] {
            assert_eq!(jar.is_valid(&cookie, client, made.wrapping_add_signed(age)), valid, "{made} {age}");
        }
    }
}

#[test]
fn each_secret_checks_and_the_first_makes() {
    let client = ip("2001:db8::1");
    let (old, both, new) = (jar(&[OLD]), jar(&[NEW, OLD]), jar(&[NEW]));
    let [by_old, by_both] = [&old, &both].map(|jar| jar.fresh(&[1; 8], client, 5000).unwrap());
    assert_eq!([&old, &both, &new].map(|jar| jar.is_valid(&by_old, client, 5000)), [true, true, false]);
    assert_eq!([&old, &both, &new].map(|jar| jar.is_valid(&by_both, client, 5000)), [false, true, true]);
}

proptest! {
    #[test]
    fn a_changed_cookie_or_another_client_is_no_proof(sent: [u8; 8], at in 0usize..24, flip in 1u8.., other: u32) {
        let (jar, client) = (jar(&[FIRST]), ip("192.0.2.1"));
        let good = jar.fresh(&sent, client, 10_000).unwrap();
        prop_assert!(jar.is_valid(&good, client, 10_000));
        prop_assert!(jar.is_valid(&good, ip("::ffff:192.0.2.1"), 10_000), "IPv4 in IPv6 dress is the same client");
        let mut bad = good;
        bad[at] ^= flip;
        prop_assert!(!jar.is_valid(&bad, client, 10_000));
        let other = IpAddr::from(other.to_be_bytes());
        prop_assert_eq!(jar.is_valid(&good, other, 10_000), other == client);
    }

    #[test]
    fn any_octets_are_judged(sent in proptest::collection::vec(any::<u8>(), 0..48), now: u32) {
        let jar = jar(&[FIRST]);
        prop_assert!(!jar.is_valid(&sent, ip("192.0.2.1"), now));
        prop_assert_eq!(jar.fresh(&sent, ip("192.0.2.1"), now).is_some(), sent.len() >= 8);
    }
}
