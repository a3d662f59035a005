use super::*;
use hickory_proto::op::{Edns, Message};
use hickory_proto::rr::rdata::opt::EdnsCode;
use proptest::prelude::*;

/// An option in its wire form.
fn option(code: u16, data: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes()[..], &(data.len() as u16).to_be_bytes(), data].concat()
}

fn read(data: &[u8]) -> Opt<'_> {
    Opt::read(1232, [0; 4], data)
}

fn shown(data: &[u8]) -> String {
    match (read(data).malformed, read(data).subnet) {
        (true, _) => "malformed".into(),
        (_, Some(Subnet { address: Some(address), source })) => format!("{address}/{source}"),
        (_, Some(Subnet { address: None, source })) => format!("nobody/{source}"),
        (_, None) => "none".into(),
    }
}

#[test]
fn subnets_are_strict() {
    for (octets, expected) in [
        (&[0, 1, 24, 0, 198, 51, 100][..], "198.51.100.0/24"),
        (&[0, 1, 0, 0], "0.0.0.0/0"),
        (&[0, 2, 0, 0], "::/0"),
        (&[0, 2, 56, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 0], "2001:db8::/56"),
        (&[0, 1, 32, 0, 198, 51, 100, 7], "198.51.100.7/32"),
        (&[0, 1, 20, 0, 198, 51, 96], "198.51.96.0/20"),
        // Family 0 hides all; other families are nobody's.
        (&[0, 0, 0, 0], "nobody/0"),
        (&[0, 0, 8, 0, 1], "malformed"),
        (&[0, 0, 0, 8], "malformed"),
        (&[0, 3, 0, 0], "malformed"),
        (&[1, 1, 24, 0, 198, 51, 100], "malformed"),
        // Too long, too short, nothing.
        (&[0, 1, 33, 0, 198, 51, 100, 0, 0], "malformed"),
        (&[0, 2, 129, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "malformed"),
        (&[0, 1, 24, 0, 198, 51], "malformed"),
        (&[0, 1, 24, 0, 198, 51, 100, 0], "malformed"),
        (&[0, 1, 24], "malformed"),
        (&[], "malformed"),
        // A scope, and bits beyond the prefix.
        (&[0, 1, 24, 24, 198, 51, 100], "malformed"),
        (&[0, 1, 20, 0, 198, 51, 100], "malformed"),
        (&[0, 1, 31, 0, 198, 51, 100, 7], "malformed"),
        // IPv4 in IPv6 dress; a shorter prefix tells nothing of an IPv4 address.
        (&[0, 2, 104, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10], "malformed"),
        (&[0, 2, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "::/80"),
    ] {
        assert_eq!(shown(&option(SUBNET, octets)), expected, "{octets:?}");
    }
}

#[test]
fn cookies_have_8_or_16_to_40_octets() {
    for length in 0..=64 {
        let data = option(COOKIE, &vec![7; length]);
        let opt = read(&data);
        let good = length == 8 || (16..=40).contains(&length);
        assert_eq!((opt.malformed, opt.cookie.map(<[u8]>::len)), (!good, good.then_some(length)), "{length}");
    }
}

#[test]
fn what_comes_twice() {
    let two = |code, a: &[u8], b: &[u8]| [option(code, a), option(code, b)].concat();
    assert_eq!(read(&two(COOKIE, &[1; 8], &[2; 16])).cookie, Some(&[1; 8][..]), "the first cookie counts");
    assert!(!read(&two(COOKIE, &[1; 8], &[2; 7])).malformed, "the others mean nothing");
    assert_eq!(shown(&two(SUBNET, &[0, 1, 0, 0], &[0, 1, 0, 0])), "malformed");
    assert!(read(&two(NSID, b"", b"data")).nsid);
}

#[test]
fn unknown_options_are_skipped_and_cut_ones_are_not() {
    let unknown: Vec<u8> = (100..150).flat_map(|code| option(code, &[0xff; 3])).chain(option(NSID, b"")).collect();
    assert_eq!((read(&unknown).nsid, read(&unknown).malformed), (true, false));
    for end in 1..7 {
        assert!(read(&unknown[..end]).malformed, "{end}");
    }
}

#[test]
fn the_fixed_part() {
    let opt = Opt::read(4096, [0xff, 0, 0x80, 1], &[]);
    assert_eq!((opt.size, opt.version, opt.dnssec_ok, opt.malformed), (4096, 0, true, false));
    assert!(!Opt::read(4096, [0, 0, 0x7f, 0xff], &[]).dnssec_ok);
    let other = Opt::read(512, [0, 1, 0, 0], &[0xff]);
    assert_eq!((other.version, other.malformed), (1, false), "we do not know the form of other versions");
}

proptest! {
    #[test]
    fn nothing_panics(size: u16, ttl: [u8; 4], data in proptest::collection::vec(any::<u8>(), 0..64)) {
        Opt::read(size, ttl, &data);
    }

    #[test]
    fn what_we_accept_hickory_reads_the_same(
        options in proptest::collection::vec(
            (prop_oneof![Just(NSID), Just(SUBNET), Just(COOKIE), any::<u16>()], prop_oneof![
                (1u16..=2, 0u8..=33, proptest::collection::vec(Just(0u8), 0..5)).prop_map(|(family, source, address)| {
                    [&family.to_be_bytes()[..], &[source, 0], &address].concat()
                }),
                proptest::collection::vec(any::<u8>(), 0..20),
            ]),
            0..5,
        )
    ) {
        let data: Vec<u8> = options.iter().flat_map(|(code, data)| option(*code, data)).collect();
        let mut message = Message::query();
        message.set_edns(Edns::new());
        let mut octets = message.to_vec().unwrap();
        let at = octets.len() - 2;
        octets[at..].copy_from_slice(&(data.len() as u16).to_be_bytes());
        octets.extend(&data);
        let opt = read(&data);
        // hickory does not know the family that hides; everything else that we believe it must believe too.
        if opt.malformed || opt.subnet.is_some_and(|subnet| subnet.address.is_none()) {
            return Ok(());
        }
        let edns = Message::from_vec(&octets).unwrap().edns.unwrap();
        prop_assert_eq!(edns.option(EdnsCode::NSID).is_some(), opt.nsid);
        let theirs = match edns.option(EdnsCode::Subnet) {
            Some(hickory_proto::rr::rdata::opt::EdnsOption::Subnet(subnet)) => Some(Subnet {
                address: Some(subnet.addr()),
                source: subnet.source_prefix(),
            }),
            _ => None,
        };
        prop_assert_eq!(theirs, opt.subnet);
    }
}
