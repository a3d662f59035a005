use super::*;

fn map(v4: &[(u32, u16)], v6: &[(u128, u16)]) -> RegionMap {
    fn ranges<A: Address>(list: &[(A, u16)]) -> Ranges<A, u16> {
        let mut ranges = Ranges::building();
        list.iter().for_each(|&(start, region)| ranges.push(start, region));
        ranges
    }
    RegionMap::new(ranges(v4), ranges(v6))
}

#[test]
fn every_address_has_a_region_and_a_scope() {
    let map = map(
        &[(0, 0), (0x0a00_0000, 1), (0x0b00_0000, 0), (0xffff_ffff, 2)],
        &[(0, 0), (0x2001_0db8 << 96, 3), (0x2001_0db9 << 96, 0), (0xff00 << 112, 4)],
    );
    for (ip, region, len) in [
        ("0.0.0.0", 0, 5),
        ("9.255.255.255", 0, 7),
        ("10.0.0.0", 1, 8),
        ("10.255.255.255", 1, 8),
        ("11.0.0.0", 0, 8),
        ("128.0.0.1", 0, 2),
        ("255.255.255.254", 0, 32),
        ("255.255.255.255", 2, 32),
        ("::", 0, 3),
        ("2001:db8::", 3, 32),
        ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 3, 32),
        ("2001:db9::", 0, 32),
        ("feff::", 0, 8),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 4, 8),
        ("::ffff:10.1.2.3", 1, 96 + 8),
        ("::ffff:255.255.255.255", 2, 128),
    ] {
        assert_eq!(map.look_up(ip.parse().unwrap()), (RegionId(region), len), "{ip}");
    }
    assert_eq!(map.regions_count(), 5);
}

#[test]
fn one_region_everywhere_has_scope_0() {
    let map = map(&[(0, 7)], &[(0, 7)]);
    for ip in ["0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "2001:db8::1"] {
        assert_eq!(map.look_up(ip.parse().unwrap()), (RegionId(7), 0), "{ip}");
    }
    assert_eq!(map.look_up("::ffff:192.0.2.1".parse().unwrap()), (RegionId(7), 96));
    assert_eq!(map.regions_count(), 1);
}

#[test]
fn ranges_are_all_addresses_in_order() {
    let map = map(&[(0, 0), (0x4000_0000, 1)], &[(0, 1), (1 << 127, 2)]);
    let shown: Vec<_> = map.ranges().map(|r| format!("{} {} {} {}", r.first, r.last, r.region.0, r.share)).collect();
    assert_eq!(
        shown,
        [
            "0.0.0.0 63.255.255.255 0 0.25",
            "64.0.0.0 255.255.255.255 1 0.75",
            ":: 7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 1 0.5",
            "8000:: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2 0.5",
        ]
    );
}

#[test]
fn memory_grows_with_the_ranges() {
    let small = map(&[(0, 0)], &[(0, 0)]).memory();
    let starts: Vec<(u32, u16)> = (0..1000).map(|i| (i << 16, (i % 2) as u16)).collect();
    let large = map(&starts, &[(0, 0)]).memory();
    assert!(large >= small + 999 * 6, "{small} to {large}");
}
