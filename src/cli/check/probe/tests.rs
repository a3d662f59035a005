use super::*;
use crate::testing::{POOLS, ZONE};
use std::path::Path;
use std::time::Instant;

/// An XMPP service over both ports, with further keys.
fn world(more: &str) -> World {
    let service = format!(
        "[service.chat]\nkind = \"xmpp\"\ndirect_tls = true\ndomains = [\"contoso.com\"]\npools = [\"seoul\", \"dublin\"]\n{more}\n"
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.toml");
    std::fs::write(&path, format!("{ZONE}{POOLS}{service}")).unwrap();
    crate::app::load(&path).unwrap()
}

/// What is found where these sockets are silent and all others serve.
fn found(world: &World, silent: &[&str]) -> Vec<String> {
    let look = |target: &Arc<TargetSpec>| {
        let is_silent = silent.contains(&target.address.to_string().as_str());
        let outcome = if is_silent { Outcome::fail(FailureClass::Refused, "refused") } else { Outcome::Pass };
        let (started, target) = (Instant::now(), target.clone());
        let seen = Observation { target: target.clone(), outcome, started, ended: started, not_after: None };
        (target, Arc::new(seen))
    };
    let seen: Looks = world.topology.targets.iter().map(look).collect();
    let mut findings = Findings::of(Path::new("test.toml"));
    pools(world, (&rows(world, &seen), &seen), &mut findings);
    findings.all.iter().map(|found| format!("{}: {}", found.code, found.title)).collect()
}

#[test]
fn a_port_that_another_target_of_the_endpoint_asks_is_not_asked_once_more() {
    let others = |more| {
        let mut others: Vec<_> =
            other_ports(&world(more)).iter().map(|(_, _, target)| target.address.to_string()).collect();
        others.sort();
        others
    };
    assert!(others("").is_empty(), "{:?}", others(""));
    let asked = others("check = { kind = \"tcp\", port = 5269 }");
    let expected = ["10.1.0.1:5270", "10.1.0.2:5270", "10.2.0.1:5270", "[2001:db8:1::1]:5270"];
    assert_eq!(asked, expected, "each once");
}

#[test]
fn an_endpoint_lives_while_every_port_of_it_serves_and_a_pool_while_enough_endpoints_do() {
    let world = world("");
    assert!(found(&world, &[]).is_empty());
    let silent = found(&world, &["10.2.0.1:5270"]);
    assert_eq!(silent.len(), 1, "{silent:?}");
    assert!(
        silent[0].starts_with("pool-silent: the pool dublin does not serve chat: 10.2.0.1 xmpp:5270"),
        "{silent:?}"
    );
    let silent = found(&world, &["10.1.0.1:5270"]);
    assert_eq!(silent.len(), 1, "{silent:?}");
    assert!(silent[0].starts_with("endpoint-silent: 10.1.0.1 of the pool seoul does not serve chat"), "{silent:?}");
    let silent = found(&world, &["10.1.0.1:5270", "10.1.0.2:5269", "[2001:db8:1::1]:5270"]);
    assert_eq!(silent.len(), 1, "{silent:?}");
    assert!(silent[0].starts_with("pool-silent: the pool seoul"), "{silent:?}");
}
