use super::*;
use hickory_proto::rr::rdata::opt::EdnsCode;

fn subnet(address: &str, source: u8) -> Subnet {
    Subnet { address: address.parse().ok(), source }
}

#[test]
fn the_size_is_between_512_and_1232() {
    for (offered, expected) in [(0, 512), (511, 512), (512, 512), (1000, 1000), (1232, 1232), (65535, 1232)] {
        assert_eq!(limit(Some(&Opt { size: offered, ..Opt::default() })), expected, "{offered}");
    }
    assert_eq!(limit(None), 512);
}

#[test]
fn a_subnet_steers_where_it_is_believed() {
    let source = "10.0.0.1".parse().unwrap();
    let trust = |prefix: &str| Ecs::Trust(vec![prefix.parse().unwrap()]);
    for (sent, policy, expected, echoed) in [
        (None, Ecs::On, "10.0.0.1", false),
        (Some(subnet("198.51.100.0", 24)), Ecs::On, "198.51.100.0", true),
        (Some(subnet("2001:db8::", 56)), Ecs::On, "2001:db8::", true),
        (Some(subnet("0.0.0.0", 0)), Ecs::On, "10.0.0.1", true),
        (Some(subnet("nobody", 0)), Ecs::On, "10.0.0.1", true),
        (Some(subnet("198.51.100.0", 24)), Ecs::Off, "10.0.0.1", false),
        (Some(subnet("198.51.100.0", 24)), trust("10.0.0.0/8"), "198.51.100.0", true),
        (Some(subnet("198.51.100.0", 24)), trust("10.1.0.0/16"), "10.0.0.1", false),
    ] {
        let opt = Opt { subnet: sent, ..Opt::default() };
        let believed = believed(Some(&opt), source, &policy);
        assert_eq!(steers(believed, source).to_string(), expected, "{sent:?} {policy:?}");
        assert_eq!(believed.is_some(), echoed, "{sent:?} {policy:?}");
    }
    assert_eq!(believed(None, source, &Ecs::On), None);
}

#[test]
fn the_reply_repeats_the_subnet_with_the_scope() {
    for (subnet, expected) in [
        (subnet("198.51.100.0", 24), &[0, 1, 24, 20, 198, 51, 100][..]),
        (subnet("198.51.96.0", 20), &[0, 1, 20, 20, 198, 51, 96]),
        (subnet("2001:db8::", 32), &[0, 2, 32, 20, 0x20, 1, 0xd, 0xb8]),
        (subnet("0.0.0.0", 0), &[0, 1, 0, 0]),
        (subnet("::", 0), &[0, 2, 0, 0]),
        (subnet("nobody", 0), &[0, 0, 0, 0]),
    ] {
        let mut edns = plain(&Opt::default());
        say_subnet(&mut edns, subnet, 20);
        let said = edns.option(EdnsCode::Subnet).cloned();
        assert_eq!(said, Some(EdnsOption::Unknown(SUBNET, expected.to_vec())), "{subnet:?}");
    }
}

#[test]
fn the_answer_repeats_do_and_no_other_flag() {
    for dnssec_ok in [false, true] {
        let edns = plain(&Opt { dnssec_ok, version: 9, size: 4096, ..Opt::default() });
        assert_eq!((edns.flags().dnssec_ok, edns.flags().z, edns.version()), (dnssec_ok, 0, 0));
        assert_eq!(edns.max_payload(), UDP_ANSWER_MAX);
    }
}

#[test]
fn padding_fills_whole_blocks_and_never_exceeds_what_is_allowed() {
    for (length, limit, padded) in [
        (100, 65_535, 468),
        (463, 65_535, 468),
        (464, 65_535, 468),
        (465, 65_535, 936),
        (100, 400, 400),
        (396, 400, 400),
        (397, 400, 397),
        (65_500, 65_535, 65_520),
        (65_520, 65_535, 65_535),
        (65_535, 65_535, 65_535),
    ] {
        let mut edns = Edns::new();
        pad(&mut edns, length, limit);
        let option = edns.option(PADDING.into()).map(|option| Vec::<u8>::try_from(option).unwrap());
        assert_eq!(length + option.map_or(0, |data| OPTION_HEAD + data.len()), padded, "{length} {limit}");
    }
}
