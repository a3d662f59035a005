use super::*;
use crate::config::{Country, Override};
use crate::geo::{Database, compile};
use proptest::prelude::*;
use std::net::IpAddr;

/// The region of a client: that of its country's first letter, or none.
fn world(networks: &[(&str, &str)], partners: &[&str], views: &[&str]) -> (RegionMap, Places, Prefixes) {
    let net = |text: &&str| text.parse().unwrap();
    let line =
        |(prefix, country): &(&str, &str)| Override { prefix: net(prefix), country: Country::parse(country).unwrap() };
    let networks: Vec<Override> = networks.iter().map(line).collect();
    let partners: Vec<Vec<IpNet>> = partners.iter().map(|prefix| vec![net(prefix)]).collect();
    let places = Places::new(Database::of(&networks), &[], &partners);
    let map = compile(&places, |who| match who {
        crate::geo::Who::Nowhere => RegionId(0),
        crate::geo::Who::Partner(_) => RegionId(1),
        crate::geo::Who::At(_, country) => RegionId(2 + u32::from(country.is_some_and(|c| c.code() == "KR"))),
    });
    (map, places, Prefixes::new(views.iter().map(net).zip(0..)))
}

fn geography(world: &(RegionMap, Places, Prefixes)) -> Geography<'_> {
    Geography { regions: &world.0, places: &world.1, views: &world.2 }
}

fn told(one: &(RegionMap, Places, Prefixes), other: &(RegionMap, Places, Prefixes)) -> Vec<String> {
    let lot = |lot: Lot| {
        let view = lot.view.map_or(String::new(), |view| format!("v{view}"));
        format!("{}{view}{}", lot.region.0, if lot.is_located { "" } else { "?" })
    };
    let crowds = census([geography(one), geography(other)]);
    let line = |crowd: &Crowd| {
        let [v4, v6] = crowd.share.map(|share| share * 256.0);
        let examples: Vec<String> = crowd.examples.iter().map(ToString::to_string).collect();
        format!("{} {} | {v4} {v6} | {}", lot(crowd.lots[0]), lot(crowd.lots[1]), examples.join(" "))
    };
    crowds.iter().map(line).collect()
}

#[test]
fn everybody_is_counted_once_and_shown_by_the_widest_prefixes() {
    let one =
        world(&[("10.0.0.0/8", "KR"), ("12.0.0.0/7", "IE"), ("2000::/8", "KR")], &["10.128.0.0/9"], &["0.0.0.0/8"]);
    let other = world(&[("10.0.0.0/8", "IE"), ("12.0.0.0/8", "KR")], &[], &["0.0.0.0/8"]);
    assert_eq!(
        told(&one, &other),
        [
            "0? 0? | 252 255 | 128.0.0.0/1 4.0.0.0/6 8000::/1 ::/3",
            "0v0? 0v0? | 1 0 | 0.0.0.0/8",
            "1 2 | 0.5 0 | 10.128.0.0/9",
            "2 0? | 1 0 | 13.0.0.0/8",
            "2 3 | 1 0 | 12.0.0.0/8",
            "3 0? | 0 1 | 2000::/8",
            "3 2 | 0.5 0 | 10.0.0.0/9",
        ]
    );
}

fn networks() -> impl Strategy<Value = Vec<(String, &'static str)>> {
    let v4 = (any::<u32>(), 0u8..=32).prop_map(|(bits, len)| format!("{}/{len}", std::net::Ipv4Addr::from_bits(bits)));
    let v6 =
        (any::<u128>(), 0u8..=128).prop_map(|(bits, len)| format!("{}/{len}", std::net::Ipv6Addr::from_bits(bits)));
    prop::collection::vec((prop_oneof![v4, v6], prop::sample::select(vec!["KR", "IE"])), 0..12)
}

proptest! {
    #[test]
    fn shares_add_up_and_examples_are_what_they_stand_for(one in networks(), other in networks()) {
        let build = |list: &[(String, &'static str)]| {
            let list: Vec<(&str, &str)> = list.iter().map(|(net, country)| (net.as_str(), *country)).collect();
            world(&list, &[], &["9.0.0.0/8", "2001:db8::/32"])
        };
        let worlds = [build(&one), build(&other)];
        let crowds = census([geography(&worlds[0]), geography(&worlds[1])]);
        for family in 0..2 {
            let whole: f64 = crowds.iter().map(|crowd| crowd.share[family]).sum();
            prop_assert!((whole - 1.0).abs() < 1e-9, "{whole}");
        }
        for crowd in &crowds {
            let part = |net: &IpNet| 0.5f64.powi(i32::from(net.prefix_len()));
            for (is_v4, share) in [(true, crowd.share[0]), (false, crowd.share[1])] {
                let shown: f64 = crowd.examples.iter().filter(|net| net.addr().is_ipv4() == is_v4).map(part).sum();
                prop_assert!(shown <= share + 1e-12 && (share == 0.0 || shown > 0.0), "{shown} of {share}");
            }
            for net in &crowd.examples {
                for address in [net.network(), net.broadcast()].map(|address: IpAddr| address.to_canonical()) {
                    for (world, lot) in worlds.iter().zip(crowd.lots) {
                        prop_assert_eq!(world.0.look_up(address).0, lot.region);
                        prop_assert_eq!(world.2.find(address), lot.view);
                    }
                }
            }
        }
    }
}
