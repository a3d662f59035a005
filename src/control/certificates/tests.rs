use super::*;
use crate::health::Outcome;
use crate::testing::{POOLS, ZONE, lake, service};

fn observation(target: &Arc<TargetSpec>, not_after: Option<i64>) -> Observation {
    let now = Instant::now();
    Observation { target: target.clone(), outcome: Outcome::Pass, started: now, ended: now, not_after }
}

#[test]
fn ends_are_told_of_what_exists_and_was_seen() {
    let text = format!("[server]\nlisten = [\"127.0.0.1:53\"]\n{ZONE}{POOLS}{}", service(""));
    let lake = lake(&text);
    let targets = lake.load().topology.targets.clone();
    let seen = Certificates::default();
    seen.observed(&observation(&targets[0], Some(5)));
    seen.observed(&observation(&targets[0], Some(7)));
    seen.observed(&observation(&targets[1], None));
    let strange = Arc::new(TargetSpec { tripwire: false, ..(*targets[0]).clone() });
    seen.observed(&observation(&strange, Some(1)));
    let key = ("seoul".to_owned(), "10.1.0.1".parse().unwrap(), "sip:5061".to_owned());
    assert_eq!(ends(&seen, &lake.load()), HashMap::from([(key, 7)]), "the last that was seen, and nothing strange");
    seen.retain(&lake.load().topology);
    assert_eq!(seen.all().len(), 1);

    let registry = Registry::new();
    seen.register(&registry, &lake).unwrap();
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    let line =
        "edgesteer_certificate_not_after_timestamp_seconds{check=\"sip:5061\",endpoint=\"10.1.0.1\",pool=\"seoul\"} 7";
    assert!(text.contains(line), "{text}");
}

#[test]
fn who_has_little_time_left_is_warned() {
    let fortnight = CERTIFICATE_ENDS_SOON.as_secs() as i64;
    for (left, soon, words) in [
        (fortnight, false, "14 days"),
        (fortnight - 1, true, "13 days"),
        (86_400, true, "1 day"),
        (60, true, "less than a day"),
        (-60, true, "less than a day"),
    ] {
        assert_eq!((is_soon(left), days(left).as_str()), (soon, words), "{left}");
    }
}
