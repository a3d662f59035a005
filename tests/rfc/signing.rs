//! Questions signed with another implementation of TSIG, and zones that may be transferred.

use super::*;
use domain::base::iana::{Class, Rcode};
use domain::base::message_builder::AdditionalBuilder;
use domain::base::{Message as TheirMessage, MessageBuilder, Name, Rtype, Serial, Ttl};
use domain::rdata::Soa;
use domain::rdata::tsig::Time48;
use domain::tsig::{Algorithm, ClientSequence, ClientTransaction, Key, KeyName};
use std::str::FromStr as _;

/// The secret of the keys "transfer.example" and "long.example".
pub(super) const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const BASE64: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";

/// How many records the large zone has.
pub(super) const LARGE: usize = 6000;

/// A server with a small zone, a large one, one for others and one with another key.
pub(super) fn primary() -> Serving {
    let scene = Scene::deserted(ThrowawayCa::new().unwrap().pem());
    for (name, content) in
        [("static.zone", zones::STATIC.to_owned()), ("large.zone", large(1)), ("secret", BASE64.into())]
    {
        put(&scene, name, &content);
    }
    let mut text = scene.text("", &format!("{QUICK}, fall = 1"));
    text += "[tsig.\"transfer.example\"]\nsecret_file = \"secret\"\n";
    text += "[tsig.\"long.example\"]\nalgorithm = \"hmac-sha512\"\nsecret_file = \"secret\"\n";
    for (zone, file, to, key) in [
        ("static.example", "static.zone", "127.0.0.1/32", "transfer.example"),
        ("large.example", "large.zone", "127.0.0.0/8", "transfer.example"),
        ("others.example", "static.zone", "192.0.2.0/24", "transfer.example"),
        ("keyed.example", "static.zone", "127.0.0.1/32", "long.example"),
    ] {
        text +=
            &format!("[zone.\"{zone}\"]\nrecords = \"{file}\"\ntransfer = {{ to = [\"{to}\"], key = \"{key}\" }}\n");
    }
    Serving::of(text, scene)
}

/// Writes a file that only we may read.
pub(super) fn put(scene: &Scene, name: &str, content: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = scene.path().join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// The large zone in a version.
pub(super) fn large(serial: u32) -> String {
    let mut text = format!("$TTL 1h\n@ SOA ns1.contoso.com. host {serial} 2h 15m 2w 5m\n@ NS ns1.contoso.com.\n");
    (0..2).for_each(|i| text += &format!("big TXT \"{i}{}\"\n", "x".repeat(195)));
    for i in 2..LARGE {
        text += &format!("n{i} TXT \"version {serial} {}\"\n", "x".repeat(100));
    }
    text
}

/// A key of ours.
pub(super) fn key(name: &str, algorithm: Algorithm, secret: &[u8]) -> Key {
    Key::new(algorithm, secret, KeyName::from_str(name).unwrap(), None, None).unwrap()
}

/// The key of most zones.
pub(super) fn own_key() -> Key {
    key("transfer.example", Algorithm::Sha256, SECRET)
}

pub(super) fn now() -> Time48 {
    Time48::now()
}

/// A question, of IXFR with the serial that the client has.
pub(super) fn asking(name: &str, kind: u16, serial: Option<u32>) -> AdditionalBuilder<Vec<u8>> {
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_id(u16::from_be_bytes(ID));
    let mut builder = builder.question();
    let name: Name<Vec<u8>> = Name::from_str(name).unwrap();
    builder.push((&name, Rtype::from_int(kind), Class::IN)).unwrap();
    let mut builder = builder.authority();
    if let Some(serial) = serial {
        let zero = Ttl::from_secs(0);
        let soa = Soa::new(name.clone(), name.clone(), Serial(serial), zero, zero, zero, zero);
        builder.push((&name, Class::IN, zero, soa)).unwrap();
    }
    builder.additional()
}

/// A signed question over UDP, and its answer, which is signed.
pub(super) fn ask_signed(server: &Serving, mut question: AdditionalBuilder<Vec<u8>>, key: Key) -> Message {
    let transaction = ClientTransaction::request(key, &mut question, now()).unwrap();
    let answer = udp(server.at, question.as_slice()).unwrap();
    transaction.answer(&mut TheirMessage::from_octets(answer.clone()).unwrap(), now()).unwrap();
    read(&answer)
}

/// What is said to a signed question whose signature proves nothing: RCODE, and what hickory reads of the TSIG record as text.
pub(super) fn refused(server: &Serving, mut question: AdditionalBuilder<Vec<u8>>, key: Key, at: Time48) -> (u16, u16) {
    let transaction = ClientTransaction::request(key, &mut question, at).unwrap();
    let answer = udp(server.at, question.as_slice()).unwrap();
    let message = TheirMessage::from_octets(answer).unwrap();
    let record = message.additional().unwrap().last().unwrap().unwrap();
    let tsig = record.to_record::<domain::rdata::tsig::Tsig<_, _>>().unwrap().expect("the last record is TSIG");
    let error = tsig.data().error().to_int();
    let verdict = transaction.answer(&mut TheirMessage::from_octets(message.as_slice().to_vec()).unwrap(), at);
    assert!(verdict.is_err(), "{verdict:?}");
    (message.header().rcode().to_int().into(), error)
}

/// Asks for a whole zone over any stream and gives every record of its messages, each of which is signed.
pub(super) fn transferred<S: Read + Write>(
    connection: &mut Connection<S>,
    mut question: AdditionalBuilder<Vec<u8>>,
    key: Key,
) -> Result<Vec<hickory_proto::rr::Record>, u16> {
    let mut sequence = ClientSequence::request(key, &mut question, now()).unwrap();
    connection.say(question.as_slice());
    let mut records = Vec::new();
    loop {
        let octets = connection.hear().expect("an answer, not the end");
        let mut message = TheirMessage::from_octets(octets.clone()).unwrap();
        if message.header().rcode() != Rcode::NOERROR {
            return Err(message.header().rcode().to_int().into());
        }
        sequence.answer(&mut message, now()).unwrap();
        let message = read(&octets);
        assert!(message.metadata.authoritative && !message.metadata.truncation);
        records.extend(message.answers);
        // One that is alone is all: nothing of these zones begins with a message of one record.
        if u16::from(records.last().unwrap().record_type()) == SOA {
            sequence.done().unwrap();
            return Ok(records);
        }
    }
}
