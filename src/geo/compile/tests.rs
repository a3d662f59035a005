use super::*;
use crate::config::{Country, Override};
use crate::geo::Database;
use crate::geo::ranges::{Family, canonical, canonical_net};
use ipnet::IpNet;
use proptest::prelude::*;
use std::collections::HashMap;
use std::net::IpAddr;

const CODES: [&str; 6] = ["KR", "IE", "US", "AU", "BR", "DE"];

/// Two countries share a region, and the second partner has the region of another country, so that unlike neighbours merge.
fn region(who: &Who) -> RegionId {
    RegionId(match who {
        Who::Nowhere => 0,
        Who::Partner(partner) => [4, 1, 0][*partner],
        Who::At(_, country) => {
            country.map_or(9, |c| CODES.iter().position(|&code| code == c.code()).unwrap() as u32 % 4)
        }
    })
}

fn country(index: usize) -> Country {
    Country::parse(CODES[index % CODES.len()]).unwrap()
}

/// Prefixes and what they say, one list for each layer; the first layer counts most.
#[derive(Debug)]
struct World {
    partners: Vec<Vec<IpNet>>,
    overrides: Vec<Override>,
    networks: Vec<Override>,
}

impl World {
    fn places(&self) -> Places {
        Places::new(Database::of(&self.networks), &self.overrides, &self.partners)
    }

    /// The layers as first address, last address and region, IPv4 or IPv6, all as 128-bit numbers.
    fn layers(&self, v4: bool) -> [Vec<(u128, u128, u32)>; 3] {
        let range = |net: IpNet| match canonical_net(net) {
            Family::V4((first, last)) => v4.then_some((first.into(), last.into())),
            Family::V6(range) => (!v4).then_some(range),
        };
        let of = |list: &[Override]| {
            let lines = list.iter().filter_map(|line| Some((range(line.prefix)?, line.country)));
            let point = |country| crate::geo::country_point(country).unwrap();
            lines.map(|((first, last), c)| (first, last, region(&Who::At(point(c), Some(c))).0)).collect()
        };
        let partners = self.partners.iter().enumerate().flat_map(|(i, nets)| nets.iter().map(move |&net| (i, net)));
        let partners = partners.filter_map(|(i, net)| Some((range(net)?, i)));
        [
            partners.map(|((first, last), i)| (first, last, region(&Who::Partner(i)).0)).collect(),
            of(&self.overrides),
            of(&self.networks),
        ]
    }
}

/// The region by the definition: the first layer with a prefix around the address, in it the longest prefix.
fn by_definition(layers: &[Vec<(u128, u128, u32)>; 3], address: u128) -> u32 {
    let around = |&&(first, last, _): &&(u128, u128, u32)| first <= address && address <= last;
    let narrowest = |layer: &Vec<(u128, u128, u32)>| {
        layer.iter().filter(around).min_by_key(|(first, last, _)| last - first).map(|&(_, _, region)| region)
    };
    layers.iter().find_map(narrowest).unwrap_or(region(&Who::Nowhere).0)
}

/// Prefixes that nest: few paths down the tree, each left by at most one bit.
fn prefix() -> impl Strategy<Value = IpNet> {
    let v4 = prop::sample::select(vec![0u32, u32::MAX, 0x0a0a_0a0a, 0x8000_0000]);
    let v4 = (v4, 0u8..32, any::<bool>(), 0u8..=32).prop_map(|(path, bit, leave, len)| {
        let address = if leave { path ^ 1 << bit } else { path };
        IpNet::new(IpAddr::V4(address.into()), len).unwrap().trunc()
    });
    let v6 =
        prop::sample::select(vec![0u128, u128::MAX, 0x2001_0db8 << 96, 0x2a0a_0a0a << 96 | 0x0a0a, 0xffff_0a0a_0a0a]);
    let v6 = (v6, 0u8..128, any::<bool>(), 0u8..=128).prop_map(|(path, bit, leave, len)| {
        let address = if leave { path ^ 1 << bit } else { path };
        IpNet::new(IpAddr::V6(address.into()), len).unwrap().trunc()
    });
    prop_oneof![v4, v6]
}

fn lines(most: usize) -> impl Strategy<Value = Vec<Override>> {
    prop::collection::hash_map(prefix(), 0..CODES.len(), 0..most).prop_map(|map: HashMap<IpNet, usize>| {
        map.into_iter().map(|(prefix, index)| Override { prefix, country: country(index) }).collect()
    })
}

fn world() -> impl Strategy<Value = World> {
    let partners = prop::collection::hash_map(prefix(), 0usize..3, 0..8).prop_map(|map| {
        let mut partners = vec![Vec::new(); 3];
        map.into_iter().for_each(|(prefix, partner)| partners[partner].push(prefix));
        partners
    });
    (partners, lines(10), lines(20)).prop_map(|(partners, overrides, networks)| {
        // Mapped prefixes are the same as IPv4 prefixes; a configuration has each once.
        let mut world = World { partners, overrides, networks };
        world.partners.iter_mut().for_each(|list| list.retain(|net| !is_mapped(*net)));
        world.overrides.retain(|line| !is_mapped(line.prefix));
        world.networks.retain(|line| !is_mapped(line.prefix));
        world
    })
}

fn is_mapped(net: IpNet) -> bool {
    net.prefix_len() > 32 && matches!(canonical_net(net), Family::V4(_))
}

/// The address with this number; none where it is IPv4-mapped, for that is of the other family.
fn address(v4: bool, number: u128) -> Option<IpAddr> {
    let ip = if v4 { IpAddr::V4((number as u32).into()) } else { IpAddr::V6(number.into()) };
    matches!((canonical(ip), v4), (Family::V4(_), true) | (Family::V6(_), false)).then_some(ip)
}

/// First and last address of the prefix of `len` bits around a number.
fn around(bits: u32, number: u128, len: u8) -> (u128, u128) {
    let all = u128::MAX >> (128 - bits);
    let host = all.checked_shr(len.into()).unwrap_or(0);
    (number & !host, number | host)
}

fn check_family(world: &World, v4: bool, extra: &[u128]) -> Result<(), TestCaseError> {
    let bits = if v4 { 32 } else { 128 };
    let map = compile(&world.places(), region);
    let layers = world.layers(v4);
    // Where the region may change: at the ends of prefixes and nowhere else.
    let edges: Vec<u128> =
        layers.iter().flatten().flat_map(|&(first, last, _)| [Some(first), last.checked_add(1)]).flatten().collect();
    let uniform = |(first, last): (u128, u128)| {
        let region = by_definition(&layers, first);
        edges.iter().filter(|&&e| first <= e && e <= last).all(|&e| by_definition(&layers, e) == region)
    };
    let probes = edges.iter().flat_map(|&e| [e, e.wrapping_sub(1), e.wrapping_add(1)]).chain(extra.iter().copied());
    for number in probes.map(|n| n & (u128::MAX >> (128 - bits))) {
        let Some(ip) = address(v4, number) else { continue };
        let (found, len) = map.look_up(ip);
        prop_assert_eq!(found.0, by_definition(&layers, number), "{}", ip);
        prop_assert!(uniform(around(bits, number, len)), "{ip}/{len} is not of one region");
        prop_assert!(len == 0 || !uniform(around(bits, number, len - 1)), "{ip}/{len} could be wider");
        if v4 {
            let mapped = IpAddr::V6((number | 0xffff << 32).into());
            prop_assert_eq!(map.look_up(mapped), (found, len + 96));
        }
        let (first, last) = around(bits, number, len);
        for other in [first, last, first + (last - first) / 3] {
            if let Some(other) = address(v4, other) {
                prop_assert_eq!(map.look_up(other), (found, len), "{} within {}/{}", other, ip, len);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_address_has_its_region_and_the_widest_scope(world in world(), extra in prop::collection::vec(any::<u128>(), 8)) {
        check_family(&world, true, &extra)?;
        check_family(&world, false, &extra)?;
    }

    #[test]
    fn the_account_and_the_map_agree(world in world(), extra in prop::collection::vec(any::<u128>(), 8)) {
        let places = world.places();
        let map = compile(&places, region);
        let all = world.layers(true).into_iter().chain(world.layers(false)).flatten();
        for number in all.flat_map(|(first, last, _)| [first, last]).chain(extra) {
            for ip in [IpAddr::V4((number as u32).into()), IpAddr::V6(number.into())] {
                let located = places.locate(ip);
                prop_assert_eq!(region(&located.who), map.look_up(ip).0, "{}", ip);
                prop_assert!(located.prefix.contains(&ip.to_canonical()), "{} in {}", ip, located.prefix);
            }
        }
    }

    #[test]
    fn ranges_are_every_address_once_and_neighbours_differ(world in world()) {
        let map = compile(&world.places(), region);
        let (v4, v6): (Vec<_>, Vec<_>) = map.ranges().partition(|range| range.first.is_ipv4());
        for (ranges, first, last) in [(v4, "0.0.0.0", "255.255.255.255"), (v6, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")] {
            prop_assert_eq!(ranges[0].first, first.parse::<IpAddr>().unwrap());
            prop_assert_eq!(ranges[ranges.len() - 1].last, last.parse::<IpAddr>().unwrap());
            prop_assert!(ranges.windows(2).all(|w| w[0].last < w[1].first && w[0].region != w[1].region));
            let share: f64 = ranges.iter().map(|range| range.share).sum();
            prop_assert!((share - 1.0).abs() < 1e-9, "{}", share);
        }
    }
}

#[test]
fn each_who_is_classified_once() {
    let lines: Vec<_> =
        (0..100).map(|i| Override { prefix: format!("10.{i}.0.0/16").parse().unwrap(), country: country(i) }).collect();
    let partners = [vec!["192.0.2.0/24".parse().unwrap(), "198.51.100.0/24".parse().unwrap()]];
    let places = Places::new(Database::of(&lines), &lines, &partners);
    let mut seen = HashMap::new();
    compile(&places, |who| {
        *seen.entry(*who).or_insert(0) += 1;
        region(who)
    });
    assert_eq!(seen.len(), CODES.len() + 2, "six countries, one partner, nowhere");
    assert!(seen.values().all(|&times| times == 1), "{seen:?}");
}

#[test]
#[should_panic(expected = "more regions than limits::REGIONS_MAX")]
fn a_region_that_does_not_fit_is_a_defect() {
    compile(&Places::new(Database::of(&[]), &[], &[]), |_| RegionId(0x1_0000));
}

#[test]
fn the_builtin_database_divides_the_world() {
    let places = Places::new(Database::open(&crate::config::Database::Builtin).unwrap(), &[], &[]);
    let map = compile(&places, |who| match who {
        Who::At(point, _) => RegionId(1 + u32::from(point.longitude > 60.0)),
        Who::Partner(_) | Who::Nowhere => RegionId(0),
    });
    assert_eq!(map.regions_count(), 3);
    let ranges = map.ranges().count();
    assert!((50_000..500_000).contains(&ranges), "{ranges} ranges");
    assert!(map.memory() < 8 << 20, "{} octets", map.memory());
    for (ip, region) in
        [("168.126.63.1", 2), ("8.8.8.8", 1), ("2001:290::1", 2), ("2003::1", 1), ("10.0.0.1", 0), ("::1", 0)]
    {
        assert_eq!(map.look_up(ip.parse().unwrap()).0, RegionId(region), "{ip}");
    }
    let of_v4 = |region| {
        map.ranges().filter(|r| r.first.is_ipv4() && r.region == RegionId(region)).map(|r| r.share).sum::<f64>()
    };
    assert!(of_v4(1) > 0.4 && of_v4(2) > 0.15, "{} and {} of IPv4", of_v4(1), of_v4(2));
}
