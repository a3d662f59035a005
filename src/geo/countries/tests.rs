use super::*;
use std::collections::BTreeSet;

#[test]
fn every_row_is_a_country_of_its_own_with_a_point() {
    let mut seen = BTreeSet::new();
    for row in rows() {
        let (country, point) = parse_row(row).unwrap_or_else(|| panic!("not a row: {row:?}"));
        assert!(seen.insert(country), "{country:?} stands twice");
        assert_eq!(country_point(country), Some(point), "{row}");
    }
    assert!(seen.len() >= 249, "ISO 3166 has 249 countries, the table {}", seen.len());
}

#[test]
fn known_countries_are_where_they_are() {
    for (code, latitude, longitude) in
        [("KR", 37.6, 127.0), ("IE", 53.3, -6.3), ("US", 39.1, -94.6), ("AU", -35.3, 149.1)]
    {
        let point = country_point(Country::parse(code).unwrap()).unwrap();
        let off = point.distance_km(Point { latitude, longitude });
        assert!(off < 1_000.0, "{code} is {off:.0} km off");
    }
}

#[test]
fn what_is_no_country_has_no_point() {
    for code in ["ZZ", "XX", "AP", "A1"] {
        assert_eq!(Country::parse(code).and_then(country_point), None, "{code}");
    }
}

#[test]
fn a_broken_row_is_none() {
    for row in
        ["", "KR", "KR,AS,36.5", "KR,AS,0,0", "KR,AS,91,0", "KOR,AS,36.5,127.9", "KR,AS,x,127.9", "KR,AS,36.5,127.9,"]
    {
        assert_eq!(parse_row(row), None, "{row}");
    }
}
