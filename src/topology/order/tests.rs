use super::*;
use crate::geo::Point;
use proptest::prelude::*;
use std::net::Ipv4Addr;

const SEOUL: (f64, f64) = (37.6, 127.0);
const DUBLIN: (f64, f64) = (53.35, -6.26);
const NEW_YORK: (f64, f64) = (40.7, -74.0);

fn point((latitude, longitude): (f64, f64)) -> Option<Point> {
    Point::new(latitude, longitude)
}

#[test]
fn nearest_is_by_distance_and_the_service_order_breaks_ties() {
    let pools = [point(SEOUL), point(DUBLIN), point(NEW_YORK)];
    for (client, expected) in [
        (point((35.7, 139.7)), [0, 1, 2]),
        (point((48.9, 2.4)), [1, 2, 0]),
        (point((43.7, -79.4)), [2, 1, 0]),
        (None, [0, 1, 2]),
    ] {
        assert_eq!(*nearest(client, &pools), expected, "{client:?}");
    }
    assert_eq!(*nearest(point(DUBLIN), &[None, point(DUBLIN), point(DUBLIN)]), [1, 2, 0]);
}

#[test]
fn weights_share_the_slots_exactly() {
    for (weights, expected) in [
        (&[3, 1][..], &[192, 64][..]),
        (&[1, 1, 1], &[86, 85, 85]),
        (&[1, 0], &[256, 0]),
        (&[u32::MAX, u32::MAX], &[128, 128]),
    ] {
        let order = slots(weights);
        let mut shares = vec![0; weights.len()];
        (0..WEIGHT_SLOTS).for_each(|slot| shares[order(slot)[0] as usize] += 1);
        assert_eq!(shares, expected, "{weights:?}");
    }
}

#[test]
fn the_share_of_a_lost_pool_spreads_over_the_others() {
    let order = slots(&[2, 1, 1]);
    let second = |pool| (0..WEIGHT_SLOTS).filter(|&slot| order(slot)[0] == 0 && order(slot)[1] == pool).count();
    assert!(second(1) > 40 && second(2) > 40, "{} and {} of 128", second(1), second(2));
}

#[test]
fn a_partner_names_pools_first() {
    assert_eq!(*preferred(&[7, 9, 3], &[3, 5, 7]), [2, 0, 1]);
    assert_eq!(*preferred(&[], &[3, 5]), [0, 1]);
}

#[test]
fn the_dependence_says_how_wide_the_scope_is() {
    let a: Order = [0, 1].into();
    let b: Order = [1, 0].into();
    assert_eq!(Orders::constant(a.clone(), 2).dependence(RegionId(1)), Dependence::Nothing);
    assert_eq!(Orders::by_region([a.clone(), a.clone()]).dependence(RegionId(1)), Dependence::Nothing);
    assert_eq!(Orders::by_region([a.clone(), b.clone()]).dependence(RegionId(1)), Dependence::Region);
    let slotted = Orders::by_slot(slots(&[1, 1]), [None, Some(b)]);
    assert_eq!(slotted.dependence(RegionId(0)), Dependence::Network);
    assert_eq!(slotted.dependence(RegionId(1)), Dependence::Region);
}

#[test]
fn a_canary_has_its_share_of_networks_and_of_each_weight() {
    let canary = |share| Canary { after: Default::default(), share };
    let networks = || (0..200_000u32).map(|network| IpAddr::from(Ipv4Addr::from_bits(network << 8)));
    let v6 =
        || (0..200_000u128).map(|network| IpAddr::from(std::net::Ipv6Addr::from_bits(0x2001 << 112 | network << 72)));
    for share in [100, 500, 5000] {
        let exact = f64::from(share) / 10_000.0;
        let near = |count: usize, of: usize| (count as f64 / of as f64 - exact).abs() < exact / 10.0;
        assert!(near(networks().filter(|&client| canary(share).has(client)).count(), 200_000), "{share}");
        assert!(near(v6().filter(|&client| canary(share).has(client)).count(), 200_000), "{share}");
    }
    let half = networks().filter(|&client| slot_of(client) < WEIGHT_SLOTS / 2);
    let (tried, all) =
        half.fold((0, 0), |(tried, all), client| (tried + usize::from(canary(500).has(client)), all + 1));
    assert!((tried * 20).abs_diff(all) < all / 10, "{tried} of {all}");
}

proptest! {
    #[test]
    fn a_client_and_its_network_are_always_on_the_same_side(bits in any::<u32>(), host in any::<u8>(), share in 1u16..=5000) {
        let canary = Canary { after: Default::default(), share };
        let (one, other) = (Ipv4Addr::from_bits(bits), Ipv4Addr::from_bits(bits & !0xff | u32::from(host)));
        prop_assert_eq!(canary.has(one.into()), canary.has(other.into()));
        let more = Canary { share: 5000, ..canary };
        prop_assert!(!canary.has(one.into()) || more.has(one.into()), "who tries it for a small share does so for a larger");
    }

    #[test]
    fn every_order_names_every_pool_once(weights in prop::collection::vec(0u32..50, 1..8), slot in 0..WEIGHT_SLOTS) {
        prop_assume!(weights.iter().any(|&w| w > 0));
        let mut order = slots(&weights)(slot).to_vec();
        order.sort_unstable();
        prop_assert!(order.iter().copied().eq(0..weights.len() as u16));
    }

    #[test]
    fn a_client_network_keeps_its_slot(bits in any::<u32>(), host in any::<u8>()) {
        let one = Ipv4Addr::from_bits(bits);
        let other = Ipv4Addr::from_bits(bits & !0xff | u32::from(host));
        prop_assert_eq!(slot_of(one.into()), slot_of(other.into()));
    }
}
