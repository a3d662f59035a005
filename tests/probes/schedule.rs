//! When targets are asked.

use super::*;

/// A prober of these targets and what it sees.
pub(super) fn prober(targets: &[TargetSpec]) -> (Prober, mpsc::Receiver<Observation>) {
    let (send, receive) = mpsc::channel(64);
    let mut prober = Prober::start(send);
    prober.retarget(targets.iter().cloned().map(Arc::new).collect());
    (prober, receive)
}

pub(super) async fn next(seen: &mut mpsc::Receiver<Observation>) -> Observation {
    tokio::time::timeout(GENEROUS, seen.recv()).await.expect("an observation arrives").expect("the prober runs")
}

/// That nothing arrives can only be awaited; too short a wait makes this test weaker, never wrong.
pub(super) async fn nothing_more(seen: &mut mpsc::Receiver<Observation>) {
    let more = tokio::time::timeout(Duration::from_millis(300), seen.recv()).await;
    assert!(more.is_err(), "nothing was due: {more:?}");
}

#[tokio::test]
async fn a_lost_connection_asks_at_once() {
    for kind in [CheckKind::Tcp, CheckKind::Tls, CheckKind::Sip] {
        let (mut edge, target) = edge(kind).await;
        let (_prober, mut seen) = prober(&[TargetSpec { tripwire: true, ..target }]);
        assert_eq!(words(&next(&mut seen).await), "pass");
        edge.break_it(Mode::Refusing).await.unwrap();
        assert_eq!(words(&next(&mut seen).await), "refused: connection refused", "{kind:?}, an hour before its turn");
    }
}

#[tokio::test]
async fn without_the_tripwire_a_lost_connection_waits_for_the_routine() {
    let (mut edge, target) = edge(CheckKind::Sip).await;
    let (_prober, mut seen) = prober(&[target]);
    assert_eq!(words(&next(&mut seen).await), "pass");
    edge.break_it(Mode::Refusing).await.unwrap();
    nothing_more(&mut seen).await;
}

#[tokio::test]
async fn a_failure_is_confirmed_and_then_left_to_the_routine() {
    let confirm = Duration::from_millis(20);
    let thresholds = Thresholds { fall: 3, rise: 2 };
    let (mut edge, target) = edge(CheckKind::Sip).await;
    let (_prober, mut seen) = prober(&[TargetSpec { confirm, thresholds, tripwire: true, ..target }]);
    for _ in 0..2 {
        assert_eq!(words(&next(&mut seen).await), "pass");
    }
    nothing_more(&mut seen).await;
    edge.break_it(Mode::Refusing).await.unwrap();
    for _ in 0..3 {
        assert_eq!(words(&next(&mut seen).await), "refused: connection refused");
    }
    nothing_more(&mut seen).await;
}

#[tokio::test]
async fn a_habitual_closer_is_left_alone() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let address = peer(move |stream| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move { drop(stream) }
    });
    let target = TargetSpec { tripwire: true, ..target(CheckKind::Tcp, address.await, TlsOptions::default()) };
    let (_prober, mut seen) = prober(&[target]);
    for _ in 0..2 {
        assert_eq!(words(&next(&mut seen).await), "pass", "the first probe and the one for its lost connection");
    }
    nothing_more(&mut seen).await;
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn routine_probes_replace_the_kept_connection_without_a_false_trip() {
    let open = Arc::new(AtomicUsize::new(0));
    let counted = open.clone();
    let address = peer(move |mut stream| {
        let open = counted.clone();
        async move {
            open.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 1]).await;
            open.fetch_sub(1, Ordering::SeqCst);
        }
    });
    let interval = Duration::from_millis(50);
    let spec = target(CheckKind::Tcp, address.await, TlsOptions::default());
    let (mut prober, mut seen) = prober(&[TargetSpec { tripwire: true, interval, confirm: interval, ..spec }]);
    let mut last = next(&mut seen).await.ended;
    for _ in 0..10 {
        let observation = next(&mut seen).await;
        assert_eq!(words(&observation), "pass");
        assert!(observation.started.duration_since(last) >= interval * 8 / 10, "nobody asked before its turn");
        last = observation.ended;
    }
    assert!(open.load(Ordering::SeqCst) <= 2, "one kept, and one that is being closed");
    prober.stop();
    while open.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn many_targets_are_all_probed_and_removed_ones_no_more() {
    let address = peer(hold).await;
    let all: Vec<TargetSpec> = (0..600)
        .map(|i| TargetSpec {
            domain: name(&format!("d{i}.example")),
            ..target(CheckKind::Tcp, address, TlsOptions::default())
        })
        .collect();
    let (mut prober, mut seen) = prober(&all);
    let mut domains = std::collections::HashSet::new();
    for _ in 0..all.len() {
        let observation = next(&mut seen).await;
        assert_eq!(words(&observation), "pass");
        domains.insert(observation.target.domain.clone());
    }
    assert_eq!(domains.len(), all.len(), "each of them once");
    let again: Vec<Arc<TargetSpec>> = all.iter().skip(1).cloned().map(Arc::new).collect();
    prober.retarget(again);
    assert_eq!(prober.targets(), all.len() - 1);
    nothing_more(&mut seen).await;
}

#[tokio::test]
async fn probing_ends_when_nobody_listens() {
    let open = Arc::new(AtomicUsize::new(0));
    let counted = open.clone();
    let address = peer(move |mut stream| {
        let open = counted.clone();
        async move {
            open.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 1]).await;
            open.fetch_sub(1, Ordering::SeqCst);
        }
    });
    let spec = target(CheckKind::Tcp, address.await, TlsOptions::default());
    let (_prober, mut seen) = prober(&[TargetSpec { tripwire: true, interval: Duration::from_millis(20), ..spec }]);
    next(&mut seen).await;
    drop(seen);
    while open.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
