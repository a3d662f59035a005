use super::*;
use std::sync::mpsc;

#[tokio::test]
async fn who_gives_up_waiting_lets_nobody_in_before_the_work_is_done() {
    let (begun, has_begun) = mpsc::channel();
    let (end, may_end) = mpsc::channel::<()>();
    let asked = tokio::spawn(in_turn(move || {
        begun.send(()).unwrap();
        // Until the test lets it.
        may_end.recv().unwrap();
    }));
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
    assert!(COMPARING.try_lock().is_err(), "it is still at work");
    end.send(()).unwrap();
    assert_eq!(in_turn(|| 7).await.unwrap(), 7);
}
