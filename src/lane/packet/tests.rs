use super::*;
use hickory_proto::op::Message;
use proptest::prelude::*;

const NAME: &[u8] = b"\x01a\x04Test\x00";
const OPT_RECORD: &[u8] = &[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];

/// A message with these counts and this body.
fn message(counts: [u16; 4], body: &[&[u8]]) -> Vec<u8> {
    let counts = counts.iter().flat_map(|count| count.to_be_bytes());
    [&[0, 1, 0, 0][..], &counts.collect::<Vec<_>>(), &body.concat()].concat()
}

fn question() -> Vec<u8> {
    [NAME, &[0, 1, 0, 1]].concat()
}

/// A record of type A with an owner.
fn record(owner: &[u8]) -> Vec<u8> {
    [owner, &[0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 1, 2, 3, 4]].concat()
}

#[test]
fn what_is_a_message_and_what_is_not() {
    let (q, plain, pointed) = (question(), record(NAME), record(&[0xc0, 12]));
    let owned = [NAME, &OPT_RECORD[1..]].concat();
    let lying = [&OPT_RECORD[..9], &[0, 9]].concat();
    // Counts and body; whether it is a message, whether its question and its OPT are found.
    for (counts, body, expected) in [
        ([0, 0, 0, 0], &[][..], (true, false, false)),
        ([1, 0, 0, 0], &[&q[..]], (true, true, false)),
        ([1, 0, 0, 1], &[&q, OPT_RECORD], (true, true, true)),
        ([0, 0, 0, 1], &[OPT_RECORD], (true, false, true)),
        ([2, 0, 0, 1], &[&q, &q, OPT_RECORD], (true, false, true)),
        ([1, 1, 1, 2], &[&q, &plain, &pointed, OPT_RECORD, &plain], (true, true, true)),
        ([1, 0, 0, 0], &[&q, b"trailing"], (true, true, false)),
        // Counts that lie.
        ([1, 0, 0, 0], &[], (false, false, false)),
        ([65535, 0, 0, 0], &[&q], (false, false, false)),
        ([1, 65535, 0, 0], &[&q], (false, true, false)),
        ([1, 0, 0, 2], &[&q, OPT_RECORD], (false, true, true)),
        // OPT twice, elsewhere, owned, cut.
        ([1, 0, 0, 2], &[&q, OPT_RECORD, OPT_RECORD], (false, true, true)),
        ([1, 1, 0, 0], &[&q, OPT_RECORD], (false, true, false)),
        ([1, 0, 1, 0], &[&q, OPT_RECORD], (false, true, false)),
        ([1, 0, 0, 1], &[&q, &owned], (false, true, false)),
        ([1, 0, 0, 1], &[&q, &lying], (false, true, false)),
        ([1, 0, 0, 1], &[&q, &OPT_RECORD[..10]], (false, true, false)),
    ] {
        let octets = message(counts, body);
        let packet = Packet::read(&octets);
        assert_eq!(
            (!packet.malformed, !packet.question.is_empty(), packet.opt.is_some()),
            expected,
            "{counts:?} {body:?}"
        );
        assert_eq!(packet.questions, counts[0]);
    }
}

#[test]
fn names_of_questions() {
    let long =
        |last: u8| [&[&[63][..], &[b'a'; 63]].concat().repeat(3)[..], &[last], &vec![b'a'; last.into()], &[0]].concat();
    for (name, good) in [
        (b"\x00".to_vec(), true),
        (long(61), true),
        (long(62), false),
        (b"\x01a".repeat(127).into_iter().chain([0]).collect(), true),
        (b"\x01a".repeat(128).into_iter().chain([0]).collect(), false),
        (b"\x03\x00.\xff\x00".to_vec(), true),
        (b"\xc0\x0c".to_vec(), false),
        (b"\x01a\xc0\x0c".to_vec(), false),
        (b"\x40a\x00".to_vec(), false),
        (b"\x80a\x00".to_vec(), false),
        (b"\x05a\x00".to_vec(), false),
    ] {
        let question = [&name[..], &[0, 1, 0, 1]].concat();
        let octets = message([1, 0, 0, 0], &[&question]);
        let packet = Packet::read(&octets);
        assert_eq!((!packet.malformed, packet.question == question), (good, good), "{name:?}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(octets in proptest::collection::vec(any::<u8>(), HEADER..128)) {
        Packet::read(&octets);
    }

    #[test]
    fn what_we_call_a_question_hickory_reads(
        labels in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..64), 0..8),
        kind: u16,
        class: u16,
    ) {
        let name: Vec<u8> = labels.iter().flat_map(|label| [&[label.len() as u8], &label[..]].concat()).chain([0]).collect();
        let question = [&name[..], &kind.to_be_bytes(), &class.to_be_bytes()].concat();
        let octets = message([1, 0, 0, 0], &[&question]);
        let theirs = Message::from_vec(&octets);
        prop_assert_eq!(theirs.is_ok(), !Packet::read(&octets).malformed, "{:?}", theirs);
    }
}
