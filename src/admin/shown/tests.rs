use super::*;
use crate::audit;
use crate::control::{Control, Metrics};
use crate::limits::WATCHDOG_PATIENCE;
use crate::probe::Prober;
use crate::state::{Kept, Store};
use crate::testing::{POOLS, ZONE, service, topology};
use std::time::Duration;

#[tokio::test]
async fn who_decides_no_more_is_neither_healthy_nor_ready() {
    let registry = Registry::new();
    let metrics = Metrics::new(&registry).unwrap();
    let certificates = Certificates::default();
    let (observations_in, observations) = tokio::sync::mpsc::channel(1);
    // It never runs.
    let (control, handle) = Control::new(
        topology(&[ZONE, POOLS, &service("")].concat()),
        Prober::start(observations_in),
        observations,
        (Store::nowhere(), Kept::default()),
        metrics,
    );
    let (audit, _writer) = audit::Audit::none(audit::Metrics::new(&registry).unwrap());
    let serving = Arc::new(AtomicBool::new(true));
    let shown = Shown::new(registry, handle, serving, certificates, audit, Loaded::default());
    let now = Instant::now();
    assert!(shown.stuck(now).is_empty() && shown.readiness(now).ready);
    let later = now + WATCHDOG_PATIENCE + Duration::from_secs(1);
    let said = |remarks: Vec<String>| remarks.iter().any(|remark| remark.contains("nobody decides"));
    assert!(said(shown.stuck(later)));
    let readiness = shown.readiness(later);
    assert!(!readiness.ready && said(readiness.remarks));
    drop(control);
    assert!(!shown.readiness(now).ready);
}
