//! Messages that are right, damaged: bits, lengths, options, pointers, counts.

use crate::bodies;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Names that mean something in the world of the bodies.
const NAMES: [&str; 14] = [
    "sip.contoso.com",
    "SIP.Contoso.com",
    "_sipfederationtls._tcp.contoso.com",
    "_ldap._tcp.contoso.com",
    "access-dublin.contoso.com",
    "contoso.com",
    "www.contoso.com",
    "steered.contoso.com",
    "loop.contoso.com",
    "big.contoso.com",
    "a.wild.contoso.com",
    "far.away.contoso.com",
    "_sipfederationtls._tcp.tenant.example",
    "nowhere.example",
];
/// Options as clients send them: a subnet of each family, a cookie, NSID, keepalive, padding, one that nobody knows.
const OPTIONS: [&[u8]; 7] = [
    &[0, 8, 0, 7, 0, 1, 24, 0, 87, 32, 1],
    &[0, 8, 0, 11, 0, 2, 56, 0, 42, 2, 128, 128, 0, 0, 0],
    &[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8],
    &[0, 3, 0, 0],
    &[0, 11, 0, 0],
    &[0, 12, 0, 4, 0, 0, 0, 0],
    &[253, 233, 0, 2, 7, 7],
];

/// One thing that goes wrong with a message on its way, or was wrong from the start.
#[derive(Clone, Debug)]
enum Damage {
    Bit(Index, u8),
    Octet(Index, u8),
    Cut(Index),
    Behind(Vec<u8>),
    /// Octets that are there twice.
    Twice(Index, Index),
    Option(Index, Vec<u8>),
    Pointer(Index, u8),
    /// One of the four counts.
    Count(usize, u16),
}

impl Damage {
    fn apply(&self, message: &mut Vec<u8>) {
        let length = message.len();
        if length == 0 {
            return;
        }
        match self {
            Self::Bit(at, bit) => message[at.index(length)] ^= 1 << bit,
            Self::Octet(at, octet) => message[at.index(length)] = *octet,
            Self::Cut(at) => message.truncate(at.index(length)),
            Self::Behind(octets) => message.extend(octets),
            Self::Twice(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                let copied = message[from.min(to)..from.max(to)].to_vec();
                message.splice(to..to, copied);
            }
            Self::Option(at, option) => {
                let at = at.index(length);
                message.splice(at..at, option.iter().copied());
            }
            Self::Pointer(at, to) => {
                let at = at.index(length);
                message.splice(at..(at + 2).min(length), [0xc0, *to]);
            }
            Self::Count(which, count) => {
                let at = 4 + 2 * which;
                if let Some(octets) = message.get_mut(at..at + 2) {
                    octets.copy_from_slice(&count.to_be_bytes());
                }
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let option = (select(vec![3u8, 8, 10, 11, 12, 15]), proptest::collection::vec(any::<u8>(), 0..28));
    let option = option.prop_map(|(code, data)| [&[0, code, 0, data.len() as u8], &data[..]].concat());
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), 0u8..8).prop_map(|(at, bit)| Damage::Bit(at, bit)),
        2 => (at(), any::<u8>()).prop_map(|(at, octet)| Damage::Octet(at, octet)),
        1 => at().prop_map(Damage::Cut),
        1 => proptest::collection::vec(any::<u8>(), 0..20).prop_map(Damage::Behind),
        1 => (at(), at()).prop_map(|(from, to)| Damage::Twice(from, to)),
        2 => (at(), option).prop_map(|(at, option)| Damage::Option(at, option)),
        2 => (at(), any::<u8>()).prop_map(|(at, to)| Damage::Pointer(at, to)),
        2 => (0usize..4, prop_oneof![0u16..4, any::<u16>()]).prop_map(|(which, count)| Damage::Count(which, count)),
    ]
}

/// A good question.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let kinds = select(vec![1u8, 28, 33, 6, 2, 15, 16, 255, 43, 65]);
    let options = proptest::collection::vec(select(&OPTIONS[..]), 0..4);
    let opt = proptest::option::of((select(vec![512u16, 1232, 4096]), options));
    (any::<u16>(), select(&NAMES[..]), kinds, opt).prop_map(|(id, name, kind, opt)| {
        let labels = name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat());
        let name: Vec<u8> = labels.chain([0]).collect();
        let head = [&id.to_be_bytes()[..], &[1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(opt.is_some())]].concat();
        let opt = opt.map_or_else(Vec::new, |(size, options)| {
            let options = options.concat();
            [&[0, 0, 41][..], &size.to_be_bytes(), &[0; 4], &(options.len() as u16).to_be_bytes(), &options].concat()
        });
        [&head[..], &name, &[0, kind, 0, 1], &opt].concat()
    })
}

fn mutant() -> impl Strategy<Value = Vec<u8>> {
    (message(), proptest::collection::vec(damage(), 0..4)).prop_map(|(mut message, damage)| {
        damage.iter().for_each(|damage| damage.apply(&mut message));
        message
    })
}

/// Messages with lengths in front, of which some lie.
fn conversation() -> impl Strategy<Value = Vec<u8>> {
    let lie = prop_oneof![9 => Just(0u16), 1 => any::<u16>()];
    proptest::collection::vec((mutant(), lie), 1..5).prop_map(|messages| {
        let framed = messages.iter().flat_map(|(message, lie)| {
            let length = (message.len() as u16) ^ lie;
            [&length.to_be_bytes()[..], message].concat()
        });
        framed.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn any_octets_get_silence_or_a_proper_answer(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        bodies::ask(&octets);
    }

    #[test]
    fn a_damaged_message_gets_silence_or_a_proper_answer(message in mutant()) {
        bodies::ask(&message);
    }

    #[test]
    fn damaged_conversations_get_proper_answers_until_they_end(how in any::<u8>(), sent in conversation()) {
        bodies::stream(&[&[how], &sent[..]].concat());
    }
}
