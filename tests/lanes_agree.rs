//! The fast lane says what the full lane would say, or declines: for generated worlds, verdicts, clients and questions.
//!
//! Both lanes are asked in process, and both answers are read by two parsers. What is hot is counted: it must not be declined.
//! `lanes_agree/worlds.rs` makes worlds, `lanes_agree/questions.rs` makes questions, `lanes_agree/message.rs` compares.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "lanes_agree/message.rs"]
mod message;
#[path = "lanes_agree/questions.rs"]
mod questions;
#[path = "lanes_agree/worlds.rs"]
mod worlds;

use edgesteer::config::Dns;
use edgesteer::lane::Tally;
use edgesteer::lane::direct::{Direct, Outcome};
use message::Said;
use prometheus::Registry;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use questions::Asked;
use std::cell::RefCell;
use std::collections::BTreeMap;
use worlds::World;

/// Worlds, and questions in each.
const WORLDS: u32 = 24;
const QUESTIONS: usize = 300;

/// How often a kind of question got what.
type Counted = BTreeMap<String, [usize; 2]>;

#[test]
fn the_fast_lane_says_what_the_full_lane_says() {
    let counted = RefCell::new(Counted::new());
    let config =
        ProptestConfig { cases: WORLDS, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() };
    let asked = proptest::collection::vec(questions::anything(), QUESTIONS);
    let result = TestRunner::new(config).run(&(worlds::anything(), asked), |(world, asked)| {
        let lake = world.lake();
        let dns = Dns { nsid: Some("gtm1.seoul".into()), rate_limit: None, ..Dns::default() };
        let mut lanes = Direct::new(&lake.lake(), &dns, &Tally::new(&Registry::new()).unwrap());
        asked.iter().try_for_each(|asked| agree(&mut lanes, &world, asked, &mut counted.borrow_mut()))
    });
    let counted = counted.into_inner();
    if let Err(failure) = result {
        panic!("{failure}");
    }
    for kind in ["answer", "srv answer", "nodata", "nxdomain", "refused", "soa", "cut", "without additionals"] {
        let [answered, declined] = counted.get(kind).copied().unwrap_or_default();
        assert!(answered > 5, "{kind}: {counted:#?}");
        assert_eq!(declined, 0, "{kind}: {counted:#?}");
    }
    assert!(counted["odd"][1] > 20, "{counted:#?}");
}

/// Asks both lanes, and compares.
fn agree(lanes: &mut Direct, world: &World, asked: &Asked, counted: &mut Counted) -> Result<(), TestCaseError> {
    let (question, client) = (asked.message(world), asked.client(world));
    let mut tries = 0;
    loop {
        lanes.tick();
        let full = lanes.full(&question, client);
        let fast = lanes.fast(&question, client);
        let kind = asked.kind(full.as_deref());
        let [answered, declined] = counted.entry(kind).or_default();
        let (fast, full) = match (fast, full) {
            (Outcome::Declined, _) => {
                *declined += 1;
                return Ok(());
            }
            (Outcome::Nothing, full) => {
                prop_assert_eq!(full, None);
                return Ok(());
            }
            (Outcome::Answer(fast), full) => (fast, full.unwrap_or_default()),
        };
        *answered += 1;
        prop_assert!(fast.len() <= asked.limit(), "{} octets, {} allowed", fast.len(), asked.limit());
        prop_assert!(fast.len() <= full.len(), "compressed no less: {} and {}", fast.len(), full.len());
        let (said, expected) = (Said::read(fast), Said::read(&full));
        // A second may have passed between the two, which cookies tell.
        tries += 1;
        if said == expected || tries > 2 {
            prop_assert_eq!(said, expected, "{:?} of {}", asked, world);
            return Ok(());
        }
    }
}
