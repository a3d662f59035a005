use super::*;

#[test]
fn an_action_that_leaves_too_few_pools_is_refused() {
    let now = Instant::now();
    let left = |active| Left { service: "federation".into(), active };
    for (min, active, refused) in [(1, 0, true), (1, 1, false), (2, 1, true), (0, 0, false)] {
        let safety = Safety { min_active_pools: min, ..Safety::default() };
        let judged = Recent::default().judge(safety, Some(&left(active)), now);
        assert_eq!(judged.is_err(), refused, "{min} {active}");
    }
    assert_eq!(Recent::default().judge(Safety::default(), None, now), Ok(()), "nothing was taken away");
}

#[test]
fn only_so_many_changes_are_made_in_a_minute() {
    let (start, safety) = (Instant::now(), Safety { max_changes_per_minute: 2, ..Safety::default() });
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut recent = Recent::default();
    for (seconds, obeyed) in [(0, true), (30, true), (31, false), (59, false), (60, true), (61, false), (90, true)] {
        let judged = recent.judge(safety, None, at(seconds));
        assert_eq!(judged, if obeyed { Ok(()) } else { Err(Unsafe::TooManyChanges(2)) }, "{seconds}");
        if obeyed {
            recent.count(safety, at(seconds));
        }
    }
}
