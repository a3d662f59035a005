//! What a partner is told while all is well, over UDP and TCP.

use crate::common::dns::{self, RecordType as T, ask, ask_tcp, from_subnet, look_up, question};
use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, Record};

const SRV: &str = "_sipfederationtls._tcp.contoso.com";

/// Fields are dropped in this order, so that a test that fails can still show the server's log.
struct World {
    _server: Server,
    _edges: Edges,
    scene: Scene,
}

fn world(steering: &str) -> World {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text(&format!("steering = \"{steering}\""), QUICK));
    let server = Server::ready(&scene);
    World { scene, _edges: edges, _server: server }
}

/// What an answer says besides its addresses: code, AA, and the types of its sections.
fn gist(answer: &Message) -> String {
    let types = |records: &[Record]| records.iter().map(|r| r.record_type().to_string()).collect::<Vec<_>>().join(" ");
    let authoritative = if answer.metadata.authoritative { " aa" } else { "" };
    let (answers, authorities, additionals) =
        (types(&answer.answers), types(&answer.authorities), types(&answer.additionals));
    format!("{:?}{authoritative}: {answers} | {authorities} | {additionals}", answer.metadata.response_code)
}

/// Name, type, and the gist of the answer.
const MINIMAL: &[(&str, T, &str)] = &[
    (SRV, T::SRV, "NoError aa: SRV |  | A"),
    ("sip.contoso.com", T::A, "NoError aa: A |  | "),
    ("sip.contoso.com", T::AAAA, "NoError aa:  | SOA | "),
    ("sip.contoso.com", T::TXT, "NoError aa:  | SOA | "),
    ("access-dublin.contoso.com", T::A, "NoError aa: A |  | "),
    ("ns1.contoso.com", T::A, "NoError aa: A |  | "),
    ("ns1.contoso.com", T::AAAA, "NoError aa: AAAA |  | "),
    ("contoso.com", T::SOA, "NoError aa: SOA |  | "),
    ("contoso.com", T::NS, "NoError aa: NS NS |  | A AAAA A"),
    ("contoso.com", T::A, "NoError aa:  | SOA | "),
    // RFC 8020: between a name and what is under it.
    ("_tcp.contoso.com", T::A, "NoError aa:  | SOA | "),
    ("nobody.contoso.com", T::A, "NXDomain aa:  | SOA | "),
    ("under.sip.contoso.com", T::A, "NXDomain aa:  | SOA | "),
    ("sip.fabrikam.example", T::A, "Refused:  |  | "),
    (".", T::NS, "Refused:  |  | "),
    // RFC 8482: one RRset.
    (SRV, T::ANY, "NoError aa: SRV |  | A"),
];

#[test]
fn the_minimal_zone_answers_alike_over_udp_and_tcp() {
    let world = world("failover");
    for (name, kind, expected) in MINIMAL {
        let question = question(name, *kind);
        for answer in [ask(world.scene.listen, &question), ask_tcp(world.scene.listen, &question)] {
            assert_eq!(gist(&answer), *expected, "{name} {kind}");
            assert!(!answer.metadata.recursion_available && answer.metadata.recursion_desired, "{name} {kind}");
            assert!(!answer.metadata.truncation, "{name} {kind}");
            assert!(answer.all_sections().all(|record| record.ttl > 0), "{name} {kind}: {answer:?}");
        }
    }
}

#[test]
fn srv_and_address_agree_and_carry_the_configured_values() {
    let world = world("failover");
    let srv = look_up(world.scene.listen, SRV, T::SRV);
    let RData::SRV(data) = &srv.answers[0].data else { panic!("{srv:?}") };
    let target = Name::from_ascii("sip.contoso.com.").unwrap();
    assert_eq!((data.priority, data.weight, data.port, &data.target), (0, 0, 5061, &target));
    assert_eq!((srv.answers[0].ttl, srv.additionals[0].ttl), (1, 1));
    assert_eq!(srv.additionals[0].name, target);
    let address = look_up(world.scene.listen, "sip.contoso.com", T::A);
    assert_eq!((world.scene.pool(&srv), world.scene.pool(&address)), ("seoul", "seoul"));
    let soa = look_up(world.scene.listen, "nobody.contoso.com", T::A);
    let RData::SOA(data) = &soa.authorities[0].data else { panic!("{soa:?}") };
    assert_eq!((soa.authorities[0].ttl, data.minimum), (60, 60), "negative answers are kept for negative_ttl");
}

#[test]
fn partners_are_sent_to_the_nearest_pool() {
    let world = world("nearest");
    // Korea Telecom, Telefonica's Irish range of the demo, and documentation space that is nowhere.
    let cases = [("168.126.63.0/24", "seoul"), ("87.32.0.0/24", "dublin"), ("192.0.2.0/24", "seoul")];
    for (subnet, pool) in cases {
        for (name, kind) in [(SRV, T::SRV), ("sip.contoso.com", T::A)] {
            let question = from_subnet(question(name, kind), subnet);
            for answer in [ask(world.scene.listen, &question), ask_tcp(world.scene.listen, &question)] {
                assert_eq!(world.scene.pool(&answer), pool, "{subnet} {name}");
                let option = dns::subnet_of(&answer).unwrap();
                assert_eq!(format!("{}/{}", option.addr(), option.source_prefix()), subnet);
                assert!((1..=24).contains(&option.scope_prefix()), "{subnet}: scope {}", option.scope_prefix());
            }
        }
    }
}

#[test]
fn an_answer_that_is_the_same_for_all_has_scope_0() {
    let world = world("failover");
    for name in ["sip.contoso.com", "nobody.contoso.com", "ns1.contoso.com"] {
        let answer = ask(world.scene.listen, &from_subnet(question(name, T::A), "87.32.0.0/24"));
        assert_eq!(dns::subnet_of(&answer).unwrap().scope_prefix(), 0, "{name}");
    }
}
