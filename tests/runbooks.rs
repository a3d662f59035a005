//! The run-books of every configuration in `tests/runbooks`, word for word.
//!
//! `UPDATE_GOLDEN=1 cargo test --test runbooks` writes the goldens anew; read the difference before you commit it.

use edgesteer::app::load;
use edgesteer::federation::runbook::{Dns, write};
use std::path::Path;

/// Golden, configuration, what is lost, how DNS stands.
const CASES: &[(&str, &str, &[&str], Dns)] = &[
    ("the_federation_edge_is_lost", "organisation", &["seoul"], Dns::Offline),
    ("it_has_moved", "organisation", &["seoul"], Dns::Moved { at: 1_700_000_000, generation: 12 }),
    ("the_xmpp_gateway_is_lost", "organisation", &["dublin"], Dns::Waiting { generation: 3 }),
    ("a_front_end_is_lost", "organisation", &["fe-seoul.corp.contoso.com"], Dns::Offline),
    ("a_whole_site_is_lost", "organisation", &["seoul", "fe-seoul.corp.contoso.com"], Dns::Offline),
    ("nothing_is_known_of_sites", "without_sites", &["seoul"], Dns::Offline),
    ("everything_is_lost", "without_sites", &["seoul", "dublin"], Dns::Offline),
];

#[test]
fn every_runbook_is_as_its_golden_has_it() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for (golden, configuration, lost, dns) in CASES {
        let world = load(Path::new(&format!("tests/runbooks/{configuration}.toml"))).expect("a configuration");
        let organisation = &world.topology.organisation;
        let lost: Vec<String> = lost.iter().map(|&name| name.to_owned()).collect();
        let got = write(organisation, &organisation.find(&lost).expect("its pools"), *dns);
        let path = format!("tests/runbooks/{golden}.md");
        if update {
            std::fs::write(&path, &got).expect("a golden");
        } else if std::fs::read_to_string(&path).unwrap_or_default() != got {
            wrong.push(format!("{path}:\n{got}"));
        }
    }
    assert!(wrong.is_empty(), "not as the golden has it:\n\n{}", wrong.join("\n"));
}
