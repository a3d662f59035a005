use super::*;
use crate::lane::opt::Opt;

/// The question "." of a type and class.
fn question(kind: u16, class: u16) -> Vec<u8> {
    [&[0][..], &kind.to_be_bytes(), &class.to_be_bytes()].concat()
}

#[test]
fn types_and_classes() {
    let refused = |why| Some((ResponseCode::Refused, Some(why)));
    for (kind, class, expected) in [
        (1, 1, None),
        (0, 1, None),
        (255, 1, None),
        (65535, 1, None),
        (41, 1, Some((ResponseCode::FormErr, None))),
        (128, 1, Some((ResponseCode::FormErr, Some(INVALID_QUERY_TYPE)))),
        (249, 1, Some((ResponseCode::FormErr, None))),
        (250, 1, Some((ResponseCode::FormErr, None))),
        (251, 1, refused(PROHIBITED)),
        (252, 1, refused(PROHIBITED)),
        (253, 1, None),
        (1, 0, refused(NOT_AUTHORITATIVE)),
        (1, 3, None),
        (1, 4, refused(NOT_AUTHORITATIVE)),
        (1, 254, refused(NOT_AUTHORITATIVE)),
        (1, 255, refused(NOT_AUTHORITATIVE)),
        (1, 65280, refused(NOT_AUTHORITATIVE)),
    ] {
        let question = question(kind, class);
        let packet = Packet { questions: 1, question: &question, ..Packet::default() };
        assert_eq!(refusal(&packet, Transport::Udp), expected, "type {kind} class {class}");
    }
}

#[test]
fn what_is_said_first() {
    let question = question(1, 1);
    let opt = |version, malformed| Some(Opt { version, malformed, ..Opt::default() });
    let with_cookie = Some(Opt { cookie: Some(&[1; 8]), ..Opt::default() });
    let form_err = Some((ResponseCode::FormErr, None));
    let packet = |opt, malformed| Packet { questions: 1, question: &question, opt, malformed, ..Packet::default() };
    for (opcode, packet, expected) in [
        (0, packet(opt(0, false), false), None),
        (1, packet(opt(1, false), true), Some((ResponseCode::NotImp, Some(NOT_SUPPORTED)))),
        (6, Packet::default(), Some((ResponseCode::NotImp, Some(NOT_SUPPORTED)))),
        (0, packet(opt(1, false), true), form_err),
        (0, packet(opt(1, false), false), Some((ResponseCode::BADVERS, None))),
        (0, packet(opt(0, true), false), form_err),
        (0, Packet::default(), form_err),
        (0, Packet { opt: with_cookie, ..Packet::default() }, Some((ResponseCode::NoError, None))),
        (0, Packet { questions: 2, ..Packet::default() }, form_err),
    ] {
        let packet = Packet { opcode, ..packet };
        assert_eq!(refusal(&packet, Transport::Udp), expected, "{packet:?}");
    }
    for (octets, over_udp, over_tcp) in [(0, None, None), (2, None, form_err)] {
        let packet = packet(Some(Opt { keepalive: Some(octets), ..Opt::default() }), false);
        let said = [Transport::Udp, Transport::Tcp, Transport::Tls].map(|transport| refusal(&packet, transport));
        assert_eq!(said, [over_udp, over_tcp, over_tcp], "keepalive of {octets}");
    }
}
