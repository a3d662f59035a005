use crate::config::{Config, RrSet, load};
use crate::name::Name;
use crate::rrtype;

/// A configuration with a master file of contoso.com and further files beside it.
fn loaded(zone: &str, text: &str, files: &[(&str, &str)]) -> Config {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files.iter().chain(&[("contoso.zone", text)]) {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let path = directory.path().join("test.toml");
    let zone = format!("[zone.\"contoso.com\"]\nrecords = \"contoso.zone\"\n{zone}\n");
    std::fs::write(&path, zone).unwrap();
    match load(&path) {
        Ok((config, warnings)) => {
            assert!(warnings.is_empty(), "{warnings}");
            config
        }
        Err(errors) => panic!("{errors}"),
    }
}

/// Sets as "owner TYPE ttl xN".
fn said(sets: &[RrSet]) -> Vec<String> {
    let set = |set: &RrSet| format!("{} {} {} x{}", set.owner, rrtype::word(set.kind), set.ttl, set.data.len());
    let mut said: Vec<String> = sets.iter().map(set).collect();
    said.sort();
    said
}

const NS: &str = "ns = { \"ns1.contoso.com\" = [\"192.0.2.53\"] }";

#[test]
fn owners_ttls_and_origins() {
    let text = "\
www A 192.0.2.1          ; the zone's own TTL, as nothing else says one
    AAAA 2001:db8::1     ; the owner above
$TTL 1h30m
www 60 IN TXT x          ; TTL and class in either order
w2 IN 61 A 192.0.2.1
w3 A 192.0.2.1
$ORIGIN sub
a A 192.0.2.1
$ORIGIN b.sub.contoso.com.
@ A 192.0.2.1
* ( MX 10
 a.contoso.com. )
";
    let config = loaded(&format!("{NS}\nttl = \"2h\""), &format!("{text}a.contoso.com. A 192.0.2.9\n"), &[]);
    assert_eq!(
        said(&config.zones[0].records),
        [
            "*.b.sub.contoso.com MX 5400 x1",
            "a.contoso.com A 5400 x1",
            "a.sub.contoso.com A 5400 x1",
            "b.sub.contoso.com A 5400 x1",
            "w2.contoso.com A 61 x1",
            "w3.contoso.com A 5400 x1",
            "www.contoso.com A 7200 x1",
            "www.contoso.com AAAA 7200 x1",
            "www.contoso.com TXT 60 x1",
        ]
    );
}

#[test]
fn an_included_file_has_its_own_origin_and_leaves_ours_alone() {
    let inner = "a A 192.0.2.1\n$ORIGIN elsewhere\nb A 192.0.2.1\n";
    let text = "$TTL 60\n$INCLUDE zones/inner.zone in\nc A 192.0.2.1\n$INCLUDE zones/../zones.txt\n";
    let text = text.replace("$INCLUDE zones/../zones.txt\n", "$INCLUDE \"./zones/two words.zone\"\n");
    let config = loaded(NS, &text, &[("zones/inner.zone", inner), ("zones/two words.zone", "d A 192.0.2.1\n")]);
    assert_eq!(
        said(&config.zones[0].records),
        [
            "a.in.contoso.com A 60 x1",
            "b.elsewhere.in.contoso.com A 60 x1",
            "c.contoso.com A 60 x1",
            "d.contoso.com A 60 x1"
        ]
    );
}

#[test]
fn the_file_may_say_the_apex_alone() {
    let text =
        "@ 2h SOA ns1 host\\.master 7 1h 2h 3h 5m\n@ 3h NS ns1\n@ 3h NS ns.elsewhere.example.\nns1 4h A 192.0.2.53\n";
    let config = loaded("", text, &[]);
    let zone = &config.zones[0];
    let soa = zone.soa.as_ref().unwrap();
    assert_eq!((soa.serial, soa.ttl, soa.minimum, soa.refresh), (7, 7200, 300, 3600));
    assert_eq!(soa.rname.to_string(), "host\\.master.contoso.com");
    assert_eq!((zone.ttl.as_secs(), zone.negative_ttl.as_secs()), (10_800, 300));
    let hosts: Vec<_> = zone.ns.iter().map(|server| (server.host.to_string(), server.addresses.len())).collect();
    assert_eq!(hosts, [("ns1.contoso.com".to_owned(), 0), ("ns.elsewhere.example".to_owned(), 0)]);
    assert_eq!(said(&zone.records), ["ns1.contoso.com A 14400 x1"]);
}

#[test]
fn what_both_say_alike_is_said_once() {
    let text = "@ 1h SOA ns1 hostmaster 7 1h 2h 3h 60\n@ NS ns1\nns1 A 192.0.2.53\nns1 TXT beside\n";
    let config = loaded(&format!("{NS}\nttl = \"1h\"\nnegative_ttl = \"60s\""), text, &[]);
    assert_eq!(said(&config.zones[0].records), ["ns1.contoso.com TXT 3600 x1"]);
    assert_eq!(config.zones[0].ns.len(), 1);
}

#[test]
fn names_in_data_are_in_lower_case() {
    let config = loaded(NS, "$TTL 60\nWWW CNAME Other.EXAMPLE.\n", &[]);
    let set = &config.zones[0].records[0];
    assert_eq!(set.owner, Name::parse("www.contoso.com").unwrap());
    assert_eq!(*set.data[0], *b"\x05other\x07example\0");
}
