//! Publishing one change costs the affected services, whatever the number of domains: counted, not timed.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use edgesteer::app;
use edgesteer::control::Beliefs;
use edgesteer::health::{FailureClass, Outcome};
use edgesteer::ids::{ServiceId, TargetId};
use edgesteer::snapshot::{Publisher, Table};
use edgesteer::topology::Topology;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

const DOMAINS: usize = 1_000_000;

/// The hosting contract with so many domains, and a second service on a pool of it with a check of its own.
fn world(count: usize) -> Arc<Topology> {
    let directory = tempfile::tempdir().unwrap();
    let mut domains = String::with_capacity(count * 24);
    for i in 0..count {
        writeln!(domains, "tenant-{i}.hoster.example").unwrap();
    }
    std::fs::write(directory.path().join("domains.txt"), domains).unwrap();
    let own = "[zone.\"hoster.example\"]\nns = { \"ns1.hoster.example\" = [\"127.0.0.1\"], \"ns2.hoster.example\" = [\"127.0.0.2\"] }\n\
               [service.own]\nkind = \"sip-federation\"\ndomains = [\"hoster.example\"]\npools = [\"dublin\"]\nshape = \"target\"\n\
               check = { kind = \"tcp\", port = 5062 }\n";
    let path = directory.path().join("hosting.toml");
    std::fs::write(&path, [include_str!("contract/hosting.toml"), own].concat()).unwrap();
    app::load(&path).unwrap_or_else(|error| panic!("{error}")).topology
}

#[test]
fn a_verdict_touches_the_affected_services_and_no_name() {
    let topology = world(DOMAINS);
    assert!(topology.names.len() > DOMAINS);
    let mut beliefs = Beliefs::new(topology.clone());
    let now = Instant::now();
    let mut publisher = Publisher::new(topology.clone(), beliefs.render_all(now));
    for target in &topology.targets {
        beliefs.observe(target, &Outcome::Pass, now);
    }
    let refused = Outcome::fail(FailureClass::Refused, "refused");
    for (i, target) in topology.targets.iter().enumerate() {
        let mut suspicions = Vec::new();
        for outcome in [&refused, &Outcome::Pass, &refused, &refused, &Outcome::Pass, &Outcome::Pass] {
            assert_eq!(beliefs.observe(target, outcome, now), None);
            suspicions.push(beliefs.take_suspicions().into_iter().collect::<Vec<_>>());
        }
        let (this, none) = (vec![TargetId::at(i)], Vec::new());
        let expected = [this.clone(), none.clone(), none.clone(), none.clone(), none, this];
        assert_eq!(suspicions, expected, "a doubt is told when it begins and when it ends, and not with each probe");
    }
    for (i, target) in topology.targets.iter().enumerate() {
        let changes: Vec<_> =
            (0..target.thresholds.fall).filter_map(|_| beliefs.observe(target, &refused, now)).collect();
        assert_eq!(changes.len(), 1, "one verdict for {}", target.address);
        let affected = topology.affected(TargetId::at(i));
        let rows: Vec<_> = affected.iter().map(|&service| (service, Arc::new(beliefs.render(service, now)))).collect();
        let published = publisher.apply(rows);
        assert_eq!(published.rows, affected.len(), "rows rendered are services affected");
        assert!(published.rows <= 3, "the service, and the pool's own name where we own it");
        assert!(published.pages <= 3 * published.rows, "{published:?}");
    }
    let replaced = publisher.replace(topology.clone(), beliefs.render_all(now));
    assert_eq!(replaced.rows, topology.services.len(), "another topology costs its services too, and no name");
    assert!(replaced.rows <= 4, "{replaced:?}");
}

#[test]
fn a_verdict_on_one_of_a_group_renders_the_group_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let mut text = "[zone.\"contoso.com\"]\nns = { \"ns1.contoso.com\" = [\"127.0.0.1\"] }\n\
                    [pool.seoul]\nendpoints = [\"10.1.0.1\"]\n[pool.dublin]\nendpoints = [\"10.2.0.1\"]\n"
        .to_owned();
    for (i, group) in ["edge", "edge", "edge", "other", "other"].into_iter().enumerate() {
        write!(
            text,
            "[service.s{i}]\nkind = \"generic\"\naddress = \"s{i}.{{domain}}\"\ndomains = [\"contoso.com\"]\n\
             pools = [\"seoul\", \"dublin\"]\ngroup = \"{group}\"\ncheck = {{ kind = \"tcp\", port = {}, fall = 1 }}\n",
            5000 + i
        )
        .unwrap();
    }
    let path = directory.path().join("groups.toml");
    std::fs::write(&path, text).unwrap();
    let topology = app::load(&path).unwrap_or_else(|error| panic!("{error}")).topology;
    for (i, target) in topology.targets.iter().enumerate() {
        let affected: Vec<usize> = topology.affected(TargetId::at(i)).iter().map(|service| service.index()).collect();
        let expected: &[usize] = if target.address.port() < 5003 { &[0, 1, 2] } else { &[3, 4] };
        assert_eq!(affected, expected, "{}", target.address);
    }
}

#[test]
fn a_table_of_a_million_rows_copies_three_pages_for_one() {
    let topology = world(1);
    let row = Arc::new(Beliefs::new(topology).render(ServiceId(0), Instant::now()));
    let before = Table::new(std::iter::repeat_n(row.clone(), DOMAINS));
    let mut after = before.clone();
    assert_eq!(after.set(ServiceId(777_777), row.clone()), 3, "leaf, branch and root are shared with `before`");
    assert_eq!(after.set(ServiceId(777_778), row.clone()), 0, "the same leaf is ours now");
    assert_eq!(after.set(ServiceId(777_777 + 128), row.clone()), 1, "another leaf of our branch");
    assert_eq!(after.set(ServiceId(0), row.clone()), 2, "another branch of our root");
    assert!(
        std::ptr::eq(before.get(ServiceId(777_777)), Arc::as_ptr(&row)),
        "whoever holds the old table sees the old row"
    );
}

#[test]
fn a_retired_snapshot_is_freed_by_the_publisher_once_no_reader_holds_it() {
    let topology = world(1);
    let mut beliefs = Beliefs::new(topology.clone());
    let mut publisher = Publisher::new(topology.clone(), beliefs.render_all(Instant::now()));
    let reader = publisher.lake().load();
    publisher.apply([(ServiceId(0), Arc::new(beliefs.render(ServiceId(0), Instant::now())))]);
    assert_eq!((publisher.sweep().len(), publisher.retired()), (0, 1), "the reader still holds generation 1");
    assert_eq!((reader.generation, publisher.lake().load().generation), (1, 2));
    drop(reader);
    let freed = publisher.sweep();
    assert_eq!((freed.len(), publisher.retired()), (1, 0));
    assert_eq!(Arc::strong_count(&freed[0]), 1, "it is freed here and not by the reader");
}
