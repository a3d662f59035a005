use super::*;
use std::fs;

#[tokio::test]
async fn a_change_is_told_once_it_is_still_and_a_refused_one_is_not_told_again() {
    let directory = tempfile::tempdir().unwrap();
    let [main, other] = ["main", "other"].map(|name| directory.path().join(name));
    fs::write(&main, "one").unwrap();
    fs::write(&other, "one").unwrap();
    let watch = Watch::new(vec![Stamp::now(&main), Stamp::now(&other)], true);
    fs::write(&other, "two and more").unwrap();
    watch.changed().await;
    // Only the first file was read before the attempt was refused.
    let watch = watch.after(vec![Stamp::now(&main)]);
    assert_eq!(watch.look(), *watch.files, "nothing is new since");
    fs::remove_file(&main).unwrap();
    watch.changed().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_watched_where_it_is_off() {
    let nowhere = Stamp::now("/nowhere/file".as_ref());
    let off = Watch::new(vec![nowhere], false);
    let patience = tokio::time::timeout(std::time::Duration::from_secs(3600), off.changed()).await;
    assert!(patience.is_err());
}
