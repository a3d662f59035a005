use super::*;
use crate::config::{Country, Override};
use crate::geo::country_point;
use crate::geo::ranges::{Family, canonical_net};
use crate::limits::GEO_TREE_STEPS_MAX;
use proptest::prelude::*;
use std::net::IpAddr;
use std::sync::OnceLock;

impl Database {
    /// A database that says of each network that it is in a country; the longest prefix counts.
    pub(in crate::geo) fn of(networks: &[Override]) -> Self {
        let mut places = vec![Place::default()];
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            let place = Place { point: country_point(network.country), country: Some(network.country) };
            let index = places.iter().position(|&known| known == place).unwrap_or(places.len()) as u32;
            if index as usize == places.len() {
                places.push(place);
            }
            match canonical_net(network.prefix) {
                Family::V4((first, last)) => v4.push((first, last, index)),
                Family::V6((first, last)) => v6.push((first, last, index)),
            }
        }
        let or_nothing = |value: Option<u32>, _| value.unwrap_or(NOTHING);
        Self {
            kind: "Test".into(),
            build_epoch: 0,
            networks: networks.len(),
            places,
            v4: Ranges::of_prefixes(v4).join(&Ranges::uniform(()), or_nothing),
            v6: Ranges::of_prefixes(v6).join(&Ranges::uniform(()), or_nothing),
        }
    }

    fn at(&self, ip: &str) -> Place {
        let index = match ip.parse().unwrap() {
            IpAddr::V4(ip) => self.v4.at(ip.into()),
            IpAddr::V6(ip) => self.v6.at(ip.into()),
        };
        self.places[index as usize]
    }
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("geoip/fixtures/{name}.mmdb")).unwrap()
}

fn open(path: impl Into<std::path::PathBuf>) -> Result<Database, BadDatabase> {
    Database::open(&config::Database::File(path.into()))
}

fn open_fixture(name: &str) -> Result<Database, BadDatabase> {
    open(format!("geoip/fixtures/{name}.mmdb"))
}

/// The built-in database, opened once for all tests.
fn builtin() -> &'static Database {
    static BUILTIN: OnceLock<Database> = OnceLock::new();
    BUILTIN.get_or_init(|| Database::open(&config::Database::Builtin).unwrap())
}

fn country(code: &str) -> Option<Country> {
    Country::parse(code)
}

#[test]
fn every_schema_is_read() {
    for (name, ip, code) in [
        ("city-tiny", "1.1.1.1", "AU"),
        ("city-tiny", "192.0.2.127", "KR"),
        ("city-tiny", "192.0.2.128", "JP"),
        ("city-tiny", "192.0.2.200", "DE"),
        ("city-tiny", "192.0.2.201", "JP"),
        ("city-tiny", "203.0.113.193", "GB"),
        ("city-tiny", "198.18.1.1", ""),
        ("city-tiny", "9.9.9.9", ""),
        ("city-tiny", "2001:db8::1", "KR"),
        ("city-tiny", "2001:db8:1:2::", "DE"),
        ("city-tiny", "2606:4700:4700::1111", "US"),
        ("city-tiny", "::", ""),
        ("flat-tiny", "8.8.8.8", "US"),
        ("flat-tiny", "192.0.2.129", "JP"),
        ("flat-tiny", "2001:db8:1::", "JP"),
        ("flat-v4", "8.8.8.8", "US"),
        ("flat-v4", "2001:db8:1::", ""),
    ] {
        assert_eq!(open_fixture(name).unwrap().at(ip).country, country(code), "{name} {ip}");
    }
}

#[test]
fn a_point_is_the_records_own_or_the_countrys() {
    let city = open_fixture("city-tiny").unwrap();
    assert_eq!(city.at("192.0.2.1").point, crate::geo::Point::new(37.5665, 126.978));
    for (ip, code) in
        [("203.0.113.1", "GH"), ("203.0.113.130", "FR"), ("203.0.113.250", "CA"), ("2001:db8:ffff::", "GH")]
    {
        assert_eq!(city.at(ip), Place { point: country(code).and_then(country_point), country: country(code) }, "{ip}");
    }
    assert_eq!(city.at("198.18.0.1"), Place::default(), "a record without a place");
}

#[test]
fn odd_values_count_as_missing() {
    let odd = open_fixture("odd-values").unwrap();
    let kr = country("KR");
    for (ip, code, own) in [
        ("192.0.2.1", "KR", Some((36.5, 127.75))),
        ("192.0.2.17", "KR", None),
        ("192.0.2.33", "KR", None),
        ("192.0.2.49", "KR", Some((36.5, 127.8))),
        ("192.0.2.65", "", None),
        ("192.0.2.81", "KR", None),
        ("192.0.2.97", "", None),
        ("192.0.2.113", "", None),
        ("192.0.2.129", "", None),
        ("192.0.2.145", "KR", None),
        ("192.0.2.161", "KR", None),
    ] {
        let country = country(code);
        let point = own
            .and_then(|(lat, lon)| crate::geo::Point::new(lat, lon))
            .or(kr.filter(|_| country == kr).and_then(country_point));
        assert_eq!(odd.at(ip), Place { point, country }, "{ip}");
    }
}

#[test]
fn a_database_describes_itself() {
    let city = open_fixture("city-tiny").unwrap();
    assert_eq!(city.describe(), "Test-City of 2023-11-14, 69 networks");
    assert_eq!(city.build_epoch(), 1_700_000_000);
    for (epoch, date) in
        [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (253_402_300_800, "9999-12-31"), (u64::MAX, "9999-12-31")]
    {
        assert_eq!(Date(epoch).to_string(), date, "{epoch}");
    }
}

#[test]
fn what_is_no_country_database_is_refused_with_a_remedy() {
    let again = "fetch it again and compare its size or checksum with the publisher's, or use database = \"builtin\"";
    for (name, problem, remedy) in [
        ("empty", "is empty", again),
        ("truncated", "is no MaxMind-format file, or its end is missing", again),
        ("garbage", "is no MaxMind-format file, or its end is missing", again),
        (
            "bad-count",
            "is damaged: invalid database: the MaxMind DB file's search tree extends beyond the metadata section",
            again,
        ),
        (
            "bad-tree",
            "is damaged: record of 8.8.8.0: invalid database: the MaxMind DB file's data pointer resolves to an invalid location",
            again,
        ),
        (
            "foreign",
            "is of type \"Test-ASN\" and has neither a country nor coordinates in any record",
            "use a country or city database: GeoLite2-Country, DB-IP Country Lite, one of ip-location-db, or \"builtin\"",
        ),
        (
            "missing",
            "cannot be read: No such file or directory (os error 2)",
            "name a file that this user can read, or use database = \"builtin\"",
        ),
    ] {
        let error = open_fixture(name).unwrap_err().to_string();
        assert_eq!(error, format!("country database geoip/fixtures/{name}.mmdb: {problem}; {remedy}"));
    }
}

fn problem(octets: &[u8]) -> String {
    Database::read(octets).unwrap_err().to_string()
}

#[test]
fn a_compressed_file_is_called_so() {
    assert_eq!(problem(&[0x1f, 0x8b, 8, 0, 0]), "is compressed");
}

#[test]
fn a_file_that_lost_a_part_is_refused() {
    let city = fixture("city-tiny");
    for end in 0..city.len() {
        assert!(Database::read(&city[..end]).is_err(), "cut at {end}");
    }
    let marker = city.windows(14).position(|w| w == b"\xab\xcd\xefMaxMind.com").unwrap();
    for lost in [100, 500, 1000] {
        let holed = [&city[..marker - lost], &city[marker..]].concat();
        assert!(problem(&holed).starts_with("is damaged: "), "{lost} octets of records lost");
    }
}

#[test]
fn a_tree_that_loops_is_refused() {
    assert_eq!(
        Problem::from(BadTree::TooLarge).to_string(),
        format!("is damaged: its search tree loops or has more than {GEO_TREE_STEPS_MAX} branches")
    );
    let mut flat = fixture("flat-tiny");
    flat[..6].fill(0);
    assert_eq!(problem(&flat), "is damaged: its search tree is deeper than an address is long");
}

#[test]
fn a_file_over_the_bound_is_refused_unread() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(GEO_DATABASE_MAX + 1).unwrap();
    assert!(matches!(Database::file(file.path()), Err(Problem::TooLarge)));
}

#[test]
fn the_builtin_database_knows_the_world() {
    let world = builtin();
    assert!(world.describe().starts_with("edgesteer-Country of 20"), "{}", world.describe());
    assert!(world.networks > 700_000 && world.v4.len() > 200_000 && world.v6.len() > 100_000, "{}", world.describe());
    assert!(world.places.len() > 240, "{} places", world.places.len());
    for place in &world.places[1..] {
        let country = place.country.unwrap();
        assert_eq!(place.point, country_point(country), "{country:?}");
    }
    for (ip, code) in [
        ("1.208.0.1", "KR"),
        ("168.126.63.1", "KR"),
        ("8.8.8.8", "US"),
        ("193.0.6.139", "NL"),
        ("2001:200::1", "JP"),
        ("2001:290::1", "KR"),
        ("2001:67c:2e8::1", "NL"),
        ("2003::1", "DE"),
        ("2001:4860:4860::8888", "US"),
        ("127.0.0.1", ""),
        ("192.0.2.1", ""),
        ("2001:db8::1", ""),
    ] {
        assert_eq!(world.at(ip).country, country(code), "{ip}");
    }
}

#[test]
fn the_walk_finds_what_a_look_up_finds() {
    let mut octets = Vec::new();
    ZlibDecoder::new(BUILTIN).read_to_end(&mut octets).unwrap();
    let reader = Reader::from_source(&*octets).unwrap();
    let world = builtin();
    let check = |ip: IpAddr| {
        let record: Option<Record<'_>> = reader.lookup(ip).unwrap().decode().unwrap();
        assert_eq!(world.at(&ip.to_string()), record.map_or_else(Place::default, |record| record.place()), "{ip}");
    };
    // Every 37th range from its first address to its last, which is where a walk would be off by one.
    for (first, last, _) in world.v4.iter().step_by(37) {
        [first.ip(), last.ip()].into_iter().for_each(check);
    }
    for (first, last, _) in world.v6.iter().skip(1).step_by(37) {
        [first.ip(), last.ip()].into_iter().for_each(check);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// A database that opens has a place in its table for every address.
    #[test]
    fn a_damaged_file_is_refused_or_usable(
        name in prop::sample::select(vec!["city-tiny", "flat-tiny", "flat-v4", "odd-values", "foreign"]),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        hole in prop::option::of((any::<prop::sample::Index>(), 1usize..64)),
        end in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut octets = fixture(name);
        for (index, octet) in flips {
            let at = index.index(octets.len());
            octets[at] = octet;
        }
        if let Some((start, len)) = hole {
            let start = start.index(octets.len());
            octets.drain(start..octets.len().min(start + len));
        }
        if let Some(end) = end {
            octets.truncate(end.index(octets.len() + 1));
        }
        if let Ok(database) = Database::read(&octets) {
            prop_assert!(!database.describe().is_empty());
            prop_assert!(database.v4.iter().all(|(_, _, index)| (index as usize) < database.places.len()));
            prop_assert!(database.v6.iter().all(|(_, _, index)| (index as usize) < database.places.len()));
        }
    }
}
