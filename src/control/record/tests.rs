use super::*;
use crate::config::Rung;
use std::time::Duration;

#[test]
fn a_move_says_who_went_where_and_why() {
    let moved = Move {
        service: "federation".into(),
        regions: (0..40).map(|i| format!("region{i}")).collect(),
        from: vec!["seoul".into()],
        lost: Vec::new(),
        to: vec!["seoul".into(), "dublin".into()],
        was: Basis::Proven,
        basis: Basis::AllDown(Rung::All),
        generation: 7,
        decided: Duration::ZERO,
        published: Duration::ZERO,
    };
    let said = entry(&Event::Moved(moved));
    assert_eq!((said.what, said.generation, &*said.reason), ("move", Some(7), "every pool is down: all"));
    assert_eq!(said.detail["to"], serde_json::json!(["seoul", "dublin"]));
    assert_eq!(said.detail["regions"].as_array().map(Vec::len), Some(AUDIT_NAMES_MAX));
}

#[test]
fn every_publish_has_its_generation() {
    let published = Event::Published { generation: 3, services: vec!["federation".into(); 100], untold: 0 };
    let said = entry(&published);
    assert_eq!((said.what, said.generation), ("publish", Some(3)));
    assert_eq!(said.detail["count"], 100);
    assert_eq!(entry(&Event::Replaced { generation: 4 }).generation, Some(4));
}
