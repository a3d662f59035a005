use super::*;
use proptest::prelude::*;
use std::time::Duration;

fn chain(entries: &[Entry]) -> Vec<String> {
    let mut end = Link::default();
    let line = |entry: &Entry| {
        let (line, next) = end.next(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000), entry);
        end = next;
        line
    };
    entries.iter().map(line).collect()
}

fn check(lines: &[String]) -> Result<Link, (usize, Fault)> {
    let mut end = None;
    for (i, line) in lines.iter().enumerate() {
        end = Some(Link::read(end, line).map_err(|fault| (i, fault))?);
    }
    Ok(end.unwrap_or_default())
}

fn some() -> Vec<Entry> {
    let verdict = |n: u64| Entry::of("verdict", "connection \"refused\"\n").at(n).with("address", "127.0.0.1:5061");
    vec![Entry::of("start", "the server was started"), verdict(2), verdict(3), Entry::of("stop", "told to")]
}

#[test]
fn a_line_is_json_that_begins_with_what_people_look_for() {
    let line = &chain(&some())[1];
    let expected = r#"{"line":2,"time":"2023-11-14T22:13:20.000Z","what":"verdict","generation":2,"reason":"connection \"refused\"\n","detail":{"address":"127.0.0.1:5061"},"after":""#;
    assert!(line.starts_with(expected), "{line}");
    assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
}

#[test]
fn a_whole_chain_holds() {
    assert_eq!(check(&chain(&some())).map(|end| end.lines), Ok(4));
}

#[test]
fn each_way_to_forge_a_chain_is_named() {
    let whole = chain(&some());
    let forged = |how: &dyn Fn(&mut Vec<String>)| {
        let mut lines = whole.clone();
        how(&mut lines);
        check(&lines).unwrap_err()
    };
    assert_eq!(forged(&|lines| lines[2] = lines[2].replace("refused", "reset")), (2, Fault::Changed));
    assert_eq!(forged(&|lines| drop(lines.remove(1))), (1, Fault::Gap { wanted: 2, found: 3 }));
    assert_eq!(forged(&|lines| lines.swap(1, 2)), (1, Fault::Gap { wanted: 2, found: 3 }));
    assert_eq!(forged(&|lines| lines.insert(1, lines[1].clone())), (2, Fault::Gap { wanted: 3, found: 2 }));
    assert_eq!(forged(&|lines| lines[3] = "hello".into()), (3, Fault::Foreign));
    let other = chain(&[Entry::of("start", "another"), Entry::of("verdict", "another")]);
    assert_eq!(forged(&|lines| lines[1] = other[1].clone()), (1, Fault::Replaced));
    assert_eq!(forged(&|lines| lines[0] = other[0].clone()), (1, Fault::Replaced));
    // A first line that claims something before it.
    let (late, _) = Link { lines: 0, hash: sha256("before") }.next(SystemTime::UNIX_EPOCH, &some()[0]);
    assert_eq!(check(&[late]), Err((0, Fault::Replaced)));
}

proptest! {
    #[test]
    fn no_changed_octet_goes_unseen(place in any::<prop::sample::Index>(), with in "[ -~]") {
        let lines = chain(&some());
        let mut text = lines.join("\n");
        let at = place.index(text.len());
        prop_assume!(text.is_char_boundary(at) && text.is_char_boundary(at + 1) && text[at..=at] != with);
        text.replace_range(at..=at, &with);
        let changed: Vec<String> = text.split('\n').map(str::to_owned).collect();
        prop_assert!(check(&changed).is_err(), "{changed:?}");
    }

    #[test]
    fn whatever_is_said_can_be_read_again(reason in ".*", key in ".*", value in ".*") {
        let entries = [Entry::of("verdict", reason.clone()).with(&key, value.clone()), Entry::of("stop", "")];
        let lines = chain(&entries);
        prop_assert_eq!(check(&lines).map(|end| end.lines), Ok(2));
        let read: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        prop_assert_eq!(read["reason"].as_str(), Some(&*reason));
        prop_assert_eq!(read["detail"][&key].as_str(), Some(&*value));
    }
}
