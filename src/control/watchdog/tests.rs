use super::*;
use crate::control::{Control, Metrics};
use crate::probe::Prober;
use crate::state::{Kept, Store};
use crate::testing::{POOLS, ZONE, service, topology};
use std::sync::mpsc::channel;

#[test]
fn a_part_is_stuck_when_patience_is_over_and_the_sentence_says_what_that_means() {
    assert_eq!(trouble("prober", WATCHDOG_PATIENCE), None);
    let said = trouble("prober", WATCHDOG_PATIENCE + Duration::from_secs(1)).unwrap();
    assert!(said.contains("the prober is stuck for 11 s: probes are not made"), "{said}");
    assert!(trouble("control", WATCHDOG_PATIENCE * 2).unwrap().contains("nobody decides"));
}

/// A runtime whose only thread something blocks: really stuck, and watched from without.
#[test]
fn a_control_task_that_does_not_come_round_is_noticed_and_so_is_its_return() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (observations_in, observations) = tokio::sync::mpsc::channel(1);
    let topology = topology(&[ZONE, POOLS, &service("")].concat());
    let (control, handle) = {
        let _inside = runtime.enter();
        let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
        Control::new(
            topology,
            Prober::start(observations_in),
            observations,
            (Store::nowhere(), Kept::default()),
            metrics,
        )
    };
    runtime.spawn(control.run());
    let watchdog = handle.watchdog();
    let control_is_late = |by: Duration| watchdog.late(Instant::now())[1].1 > by;
    let wait_until = |fits: &dyn Fn() -> bool| {
        while !fits() {
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    wait_until(&|| watchdog.beat.load(Ordering::Relaxed) > 0);
    let (free, blocked) = channel::<()>();
    runtime.spawn(async move {
        let _ = blocked.recv();
    });
    // Were it not stuck, it would never be later than its sweep, a second.
    wait_until(&|| control_is_late(Duration::from_secs(3)));
    let beats = watchdog.beat.load(Ordering::Relaxed);
    let later = watchdog.began + Duration::from_micros(beats) + WATCHDOG_PATIENCE + Duration::from_secs(1);
    assert!(watchdog.troubles(later).iter().any(|trouble| trouble.contains("the control task is stuck")), "{later:?}");
    free.send(()).unwrap();
    wait_until(&|| !control_is_late(Duration::from_secs(2)));
    assert!(watchdog.beat.load(Ordering::Relaxed) > beats);
}
