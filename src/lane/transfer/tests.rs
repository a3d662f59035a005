use super::*;
use crate::config::{TsigAlgorithm, TsigKey};
use crate::lane::tsig::{Key, judge};
use crate::testing::{lake_of, topology_beside};
use hickory_proto::op::Message as TheirMessage;
use hickory_proto::rr::Record;
use std::fmt::Write as _;

const CONFIG: &str = r#"
[zone."static.example"]
ns = { "ns1.static.example" = ["192.0.2.53", "2001:db8::53"], "ns.elsewhere.example" = [] }
records = "zone"
[zone."static.example".transfer]
to = ["192.0.2.0/24", "2001:db8::/32"]
key = "key.example"
[zone."open.example"]
ns = { "ns2.static.example" = ["192.0.2.54"] }
[tsig."key.example"]
secret_file = "secret"
"#;
const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The zone with so many records in its file, 27 octets and more each.
fn zone(records: usize) -> Arc<Zone> {
    let mut file = "@ SOA ns1 host 7 1 2 3 4\n".to_owned();
    for i in 0..records {
        let _ = writeln!(file, "n{i} TXT \"{}\"\nn{i} MX 10 mail.n{i}", "x".repeat(i % 200));
    }
    topology_of(&file).zones[0].clone()
}

fn topology_of(file: &str) -> Arc<Topology> {
    topology_beside(CONFIG, &[("zone", file), ("secret", SECRET)])
}

/// A proven signature.
fn seal() -> Seal {
    let key = TsigKey {
        name: Name::parse("key.example").unwrap(),
        algorithm: TsigAlgorithm::Sha256,
        secret: (0..32).collect(),
    };
    let mut message = vec![0; 12];
    message[11] = 1;
    let hmac = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key.secret);
    let now = 1_764_000_000u64;
    let (name, algorithm) = (key.name.wire().to_vec(), b"\x0bhmac-sha256\x00");
    let timers = [&now.to_be_bytes()[2..], &[1, 44]].concat();
    let signed = [&[0; 12], &name[..], &[0, 255, 0, 0, 0, 0], algorithm, &timers, &[0; 4]].concat();
    let mac = ring::hmac::sign(&hmac, &signed);
    let data = [&algorithm[..], &timers, &[0, 32], mac.as_ref(), &[0; 6]].concat();
    message.extend([&name[..], &[0, 250, 0, 255, 0, 0, 0, 0, 0, data.len() as u8], &data].concat());
    let seal = judge(&message, 12, &[Arc::new(Key::new(&key))], now).unwrap();
    assert!(seal.key().is_some());
    seal
}

fn messages(zone: Arc<Zone>) -> Messages {
    let place = Transfers::new().0.try_acquire_owned().unwrap();
    let letterhead = Letterhead {
        head: [0xab, 0xcd, 0x84, 0],
        question: [zone.apex.as_ref().unwrap().wire(), &[0, 252, 0, 1]].concat(),
        opt: vec![0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0],
        seal: seal(),
        guard: Arc::new(Guard::new()),
        client: "192.0.2.1:4000".parse().unwrap(),
    };
    Messages::new(Place { zone, _place: place }, letterhead)
}

fn records(octets: &[u8]) -> Vec<Record> {
    TheirMessage::from_vec(octets).unwrap().answers
}

#[test]
fn a_small_zone_is_one_message_that_begins_and_ends_with_its_soa() {
    let said: Vec<Vec<u8>> = messages(zone(1)).collect();
    assert_eq!(said.len(), 1);
    let text: Vec<String> =
        records(&said[0]).iter().map(|record| format!("{} {}", record.name, record.record_type())).collect();
    let expected = [
        "static.example. SOA",
        "static.example. NS",
        "static.example. NS",
        "ns1.static.example. A",
        "ns1.static.example. AAAA",
        "ns2.static.example. A",
        "n0.static.example. MX",
        "n0.static.example. TXT",
        "static.example. SOA",
    ];
    assert_eq!(text, expected);
}

#[test]
fn a_large_zone_is_many_messages_each_made_when_it_is_asked_for() {
    let zone = zone(20_000);
    let mut all = Vec::new();
    let mut sizes = Vec::new();
    for (i, octets) in messages(zone.clone()).enumerate() {
        let message = TheirMessage::from_vec(&octets).unwrap();
        assert_eq!(message.queries.len(), usize::from(i == 0), "the first alone repeats the question");
        assert!(message.edns.is_some() && message.metadata.authoritative && message.metadata.id == 0xabcd);
        sizes.push(octets.len());
        all.extend(message.answers);
    }
    assert!(sizes.iter().all(|&size| size <= TRANSFER_MESSAGE), "{sizes:?}");
    let (_, full) = sizes.split_last().unwrap();
    assert!(full.len() > 50 && full.iter().all(|&size| size > TRANSFER_MESSAGE * 9 / 10), "{sizes:?}");
    let soas = all.iter().filter(|record| u16::from(record.record_type()) == rrtype::SOA).count();
    assert_eq!((soas, all.first() == all.last(), all.len()), (2, true, 2 + 2 + 3 + 40_000));
    let names: std::collections::HashSet<String> = all.iter().map(|record| record.name.to_string()).collect();
    assert_eq!(names.len(), 1 + 2 + 20_000);
}

#[test]
fn a_set_may_be_spread_over_messages_and_one_record_may_be_larger_than_a_message() {
    let mut file = "@ SOA ns1 host 7 1 2 3 4\n".to_owned();
    (0..200).for_each(|i| file += &format!("many TXT \"{i}{}\"\n", "x".repeat(230)));
    let large: Vec<String> = (0..200).map(|i| format!("\"{i}{}\"", "y".repeat(230))).collect();
    let _ = writeln!(file, "large TXT {}\nzz A 192.0.2.1", large.join(" "));
    let said: Vec<Vec<u8>> = messages(topology_of(&file).zones[0].clone()).collect();
    assert!(said.iter().filter(|octets| octets.len() > TRANSFER_MESSAGE).count() == 1, "the large one alone is over");
    let all: Vec<Record> = said.iter().flat_map(|octets| records(octets)).collect();
    let many: std::collections::HashSet<String> =
        all.iter().filter(|record| record.name.to_string().starts_with("many")).map(ToString::to_string).collect();
    assert_eq!((many.len(), all.len()), (200, 2 + 2 + 3 + 200 + 1 + 1));
}

#[test]
fn no_more_than_so_many_are_transferred_at_once_and_who_gives_up_makes_room() {
    let topology = topology_of("@ SOA ns1 host 7 1 2 3 4\n");
    let snapshot = lake_of(topology).load();
    let (transfers, seal) = (Transfers::new(), seal());
    let question = [&b"\x06static\x07example\x00"[..], &[0, 252, 0, 1]].concat();
    let packet = Packet { question: &question, questions: 1, ..Packet::default() };
    let peer = |transport| Peer {
        address: "192.0.2.1:4000".parse().unwrap(),
        transport,
        idle: std::time::Duration::ZERO,
        over: false,
    };
    let ask =
        |transport| transfers.judge(&snapshot, b"\x06static\x07example\x00", &packet, Some(&seal), &peer(transport));
    let mut under_way: Vec<Granted> = (0..TRANSFERS_MAX).map(|_| ask(Transport::Tcp)).collect();
    assert!(under_way.iter().all(|granted| matches!(granted, Granted::All(_))));
    assert!(matches!(ask(Transport::Tls), Granted::No(ResponseCode::ServFail)));
    under_way.pop();
    assert!(matches!(ask(Transport::Tls), Granted::All(_)));
    assert!(matches!(ask(Transport::Udp), Granted::No(ResponseCode::Refused)));
}
