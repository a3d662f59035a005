use super::*;
use crate::config::Rung;
use crate::testing::{POOLS, ZONE, service, topology};

fn pick(pool: usize, endpoints: &[usize]) -> Pick {
    Pick { pool, endpoints: endpoints.into() }
}

fn said(more: &str, basis: Basis, picks: &[Pick]) -> String {
    let topology = topology(&[ZONE, POOLS, &service(more)].concat());
    let answer = render(&topology.services[0], &Choice { picks: picks.into(), basis, brief: false });
    let srv = answer.srv.iter().map(|srv| match srv.target {
        Target::InDomain => format!("{} in domain; ", srv.priority),
        Target::Pool(pool) => format!("{} {}; ", srv.priority, topology.pool(pool).name),
    });
    let v4 = answer.addresses.v4.iter().map(|a| format!("{a} "));
    let v6 = answer.addresses.v6.iter().map(|a| format!("{a} "));
    srv.chain(v4).chain(v6).collect::<String>().trim_end().to_owned()
}

#[test]
fn each_shape_says_a_choice_in_its_way() {
    let (first, second) = (pick(0, &[0, 2]), pick(1, &[0]));
    let all_down = Basis::AllDown(Rung::All);
    for (shape, basis, picks, expected) in [
        ("address", Basis::Proven, vec![first.clone()], "0 in domain; 10.1.0.1 2001:db8:1::1"),
        ("target", Basis::Proven, vec![second.clone()], "0 dublin; 10.2.0.1"),
        ("ordered", Basis::Proven, vec![second.clone(), first.clone()], "0 dublin; 1 seoul; 10.2.0.1"),
        ("address", all_down, vec![first.clone(), second.clone()], "0 in domain; 10.1.0.1 10.2.0.1 2001:db8:1::1"),
        ("target", all_down, vec![first, second], "0 seoul; 1 dublin; 10.1.0.1 10.2.0.1 2001:db8:1::1"),
        ("address", Basis::AllDown(Rung::NoData), vec![], ""),
        ("ordered", Basis::AllDown(Rung::NoData), vec![], ""),
    ] {
        assert_eq!(said(&format!("shape = \"{shape}\""), basis, &picks), expected, "{shape} {basis:?}");
    }
}

#[test]
fn an_answer_never_names_more_addresses_than_fit() {
    let addresses: Vec<String> = (0..6).flat_map(|pool| (0..256).map(move |i| format!("10.{pool}.0.{i}"))).collect();
    let mut text = ZONE.to_owned();
    for (i, pool) in addresses.chunks(256).enumerate() {
        text += &format!("[pool.p{i}]\nlocation = \"KR\"\nendpoints = {pool:?}\n");
    }
    text += "[service.s]\nkind = \"sip-federation\"\ndomains = [\"contoso.com\"]\npools = [\"p0\",\"p1\",\"p2\",\"p3\",\"p4\",\"p5\"]\n";
    let topology = topology(&text);
    let picks = (0..6).map(|pool| Pick { pool, endpoints: (0..256).collect() }).collect();
    let answer = render(&topology.services[0], &Choice { picks, basis: Basis::AllDown(Rung::All), brief: false });
    assert_eq!(answer.addresses.v4.len(), ANSWER_ADDRESSES_MAX);
}

#[test]
fn a_negative_answer_lives_no_longer_than_minimum() {
    let topology = topology(&[ZONE, POOLS, &service("")].concat());
    let (zone, apex) = (&topology.zones[0], records::dns_name(crate::name::Name::parse("contoso.com").unwrap().wire()));
    assert_eq!(records::soa(zone, &apex, true).ttl, 60);
    assert_eq!(records::soa(zone, &apex, false).ttl, 3600);
    let text = records::soa(zone, &apex, false).to_string();
    assert!(text.contains("ns1.contoso.com. hostmaster.contoso.com. "), "{text}");
}
