//! Histories of bad days: the prober, the control task and its store on a clock that does not run by itself, with flaps, partitions,
//! slow edges, reloads, clock steps, holds and restarts drawn from a seed; after every step the laws of DESIGN.md are looked after.
//!
//! Here: many histories and what must have happened in them. `worlds` has configurations, `edges` what is really so, `story` what
//! happens, `laws` what must hold. Only the sockets are not real (tests/probes has those). A history that breaks a law tells its
//! seed; `EDGESTEER_SIMULATION_SEED=n` tells that one alone, step by step, and `EDGESTEER_SIMULATION_RUNS=n` makes more of them.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod edges;
mod laws;
mod luck;
mod story;
mod worlds;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often something happened.
pub(crate) type Tally = BTreeMap<&'static str, u64>;

const RUNS: u64 = 2000;
/// What must have happened in a hundred histories at least once: a law that nothing tries proves nothing.
const HAPPENS: &[&str] = &[
    "all pools of a service down",
    "canary aborted",
    "clock set back",
    "clock set forward",
    "cut off",
    "doubt by references",
    "doubt without references",
    "doubt over",
    "endpoint down",
    "endpoint degraded",
    "endpoint forgotten",
    "endpoint up again",
    "explained",
    "found in time",
    "hold",
    "hold ended",
    "hold kept over a restart",
    "hold refused",
    "killed and started",
    "last good named",
    "lossy edge",
    "mended and preferred again",
    "no probe can be sent",
    "partners moved",
    "pool damped",
    "pool has left every answer",
    "pool in its canary",
    "pool held down",
    "pool held up while dead",
    "pool drained",
    "probe",
    "publish",
    "release",
    "reload",
    "reload in an outage",
    "reload refused",
    "slow edge",
    "started with what was known",
    "stopped and started",
];

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var_os(name).map(|text| text.to_string_lossy().into_owned());
    text.map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

/// Runs histories on every core until one breaks a law, whose seed this gives with what happened in all.
fn tell(runs: u64) -> (Option<u64>, Tally) {
    let (next, broken) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
    let all = Mutex::new(Tally::new());
    let work = || {
        let mut mine = Tally::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= runs || broken.load(Ordering::Relaxed) != u64::MAX {
                break;
            }
            match catch_unwind(AssertUnwindSafe(|| story::tell(seed, false))) {
                Ok(tally) => tally.into_iter().for_each(|(what, count)| *mine.entry(what).or_default() += count),
                Err(_) => drop(broken.fetch_min(seed, Ordering::Relaxed)),
            }
        }
        let mut all = all.lock().unwrap();
        mine.into_iter().for_each(|(what, count)| *all.entry(what).or_default() += count);
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let seed = broken.into_inner();
    ((seed != u64::MAX).then_some(seed), all.into_inner().unwrap())
}

#[test]
fn no_history_breaks_a_law() {
    if let Some(seed) = from_environment("EDGESTEER_SIMULATION_SEED") {
        println!("{:#?}", story::tell(seed, true));
        return;
    }
    let runs = from_environment("EDGESTEER_SIMULATION_RUNS").unwrap_or(RUNS);
    let (broken, tally) = tell(runs);
    println!("{runs} histories: {tally:#?}");
    if let Some(seed) = broken {
        panic!("a history broke a law: EDGESTEER_SIMULATION_SEED={seed} cargo test --test simulation -- --nocapture");
    }
    for what in HAPPENS {
        let count = tally.get(what).copied().unwrap_or(0);
        assert!(count * 100 >= runs, "{what:?} happened {count} times in {runs} histories");
    }
    let unknown: Vec<_> = tally.keys().filter(|what| !HAPPENS.contains(what)).collect();
    assert!(unknown.is_empty(), "add what happens to HAPPENS: {unknown:?}");
}

#[test]
fn one_seed_is_one_history() {
    for seed in [3, 4, 5] {
        assert_eq!(story::tell(seed, false), story::tell(seed, false), "seed {seed}");
    }
}
