use super::*;
use proptest::prelude::*;

/// A tree of nodes with two records each, packed in records of `bits`.
fn packed(nodes: &[(u32, u32)], bits: u16) -> Vec<u8> {
    let pack = |&(left, right): &(u32, u32)| match bits {
        24 => [&left.to_be_bytes()[1..], &right.to_be_bytes()[1..]].concat(),
        28 => {
            let middle = (left >> 24) << 4 | right >> 24;
            [&left.to_be_bytes()[1..], &[middle as u8], &right.to_be_bytes()[1..]].concat()
        }
        _ => [left.to_be_bytes(), right.to_be_bytes()].concat(),
    };
    nodes.iter().flat_map(pack).collect()
}

/// The ranges of an IPv4 tree; a record is shown by its distance from the node count.
fn walked(nodes: &[(u32, u32)], bits: u16) -> Result<Vec<(u32, u32, u32)>, BadTree> {
    let count = nodes.len() as u32;
    let octets = packed(nodes, bits);
    let ranges =
        Tree::new(&octets, count, bits)?.walk(Tree::ROOT, None, 0, |link, _: u32| Ok::<_, BadTree>(link.0 - count))?;
    Ok(ranges.iter().collect())
}

#[test]
fn records_of_every_size_are_read() {
    for (bits, big) in [(24, 0x00ab_cdef), (28, 0x0abc_def1), (32, 0xabcd_ef12)] {
        let nodes = [(1, 2 + big - 2), (2, 2 + 1)];
        let quarter = 1 << 30;
        assert_eq!(
            walked(&nodes, bits),
            Ok(vec![(0, quarter - 1, 0), (quarter, 2 * quarter - 1, 1), (2 * quarter, u32::MAX, big - 2)]),
            "{bits}"
        );
    }
}

#[test]
fn a_branch_that_is_stored_once_is_walked_wherever_it_is_named() {
    let half = 1 << 31;
    assert_eq!(
        walked(&[(1, 1), (3, 4)], 24),
        Ok(vec![
            (0, half / 2 - 1, 1),
            (half / 2, half - 1, 2),
            (half, half + half / 2 - 1, 1),
            (half + half / 2, u32::MAX, 2)
        ])
    );
}

#[test]
fn a_tree_that_is_none_is_refused() {
    let chain: Vec<_> = (0..33).map(|i| (i + 1, 33)).collect();
    assert_eq!(walked(&chain, 32), Err(BadTree::TooDeep));
    assert_eq!(walked(&[(0, 0)], 24), Err(BadTree::TooDeep));
    let octets = packed(&[(1, 1), (1, 1)], 24);
    assert_eq!(Tree::new(&octets, 3, 24).err(), Some(BadTree::CutOff));
    assert_eq!(Tree::new(&octets, u32::MAX, 32).err(), Some(BadTree::CutOff));
}

#[test]
fn branches_that_double_at_every_bit_end_at_the_bound() {
    // Nothing but empty leaves and ways to the IPv4 tree, both of which `maxminddb` passes over without counting.
    let nodes: Vec<_> = (0..128).map(|i| (i + 1, i + 1)).collect();
    let octets = packed(&nodes, 32);
    let mut tree = Tree::new(&octets, 128, 32).unwrap();
    tree.steps = 100_000;
    let ipv4 = tree.ipv4_root();
    assert_eq!(ipv4, Link(96));
    let walk = tree.walk(Tree::ROOT, Some(ipv4), 0, |_, _: u128| Ok::<_, BadTree>(1));
    assert_eq!(walk, Err(BadTree::TooLarge));
}

/// An IPv6 tree with records `V4` at ::/96, `V6` at 8000::/1, and the IPv4 branch once more at the named prefix.
fn with_alias(prefix: u128, len: u8) -> (Vec<(u32, u32)>, Link) {
    const NONE: u32 = u32::MAX;
    let mut nodes = vec![(NONE, NONE)];
    let put = |nodes: &mut Vec<(u32, u32)>, prefix: u128, len: u8, record: u32| {
        let mut at = 0;
        for bit in 0..len {
            let next = nodes.len() as u32;
            let right = prefix >> (127 - bit) & 1 == 1;
            let slot = if right { &mut nodes[at].1 } else { &mut nodes[at].0 };
            if bit == len - 1 {
                *slot = record;
            } else if *slot == NONE {
                *slot = next;
                at = next as usize;
                nodes.push((NONE, NONE));
            } else {
                at = *slot as usize;
            }
        }
    };
    let ipv4 = 1 << 20;
    put(&mut nodes, 0, 96, ipv4);
    put(&mut nodes, 1 << 127, 1, 1 << 21);
    put(&mut nodes, prefix, len, ipv4);
    let count = nodes.len() as u32 + 1;
    let root = count - 1;
    let real = |link| match link {
        NONE => count,
        l if l == ipv4 => root,
        l if l == 1 << 21 => count + 6,
        node => node,
    };
    let mut nodes: Vec<_> = nodes.into_iter().map(|(l, r)| (real(l), real(r))).collect();
    nodes.push((count + 4, count + 4));
    (nodes, Link(root))
}

#[test]
fn ipv4_within_ipv6_is_not_painted_twice() {
    for (prefix, len, again) in [
        (0xffff << 32, 96, false),
        (0x64_ff9b << 96, 96, false),
        (0x2001 << 112, 32, false),
        (0x2002 << 112, 16, false),
        (0x2003 << 112, 16, true),
    ] {
        let (nodes, root) = with_alias(prefix, len);
        let count = nodes.len() as u32;
        let octets = packed(&nodes, 28);
        let mut tree = Tree::new(&octets, count, 28).unwrap();
        assert_eq!(tree.ipv4_root(), root);
        let record = |link: Link| Ok::<_, BadTree>(link.0 - count);
        let v4 = tree.walk(root, None, 0, |link, _: u32| record(link)).unwrap();
        assert_eq!(v4, Ranges::uniform(4));
        let v6 = tree.walk(Tree::ROOT, Some(root), 0, |link, _: u128| record(link)).unwrap();
        assert_eq!((v6.at(0), v6.at(1 << 127), v6.at(prefix)), (0, 6, if again { 4 } else { 0 }), "{prefix:x}/{len}");
    }
}

#[test]
fn a_leaf_above_the_ipv4_tree_holds_for_all_ipv4() {
    let octets = packed(&[(2, 1), (3, 3)], 24);
    let tree = Tree::new(&octets, 1, 24).unwrap();
    assert_eq!(tree.ipv4_root(), Link(2));
}

proptest! {
    #[test]
    fn any_octets_are_walked_or_refused(octets in prop::collection::vec(any::<u8>(), 0..400), bits in prop::sample::select(vec![24u16, 28, 32])) {
        let count = (octets.len() / usize::from(bits / 4)) as u32;
        prop_assume!(count > 0);
        // Links to nodes are as likely as links to records.
        let tame: Vec<u8> = octets.iter().enumerate().map(|(i, &o)| if i % 3 == 2 || bits == 32 && i % 4 == 3 { o % 40 } else { 0 }).collect();
        for octets in [&octets, &tame] {
            let mut tree = Tree::new(octets, count, bits).unwrap();
            tree.steps = 10_000;
            let ipv4 = tree.ipv4_root();
            let _ = tree.walk(ipv4, None, 0, |link, _: u32| Ok::<_, BadTree>(link.0));
            let _ = tree.walk(Tree::ROOT, Some(ipv4), 0, |link, _: u128| Ok::<_, BadTree>(link.0));
        }
    }
}
