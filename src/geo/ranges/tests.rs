use super::*;

type Prefixes = Vec<(u32, u32, char)>;
type Shown = Vec<(u32, u32, Option<char>)>;

fn shown(ranges: &Ranges<u32, Option<char>>) -> Shown {
    ranges.iter().collect()
}

#[test]
fn the_longest_prefix_around_an_address_counts() {
    let max = u32::MAX;
    let cases: [(Prefixes, Shown); 7] = [
        (vec![], vec![(0, max, None)]),
        (vec![(0, max, 'a')], vec![(0, max, Some('a'))]),
        (vec![(4, 7, 'a'), (8, 15, 'a')], vec![(0, 3, None), (4, 15, Some('a')), (16, max, None)]),
        (
            vec![(12, 15, 'c'), (0, 15, 'a'), (8, 15, 'b')],
            vec![(0, 7, Some('a')), (8, 11, Some('b')), (12, 15, Some('c')), (16, max, None)],
        ),
        (
            vec![(0, 15, 'a'), (4, 5, 'b')],
            vec![(0, 3, Some('a')), (4, 5, Some('b')), (6, 15, Some('a')), (16, max, None)],
        ),
        (
            vec![(0, 15, 'a'), (0, 1, 'a'), (max, max, 'b')],
            vec![(0, 15, Some('a')), (16, max - 1, None), (max, max, Some('b'))],
        ),
        (vec![(4, 7, 'a'), (4, 7, 'b')], vec![(0, 3, None), (4, 7, Some('b')), (8, max, None)]),
    ];
    for (prefixes, expected) in cases {
        assert_eq!(shown(&Ranges::of_prefixes(prefixes.clone())), expected, "{prefixes:?}");
    }
}

#[test]
fn two_layers_become_one_without_equal_neighbours() {
    let over = Ranges::of_prefixes(vec![(4u32, 7, 'x'), (16, 31, 'x')]);
    let under = Ranges::of_prefixes(vec![(0u32, 15, 'u'), (16, 31, 'x'), (64, 127, 'x')]);
    assert_eq!(
        shown(&over.join(&under, Option::or)),
        [
            (0, 3, Some('u')),
            (4, 7, Some('x')),
            (8, 15, Some('u')),
            (16, 31, Some('x')),
            (32, 63, None),
            (64, 127, Some('x')),
            (128, u32::MAX, None)
        ]
    );
}

#[test]
fn the_prefix_around_an_address_ends_before_its_neighbours() {
    let ranges = Ranges::of_prefixes(vec![(0x0a00_0000u32, 0x0aff_ffff, 'a'), (0x0a01_0200, 0x0a01_02ff, 'b')]);
    for (address, len) in [
        (0x0a01_0203, 24),
        (0x0a01_0300, 24),
        (0x0a01_0000, 23),
        (0x0a02_0000, 15),
        (0x0a00_0000, 16),
        (0x0a80_0000, 9),
        (0x0b00_0000, 8),
        (0x0900_0000, 7),
        (0x8000_0000, 1),
        (0xffff_ffff, 1),
        (0, 5),
    ] {
        assert_eq!(ranges.prefix_len(ranges.find(address), address), len, "{address:08x}");
    }
    assert_eq!(Ranges::<u32, char>::uniform('a').prefix_len(0, 7), 0);
    let last = Ranges::of_prefixes(vec![(u128::MAX, u128::MAX, 'a')]);
    assert_eq!(last.prefix_len(1, u128::MAX), 128);
    assert_eq!(last.prefix_len(0, u128::MAX - 1), 128);
    assert_eq!(last.prefix_len(0, 0), 1);
}

#[test]
fn mapped_prefixes_are_ipv4_and_wider_ones_are_not() {
    for (prefix, v4) in [
        ("::ffff:0:0/96", Some((0, u32::MAX))),
        ("::ffff:10.1.0.0/112", Some((0x0a01_0000, 0x0a01_ffff))),
        ("::ffff:10.1.2.3/128", Some((0x0a01_0203, 0x0a01_0203))),
        ("10.1.0.0/16", Some((0x0a01_0000, 0x0a01_ffff))),
        ("::fffe:0:0/95", None),
        ("::/0", None),
        ("::/96", None),
        ("2001:db8::/32", None),
    ] {
        match canonical_net(prefix.parse().unwrap()) {
            Family::V4(range) => assert_eq!(Some(range), v4, "{prefix}"),
            Family::V6(_) => assert_eq!(None, v4, "{prefix}"),
        }
    }
}

#[test]
fn blocks_rise_with_addresses() {
    let v4 = [(0u32, 0), (0xffff, 0), (0x1_0000, 1), (0x7fff_ffff, 0x7fff), (u32::MAX, 0xffff)];
    assert!(v4.iter().all(|(address, block)| address.block() == *block));
    let v6 =
        [(0u128, 0), (0x1fff, 0), (0x2000, 0), (0x2a00, 0x5000), (0x3fff, 0xfff8), (0x4000, 0xffff), (0xffff, 0xffff)];
    assert!(v6.iter().all(|(top, block)| (top << 112).block() == *block));
    assert_eq!((0x3fff_e000u128 << 96).block(), 0xffff);
}

#[test]
fn shares_are_parts_of_the_family() {
    assert_eq!(0u32.share_to(u32::MAX), 1.0);
    assert_eq!(0x8000_0000u32.share_to(0xbfff_ffff), 0.25);
    assert_eq!(0u128.share_to(u128::MAX), 1.0);
    assert_eq!((1u128 << 127).share_to(u128::MAX), 0.5);
}
