use super::*;
use crate::limits::UDP_BATCH;
use crate::testing::{POOLS, ZONE, service, topology, topology_beside};
use crate::topology::Topology;
use proptest::prelude::*;

/// What a name is, in a word: "service", "srv", "host", "empty", "none" or "outside", and its zone's apex.
fn look_up(topology: &Topology, name: &str) -> String {
    let name = Name::parse(name).unwrap();
    let Some(found) = topology.names.find(name.wire()) else { return "outside".into() };
    let apex = Name::from_wire(&name.wire()[found.apex_at..]);
    let what = match found.here {
        None => "none".to_owned(),
        Some(Here { srv: Some(srv), .. }) => format!("srv {} {}", srv.port, topology.service(srv.service).name),
        Some(Here { address: Some(service), .. }) => format!("address {}", topology.service(service).name),
        Some(Here { host: Some(_), .. }) => "host".to_owned(),
        Some(_) => "empty".to_owned(),
    };
    format!("{what} in {apex}")
}

fn assert_names(topology: &Topology, table: &[(&str, &str)]) {
    for (name, expected) in table {
        assert_eq!(look_up(topology, name), *expected, "{name}");
    }
}

#[test]
fn a_zone_holds_its_services_hosts_and_empty_non_terminals() {
    let topology = topology(&[ZONE, POOLS, &service("")].concat());
    assert_names(
        &topology,
        &[
            ("_sipfederationtls._tcp.contoso.com", "srv 5061 federation in contoso.com"),
            ("sip.contoso.com", "address federation in contoso.com"),
            ("access-seoul.contoso.com", "address pool seoul in contoso.com"),
            ("ns1.contoso.com", "host in contoso.com"),
            ("contoso.com", "empty in contoso.com"),
            ("_tcp.contoso.com", "empty in contoso.com"),
            ("www.contoso.com", "none in contoso.com"),
            ("_sip._tcp.contoso.com", "none in contoso.com"),
            ("x.sip.contoso.com", "none in contoso.com"),
            ("sip.sip.contoso.com", "none in contoso.com"),
            ("com", "outside"),
            ("ns2.example.net", "outside"),
            ("notcontoso.com", "outside"),
        ],
    );
}

#[test]
fn names_between_a_domain_and_its_apex_exist() {
    let service = service("").replace("[\"contoso.com\"]", "[\"a.b.contoso.com\"]");
    let topology = topology(&[ZONE, POOLS, &service].concat());
    assert_names(
        &topology,
        &[
            ("sip.a.b.contoso.com", "address federation in contoso.com"),
            ("a.b.contoso.com", "empty in contoso.com"),
            ("b.contoso.com", "empty in contoso.com"),
            ("c.b.contoso.com", "none in contoso.com"),
            ("sip.contoso.com", "none in contoso.com"),
        ],
    );
}

#[test]
fn a_name_delegated_on_its_own_is_a_zone_of_its_own() {
    let text = [
        "[zone.\"sip.fabrikam.example\"]\nns = { \"ns1.contoso.com\" = [] }\n",
        "[zone.\"_sipfederationtls._tcp.fabrikam.example\"]\nns = { \"ns1.contoso.com\" = [] }\n",
        POOLS,
        &service("").replace("contoso.com", "fabrikam.example"),
    ];
    let topology = topology(&text.concat());
    assert_names(
        &topology,
        &[
            ("sip.fabrikam.example", "address federation in sip.fabrikam.example"),
            (
                "_sipfederationtls._tcp.fabrikam.example",
                "srv 5061 federation in _sipfederationtls._tcp.fabrikam.example",
            ),
            ("x.sip.fabrikam.example", "none in sip.fabrikam.example"),
            ("fabrikam.example", "outside"),
            ("_tcp.fabrikam.example", "outside"),
            ("www.fabrikam.example", "outside"),
        ],
    );
}

#[test]
fn every_steered_name_of_a_hoster_is_an_apex() {
    let text = include_str!("../../../tests/contract/hosting.toml");
    let topology =
        topology_beside(text, &[("domains.txt", "adatum.example\nsip.adatum.example\n\n# end\nlitware.example\n")]);
    assert_names(
        &topology,
        &[
            ("sip.litware.example", "address federation in sip.litware.example"),
            ("_sipfederationtls._tcp.litware.example", "srv 5061 federation in _sipfederationtls._tcp.litware.example"),
            ("y.x.sip.litware.example", "none in sip.litware.example"),
            ("litware.example", "outside"),
            // One domain below another's steered name: the deeper apex is the zone.
            ("sip.sip.adatum.example", "address federation in sip.sip.adatum.example"),
            ("sip.adatum.example", "address federation in sip.adatum.example"),
            ("z.sip.adatum.example", "none in sip.adatum.example"),
        ],
    );
}

#[test]
fn domains_with_the_same_services_share_a_class() {
    let two = service("").replace("[\"contoso.com\"]", "[\"contoso.com\", \"eu.contoso.com\"]");
    let other = "[service.ldap]\nkind = \"generic\"\ndomains = [\"eu.contoso.com\"]\npools = [\"seoul\"]\ncheck = { kind = \"tcp\", port = 636 }\nsrv = { owner = \"_ldap._tcp.{domain}\", port = 636, target = \"dir.{domain}\" }\n";
    let topology = topology(&[ZONE, POOLS, &two, other].concat());
    assert_names(
        &topology,
        &[
            ("_ldap._tcp.eu.contoso.com", "srv 636 ldap in contoso.com"),
            ("dir.eu.contoso.com", "address ldap in contoso.com"),
            ("sip.eu.contoso.com", "address federation in contoso.com"),
            ("_ldap._tcp.contoso.com", "none in contoso.com"),
            ("_tcp.eu.contoso.com", "empty in contoso.com"),
        ],
    );
}

#[test]
fn a_domain_far_below_a_name_delegated_on_its_own_leaves_no_gap() {
    let text = include_str!("../../../tests/contract/hosting.toml");
    let topology = topology_beside(text, &[("domains.txt", "adatum.example\nx.y.sip.adatum.example\n")]);
    assert_names(
        &topology,
        &[
            ("sip.x.y.sip.adatum.example", "address federation in sip.x.y.sip.adatum.example"),
            ("x.y.sip.adatum.example", "empty in sip.adatum.example"),
            ("y.sip.adatum.example", "empty in sip.adatum.example"),
            ("z.y.sip.adatum.example", "none in sip.adatum.example"),
        ],
    );
}

#[test]
fn the_targets_hole_is_filled_with_the_domain_of_the_srv() {
    let generic = |name: &str, domain: &str, names: &str| {
        format!(
            "[service.{name}]\nkind = \"generic\"\ndomains = [\"{domain}\"]\npools = [\"seoul\"]\ncheck = {{ kind = \"tcp\", port = 636 }}\n{names}\n"
        )
    };
    let ldap = "srv = { owner = \"_ldap._tcp.{domain}\", port = 636, target = \"dir.{domain}\" }";
    let texts = [
        generic("ldap", "eu.contoso.com", ldap),
        generic("other", "contoso.com", "address = \"x._ldap._tcp.eu.{domain}\""),
    ];
    let topology = topology(&[ZONE, POOLS, &texts[0], &texts[1]].concat());
    let owner = Name::parse("_ldap._tcp.eu.contoso.com").unwrap();
    let srv = topology.names.find(owner.wire()).and_then(|found| found.here?.srv).unwrap();
    assert_eq!(Name::from_wire(&owner.wire()[srv.domain_at..]).to_string(), "eu.contoso.com");
}

#[test]
fn a_domain_of_very_many_services_is_one_class() {
    let mut text = [ZONE, POOLS].concat();
    for i in 0..300 {
        text += &format!(
            "[service.s{i}]\nkind = \"generic\"\ndomains = [\"contoso.com\"]\npools = [\"seoul\"]\ncheck = {{ kind = \"tcp\", port = 1 }}\naddress = \"a{i}.{{domain}}\"\n"
        );
    }
    let topology = topology(&text);
    assert_eq!(look_up(&topology, "a299.contoso.com"), "address s299 in contoso.com");
    assert_eq!(
        topology.names.classes.iter().filter(|owners| !owners.sorted.is_empty()).count(),
        1,
        "those on the way are empty"
    );
    assert_eq!(topology.targets.len(), 3, "one for each address of the pool, whatever the number of services");
}

#[test]
fn the_longest_names_are_looked_up() {
    let topology = topology(&[ZONE, POOLS, &service("")].concat());
    let labels = "a.".repeat(121);
    assert_eq!(look_up(&topology, &format!("{labels}contoso.com")), "none in contoso.com");
    assert_eq!(topology.names.find(b"\x03abc"), None, "no root at the end");
    assert_eq!(topology.names.find(b""), None);
    assert_eq!(topology.names.find(b"\x07contoso\x03com\0x"), None, "more than a name");
}

proptest! {
    #[test]
    fn no_bytes_make_a_look_up_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        thread_local! {
            static TOPOLOGY: std::sync::Arc<Topology> = topology(&[ZONE, POOLS, &service("")].concat());
        }
        TOPOLOGY.with(|topology| topology.names.find(&bytes));
    }
}

#[test]
fn what_is_read_ahead_is_what_look_ups_will_read() {
    let service = service("").replace("[\"contoso.com\"]", "[\"contoso.com\", \"a.b.contoso.com\"]");
    let topology = topology(&[ZONE, POOLS, &service].concat());
    let read = |name: &[u8]| topology.names.read(std::iter::once(name));
    for (name, stored) in [
        ("sip.a.b.contoso.com", 2),
        ("SIP.A.b.contoso.com", 2),
        ("_sipfederationtls._tcp.contoso.com", 0),
        ("sip.contoso.com", 1),
        ("contoso.com", 1),
        ("elsewhere.org", 0),
    ] {
        let labels = name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat());
        let wire: Vec<u8> = labels.chain([0]).collect();
        assert_eq!(read(&wire), stored, "{name}");
    }
    assert_eq!(read(b"\x03cut"), 0);
    let name = Name::parse("contoso.com").unwrap();
    assert_eq!(topology.names.read(std::iter::repeat_n(name.wire(), 100)), UDP_BATCH, "no more than a batch");
}
