use super::*;
use std::fs;

fn metrics() -> Metrics {
    Metrics::new(&Registry::new()).unwrap()
}

#[test]
fn what_was_recorded_is_on_disk_when_the_writer_has_ended() {
    let directory = tempfile::tempdir().unwrap();
    let metrics = metrics();
    let (audit, writer) = Audit::start(directory.path(), metrics.clone()).unwrap();
    (0..1000).for_each(|i| audit.record(Entry::of("verdict", i.to_string())));
    drop(audit);
    writer.finish();
    assert_eq!(verify(directory.path()).unwrap().lines, 1000);
    assert_eq!((metrics.written.get(), metrics.lost.get()), (1000, 0));
}

#[test]
fn what_was_lost_is_counted_and_the_trail_tells_it() {
    let directory = tempfile::tempdir().unwrap();
    let metrics = metrics();
    let (audit, writer) = Audit::start(directory.path(), metrics.clone()).unwrap();
    audit.lost(7);
    audit.record(Entry::of("verdict", "after"));
    drop(audit);
    writer.finish();
    let text = fs::read_to_string(directory.path().join("audit.log")).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!((&first["what"], &first["detail"]["entries"]), (&"lost".into(), &7.into()));
    assert_eq!(metrics.lost.get(), 7);
}

#[test]
fn a_disk_that_is_full_loses_lines_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let metrics = metrics();
    let trail = trail::Trail::open(directory.path()).unwrap();
    let mut writing = Writing { trail, metrics: metrics.clone(), told: 0, complained: None };
    let (queue, entries) = mpsc::channel(8);
    writing.trail.break_file();
    (0..3)
        .for_each(|i| queue.try_send(Job::Write(SystemTime::UNIX_EPOCH, Entry::of("verdict", i.to_string()))).unwrap());
    drop(queue);
    writing.run(entries);
    assert_eq!((metrics.written.get(), metrics.lost.get()), (0, 3));
}

#[tokio::test]
async fn a_trail_that_was_handed_over_is_gone_on_with_by_either_side() {
    let directory = tempfile::tempdir().unwrap();
    let (audit, writer) = Audit::start(directory.path(), metrics()).unwrap();
    audit.record(Entry::of("verdict", "before"));
    audit.rest().await;
    assert_eq!(verify(directory.path()).unwrap().lines, 1, "what was taken is written");
    audit.record(Entry::of("verdict", "the next process sees that for itself"));
    let (next, its_writer) = Audit::start(directory.path(), metrics()).unwrap();
    next.record(Entry::of("start", "the next process"));
    drop(next);
    its_writer.finish();
    audit.resume().await;
    audit.record(Entry::of("verdict", "after"));
    drop(audit);
    writer.finish();
    assert_eq!(verify(directory.path()).unwrap().lines, 3);
}

#[test]
fn without_a_directory_nothing_is_lost() {
    let metrics = metrics();
    let (audit, writer) = Audit::none(metrics.clone());
    audit.record(Entry::of("verdict", "unheard"));
    audit.lost(3);
    writer.finish();
    assert_eq!((metrics.written.get(), metrics.lost.get()), (0, 0));
}
