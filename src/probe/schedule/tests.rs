use super::*;
use crate::config::{Ask, TlsOptions};
use crate::health::Thresholds;
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
    let id = |prober: &Prober, last| prober.running.get(&target(last)).map(AbortHandle::id);
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
    let shared = Shared { observations: mpsc::channel(1).0, open: Semaphore::new(0), reserved: Semaphore::new(1) };
    let permit = shared.room(true).await;
    assert!(permit.is_some());
    let mut routine = std::pin::pin!(shared.room(false));
    let waits = std::future::poll_fn(|context| std::task::Poll::Ready(routine.as_mut().poll(context).is_pending()));
    assert!(waits.await);
    shared.open.add_permits(1);
    assert!(routine.await.is_some());
}

proptest! {
    #[test]
    fn jitter_is_a_tenth_at_most(millis in 1u64..10_000_000, random: u64) {
        let interval = Duration::from_millis(millis);
        let got = jittered(interval, random);
        let tenth = interval / 10 + Duration::from_nanos(1);
        prop_assert!(got + tenth >= interval && got <= interval + tenth);
    }
}

#[test]
fn the_longest_interval_is_no_trouble() {
    assert!(jittered(Duration::MAX, u64::MAX) >= FOREVER);
}
