use super::*;
use std::time::Duration;

#[test]
fn a_subject_is_read_as_it_is_written() {
    for text in ["seoul", "seoul/10.1.0.1", "a.b-c_d/2001:db8::1"] {
        assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
    }
    for text in ["", "/10.1.0.1", "seoul/", "seoul/host", "seoul/10.1.0.1/x", "a b", "a%2f"] {
        assert!(text.parse::<Subject>().is_err(), "{text}");
    }
}

#[test]
fn grounds_say_something_on_one_line() {
    assert_eq!(Grounds::new(" patch night ", "kim").unwrap().reason, "patch night");
    assert_eq!(Grounds::new(" ", "kim"), Err(BadGrounds::Empty("reason")));
    assert_eq!(Grounds::new("x", ""), Err(BadGrounds::Empty("author")));
    assert_eq!(Grounds::new("a\nb", "kim"), Err(BadGrounds::Control("reason")));
    let most = "\u{e9}".repeat(HOLD_REASON_MAX);
    assert!(Grounds::new(&most, "kim").is_ok());
    assert_eq!(Grounds::new(&format!("{most}x"), "kim"), Err(BadGrounds::Long("reason")));
}

#[test]
fn holds_end_in_their_time_and_not_before() {
    let start = Instant::now();
    let at = |s| start + Duration::from_secs(s);
    let hold = |ends| Hold { held: Held::Down, grounds: Grounds::new("x", "y").unwrap(), made: 0, ends };
    let subject = |text: &str| text.parse::<Subject>().unwrap();
    let mut holds: Holds =
        [(subject("a"), hold(Some(at(10)))), (subject("a/10.0.0.1"), hold(Some(at(20)))), (subject("b"), hold(None))]
            .into_iter()
            .collect();
    assert_eq!(holds.next_end(), Some(at(10)));
    assert_eq!(holds.expire(at(9)), []);
    assert_eq!(holds.expire(at(10)).len(), 1);
    assert_eq!((holds.of_pool("a").held(), holds.of_pool("b").held()), (None, Some(Held::Down)));
    assert!(holds.of_pool("a").endpoint([10, 0, 0, 1].into()).is_some());
    assert_eq!(holds.expire(at(1_000_000)).len(), 1);
    assert_eq!((holds.next_end(), holds.iter().len()), (None, 1));
}
