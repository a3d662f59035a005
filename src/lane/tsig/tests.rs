use super::*;
use domain::base::iana::Class;
use domain::base::{Message, MessageBuilder, Name as TheirName, Rtype};
use domain::rdata::tsig::Time48;
use domain::tsig::{Algorithm, ClientSequence, ClientTransaction, Key as TheirKey, KeyName};
use proptest::prelude::*;
use std::str::FromStr as _;

const NAME: &[u8] = b"\x03key\x07example\x00";
const ALGORITHM: &[u8] = b"\x0bhmac-sha256\x00";
const NOW: u64 = 1_764_000_000;
const QUESTION: &[u8] = b"\x06static\x07example\x00\x00\x06\x00\x01";

/// The MACs of a question, of its answer five seconds later and of that one's continuation a second after that, with the octets 0 to
/// 31 as secret: computed from RFC 8945 section 4.3 with another implementation of HMAC.
const MACS: [&str; 3] = [
    "cd570895b20ebd84aa9c980604a2de227562fe3938f8d8cd7f0668ebe90f8648",
    "a55c86e20769bb0de14abff2426f702fe3a962ce08bb7ec5f8e9b0c6ca1e5296",
    "73a54ab3dfcd3569a28f3afcfdf5361113d9cd9a2d5ce37da8a17b33f437d928",
];

fn key(name: &str, algorithm: TsigAlgorithm, secret: &[u8]) -> Arc<Key> {
    Arc::new(Key::new(&TsigKey { name: Name::parse(name).unwrap(), algorithm, secret: secret.into() }))
}

fn keys() -> Vec<Arc<Key>> {
    let secret: Vec<u8> = (0..32).collect();
    vec![key("other.example", TsigAlgorithm::Sha512, &[7; 64]), key("key.example", TsigAlgorithm::Sha256, &secret)]
}

fn header(flags: [u8; 2], questions: u8) -> Vec<u8> {
    [&[0xab, 0xcd][..], &flags, &[0, questions, 0, 0, 0, 0, 0, 0]].concat()
}

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

/// What a record says, before anything is changed about it.
#[derive(Clone)]
struct Said {
    name: Vec<u8>,
    head: [u8; 8],
    algorithm: Vec<u8>,
    time: u64,
    fudge: u16,
    mac: Vec<u8>,
    id: [u8; 2],
    error: u16,
    other: Vec<u8>,
}

fn right() -> Said {
    let (name, algorithm) = (NAME.to_vec(), ALGORITHM.to_vec());
    let mac = octets(MACS[0]);
    Said { name, head: HEAD, algorithm, time: NOW, fudge: 300, mac, id: [0xab, 0xcd], error: 0, other: Vec::new() }
}

/// The question with that record, and where the record begins.
fn signed(said: &Said) -> (Vec<u8>, usize) {
    let mut message = [header([1, 0], 1), QUESTION.to_vec()].concat();
    message[11] = 1;
    let at = message.len();
    let two = |length: usize| (length as u16).to_be_bytes();
    let data = [
        &said.algorithm[..],
        &said.time.to_be_bytes()[2..],
        &said.fudge.to_be_bytes(),
        &two(said.mac.len()),
        &said.mac,
        &said.id,
        &said.error.to_be_bytes(),
        &two(said.other.len()),
        &said.other,
    ]
    .concat();
    message.extend([&said.name[..], &said.head, &two(data.len()), &data].concat());
    (message, at)
}

/// "FORMERR", or the error of the seal and whether it proves a key.
fn judged(said: &Said, now: u64) -> String {
    let (message, at) = signed(said);
    judge(&message, at, &keys(), now)
        .map_or("FORMERR".into(), |seal| format!("{} {}", seal.error, seal.key().is_some()))
}

#[test]
fn section_5_2_what_is_believed_and_what_is_not() {
    let change = |change: fn(&mut Said)| {
        let mut said = right();
        change(&mut said);
        said
    };
    for (what, said, now, expected) in [
        ("as it should be", right(), NOW, "0 true"),
        ("at the end of the fudge", right(), NOW + 300, "0 true"),
        ("at its beginning", right(), NOW - 300, "0 true"),
        ("behind it", right(), NOW + 301, "18 false"),
        ("before it", right(), NOW - 301, "18 false"),
        ("the key in another case", change(|s| s.name = b"\x03KEY\x07eXample\x00".to_vec()), NOW, "0 true"),
        ("a compressed key's name", change(|s| s.name = b"\x03key\xc0\x13".to_vec()), NOW, "0 true"),
        ("an unknown key", change(|s| s.name = b"\x04nobo\x00".to_vec()), NOW, "17 false"),
        ("another algorithm", change(|s| s.algorithm = b"\x0bhmac-sha512\x00".to_vec()), NOW, "17 false"),
        ("an algorithm that is not offered", change(|s| s.algorithm = b"\x09hmac-sha1\x00".to_vec()), NOW, "17 false"),
        ("another time", change(|s| s.time += 1), NOW, "16 false"),
        ("another fudge", change(|s| s.fudge += 1), NOW, "16 false"),
        ("another first id", change(|s| s.id = [1, 2]), NOW, "16 false"),
        ("an error that was not signed", change(|s| s.error = 18), NOW, "16 false"),
        ("data that were not signed", change(|s| s.other = vec![1]), NOW, "16 false"),
        ("a bit of the MAC", change(|s| s.mac[31] ^= 1), NOW, "16 false"),
        ("half a MAC", change(|s| s.mac.truncate(16)), NOW, "22 false"),
        ("less than half a MAC", change(|s| s.mac.truncate(15)), NOW, "FORMERR"),
        ("no MAC", change(|s| s.mac.clear()), NOW, "FORMERR"),
        ("too long a MAC", change(|s| s.mac.push(0)), NOW, "FORMERR"),
        ("class IN", change(|s| s.head[3] = 1), NOW, "FORMERR"),
        ("a TTL", change(|s| s.head[7] = 1), NOW, "FORMERR"),
        ("a compressed algorithm", change(|s| s.algorithm = vec![0xc0, 12]), NOW, "FORMERR"),
        ("a name that points at itself", change(|s| s.name = vec![0xc0, 32]), NOW, "FORMERR"),
        ("a name that points into the header", change(|s| s.name = vec![0xc0, 4]), NOW, "FORMERR"),
    ] {
        assert_eq!(judged(&said, now), expected, "{what}");
    }
}

#[test]
fn section_5_3_answers_are_bound_to_their_question_and_to_each_other() {
    let (message, at) = signed(&right());
    let mut seal = judge(&message, at, &keys(), NOW).unwrap();
    for (mut answer, now, mac) in [
        ([header([0x85, 0], 1), QUESTION.to_vec()].concat(), NOW + 5, MACS[1]),
        (header([0x84, 0], 0), NOW + 6, MACS[2]),
    ] {
        let at = answer.len();
        let length = seal.length();
        seal.sign(&mut answer, now);
        let record = Record::read(&answer, at).unwrap();
        assert_eq!((record.mac, record.error, record.id, answer[11]), (&octets(mac)[..], 0, &[0xab, 0xcd], 1));
        assert_eq!((seconds(record.timers), record.other), (now, &[][..]));
        assert!(answer.len() - at <= length, "{} {length}", answer.len() - at);
    }
}

#[test]
fn section_5_2_3_a_clock_that_differs_is_told_ours_under_signature() {
    let (message, at) = signed(&right());
    let mut seal = judge(&message, at, &keys(), NOW + 1000).unwrap();
    let mut answer = header([0x80, 9], 0);
    seal.sign(&mut answer, NOW + 1000);
    let record = Record::read(&answer, HEADER).unwrap();
    let (error, time, length) = (record.error, seconds(record.timers), record.mac.len());
    assert_eq!((error, time, length), (BAD_TIME, NOW, 32), "the question's time comes back");
    assert_eq!(record.other, &(NOW + 1000).to_be_bytes()[2..]);
    assert!(answer.len() - HEADER <= seal.length());
}

#[test]
fn section_5_3_2_what_is_not_proven_is_not_signed() {
    let mut said = right();
    said.mac[0] ^= 1;
    for (name, error) in [(NAME, BAD_SIG), (b"\x04nobo\x00", BAD_KEY)] {
        said.name = name.to_vec();
        let (message, at) = signed(&said);
        let mut seal = judge(&message, at, &keys(), NOW).unwrap();
        let mut answer = header([0x80, 9], 0);
        seal.sign(&mut answer, NOW);
        let record = Record::read(&answer, HEADER).unwrap();
        assert_eq!((&record.name[..], record.error, record.mac), (name, error, &[][..]));
        assert_eq!((&record.algorithm[..], seconds(record.timers)), (ALGORITHM, NOW));
    }
}

#[test]
fn another_implementation_signs_what_we_believe_and_believes_what_we_sign() {
    let now = Time48::from_u64(NOW);
    for (ours, theirs) in [
        (TsigAlgorithm::Sha256, Algorithm::Sha256),
        (TsigAlgorithm::Sha384, Algorithm::Sha384),
        (TsigAlgorithm::Sha512, Algorithm::Sha512),
    ] {
        let name = KeyName::from_str("key.example").unwrap();
        let key_of_theirs = TheirKey::new(theirs, b"a secret of 26 characters!", name, None, None).unwrap();
        let keys = [key("key.example", ours, b"a secret of 26 characters!")];
        let question = || {
            let mut builder = MessageBuilder::new_vec().question();
            builder.push((TheirName::<Vec<u8>>::from_str("static.example").unwrap(), Rtype::SOA, Class::IN)).unwrap();
            builder.additional()
        };
        let answer = |request: &[u8], seal: &mut Seal, count: u64| {
            let mut answer = [&request[..2], &header([0x84, 0], 1)[2..], QUESTION].concat();
            seal.sign(&mut answer, NOW + count);
            Message::from_octets(answer).unwrap()
        };
        let at = HEADER + QUESTION.len();
        let mut message = question();
        let transaction = ClientTransaction::request(&key_of_theirs, &mut message, now).unwrap();
        let request = message.as_slice().to_vec();
        let mut seal = judge(&request, at, &keys, NOW).unwrap();
        assert_eq!(seal.key(), Some(&Name::parse("key.example").unwrap()), "{ours:?}");
        transaction.answer(&mut answer(&request, &mut seal, 1), now).unwrap();

        let mut message = question();
        let mut sequence = ClientSequence::request(&key_of_theirs, &mut message, now).unwrap();
        let request = message.as_slice().to_vec();
        let mut seal = judge(&request, at, &keys, NOW).unwrap();
        for count in 0..200 {
            sequence.answer(&mut answer(&request, &mut seal, count), now).unwrap();
        }
        sequence.done().unwrap();
    }
}

proptest! {
    #[test]
    fn no_octet_may_be_another(place in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let (mut message, at) = signed(&right());
        let place = place.index(message.len());
        let original = message[place];
        message[place] ^= flip;
        let is_case = at <= place && original.eq_ignore_ascii_case(&message[place]);
        // The id is the one that a forwarder may change.
        if place >= 2 && !is_case && message[11] == 1 {
            let proven = judge(&message, at, &keys(), NOW).is_some_and(|seal| seal.key().is_some());
            prop_assert!(!proven, "octet {place}");
        }
    }

    #[test]
    fn any_octets_are_judged(octets in prop::collection::vec(any::<u8>(), HEADER..200), at in HEADER..200usize) {
        if let Some(seal) = judge(&octets, at.min(octets.len()), &keys(), NOW) {
            prop_assert!(seal.key().is_none());
        }
    }
}
