use super::super::opt::{KEEPALIVE, PADDING};
use super::*;
use crate::config::Dns;
use crate::testing::{POOLS, ZONE, lake, service};
use hickory_proto::op::{Message, MessageType};
use prometheus::Registry;
use proptest::prelude::*;
use std::sync::LazyLock;

/// An OPT of 1232 octets and version 0 without options.
const OPT: &[u8] = &[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
const SOA: u16 = 6;

static FULL: LazyLock<Full> = LazyLock::new(|| {
    let lake = lake(&[ZONE, POOLS, &service("")].concat());
    let dns = Dns { rate_limit: None, ..Dns::default() };
    Full::new(lake, Tally::new(&Registry::new()).unwrap(), Arc::new(Shared::new(&dns)))
});

fn client() -> SocketAddr {
    "10.0.0.1:4000".parse().unwrap()
}

/// The client over a transport.
fn by(transport: Transport) -> Peer {
    Peer { address: client(), transport, idle: Duration::from_millis(7650), over: false }
}

fn said(message: &[u8]) -> Option<Vec<u8>> {
    now(FULL.message(message, &Peer::datagram(client())))
}

/// An answer for which nobody else was asked.
fn now(said: Said) -> Option<Vec<u8>> {
    match said {
        Said::Now(answer) | Said::Last(answer) => Some(answer),
        Said::Later(_) | Said::Many(_) => panic!("it is no one answer that is there"),
        Said::Nothing => None,
    }
}

/// A header with these two octets of flags and these counts.
fn header(flags: [u8; 2], counts: [u16; 4]) -> Vec<u8> {
    [&[0xab, 0xcd][..], &flags, &counts.map(u16::to_be_bytes).concat()].concat()
}

/// The question `contoso.com` of a type and class.
fn question(kind: u16, class: u16) -> Vec<u8> {
    [&b"\x07conToso\x03com\x00"[..], &kind.to_be_bytes(), &class.to_be_bytes()].concat()
}

/// That question as a message with an OPT whose TTL and options are given.
fn with_opt(kind: u16, ttl: [u8; 4], options: &[u8]) -> Vec<u8> {
    let opt = [&OPT[..5], &ttl, &(options.len() as u16).to_be_bytes(), options].concat();
    [header([1, 0], [1, 0, 0, 1]), question(kind, 1), opt].concat()
}

/// RCODE, the number of questions, the flags, and with an OPT its INFO-CODE or "opt".
fn summary(answer: Option<Vec<u8>>) -> String {
    let Some(octets) = answer else { return "silence".into() };
    let answer = Message::from_vec(&octets).unwrap();
    assert_eq!((answer.metadata.id, answer.metadata.message_type), (0xabcd, MessageType::Response));
    let flags = &answer.metadata;
    assert!(!flags.recursion_available && !flags.authentic_data && octets[3] & 0x40 == 0, "{answer:?}");
    // hickory reads 16 as TSIG does.
    let code = format!("{:?}", answer.metadata.response_code).to_uppercase().replace("BADSIG", "BADVERS");
    let mut words = vec![code, answer.queries.len().to_string()];
    let named = [(flags.authoritative, "aa"), (flags.recursion_desired, "rd"), (flags.checking_disabled, "cd")];
    words.extend(named.iter().filter(|(set, _)| *set).map(|(_, word)| word.to_string()));
    if let Some(edns) = &answer.edns {
        assert_eq!((edns.version(), edns.max_payload()), (0, 1232));
        let why = edns.option(15.into()).map(|option| Vec::try_from(option).unwrap());
        words.push(why.map_or("opt".into(), |why| format!("ede{}", why[1])));
    }
    words.join(" ")
}

#[test]
fn what_is_answered_to_odd_messages() {
    let plain = |flags, kind, class| [header(flags, [1, 0, 0, 0]), question(kind, class)].concat();
    let counted = |counts, body: &[&[u8]]| [header([0, 0], counts), body.concat()].concat();
    let q = question(SOA, 1);
    let owned = [&b"\x01a"[..], OPT].concat();
    let cut = [&OPT[..9], &[0, 9, 0]].concat();
    let zeros = |length: usize| vec![0; length];
    for (what, message, expected) in [
        ("nothing", vec![], "silence"),
        ("one octet", zeros(1), "silence"),
        ("no whole header", zeros(11), "silence"),
        ("a reply", plain([0x80, 0], SOA, 1), "silence"),
        ("half a reply", header([0x80, 0], [65535, 1, 1, 1]), "silence"),
        ("a plain question", plain([1, 0], SOA, 1), "NOERROR 1 aa rd"),
        ("every bit that we ignore", plain([0x06, 0xff], SOA, 1), "NOERROR 1 aa cd"),
        ("no question", counted([0; 4], &[]), "FORMERR 0"),
        ("no question, with OPT", counted([0, 0, 0, 1], &[OPT]), "FORMERR 0 opt"),
        ("two questions", counted([2, 0, 0, 0], &[&q, &q]), "FORMERR 0"),
        ("65535 questions", counted([65535, 0, 0, 0], &[&q]), "FORMERR 0"),
        ("65535 records that are not there", counted([1, 65535, 0, 0], &[&q]), "FORMERR 1"),
        ("records", counted([1, 0, 0, 1], &[&q, &[0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]]), "NOERROR 1 aa"),
        ("trailing octets", counted([1, 0, 0, 0], &[&q, &[0; 8]]), "NOERROR 1 aa"),
        ("a pointer to itself", counted([1, 0, 0, 0], &[&[0xc0, 12, 0, 6, 0, 1]]), "FORMERR 0"),
        ("a label type of old", counted([1, 0, 0, 0], &[&[0x40, 0, 0, 6, 0, 1]]), "FORMERR 0"),
        ("a cut class", plain([0, 0], SOA, 1)[..28].to_vec(), "FORMERR 0"),
        ("IQUERY", plain([0x08, 0], SOA, 1), "NOTIMP 0"),
        ("NOTIFY", plain([0x20, 0], SOA, 1), "NOTIMP 0"),
        ("UPDATE", plain([0x28, 0], SOA, 1), "NOTIMP 0"),
        ("DSO", header([0x30, 0], [0; 4]), "NOTIMP 0"),
        ("opcode 15 alone", header([0x79, 0], [0; 4]), "NOTIMP 0 rd"),
        ("class CH", plain([0, 0], SOA, 3), "REFUSED 1"),
        ("class HS", plain([0, 0], SOA, 4), "REFUSED 1"),
        ("class NONE", plain([0, 0], SOA, 254), "REFUSED 1"),
        ("class ANY", plain([0, 0], SOA, 255), "REFUSED 1"),
        ("class 0", plain([0, 0], SOA, 0), "REFUSED 1"),
        ("class 65280", plain([0, 0], SOA, 65280), "REFUSED 1"),
        ("type 0", plain([0, 0], 0, 1), "NOERROR 1 aa"),
        ("type OPT", plain([0, 0], 41, 1), "FORMERR 1"),
        ("type TSIG", plain([0, 0], 250, 1), "FORMERR 1"),
        ("type NXNAME", with_opt(128, [0; 4], &[]), "FORMERR 1 rd ede30"),
        ("AXFR", with_opt(252, [0; 4], &[]), "REFUSED 1 rd ede18"),
        ("IXFR", plain([0, 0], 251, 1), "REFUSED 1"),
        ("another zone", counted([1, 0, 0, 1], &[b"\x01a\x00\x00\x01\x00\x01", OPT]), "REFUSED 1 ede20"),
        ("the root's servers", counted([1, 0, 0, 0], &[b"\x00\x00\x02\x00\x01"]), "REFUSED 1"),
        ("EDNS", with_opt(SOA, [0; 4], &[]), "NOERROR 1 aa rd opt"),
        ("EDNS version 1", with_opt(SOA, [0, 1, 0, 0], &[]), "BADVERS 1 rd opt"),
        ("EDNS version 255", with_opt(SOA, [0, 255, 0, 0], &[0xff]), "BADVERS 1 rd opt"),
        ("every flag and extended RCODE", with_opt(SOA, [255, 0, 255, 255], &[]), "NOERROR 1 aa rd opt"),
        ("two OPT", counted([1, 0, 0, 2], &[&q, OPT, OPT]), "FORMERR 1 opt"),
        ("OPT as answer", counted([1, 1, 0, 0], &[&q, OPT]), "FORMERR 1"),
        ("OPT of a name", counted([1, 0, 0, 1], &[&q, &owned]), "FORMERR 1"),
        ("OPT that lies", counted([1, 0, 0, 1], &[&q, &cut]), "FORMERR 1"),
        ("a cut option", with_opt(SOA, [0; 4], &[0, 8, 0]), "FORMERR 1 rd opt"),
        ("NSID with data", with_opt(SOA, [0; 4], &[0, 3, 0, 1, 7]), "NOERROR 1 aa rd opt"),
        ("a cookie of 9", with_opt(SOA, [0; 4], &[0, 10, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9]), "FORMERR 1 rd opt"),
        ("keepalive over UDP", with_opt(SOA, [0; 4], &[0, 11, 0, 0]), "NOERROR 1 aa rd opt"),
        (
            "4 kB of padding",
            with_opt(SOA, [0; 4], &[&[0, 12, 16, 0][..], &zeros(4096)].concat()),
            "NOERROR 1 aa rd opt",
        ),
        ("a subnet of family 3", with_opt(SOA, [0; 4], &[0, 8, 0, 4, 0, 3, 0, 0]), "FORMERR 1 rd opt"),
    ] {
        assert_eq!(summary(said(&message)), expected, "{what}");
    }
}

#[test]
fn port_0_cannot_be_answered() {
    let message = [header([0, 0], [1, 0, 0, 0]), question(SOA, 1)].concat();
    assert_eq!(now(FULL.message(&message, &Peer::datagram("10.0.0.1:0".parse().unwrap()))), None);
}

#[test]
fn the_hidden_family_comes_back() {
    let hidden = [0, 8, 0, 4, 0, 0, 0, 0];
    let answer = said(&with_opt(SOA, [0; 4], &hidden)).unwrap();
    assert!(answer.ends_with(&hidden), "{answer:?}");
}

/// A lane of its own with these settings.
fn full(dns: &Dns) -> Full {
    Full { settings: Arc::new(Shared::new(dns)), guard: Arc::new(Guard::new()), ..FULL.clone() }
}

/// The data of an option of an answer.
fn option_of(answer: &Message, code: u16) -> Option<Vec<u8>> {
    answer.edns.as_ref()?.option(code.into()).map(|option| Vec::try_from(option).unwrap())
}

fn ask(full: &Full, message: &[u8], transport: Transport) -> Option<Message> {
    now(full.message(message, &by(transport))).map(|octets| Message::from_vec(&octets).unwrap())
}

#[test]
fn who_we_are_is_told_where_the_operator_tells() {
    let told = Dns { nsid: Some("gtm1".into()), version: Some("one".into()), id: Some("two".into()), ..Dns::default() };
    let nsid = with_opt(SOA, [0; 4], &[0, 3, 0, 0]);
    for (dns, expected) in [(&told, Some(b"gtm1".to_vec())), (&Dns::default(), None)] {
        assert_eq!(option_of(&ask(&full(dns), &nsid, Transport::Udp).unwrap(), NSID), expected);
    }
    assert_eq!(
        option_of(&ask(&full(&told), &with_opt(SOA, [0; 4], &[]), Transport::Udp).unwrap(), NSID),
        None,
        "unasked"
    );
    for (dns, name, kind, expected) in [
        (&told, "VERSION.bind.", 16, Ok("one")),
        (&told, "version.server.", 16, Ok("one")),
        (&told, "id.server.", 16, Ok("two")),
        (&told, "hostname.bind.", 16, Ok("two")),
        (&told, "authors.bind.", 16, Err(ResponseCode::Refused)),
        (&told, "contoso.com.", 16, Err(ResponseCode::Refused)),
        (&told, "id.server.", 1, Err(ResponseCode::Refused)),
        (&Dns::default(), "version.bind.", 16, Err(ResponseCode::Refused)),
        (&Dns::default(), "id.server.", 16, Err(ResponseCode::Refused)),
    ] {
        let labels: Vec<u8> = name.split('.').flat_map(|l| [&[l.len() as u8], l.as_bytes()].concat()).collect();
        let message = [&header([0, 0], [1, 0, 0, 0])[..], &labels, &[0, kind, 0, 3]].concat();
        let answer = ask(&full(dns), &message, Transport::Udp).unwrap();
        let said = answer.answers.first().map(|record| (record.dns_class, record.data.to_string()));
        let said = said.ok_or(answer.metadata.response_code);
        assert_eq!(said, expected.map(|text| (DNSClass::CH, text.to_owned())), "{name}");
    }
}

/// A question that nothing but its cookie is of interest in, with `questions` questions.
fn with_cookie(questions: u8, cookie: &[u8]) -> Vec<u8> {
    let options = [&[0, 10, 0, cookie.len() as u8], cookie].concat();
    let mut message = with_opt(SOA, [0; 4], &options);
    if questions == 0 {
        message[5] = 0;
        message.drain(HEADER..HEADER + question(SOA, 1).len());
    }
    message
}

#[test]
fn cookies_are_answered_with_fresh_ones() {
    let full = full(&Dns::default());
    let answer = |message: &[u8]| ask(&full, message, Transport::Udp).unwrap();
    let code = |answer: &Message| answer.metadata.response_code;
    let first = answer(&with_cookie(1, &[7; 8]));
    let fresh = option_of(&first, COOKIE).unwrap();
    assert_eq!((code(&first), fresh.len(), &fresh[..8]), (ResponseCode::NoError, 24, &[7; 8][..]));
    for (questions, cookie, expected) in [
        (1, &fresh[..], ResponseCode::NoError),
        (1, &[7; 24], ResponseCode::NoError),
        (1, &[7; 16], ResponseCode::NoError),
        (1, &[7; 40], ResponseCode::NoError),
        (0, &[7; 8], ResponseCode::NoError),
        (0, &fresh, ResponseCode::NoError),
        (0, &[7; 24], ResponseCode::BADCOOKIE),
        (0, &[7; 16], ResponseCode::BADCOOKIE),
    ] {
        let answer = answer(&with_cookie(questions, cookie));
        assert_eq!((code(&answer), answer.queries.len()), (expected, questions.into()), "{questions} {cookie:?}");
        assert_eq!(option_of(&answer, COOKIE).unwrap()[..8], [7; 8]);
        assert!(!(questions == 0 && answer.metadata.authoritative));
    }
}

#[test]
fn who_is_over_the_limit_gets_something_small() {
    let over = Peer { over: true, ..by(Transport::Udp) };
    let ask = |message: &[u8]| Message::from_vec(&now(FULL.message(message, &over)).unwrap()).unwrap();
    let cut = ask(&[header([0, 0], [1, 0, 0, 0]), question(SOA, 1)].concat());
    assert!(cut.metadata.truncation && cut.answers.is_empty() && cut.queries.len() == 1);
    let bad = ask(&with_cookie(1, &[7; 24]));
    assert_eq!((bad.metadata.response_code, bad.metadata.truncation), (ResponseCode::BADCOOKIE, false));
    assert_eq!(option_of(&bad, COOKIE).unwrap().len(), 24);
}

#[test]
fn a_stream_is_told_its_time_and_a_datagram_is_not() {
    let keepalive = |data: &[u8]| with_opt(SOA, [0; 4], &[&[0, 11, 0, data.len() as u8], data].concat());
    let (asked, told) = (keepalive(&[]), keepalive(&[0, 50]));
    // 7.65 s are 76 tenths.
    for (transport, expected) in
        [(Transport::Udp, None), (Transport::Tcp, Some(vec![0, 76])), (Transport::Tls, Some(vec![0, 76]))]
    {
        assert_eq!(option_of(&ask(&FULL, &asked, transport).unwrap(), KEEPALIVE), expected, "{transport:?}");
        let unasked = ask(&FULL, &with_opt(SOA, [0; 4], &[]), transport).unwrap();
        assert_eq!(option_of(&unasked, KEEPALIVE), None, "{transport:?}");
        let code = ask(&FULL, &told, transport).unwrap().metadata.response_code;
        assert_eq!(code == ResponseCode::FormErr, transport != Transport::Udp, "{transport:?}");
    }
    // What ends the connection says so.
    let cut = [&keepalive(&[])[..], &[0]].concat();
    let mut garbage = cut.clone();
    garbage[11] = 2;
    let answer = ask(&FULL, &garbage, Transport::Tcp).unwrap();
    assert_eq!(option_of(&answer, KEEPALIVE), Some(vec![0, 0]));
}

#[test]
fn what_is_padded_is_whole_blocks_where_lengths_can_be_hidden() {
    let padded = with_opt(SOA, [0; 4], &[0, 12, 0, 1, 0]);
    let lengths = [Transport::Udp, Transport::Tcp, Transport::Tls].map(|transport| {
        let octets = now(FULL.message(&padded, &by(transport))).unwrap();
        let answer = Message::from_vec(&octets).unwrap();
        let padding = option_of(&answer, PADDING);
        assert_eq!(padding.is_some(), transport == Transport::Tls, "{transport:?}");
        assert!(padding.is_none_or(|octets| octets.iter().all(|&octet| octet == 0)));
        octets.len()
    });
    assert!(lengths[0] == lengths[1] && lengths[2] == 468, "{lengths:?}");
    let unasked = now(FULL.message(&with_opt(SOA, [0; 4], &[]), &by(Transport::Tls))).unwrap();
    assert_eq!(unasked.len(), lengths[0]);
}

/// A message that is right but for a few octets, or none at all.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let names = prop_oneof![
        Just(b"\x07conToso\x03com\x00".to_vec()),
        Just(b"\x03siP\x07contoso\x03com\x00".to_vec()),
        Just(b"\x12_sipfederationtls\x04_tcp\x07contoso\x03com\x00".to_vec()),
        proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..64), 0..5).prop_map(|labels| {
            labels.iter().flat_map(|label| [&[label.len() as u8], &label[..]].concat()).chain([0]).collect()
        }),
    ];
    let kinds = prop_oneof![(0u16..65), (248u16..260), any::<u16>()];
    let options = proptest::collection::vec((0u16..20, proptest::collection::vec(any::<u8>(), 0..45)), 0..4);
    let damage = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..3);
    let parts = (any::<[u8; 4]>(), names, kinds, 0u16..5, any::<u16>(), any::<[u8; 4]>(), options, damage);
    parts.prop_map(|(head, name, kind, class, size, ttl, options, damage)| {
        let data: Vec<u8> = options
            .iter()
            .flat_map(|(code, data)| [&code.to_be_bytes()[..], &(data.len() as u16).to_be_bytes(), data].concat())
            .collect();
        // Most are QUERY and version 0.
        let flags = [head[2] & if head[0] < 32 { 0xff } else { 0x07 }, head[3]];
        let ttl = [ttl[0], if head[1] < 32 { ttl[1] } else { 0 }, ttl[2], ttl[3]];
        let opt = [&[0, 0, 41][..], &size.to_be_bytes(), &ttl, &(data.len() as u16).to_be_bytes(), &data].concat();
        let question = [&name[..], &kind.to_be_bytes(), &class.to_be_bytes()].concat();
        let mut message = [header(flags, [1, 0, 0, 1]), question, opt].concat();
        for (at, octet) in damage {
            let at = at.index(message.len());
            message[at] = octet;
        }
        message
    })
}

/// Silence, or an answer that two parsers understand, within its size, to the same question.
fn is_proper(message: &[u8]) -> Result<(), TestCaseError> {
    let Some(answer) = said(message) else {
        prop_assert!(message.len() < HEADER || message[2] & 0x80 != 0);
        return Ok(());
    };
    let packet = Packet::read(message);
    prop_assert!(answer.len() <= edns::limit(packet.opt.as_ref()).into());
    prop_assert_eq!(&answer[..2], &message[..2]);
    prop_assert_eq!(answer[2] & 0xf9, 0x80 | message[2] & 0x79);
    prop_assert_eq!(answer[HEADER..].starts_with(packet.question), true, "bit by bit");
    prop_assert_eq!(answer[5], u8::from(!packet.question.is_empty()));
    // hickory does not know the family that hides.
    if packet.opt.is_none_or(|opt| opt.subnet.is_none_or(|subnet| subnet.address.is_some())) {
        let ours = Message::from_vec(&answer);
        prop_assert!(ours.is_ok(), "{:?}", ours);
        prop_assert_eq!(ours.unwrap().edns.is_some(), packet.opt.is_some());
    }
    let theirs = domain::base::Message::from_octets(&answer[..]).unwrap();
    prop_assert!(theirs.question().all(|question| question.is_ok()) && theirs.iter().all(|record| record.is_ok()));
    prop_assert_eq!(theirs.opt().is_some(), packet.opt.is_some());
    Ok(())
}

proptest! {
    #[test]
    fn any_octets_get_silence_or_a_proper_answer(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        is_proper(&octets)?;
    }

    #[test]
    fn any_message_gets_silence_or_a_proper_answer(message in messages()) {
        is_proper(&message)?;
    }
}
