use super::*;
use crate::rrtype::{A, MX, NS, TXT};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn name(text: &str) -> Name {
    Name::from_wire(
        &text
            .split('.')
            .filter(|l| !l.is_empty())
            .fold(Vec::new(), |w, l| [&w[..], &[l.len() as u8], l.as_bytes()].concat())
            .into_iter()
            .chain([0])
            .collect::<Vec<u8>>(),
    )
}

/// Records of example.com; each item is "owner TYPE...".
fn records(items: &[&str]) -> Records {
    let mut sets: Vec<RrSet> = Vec::new();
    for item in items {
        let (owner, kinds) = item.split_once(' ').unwrap();
        let owner = name(&if owner == "@" { "example.com".to_owned() } else { format!("{owner}.example.com") });
        for kind in kinds.split(' ') {
            let kind = rrtype::parse(kind).unwrap();
            sets.push(RrSet { owner: owner.clone(), kind, ttl: 60, data: vec![[1, kind as u8].into(), [2].into()] });
        }
    }
    Records::new(&name("example.com"), &sets)
}

/// What stands at a name of example.com: its types, or the cut, or the encloser with the types of its wildcard.
fn place(records: &Records, labels: &str) -> String {
    let asked = name(&if labels == "@" { "example.com".to_owned() } else { format!("{labels}.example.com") });
    let apex_at = asked.wire().len() - name("example.com").wire().len();
    let types =
        |node: Node<'_>| node.sets().map(|set| rrtype::word(set.kind).into_owned()).collect::<Vec<_>>().join(" ");
    let at = |at: usize| Name::from_wire(&asked.wire()[at..]).to_string();
    match records.find(asked.wire(), apex_at) {
        Place::Here(node) => format!("[{}]", types(node)),
        Place::Cut(start, _) => format!("cut {}", at(start)),
        Place::Nowhere { encloser, wildcard } => {
            format!("below {} *[{}]", at(encloser), wildcard.map_or_else(|| "-".to_owned(), types))
        }
    }
}

#[test]
fn names_stand_where_rfc_1034_and_4592_say() {
    let records = records(&["@ MX", "host.a A TXT", "*.w TXT", "x.w A", "sub NS DS", "ns.sub A", "*.b.*.c A", "d.e A"]);
    for (asked, expected) in [
        ("@", "[MX]"),
        ("host.a", "[A TXT]"),
        ("a", "[]"),
        ("b.a", "below a.example.com *[-]"),
        ("y.w", "below w.example.com *[TXT]"),
        ("z.y.w", "below w.example.com *[TXT]"),
        ("w", "[]"),
        ("*.w", "[TXT]"),
        ("x.w", "[A]"),
        // RFC 4592 section 2.2.1: x.w exists, so the wildcard does not speak for what lies below it.
        ("y.x.w", "below x.w.example.com *[-]"),
        ("y.*.w", "below *.w.example.com *[-]"),
        ("sub", "cut sub.example.com"),
        ("ns.sub", "cut sub.example.com"),
        ("a.b.ns.sub", "cut sub.example.com"),
        ("q.c", "below c.example.com *[]"),
        ("q.b.*.c", "below b.*.c.example.com *[A]"),
        ("nothing", "below example.com *[-]"),
    ] {
        assert_eq!(place(&records, asked), expected, "{asked}");
    }
}

#[test]
fn a_set_gives_back_its_data() {
    let records = records(&["a A MX", "b NS"]);
    let node = records.exact(name("a.example.com").wire()).unwrap();
    assert_eq!(node.set(MX).unwrap().data().collect::<Vec<_>>(), [&[1, 15][..], &[2]]);
    assert!(node.set(TXT).is_none());
    let all: Vec<_> = records.iter().map(|(owner, set)| (owner.len(), set.kind)).collect();
    assert_eq!(all, [(15, A), (15, MX), (15, NS)]);
}

proptest! {
    /// A slow reading of the RFCs over a plain map says the same.
    #[test]
    fn a_slow_reading_says_the_same(
        owners in prop::collection::btree_set("(([ab*]\\.){0,3})[ab*]", 1..8),
        cuts in prop::collection::btree_set("([ab]\\.){0,1}[ab]", 0..2),
        asked in "(([abc*]\\.){0,4})[abc*]",
    ) {
        let mut all: BTreeMap<String, &str> = owners.iter().map(|owner| (owner.clone(), "A")).collect();
        all.extend(cuts.iter().map(|cut| (cut.clone(), "NS")));
        let items: Vec<String> = all.iter().map(|(owner, kind)| format!("{owner} {kind}")).collect();
        let records = records(&items.iter().map(String::as_str).collect::<Vec<_>>());
        let exists = |name: &str| name.is_empty() || all.keys().any(|o| o == name || o.ends_with(&format!(".{name}")));
        let mut above: Vec<&str> = std::iter::successors(Some(&*asked), |n| n.split_once('.').map(|(_, up)| up)).collect();
        above.push("");
        let full = |n: &str| if n.is_empty() { "example.com".to_owned() } else { format!("{n}.example.com") };
        let cut = above.iter().rev().find(|n| all.get(**n) == Some(&"NS"));
        let encloser = above.iter().find(|n| exists(n)).unwrap();
        let expected = match cut {
            Some(cut) => format!("cut {}", full(cut)),
            None if *encloser == asked => format!("[{}]", all.get(&asked).copied().unwrap_or_default()),
            None => {
                let star = if encloser.is_empty() { "*".to_owned() } else { format!("*.{encloser}") };
                let has = if exists(&star) { all.get(&star).copied().unwrap_or_default() } else { "-" };
                format!("below {} *[{has}]", full(encloser))
            }
        };
        prop_assert_eq!(place(&records, &asked), expected, "{:?}", all);
    }
}
