use super::*;
use hickory_proto::rr::Name as DnsName;
use hickory_proto::rr::rdata::{A, CNAME, NS, SOA, SRV};
use std::path::Path;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn dns(text: &str) -> DnsName {
    DnsName::from_ascii(format!("{text}.")).unwrap()
}

fn record(owner: &str, data: RData) -> Record {
    Record::from_rdata(dns(owner), 30, data)
}

fn ns(owner: &str, host: &str) -> Record {
    record(owner, RData::NS(NS(dns(host))))
}

fn a(owner: &str, address: [u8; 4]) -> Record {
    record(owner, RData::A(A(address.into())))
}

fn soa(owner: &str) -> Record {
    record(owner, RData::SOA(SOA::new(dns("ns1.a.example"), dns("hostmaster.a.example"), 1, 2, 3, 4, 5)))
}

fn message(is_own: bool, answers: Vec<Record>, authorities: Vec<Record>, additionals: Vec<Record>) -> Message {
    let mut message = Message::query();
    message.metadata.authoritative = is_own;
    (message.answers, message.authorities, message.additionals) = (answers, authorities, additionals);
    message
}

fn set(addresses: &[&str]) -> BTreeSet<IpAddr> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

fn codes(judge: impl FnOnce(&mut Findings<'_>)) -> Vec<&'static str> {
    let mut findings = Findings::of(Path::new("edgesteer.toml"));
    judge(&mut findings);
    findings.all.iter().map(|found| found.code).collect()
}

#[test]
fn a_referral_is_told_from_an_answer() {
    let apex = name("a.example");
    let glue = || vec![a("ns1.a.example", [192, 0, 2, 1]), a("stranger.example", [192, 0, 2, 9])];
    let referring = message(false, vec![], vec![ns("a.example", "ns1.a.example")], glue());
    let told = Servers::from([(name("ns1.a.example"), set(&["192.0.2.1"]))]);
    assert_eq!(referral(&referring, &apex), Some(told.clone()));
    assert_eq!(referral(&referring, &name("b.example")), None);
    let own = message(true, vec![ns("a.example", "ns1.a.example")], vec![], glue());
    assert_eq!((referral(&own, &apex), delegating(&own, &apex)), (None, Some(told)));
    assert_eq!(delegating(&message(true, vec![], vec![soa("example")], vec![]), &apex), None);
}

#[test]
fn a_delegation_is_compared_name_by_name_and_address_by_address() {
    let inside = ("ns1.a.example", &["192.0.2.1"][..]);
    let elsewhere = ("ns.b.example", &[][..]);
    let servers = |all: &[(&str, &[&str])]| all.iter().map(|(host, at)| (name(host), set(at))).collect::<Servers>();
    let plan = ZonePlan { apex: name("a.example"), ns: servers(&[inside, elsewhere]) };
    let told = |all: &[(&str, &[&str])]| Ok(Some(Told { by: "above".to_owned(), ns: servers(all) }));
    type Case<'a> = (&'a str, Result<Option<Told>, String>, &'a [&'a str]);
    let cases: [Case<'_>; 7] = [
        ("equal", told(&[inside, elsewhere]), &[]),
        ("glue of others is theirs", told(&[inside, ("ns.b.example", &["203.0.113.1"])]), &[]),
        ("one is missing", told(&[inside]), &["delegation-differs"]),
        ("one too many", told(&[inside, elsewhere, ("ns3.a.example", &["192.0.2.3"])]), &["delegation-differs"]),
        ("another address", told(&[("ns1.a.example", &["192.0.2.9"]), elsewhere]), &["glue-differs"]),
        ("no address", told(&[("ns1.a.example", &[]), elsewhere]), &["glue-differs"]),
        ("nobody", Ok(None), &["delegation-missing"]),
    ];
    for (case, told, expected) in cases {
        assert_eq!(codes(|findings| delegation(&plan, &told, findings)), expected, "{case}");
    }
    assert_eq!(codes(|findings| delegation(&plan, &Err("silence".to_owned()), findings)), ["outside-silent"]);
}

#[test]
fn only_an_authoritative_soa_is_a_server_s_word() {
    let mut refused = message(false, vec![], vec![], vec![]);
    refused.metadata.response_code = hickory_proto::op::ResponseCode::Refused;
    let cases = [
        (Ok(message(true, vec![soa("a.example")], vec![], vec![])), None),
        (Ok(message(false, vec![soa("a.example")], vec![], vec![])), Some("it does not answer for this zone")),
        (Ok(message(true, vec![], vec![], vec![])), Some("it does not answer for this zone")),
        (Ok(refused), Some("REFUSED")),
        (Err("no answer".to_owned()), Some("no answer")),
    ];
    for (answer, expected) in cases {
        assert_eq!(lameness(&answer).as_deref(), expected, "{answer:?}");
    }
}

#[test]
fn names_must_lead_where_the_configuration_leads() {
    let plan = NamesPlan {
        service: "federation".to_owned(),
        srv: vec![(name("_s._tcp.a.example"), 5061)],
        targets: BTreeSet::from([name("sip.a.example")]),
        addresses: BTreeMap::from([(name("sip.a.example"), set(&["192.0.2.10", "198.51.100.10"]))]),
        ttl: 30,
    };
    let to = |target: &str, port| {
        message(true, vec![record("_s._tcp.a.example", RData::SRV(SRV::new(0, 0, port, dns(target))))], vec![], vec![])
    };
    let at = |records: Vec<Record>| message(true, records, vec![], vec![]);
    let good = || (to("sip.a.example", 5061), at(vec![a("sip.a.example", [192, 0, 2, 10])]));
    let alias = || record("sip.a.example", RData::CNAME(CNAME(dns("edge.b.example"))));
    let mut kept = at(vec![a("sip.a.example", [192, 0, 2, 10])]);
    kept.answers[0].ttl = 31;
    let cases: Vec<(&str, (Message, Message), &[&str])> = vec![
        ("as configured", good(), &[]),
        ("another target", (to("old.a.example", 5061), good().1), &["outside-astray"]),
        ("another port", (to("sip.a.example", 443), good().1), &["outside-astray"]),
        ("no SRV", (at(vec![]), good().1), &["outside-astray"]),
        ("another address", (good().0, at(vec![a("sip.a.example", [203, 0, 113, 7])])), &["outside-astray"]),
        ("no address", (good().0, at(vec![])), &["outside-astray"]),
        ("an alias", (good().0, at(vec![alias(), a("edge.b.example", [192, 0, 2, 10])])), &["outside-alias"]),
        ("kept too long", (good().0, kept), &["outside-ttl"]),
    ];
    let resolver = "192.0.2.53:53".parse().unwrap();
    for (case, (srv, address), expected) in cases {
        let answers: Answers = vec![
            (name("_s._tcp.a.example"), RecordType::SRV, Ok(srv)),
            (name("sip.a.example"), RecordType::A, Ok(address)),
            (name("sip.a.example"), RecordType::AAAA, Ok(at(vec![]))),
        ];
        assert_eq!(codes(|findings| names(&plan, &answers, resolver, findings)), expected, "{case}");
    }
    let silent: Answers = vec![(name("sip.a.example"), RecordType::A, Err("no answer".to_owned()))];
    assert_eq!(codes(|findings| names(&plan, &silent, resolver, findings)), ["outside-silent"]);
}
