use super::*;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

/// A registry in which things were counted under these codes.
fn counted(codes: &[(&str, u64)], took: f64) -> Registry {
    let registry = Registry::new();
    let queries = IntCounterVec::new(Opts::new("queries_total", "Questions."), &["code"]).unwrap();
    let buckets = HistogramOpts::new("took_seconds", "Time.").buckets(vec![0.1, 1.0]);
    let times = HistogramVec::new(buckets, &["code"]).unwrap();
    let up = IntGauge::new("up", "Now.").unwrap();
    up.set(1);
    for (code, count) in codes {
        queries.with_label_values(&[code]).inc_by(*count);
        times.with_label_values(&[code]).observe(took);
    }
    registry.register(Box::new(queries)).unwrap();
    registry.register(Box::new(times)).unwrap();
    registry.register(Box::new(up)).unwrap();
    registry
}

fn text(inherited: &Inherited, registry: &Registry) -> Vec<String> {
    let mut families = registry.gather();
    inherited.add_to(&mut families);
    let text = TextEncoder::new().encode_to_string(&families).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn counts_go_on_where_they_stood_and_what_is_now_is_now() {
    let inherited = Inherited::default();
    assert!(inherited.replace(&say(&counted(&[("ok", 5), ("refused", 2)], 0.5).gather())));
    let now = text(&inherited, &counted(&[("ok", 3)], 0.05));
    for line in [
        "queries_total{code=\"ok\"} 8",
        "queries_total{code=\"refused\"} 2",
        "took_seconds_bucket{code=\"ok\",le=\"0.1\"} 1",
        "took_seconds_bucket{code=\"ok\",le=\"1\"} 2",
        "took_seconds_bucket{code=\"ok\",le=\"+Inf\"} 2",
        "took_seconds_count{code=\"refused\"} 1",
        "took_seconds_sum{code=\"ok\"} 0.55",
        "up 1",
    ] {
        assert!(now.iter().any(|it| it == line), "{line} in {now:#?}");
    }
    let empty = text(&inherited, &Registry::new());
    assert!(empty.iter().any(|line| line == "queries_total{code=\"ok\"} 5"), "{empty:#?}");
    assert!(!empty.iter().any(|line| line.starts_with("up")), "{empty:#?}");
}

#[test]
fn what_another_version_says_is_left_out() {
    let inherited = Inherited::default();
    assert!(!inherited.replace("{}") && !inherited.replace(""));
    let registry = Registry::new();
    let gauge = IntGauge::new("queries_total", "Now a gauge.").unwrap();
    registry.register(Box::new(gauge)).unwrap();
    inherited.replace(&say(&counted(&[("ok", 5)], 0.5).gather()));
    assert!(text(&inherited, &registry).contains(&"queries_total 0".to_owned()));
}
