use super::*;
use hickory_proto::rr::rdata::opt::ClientSubnet;

fn asked(subnet: Option<(&str, u8, u8)>, policy: &Ecs) -> Result<Asked, Refusal> {
    let mut edns = Edns::new();
    edns.set_max_payload(4096);
    if let Some((address, source, scope)) = subnet {
        let address = address.parse().unwrap();
        edns.options_mut().insert(EdnsOption::Subnet(ClientSubnet::new(address, source, scope)));
    }
    read(Some(&edns), "10.0.0.1".parse().unwrap(), policy)
}

#[test]
fn the_size_is_between_512_and_1232() {
    for (offered, expected) in [(0, 512), (511, 512), (512, 512), (1000, 1000), (1232, 1232), (65535, 1232)] {
        let mut edns = Edns::new();
        edns.set_max_payload(offered);
        let asked = read(Some(&edns), "10.0.0.1".parse().unwrap(), &Ecs::On);
        assert_eq!(asked.map(|asked| asked.udp_size), Ok(expected), "{offered}");
    }
    assert_eq!(read(None, "10.0.0.1".parse().unwrap(), &Ecs::On).map(|asked| asked.udp_size), Ok(512));
}

#[test]
fn a_subnet_steers_where_it_is_believed() {
    let source = "10.0.0.1".parse().unwrap();
    let trust = |prefix: &str| Ecs::Trust(vec![prefix.parse().unwrap()]);
    for (subnet, policy, client, echoed) in [
        (None, Ecs::On, "10.0.0.1", false),
        (Some(("198.51.100.0", 24, 0)), Ecs::On, "198.51.100.0", true),
        (Some(("2001:db8::", 56, 0)), Ecs::On, "2001:db8::", true),
        (Some(("0.0.0.0", 0, 0)), Ecs::On, "10.0.0.1", true),
        (Some(("198.51.100.0", 24, 0)), Ecs::Off, "10.0.0.1", false),
        (Some(("198.51.100.0", 24, 0)), trust("10.0.0.0/8"), "198.51.100.0", true),
        (Some(("198.51.100.0", 24, 0)), trust("10.1.0.0/16"), "10.0.0.1", false),
    ] {
        let asked = asked(subnet, &policy).unwrap();
        assert_eq!(asked.client(source).to_string(), client, "{subnet:?} {policy:?}");
        assert_eq!(asked.reply(20).option(EdnsCode::Subnet).is_some(), echoed, "{subnet:?} {policy:?}");
    }
}

#[test]
fn the_reply_repeats_the_subnet_with_the_scope() {
    let scope = |subnet| match asked(Some(subnet), &Ecs::On).unwrap().reply(20).option(EdnsCode::Subnet) {
        Some(EdnsOption::Subnet(s)) => (s.addr().to_string(), s.source_prefix(), s.scope_prefix()),
        other => panic!("{other:?}"),
    };
    assert_eq!(scope(("198.51.100.0", 24, 0)), ("198.51.100.0".into(), 24, 20));
    assert_eq!(scope(("0.0.0.0", 0, 0)), ("0.0.0.0".into(), 0, 0), "a hidden client's answer depends on nobody");
}

#[test]
fn what_is_no_subnet_is_refused() {
    for subnet in [("198.51.100.0", 33, 0), ("198.51.100.0", 24, 8), ("198.51.100.1", 24, 0), ("2001:db8::1", 64, 0)] {
        assert_eq!(asked(Some(subnet), &Ecs::On), Err(Refusal::MalformedSubnet), "{subnet:?}");
    }
}

#[test]
fn another_version_is_refused() {
    let mut edns = Edns::new();
    edns.set_version(1);
    assert_eq!(read(Some(&edns), "10.0.0.1".parse().unwrap(), &Ecs::On), Err(Refusal::BadVersion));
}
