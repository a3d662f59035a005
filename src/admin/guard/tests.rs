use super::*;
use crate::audit::Metrics;
use crate::limits::ADMIN_BURST;
use axum::body::Body;

#[test]
fn who_asks_without_a_pause_is_told_to_ask_less() {
    let listen = SocketAddr::from(([127, 0, 0, 1], 9153));
    let (audit, _writer) = Audit::none(Metrics::new(&prometheus::Registry::new()).unwrap());
    let told = Mutex::new(Refused { began: Instant::now(), told: 0, hidden: 0 });
    let guard =
        Guard { listen, access: Mutex::default(), local: Mutex::default(), rates: Mutex::default(), told, audit };
    let ask = || {
        let request = Request::builder().uri("/healthz").header("host", listen.to_string());
        guard.judge(&Peer::at(listen), &mut request.body(Body::empty()).unwrap())
    };
    let burst = ADMIN_BURST as usize;
    assert_eq!((0..burst).find_map(|_| ask().err()), None);
    // However slow this machine is, it asks faster than the bucket fills.
    let refused = (0..100 * burst).find_map(|_| ask().err()).expect("nobody is refused");
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
}
