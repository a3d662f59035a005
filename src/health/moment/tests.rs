use super::*;

#[test]
fn both_clocks_tell_the_same() {
    let now = Moment { at: Instant::now(), unix: 1_000 };
    let seconds = Duration::from_secs;
    assert_eq!(now.unix_of(now.at + seconds(5)), 1_005);
    assert_eq!(now.unix_of(now.before(seconds(5))), 995);
    assert_eq!(now.unix_ms_of(now.at + Duration::from_millis(5)), 1_000_005);
    assert_eq!(now.unix_ms_of(now.before(Duration::from_millis(1_500))), 998_500);
    assert_eq!((now.age(990), now.age(1_000), now.age(2_000)), (seconds(10), seconds(0), seconds(0)));
}
