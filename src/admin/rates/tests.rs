use super::*;
use std::time::Duration;

#[test]
fn a_client_has_its_burst_and_then_its_rate_and_others_theirs() {
    let (mut rates, now) = (Rates::default(), Instant::now());
    let [kim, lee] = ["192.0.2.1", "192.0.2.2"].map(|ip| ip.parse::<IpAddr>().unwrap());
    let burst = (0..).take_while(|_| rates.allow(kim, now)).count();
    assert_eq!(burst, ADMIN_BURST as usize);
    assert!(!rates.allow(kim, now) && rates.allow(lee, now));
    let later = now + Duration::from_secs(1);
    let more = (0..).take_while(|_| rates.allow(kim, later)).count();
    assert_eq!(more, ADMIN_RATE as usize);
}

#[test]
fn a_crowd_of_addresses_costs_no_more_memory_and_a_64_is_one_client() {
    let (mut rates, now) = (Rates::default(), Instant::now());
    (0..5000u32).for_each(|i| assert!(rates.allow(IpAddr::V4(i.into()), now + Duration::from_millis(i.into()))));
    assert_eq!(rates.0.len(), ADMIN_CLIENTS_MAX);
    let later = now + Duration::from_secs(100);
    let ip = |i: u64| IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(i)));
    assert_eq!((0..).take_while(|i| rates.allow(ip(*i), later)).count(), ADMIN_BURST as usize);
}
