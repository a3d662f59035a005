use super::*;

fn point(latitude: f64, longitude: f64) -> Point {
    Point::new(latitude, longitude).unwrap_or_else(|| panic!("{latitude}, {longitude}"))
}

#[test]
fn distances_are_those_of_the_globe() {
    // The figures come from the cross product of unit vectors, not from the formula under test.
    let (seoul, dublin, sydney) = (point(37.5665, 126.978), point(53.35, -6.26), point(-33.8688, 151.2093));
    let (suva, apia) = (point(-18.14, 178.44), point(-13.83, -171.77));
    for (from, to, km) in [
        (seoul, seoul, 0.0),
        (seoul, dublin, 8_951.3),
        (seoul, sydney, 8_329.3),
        (dublin, sydney, 17_214.4),
        (suva, apia, 1_150.7),
        (point(90.0, 0.0), point(-90.0, 0.0), 20_015.1),
        (point(0.0, 90.0), point(0.0, -90.0), 20_015.1),
        (point(0.0, 180.0), point(0.0, -180.0), 0.0),
        (point(0.0, 1.0), point(0.0, 2.0), 111.2),
    ] {
        let (there, back) = (from.distance_km(to), to.distance_km(from));
        assert!((there - km).abs() <= 0.1, "{from:?} to {to:?}: {there:.1} km, not {km}");
        assert!((there - back).abs() < 1e-6, "{from:?} to {to:?} and back differ");
    }
}

#[test]
fn a_point_is_on_the_globe_and_not_the_unknown_one() {
    for (latitude, longitude, good) in [
        (0.0, 0.0, false),
        (0.0, -0.0, false),
        (0.0, 0.1, true),
        (90.0, 180.0, true),
        (-90.0, -180.0, true),
        (90.1, 0.0, false),
        (0.0, -180.1, false),
        (f64::NAN, 1.0, false),
        (1.0, f64::NAN, false),
        (f64::INFINITY, 1.0, false),
    ] {
        assert_eq!(Point::new(latitude, longitude).is_some(), good, "{latitude}, {longitude}");
    }
}
