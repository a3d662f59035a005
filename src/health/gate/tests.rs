use super::*;

#[test]
fn a_lost_pool_waits_before_it_is_preferred_again() {
    let start = Instant::now();
    let at = |s| start + Duration::from_secs(s);
    let wait = Some(Duration::from_secs(600));
    let mut gate = Gate::default();
    for (s, state, expected) in [
        (0, State::Unknown, Gate::In),
        (1, State::Up, Gate::In),
        (2, State::Down, Gate::Out { since: at(2) }),
        (3, State::Unknown, Gate::Out { since: at(2) }),
        (4, State::Down, Gate::Out { since: at(2) }),
        (10, State::Up, Gate::Waiting { since: at(10) }),
        (300, State::Up, Gate::Waiting { since: at(10) }),
        (301, State::Down, Gate::Out { since: at(301) }),
        (400, State::Up, Gate::Waiting { since: at(400) }),
        (500, State::Degraded, Gate::Out { since: at(500) }),
        (510, State::Degraded, Gate::Out { since: at(500) }),
        (520, State::Up, Gate::Waiting { since: at(520) }),
        (1119, State::Up, Gate::Waiting { since: at(520) }),
        (1120, State::Up, Gate::In),
    ] {
        gate = gate.step(state, at(s), wait);
        assert_eq!(gate, expected, "at {s}");
    }
}

#[test]
fn without_a_wait_it_is_preferred_at_once_and_with_none_only_when_released() {
    let now = Instant::now();
    let out = Gate::Out { since: now };
    assert_eq!(out.step(State::Up, now, Some(Duration::ZERO)), Gate::In);
    let manual = out.step(State::Up, now, None);
    assert_eq!(manual.step(State::Up, now + FOREVER, None), Gate::Waiting { since: now });
    assert_eq!(manual.ripe_at(None), None);
    assert_eq!(manual.release(), Gate::In);
    assert_eq!(out.release(), out, "a release does not revive the dead");
}
