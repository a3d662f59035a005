use super::*;

fn place(json: &str) -> Place {
    serde_json::from_str::<Record<'_>>(json).unwrap_or_else(|e| panic!("{json}: {e}")).place()
}

fn code(code: &str) -> Option<Country> {
    Country::parse(code)
}

#[test]
fn every_schema_names_a_country() {
    for (json, country) in [
        (r#"{"country":{"iso_code":"KR","names":{"en":"Korea"}}}"#, "KR"),
        (r#"{"country":{"iso_code":"kr"},"registered_country":{"iso_code":"US"}}"#, "KR"),
        (r#"{"registered_country":{"iso_code":"US"}}"#, "US"),
        (r#"{"country":{"names":{}},"registered_country":{"iso_code":"US"}}"#, "US"),
        (r#"{"country_code":"JP"}"#, "JP"),
        (r#"{"country":"JP","country_name":"Japan"}"#, "JP"),
        (r#"{"country":"Japan","country_code":"JP","continent":"Asia"}"#, "JP"),
    ] {
        let country = code(country);
        assert_eq!(place(json), Place { point: country.and_then(country_point), country }, "{json}");
    }
}

#[test]
fn coordinates_of_its_own_come_before_the_country_point() {
    let dublin = Point::new(53.35, -6.26);
    for (json, country) in [
        (r#"{"country":{"iso_code":"IE"},"location":{"latitude":53.35,"longitude":-6.26,"time_zone":"x"}}"#, "IE"),
        (r#"{"country_code":"IE","city":"Dublin","latitude":53.35,"longitude":-6.26}"#, "IE"),
        (r#"{"country_code":"IE","latitude":"53.35","longitude":"-6.26"}"#, "IE"),
        (r#"{"location":{"latitude":53.35,"longitude":-6.26}}"#, ""),
        (r#"{"country_code":"ZZ","latitude":53.35,"longitude":-6.26}"#, "ZZ"),
    ] {
        assert_eq!(place(json), Place { point: dublin, country: code(country) }, "{json}");
    }
    assert_eq!(place(r#"{"location":{"latitude":1,"longitude":-2}}"#).point, Point::new(1.0, -2.0), "whole numbers");
}

#[test]
fn coordinates_that_are_none_leave_the_country_point() {
    for location in [
        r#"{"latitude":0,"longitude":0}"#,
        r#"{"latitude":0.0,"longitude":-0.0}"#,
        r#"{"latitude":95.0,"longitude":10.0}"#,
        r#"{"latitude":36.5}"#,
        r#"{"latitude":"north","longitude":"east"}"#,
        r#"{"latitude":{"iso_code":"x","latitude":1},"longitude":[1]}"#,
        r#"{"latitude":true,"longitude":false}"#,
        r#""Seoul""#,
        "[1,2]",
    ] {
        let json = format!(r#"{{"country":{{"iso_code":"KR"}},"location":{location}}}"#);
        assert_eq!(place(&json).point, code("KR").and_then(country_point), "{json}");
    }
}

#[test]
fn what_names_no_place_is_nothing() {
    for json in [
        "{}",
        r#"{"continent":{"code":"EU"}}"#,
        r#"{"autonomous_system_number":64496}"#,
        r#"{"country":{"iso_code":82}}"#,
        r#"{"country":{"iso_code":"Korea"}}"#,
        r#"{"country":{"iso_code":""},"country_code":["KR"]}"#,
        r#"{"country":410,"country_code":true}"#,
    ] {
        assert_eq!(place(json), Place::default(), "{json}");
    }
}

#[test]
fn a_country_without_a_point_is_kept_by_name() {
    assert_eq!(place(r#"{"country_code":"EU"}"#), Place { point: None, country: code("EU") });
}
