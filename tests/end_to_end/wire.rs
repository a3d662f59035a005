//! Octets: what odd, broken and hostile packets get, and how answers are written.

use crate::common::dns::{self, RecordType as T, ask, ask_tcp, is_silence, question, tcp, udp, with_edns};
use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use edgesteer::demo::ca::ThrowawayCa;
use hickory_proto::op::Message;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// Octets of a DNS header.
const HEADER: usize = 12;
/// The id of every packet below.
const ID: [u8; 2] = [0xab, 0xcd];

fn octets(message: Message) -> Vec<u8> {
    let mut octets = message.to_vec().unwrap();
    octets[..2].copy_from_slice(&ID);
    octets
}

/// A plain question with one thing about it changed.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut packet = octets(question("sip.contoso.com", T::A));
    change(&mut packet);
    packet
}

/// id, QR, opcode, TC, RCODE with its extended part, and the counts of the four sections.
fn header(answer: &[u8]) -> String {
    assert!(answer.len() >= HEADER && answer[..2] == ID, "{answer:x?}");
    let count = |at: usize| u16::from_be_bytes([answer[at], answer[at + 1]]);
    let rcode = Message::from_vec(answer).map_or(u16::from(answer[3] & 15), |m| m.metadata.response_code.into());
    format!(
        "qr{} op{} tc{} rcode{rcode} {}-{}-{}-{}",
        answer[2] >> 7,
        answer[2] >> 3 & 15,
        answer[2] >> 1 & 1,
        count(4),
        count(6),
        count(8),
        count(10)
    )
}

fn serving() -> (Scene, Edges, Server) {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&scene.text("", QUICK));
    let server = Server::ready(&scene);
    (scene, edges, server)
}

#[test]
fn odd_and_broken_packets_get_what_the_rfcs_say() {
    let (scene, _edges, _server) = serving();
    let mut two = octets(question("sip.contoso.com", T::A));
    two.extend_from_within(HEADER..);
    two[5] = 2;
    let edns_version_1 = {
        let mut message = with_edns(question("sip.contoso.com", T::A), 1232);
        message.edns.as_mut().unwrap().set_version(1);
        octets(message)
    };
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("a plain question", changed(|_| {}), "qr1 op0 tc0 rcode0 1-1-0-0"),
        ("opcode STATUS", changed(|p| p[2] = 2 << 3), "qr1 op2 tc0 rcode4 0-0-0-0"),
        ("opcode UPDATE", changed(|p| p[2] = 5 << 3), "qr1 op5 tc0 rcode4 0-0-0-0"),
        ("class CH", changed(|p| *p.last_mut().unwrap() = 3), "qr1 op0 tc0 rcode5 1-0-0-0"),
        ("EDNS version 1", edns_version_1, "qr1 op0 tc0 rcode16 1-0-0-1"),
        ("QDCOUNT 0", changed(|p| (p[5] = 0, p.truncate(HEADER)).1), "qr1 op0 tc0 rcode1 0-0-0-0"),
        ("QDCOUNT 2", two, "qr1 op0 tc0 rcode1 0-0-0-0"),
        ("a name that is cut off", changed(|p| p.truncate(HEADER + 3)), "qr1 op0 tc0 rcode1 0-0-0-0"),
        (
            "a name that points at itself",
            changed(|p| p[HEADER..HEADER + 2].copy_from_slice(&[0xc0, 12])),
            "qr1 op0 tc0 rcode1 0-0-0-0",
        ),
        ("a promised record that is not there", changed(|p| p[11] = 1), "qr1 op0 tc0 rcode1 1-0-0-0"),
    ];
    for (what, packet, expected) in cases {
        let answer = udp(scene.listen, &packet).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(header(&answer), expected, "{what}");
    }
}

#[test]
fn what_must_not_be_answered_is_not() {
    let (scene, _edges, _server) = serving();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("an answer", changed(|p| p[2] |= 0x80)),
        ("a broken answer", changed(|p| (p[2] |= 0x80, p.truncate(HEADER + 3)).1)),
        ("an answer with another opcode", changed(|p| p[2] = 0x80 | 4 << 3)),
        ("half a header", changed(|p| p.truncate(HEADER - 1))),
        ("nothing", Vec::new()),
    ];
    for (what, packet) in cases {
        assert!(is_silence(scene.listen, &packet), "{what}");
    }
}

#[test]
fn the_question_comes_back_as_it_was_written() {
    let (scene, _edges, _server) = serving();
    for (name, kind) in
        [("_SipFederationTLS._tCp.ConToso.cOm", T::SRV), ("SIP.contosO.COM", T::A), ("nO.cOntoso.com", T::A)]
    {
        let packet = octets(question(name, kind));
        for answer in [udp(scene.listen, &packet).unwrap(), tcp(scene.listen, &packet).unwrap()] {
            assert_eq!(answer[HEADER..packet.len()], packet[HEADER..], "{name}");
            let message = Message::from_vec(&answer).unwrap();
            for record in &message.answers {
                assert_eq!(record.name.to_string().trim_end_matches('.'), name);
            }
        }
    }
}

#[test]
fn an_srv_target_is_not_compressed() {
    let (scene, _edges, _server) = serving();
    // Priority 0, weight 0, port 5061, then the target in full (RFC 2782).
    let data = [&[0, 0, 0, 0, 0x13, 0xc5][..], b"\x03sip\x07contoso\x03com\x00"].concat();
    let record = [&(data.len() as u16).to_be_bytes()[..], &data].concat();
    let packet = octets(question("_sipfederationtls._tcp.contoso.com", T::SRV));
    for answer in [udp(scene.listen, &packet).unwrap(), tcp(scene.listen, &packet).unwrap()] {
        assert!(answer.windows(record.len()).any(|window| window == record), "{answer:x?}");
    }
}

#[test]
fn an_opt_is_answered_where_one_was_sent_and_only_there() {
    let (scene, _edges, _server) = serving();
    for name in ["sip.contoso.com", "no.contoso.com", "sip.fabrikam.example"] {
        let plain = question(name, T::A);
        // Whether an answer has an OPT where its question has one is checked at each answer.
        ask(scene.listen, &plain);
        ask_tcp(scene.listen, &plain);
        let answer = ask(scene.listen, &with_edns(plain, 4096));
        let edns = answer.edns.as_ref().unwrap();
        assert_eq!((edns.version(), edns.max_payload()), (0, 1232), "{name}");
        assert!(dns::subnet_of(&answer).is_none(), "{name}: nobody asked for a client subnet");
    }
}

#[test]
fn an_answer_that_does_not_fit_is_asked_again_over_tcp() {
    let ca = ThrowawayCa::new().unwrap();
    let scene = Scene::deserted(ca.pem());
    // More addresses than fit 512 octets, and fewer than fill 1232. None of them listens, so that all are told.
    let mut many = String::new();
    for last in 1..=60 {
        let SocketAddr::V4(listen) = scene.listen else { panic!("{}", scene.listen) };
        let [a, b, c, _] = listen.ip().octets();
        write!(many, "\"{}\", ", IpAddr::from([a, b ^ 0x80, c, last])).unwrap();
    }
    let text = scene.text("all_down = [\"all\"]", "interval = \"10s\", fall = 1");
    scene.write(&text.replace(&format!("\"{}\"", scene.seoul), &many));
    let _server = Server::ready(&scene);
    let question = question("sip.contoso.com", T::A);
    let cut = ask(scene.listen, &question);
    assert!(cut.metadata.truncation && cut.answers.is_empty(), "{cut:?}");
    let whole = [ask(scene.listen, &with_edns(question.clone(), 1232)), ask_tcp(scene.listen, &question)];
    for answer in whole {
        assert!(!answer.metadata.truncation);
        assert_eq!(dns::addresses(&answer).len(), 61);
    }
}
