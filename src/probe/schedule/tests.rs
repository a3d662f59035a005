use super::*;
use crate::config::{Ask, TlsOptions};
use crate::health::{FailureClass, Judge, Outcome, State, Thresholds};
use crate::name::Name;
use proptest::prelude::*;

fn target(last: u8) -> Arc<TargetSpec> {
    let name = Name::parse("contoso.com").unwrap();
    Arc::new(TargetSpec {
        address: ([127, 0, 0, last], 9).into(),
        ask: Arc::new(Ask::Tcp),
        names: Arc::default(),
        server_name: name.clone(),
        domain: name,
        interval: Duration::from_secs(3600),
        timeout: Duration::from_secs(2),
        confirm: Duration::from_secs(3600),
        thresholds: Thresholds { fall: 1, rise: 1 },
        tripwire: false,
        tls: TlsOptions::default(),
    })
}

#[tokio::test]
async fn only_the_difference_is_started_and_stopped() {
    let (send, _receive) = mpsc::channel(8);
    let mut prober = Prober::start(send);
    prober.retarget(vec![target(1), target(2), target(2)]);
    let id = |prober: &Prober, last| prober.running.get(&target(last)).map(|running| running.task.id());
    let (one, two) = (id(&prober, 1), id(&prober, 2));
    assert_eq!(prober.targets(), 2, "equal targets are one");
    prober.retarget(vec![target(2), target(3)]);
    assert_eq!((id(&prober, 1), id(&prober, 2)), (None, two), "a target that stays keeps its task");
    assert!(one.is_some() && id(&prober, 3).is_some());
    prober.stop();
    assert_eq!(prober.targets(), 0);
}

#[tokio::test]
async fn a_confirmation_has_room_where_routine_has_none() {
    let room = Room { open: Semaphore::new(0), reserved: Semaphore::new(1), size: Mutex::new(0) };
    let permit = room.take(true).await;
    assert!(permit.is_some());
    let mut routine = std::pin::pin!(room.take(false));
    let waits = std::future::poll_fn(|context| std::task::Poll::Ready(routine.as_mut().poll(context).is_pending()));
    assert!(waits.await);
    room.open.add_permits(1);
    assert!(routine.await.is_some());
}

#[test]
fn there_is_room_for_a_probe_of_every_target_where_files_allow_it() {
    for (targets, files, expected) in [
        (10, 1 << 20, PROBES_IN_FLIGHT_MIN),
        (30_000, 1 << 20, 30_000),
        (30_000, 65_536, 30_000),
        (30_000, 32_700, PROBES_IN_FLIGHT_MIN),
        (30_000, 40_000, 40_000 - 30_000 - FILES_SPARE - 2 * STREAMS_MAX),
        (30_000, 1024, PROBES_IN_FLIGHT_MIN),
    ] {
        assert_eq!(places(targets, files), expected, "{targets} {files}");
    }
    let room = Room::new();
    for targets in [30_000, 10, 500] {
        room.resize(targets, usize::MAX);
        let free = room.open.available_permits() + room.reserved.available_permits();
        assert_eq!(free, targets.max(PROBES_IN_FLIGHT_MIN));
    }
}

/// Targets that pass in a millisecond, until those that are silent begin to be.
struct Simulated {
    target: Arc<TargetSpec>,
    is_silent: Arc<std::sync::atomic::AtomicBool>,
}

impl Asker for Simulated {
    async fn ask(&self) -> (Observation, Option<Connection>) {
        let started = time::Instant::now().into_std();
        let is_silent = self.is_silent.load(Ordering::Relaxed);
        let outcome = if is_silent {
            time::sleep(self.target.timeout).await;
            Outcome::fail(FailureClass::Timeout, "silent")
        } else {
            time::sleep(Duration::from_millis(1)).await;
            Outcome::Pass
        };
        let ended = time::Instant::now().into_std();
        (Observation { target: self.target.clone(), outcome, started, ended, not_after: None }, None)
    }
}

const THRESHOLDS: Thresholds = Thresholds { fall: 3, rise: 2 };

/// Targets in networks of 250 each.
fn crowd(count: u32) -> Vec<Arc<TargetSpec>> {
    let spec = |i: u32| {
        let address = std::net::Ipv4Addr::from((10 << 24) + ((i / 250) << 8) + i % 250);
        Arc::new(TargetSpec {
            address: (address, 5061).into(),
            interval: Duration::from_secs(10),
            confirm: Duration::from_millis(500),
            thresholds: THRESHOLDS,
            ..(*target(1)).clone()
        })
    };
    (0..count).map(spec).collect()
}

/// How long after they fell silent the `fallen` first of `count` targets were down, the last of them; and the prober's
/// heartbeat at the worst. On a clock that moves only where everybody waits.
async fn detection(count: u32, fallen: u32, files: usize) -> (Duration, Duration) {
    let (send, mut seen) = mpsc::channel(1024);
    let mut prober = Prober::with_files(send, files);
    let [well, silent] = [false, false].map(|it| Arc::new(std::sync::atomic::AtomicBool::new(it)));
    let targets = crowd(count);
    let ill: HashSet<_> = targets[..fallen as usize].iter().cloned().collect();
    prober.retarget_as(targets, |target| {
        let is_silent = if ill.contains(&target) { silent.clone() } else { well.clone() };
        Simulated { target, is_silent }
    });
    let heartbeat = prober.heartbeat();
    // Long enough for every target to be settled, and to have drifted apart.
    let fell = time::Instant::now() + Duration::from_secs(25);
    let mut judges: HashMap<Arc<TargetSpec>, Judge> = HashMap::new();
    let (mut down, mut last, mut overdue) = (0, Duration::ZERO, Duration::ZERO);
    while down < fallen {
        let observation = tokio::select! {
            biased;
            observation = seen.recv() => observation.unwrap(),
            () = time::sleep_until(fell), if !silent.load(Ordering::Relaxed) => {
                silent.store(true, Ordering::Relaxed);
                continue;
            }
        };
        let (outcome, ended) = (&observation.outcome, observation.ended);
        let judge = judges.entry(observation.target.clone()).or_default();
        if judge.observe(outcome, ended, THRESHOLDS) && judge.verdict().state == State::Down {
            down += 1;
            last = last.max(ended - fell.into_std());
            overdue = overdue.max(heartbeat.overdue(ended));
        }
        assert!(ended < fell.into_std() + Duration::from_secs(600), "{down} of {fallen} after ten minutes");
    }
    assert!(heartbeat.started() >= heartbeat.ended() && heartbeat.ended() > 0);
    (last, overdue)
}

/// DESIGN.md section 6: interval + fall x (confirm + timeout), however many die at once.
const BOUND: Duration = Duration::from_millis(10_000 + 3 * (500 + 2_000));

#[tokio::test(start_paused = true)]
async fn thousands_that_fall_silent_together_are_found_within_the_bound() {
    let (last, overdue) = detection(30_000, 5_000, 1 << 20).await;
    println!("5,000 of 30,000 targets: the last was down after {last:?}; the bound is {BOUND:?}");
    assert!(last <= BOUND, "{last:?}");
    assert!(overdue < Duration::from_millis(100), "{overdue:?}");
}

#[tokio::test(start_paused = true)]
async fn without_the_files_for_it_detection_is_slower_and_the_heartbeat_says_so() {
    let (last, overdue) = detection(2_000, 2_000, 1024).await;
    assert!(last > BOUND && overdue > Duration::from_secs(1), "{last:?} {overdue:?}");
}

#[tokio::test(start_paused = true)]
async fn an_observation_that_nobody_takes_is_overdue() {
    let (send, _seen) = mpsc::channel(1);
    let mut prober = Prober::with_files(send, 0);
    let heartbeat = prober.heartbeat();
    let is_silent = Arc::new(std::sync::atomic::AtomicBool::new(false));
    prober.retarget_as(crowd(10), |target| Simulated { target, is_silent: is_silent.clone() });
    time::sleep(Duration::from_secs(20)).await;
    let now = time::Instant::now().into_std();
    assert!(heartbeat.overdue(now) > Duration::from_secs(10));
    assert_eq!((heartbeat.started(), heartbeat.ended()), (11, 1), "the one whose observation found room goes on");
    prober.stop();
    assert_eq!(heartbeat.overdue(now), Duration::ZERO, "who is not asked owes nothing");
}

/// After a doubt, what was seen in a row is dropped: who has long been silent is found as who falls silent then.
#[tokio::test(start_paused = true)]
async fn who_is_judged_anew_is_confirmed_anew() {
    let (send, mut seen) = mpsc::channel(1);
    let mut prober = Prober::with_files(send, 1 << 20);
    let is_silent = Arc::new(std::sync::atomic::AtomicBool::new(true));
    prober.retarget_as(crowd(1), |target| Simulated { target, is_silent: is_silent.clone() });
    let mut began = Vec::new();
    for i in 0..10 {
        began.push(seen.recv().await.unwrap().started);
        if i == 5 {
            prober.begin_anew();
        }
    }
    // A time-out of 2 s, and then `confirm` or nearly `interval`.
    let is_routine: Vec<bool> = began.windows(2).map(|pair| pair[1] - pair[0] > Duration::from_millis(2_600)).collect();
    assert_eq!(is_routine, [false, false, true, true, true, true, false, false, true]);
}

proptest! {
    #[test]
    fn jitter_is_a_tenth_at_most(millis in 1u64..10_000_000, seed: u64) {
        let interval = Duration::from_millis(millis);
        let got = jittered(interval, Luck(seed).fraction());
        prop_assert!(got + interval / 10 + Duration::from_nanos(1) >= interval && got <= interval);
    }
}

#[test]
fn the_longest_interval_is_no_trouble() {
    assert!(jittered(Duration::MAX, 0.0) <= FOREVER);
}
