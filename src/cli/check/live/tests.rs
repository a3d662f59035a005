use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn work_on_many_keeps_their_order_and_its_bound() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let progress = Progress::counting("counting", 20);
    let made = each((0..20_u64).collect(), 3, &progress, |number| {
        let (now, most) = (now.clone(), most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // The later ones end first.
            (number..20).for_each(|_| ());
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            number * 2
        }
    });
    let made = made.await;
    assert_eq!(made, (0..20).map(|number| number * 2).collect::<Vec<_>>());
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
}

#[test]
fn columns_are_as_wide_as_their_widest_cell() {
    let rows =
        [vec!["pool", "state"], vec!["a-long-name", "up"]].map(|row| row.into_iter().map(str::to_owned).collect());
    assert_eq!(table(&rows), "pool         state\na-long-name  up\n");
}
