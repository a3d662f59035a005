use super::*;
use crate::config;

fn places(overrides: &[(&str, &str)], partners: &[&[&str]]) -> Places {
    let file = config::Database::File("geoip/fixtures/city-tiny.mmdb".into());
    let overrides: Vec<_> =
        overrides.iter().map(|(p, c)| Override { prefix: p.parse().unwrap(), country: country(c) }).collect();
    let partners: Vec<Vec<_>> = partners.iter().map(|list| list.iter().map(|p| p.parse().unwrap()).collect()).collect();
    Places::new(Database::open(&file).unwrap(), &overrides, &partners)
}

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

/// `who prefix source country`; a point is shown in whole degrees, or as `KR's` where it is that of the country.
fn account(places: &Places, ip: &str) -> String {
    let Located { who, prefix, source, country } = places.locate(ip.parse().unwrap());
    let who = match who {
        Who::Partner(index) => format!("partner{index}"),
        Who::At(point, Some(country)) if country_point(country) == Some(point) => format!("{}'s", country.code()),
        Who::At(point, _) => format!("{:.0},{:.0}", point.latitude, point.longitude),
        Who::Nowhere => "nowhere".to_owned(),
    };
    format!("{who} {prefix} {} {}", source.word(), country.map_or("-".to_owned(), |c| c.code().to_owned()))
}

#[test]
fn partners_count_before_overrides_and_these_before_the_database() {
    let places = places(
        &[
            ("192.0.2.0/25", "IE"),
            ("192.0.2.64/26", "FR"),
            ("198.51.100.0/24", "AU"),
            ("2001:db8::/32", "IE"),
            ("::ffff:198.18.0.0/112", "NZ"),
            ("100.64.0.0/10", "KR"),
        ],
        &[&["198.51.0.0/16", "2001:db8:1::/48"], &["198.51.100.128/25", "192.0.2.64/27"]],
    );
    for (ip, expected) in [
        ("192.0.2.1", "IE's 192.0.2.0/25 override IE"),
        ("192.0.2.100", "FR's 192.0.2.64/26 override FR"),
        ("192.0.2.70", "partner1 192.0.2.64/27 partner -"),
        ("192.0.2.129", "36,140 192.0.2.128/26 database JP"),
        ("192.0.2.200", "53,13 192.0.2.200/32 database DE"),
        ("198.51.100.1", "partner0 198.51.0.0/16 partner -"),
        ("198.51.100.200", "partner1 198.51.100.128/25 partner -"),
        ("198.18.0.9", "NZ's ::ffff:198.18.0.0/112 override NZ"),
        ("::ffff:192.0.2.1", "IE's 192.0.2.0/25 override IE"),
        ("::ffff:8.8.8.8", "39,-77 8.8.8.0/24 database US"),
        ("2001:db8::1", "IE's 2001:db8::/32 override IE"),
        ("2001:db8:1::1", "partner0 2001:db8:1::/48 partner -"),
        ("100.64.0.1", "KR's 100.64.0.0/10 override KR"),
    ] {
        assert_eq!(account(&places, ip), expected, "{ip}");
    }
}

#[test]
fn the_database_alone_says_where_and_how_widely() {
    let places = places(&[], &[]);
    for (ip, expected) in [
        ("192.0.2.1", "38,127 192.0.2.0/25 database KR"),
        ("203.0.113.1", "GH's 203.0.113.0/25 database GH"),
        ("203.0.113.130", "FR's 203.0.113.128/26 database FR"),
        ("203.0.113.200", "GB's 203.0.113.192/27 database GB"),
        ("203.0.113.230", "NZ's 203.0.113.224/28 database NZ"),
        ("203.0.113.250", "CA's 203.0.113.240/28 database CA"),
        ("198.18.0.1", "nowhere 198.0.0.0/11 nowhere -"),
        ("198.18.1.1", "nowhere 198.0.0.0/11 nowhere -"),
        ("2001:db8:1:2::3", "53,13 2001:db8:1:2::/64 database DE"),
        ("2001:db8:1:3::3", "36,140 2001:db8:1:3::/64 database JP"),
        ("2a00::1", "nowhere 2800::/5 nowhere -"),
        ("::1", "nowhere ::/3 nowhere -"),
    ] {
        assert_eq!(account(&places, ip), expected, "{ip}");
    }
}

#[test]
fn equal_places_are_stored_once() {
    let overrides: Vec<_> = (0..200).map(|i| (format!("10.{i}.0.0/16"), ["KR", "IE"][i % 2])).collect();
    let overrides: Vec<_> = overrides.iter().map(|(p, c)| (p.as_str(), *c)).collect();
    let (with, without) = (places(&overrides, &[]), places(&[], &[]));
    assert_eq!(with.whos.len(), without.whos.len() + 2, "the fixture has neither country's own point");
}
