use super::*;
use std::time::Instant;

fn hold(ends: Option<Instant>) -> Hold {
    Hold { held: Held::Drain, grounds: Grounds::new("patch night", "kim").unwrap(), made: 1_000, ends }
}

fn at(unix: u64) -> Moment {
    Moment { at: Instant::now(), unix }
}

#[test]
fn a_hold_ends_when_it_was_said_to_end() {
    let now = at(1_000);
    let subject = |text: &str| text.parse::<Subject>().unwrap();
    let holds: Holds = [
        (subject("seoul"), hold(Some(now.at + Duration::from_secs(3_600)))),
        (subject("dublin/2001:db8::1"), hold(None)),
    ]
    .into_iter()
    .collect();
    let text = say_holds(&holds, now);
    // Read at another time on that clock: how long the hold is then left to last.
    for (unix, left) in [(1_000, Some(3_600)), (2_000, Some(2_600)), (4_600, None), (9_999, None), (10, Some(3_600))] {
        let later = at(unix);
        let read = read_holds(&text, later).unwrap();
        assert_eq!(read.get(&subject("dublin/2001:db8::1")).unwrap().ends, None);
        let ends = read.get(&subject("seoul")).map(|hold| hold.ends.unwrap() - later.at);
        assert_eq!(ends, left.map(Duration::from_secs), "at {unix}");
    }
    let read = read_holds(&text, now).unwrap();
    let seoul = read.get(&subject("seoul")).unwrap();
    assert_eq!((seoul.held, seoul.made, seoul.grounds.reason.as_str()), (Held::Drain, 1_000, "patch night"));
}

/// The clock was a day ahead when the hold was made, and right when it was written again.
#[test]
fn a_clock_that_was_set_back_before_ends_no_hold_early() {
    let (made, now) = (86_400 + 1_000, at(1_000));
    let subject: Subject = "seoul".parse().unwrap();
    let hold = Hold { made, ..hold(Some(now.at + Duration::from_secs(600))) };
    let text = say_holds(&[(subject.clone(), hold)].into_iter().collect(), now);
    for (unix, left) in [(1_000, 600), (1_010, 590), (10, 600)] {
        let later = at(unix);
        let read = read_holds(&text, later).unwrap();
        assert_eq!(read.get(&subject).unwrap().ends, Some(later.at + Duration::from_secs(left)), "at {unix}");
    }
}

#[test]
fn what_this_version_does_not_write_is_not_read() {
    for text in [
        "",
        "{}",
        "[{}]",
        r#"[{"pool":"a","endpoint":null,"state":"sideways","reason":"x","author":"y","made":1,"until":null}]"#,
        r#"[{"pool":"a","endpoint":null,"state":"up","reason":"","author":"y","made":1,"until":null}]"#,
    ] {
        assert!(read_holds(text, at(1)).is_none(), "{text}");
    }
    assert!(read_past("[]").is_none());
    let past = Past {
        said: 5,
        verdicts: vec![PastVerdict {
            address: "10.0.0.1:5061".parse().unwrap(),
            check: "sip".into(),
            names: "a b".into(),
            state: "down".into(),
            since: 3,
        }],
        services: vec![],
    };
    assert_eq!(read_past(&say_past(&past)), Some(past));
}
