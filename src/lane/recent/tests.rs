use super::*;
use crate::name::Name;
use crate::testing::{POOLS, ZONE, lake, service};
use proptest::prelude::*;
use std::sync::LazyLock;

/// A world in which `sip.` of this domain is steered, as of a generation.
fn world(domain: &str, generation: u64) -> Snapshot {
    let service = service("").replace("[\"contoso.com\"]", &format!("[\"{domain}\"]"));
    let snapshot = (*lake(&[ZONE, POOLS, &service].concat()).load()).clone();
    Snapshot { generation, ..snapshot }
}

fn wire(name: &str) -> Vec<u8> {
    Name::parse(name).unwrap().wire().to_vec()
}

#[test]
fn a_name_that_exists_is_kept_for_its_generation() {
    let (mut recent, name) = (Recent::new(), wire("sip.contoso.com"));
    let (with, without) = (world("contoso.com", 1), world("eu.contoso.com", 1));
    let found = recent.find(&with, &name);
    assert!(found.is_some_and(|found| found.here.is_some_and(|here| here.address.is_some())));
    assert_eq!(recent.find(&without, &name), found, "nothing is looked up again in one generation");
    let other = Snapshot { generation: 2, ..without };
    assert_eq!(recent.find(&other, &name), other.topology.names.find(&name));
    assert_ne!(recent.find(&other, &name), found);
}

#[test]
fn a_name_that_does_not_exist_is_not_kept() {
    let (mut recent, name) = (Recent::new(), wire("sip.contoso.com"));
    let (with, without) = (world("contoso.com", 1), world("eu.contoso.com", 1));
    assert!(recent.find(&without, &name).is_some_and(|found| found.here.is_none()));
    assert_eq!(recent.find(&with, &name), with.topology.names.find(&name));
}

static WORLDS: LazyLock<[Snapshot; 3]> =
    LazyLock::new(|| [world("contoso.com", 1), world("eu.contoso.com", 2), world("contoso.com", 3)]);

proptest! {
    #[test]
    fn it_says_what_a_look_up_would(asked in prop::collection::vec((0..3usize, "([a-c]{1,3}\\.|sip\\.|_tcp\\.|[a-z]{40}\\.){0,3}(eu\\.)?contoso\\.com"), 1..200)) {
        let mut recent = Recent::new();
        for (world, name) in asked {
            let (world, name) = (&WORLDS[world], wire(&name));
            prop_assert_eq!(recent.find(world, &name), world.topology.names.find(&name));
        }
    }
}
