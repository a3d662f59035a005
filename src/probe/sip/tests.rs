use super::*;
use crate::config::Ask;
use crate::federation::CheckKind;
use proptest::prelude::*;

const OK: &str = "SIP/2.0 200 OK\r\nVia: x\r\nCall-ID: abc\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

fn message(text: &str) -> Message {
    match parse(text.as_bytes()) {
        Parsed::Message(message) => message,
        other => panic!("{text:?}: {other:?}"),
    }
}

/// What an answer is to a request with the Call-ID "abc", with the default codes.
fn judged(answer: &Message) -> Result<Outcome, Failure> {
    match Ask::default_of(CheckKind::Sip) {
        Some(Ask::Sip { alive, degraded }) => judge(answer, "abc", (&alive, &degraded)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_begins_like_no_sip_message_is_told_at_once() {
    for (text, parsed) in [
        ("", Parsed::Incomplete),
        ("\r\n\r\n", Parsed::Incomplete),
        ("SIP/2.0 2", Parsed::Incomplete),
        ("SIP/2.0 200 OK\r\nVia: x\r\n", Parsed::Incomplete),
        ("HTTP/1.1 400 Bad Request\r\n", Parsed::NotSip),
        ("220 mail.contoso.com ESMTP\r\n", Parsed::NotSip),
        ("SSH-2.0-OpenSSH_9.2\r\n", Parsed::NotSip),
        ("SIP/2.0 2x0 OK\r\n\r\n", Parsed::NotSip),
        ("SIP/2.0 20\r\n\r\n", Parsed::NotSip),
        ("SIP/2.0 099 Low\r\n\r\n", Parsed::NotSip),
        ("SIP/2.0 700 High\r\n\r\n", Parsed::NotSip),
        ("SIP/2.0 2000 Long\r\n\r\n", Parsed::NotSip),
        ("SIP/2.0 +20 Sign\r\n\r\n", Parsed::NotSip),
        ("SIP/3.0 200 OK\r\n\r\n", Parsed::NotSip),
        ("\u{1}\u{0}\u{0}", Parsed::NotSip),
        ("\r\n\u{16}\u{3}", Parsed::NotSip),
    ] {
        assert_eq!(parse(text.as_bytes()), parsed, "{text:?}");
    }
}

#[test]
fn the_fields_of_an_answer_are_understood_in_every_spelling() {
    for text in [
        OK.to_owned(),
        format!("\r\n\r\n{OK}"),
        OK.replace("\r\n", "\n"),
        OK.replace("Call-ID:", "i:"),
        OK.replace("Call-ID:", "I\t:"),
        OK.replace("Call-ID: abc", "CALL-ID:abc"),
        OK.replace("Call-ID: abc", "Call-ID:\r\n  abc"),
        OK.replace("CSeq: 1 OPTIONS", "cseq:   1\tOPTIONS "),
        OK.replace("CSeq: 1 OPTIONS", "CSeq: 1\r\n\tOPTIONS"),
        OK.replace("Via: x", "no colon here"),
        OK.replace("Via: x", "Call-IDs: other"),
        OK.replace("200 OK", "200"),
        OK.replace("200 OK", "200 Très bien"),
        format!("{OK}and more"),
    ] {
        let found = message(&text);
        assert_eq!(found.status, Some(200), "{text:?}");
        assert_eq!(judged(&found), Ok(Outcome::Pass), "{text:?}");
    }
}

#[test]
fn the_length_of_a_message_covers_its_body() {
    for (text, length) in [
        (OK.to_owned(), OK.len()),
        (format!("\r\n{OK}"), OK.len() + 2),
        (OK.replace("Content-Length: 0", "l: 70"), OK.len() - 12 + 70),
        (OK.replace("Content-Length: 0", "Content-Length: x"), OK.len()),
        (OK.replace("Content-Length: 0", "l: 18446744073709551615"), usize::MAX),
    ] {
        assert_eq!(message(&text).length, length, "{text:?}");
    }
    assert_eq!(message("NOTIFY sip:a@b SIP/2.0\r\nl: 3\r\n\r\n").status, None);
}

#[test]
fn each_status_has_its_meaning() {
    for (status, meaning) in [
        ("200 OK", "up"),
        ("299 Fine", "up"),
        ("302 Moved Temporarily", "up"),
        ("401 Unauthorized", "up"),
        ("403 Forbidden", "up"),
        ("404 Not Found", "up"),
        ("405 Method Not Allowed", "up"),
        ("407 Proxy Authentication Required", "up"),
        ("415 Unsupported Media Type", "up"),
        ("420 Bad Extension", "up"),
        ("480 Temporarily Unavailable", "up"),
        ("481 Call Does Not Exist", "up"),
        ("483 Too Many Hops", "up"),
        ("484 Address Incomplete", "up"),
        ("486 Busy Here", "up"),
        ("488 Not Acceptable Here", "up"),
        ("501 Not Implemented", "up"),
        ("500 Server Internal Error", "unavailable: SIP 500 Server Internal Error"),
        ("502 Bad Gateway", "unavailable: SIP 502 Bad Gateway"),
        ("503 Service Unavailable", "unavailable: SIP 503 Service Unavailable"),
        ("503", "unavailable: SIP 503"),
        ("408 Request Timeout", "degraded: SIP 408 Request Timeout"),
        ("504 Server time-out", "degraded: SIP 504 Server time-out"),
        ("400 Bad Request", "unavailable: SIP 400 Bad Request: not an answer that proves service"),
        ("482 Loop Detected", "unavailable: SIP 482 Loop Detected: not an answer that proves service"),
        ("603 Decline", "unavailable: SIP 603 Decline: not an answer that proves service"),
    ] {
        let got = match judged(&message(&OK.replace("200 OK", status))) {
            Ok(Outcome::Degraded(why)) => format!("degraded: {why}"),
            Ok(_) => "up".to_owned(),
            Err(failure) => format!("{}: {}", failure.class.word(), failure.detail),
        };
        assert_eq!(got, meaning);
    }
}

#[test]
fn an_answer_to_another_request_is_none() {
    for text in [
        OK.replace("Call-ID: abc", "Call-ID: abd"),
        OK.replace("Call-ID: abc", "Call-ID: ABC"),
        OK.replace("Call-ID: abc\r\n", ""),
        OK.replace("1 OPTIONS", "2 OPTIONS"),
        OK.replace("1 OPTIONS", "1 INVITE"),
        OK.replace("CSeq: 1 OPTIONS", "CSeq: 1"),
        OK.replace("CSeq: 1 OPTIONS\r\n", ""),
    ] {
        let class = judged(&message(&text)).map_err(|failure| failure.class);
        assert_eq!(class, Err(FailureClass::Protocol), "{text:?}");
    }
}

#[test]
fn the_request_is_what_the_reference_asks_for() {
    let domain = Name::parse("contoso.com").unwrap();
    let request = request(&domain, "192.0.2.1:4000".parse().unwrap(), "the-call");
    let found = message(&request);
    assert_eq!((found.status, found.length), (None, request.len()));
    assert_eq!(found.call_id.as_deref(), Some("the-call"));
    for line in [
        "OPTIONS sip:contoso.com SIP/2.0",
        "Max-Forwards: 70",
        "To: <sip:contoso.com>",
        "CSeq: 1 OPTIONS",
        "Contact: <sip:edgesteer@192.0.2.1:4000;transport=tls>",
        concat!("User-Agent: edgesteer/", env!("CARGO_PKG_VERSION")),
        "Accept: application/sdp",
        "Content-Length: 0",
    ] {
        assert!(request.split("\r\n").any(|l| l == line), "{line} is not in {request}");
    }
    let via = request.lines().find(|line| line.starts_with("Via: ")).unwrap();
    assert!(via.starts_with("Via: SIP/2.0/TLS 192.0.2.1:4000;branch=z9hG4bK") && via.ends_with(";rport"), "{via}");
}

#[test]
fn an_ipv6_address_stands_in_brackets_and_without_its_zone() {
    let domain = Name::parse("contoso.com").unwrap();
    let local = std::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 4000, 0, 3);
    let request = request(&domain, local.into(), "c");
    assert!(request.contains("Via: SIP/2.0/TLS [fe80::1]:4000;") && request.contains("<sip:edgesteer@[fe80::1]>"));
}

proptest! {
    #[test]
    fn no_octets_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        parse(&bytes);
    }

    #[test]
    fn no_line_noise_makes_the_parser_panic(
        lines in prop::collection::vec("(SIP/2.0 [0-9]{1,4}|[ \t]?[A-Za-z-]{0,14}:?[ \t0-9a-zé]{0,24})", 0..12),
        end in "(\r\n|\n|\r)",
    ) {
        let text = lines.join(&end) + &end + &end;
        if let Parsed::Message(found) = parse(text.as_bytes()) {
            prop_assert!(found.length > 0, "a message that is skipped must make the stream shorter");
        }
    }

    #[test]
    fn an_answer_is_the_same_however_it_arrives(cut in 0..OK.len(), blank in 0usize..4) {
        let text = "\r\n".repeat(blank) + OK;
        let at = blank * 2 + cut;
        prop_assert_eq!(parse(&text.as_bytes()[..at]), Parsed::Incomplete, "a part is neither an answer nor garbage");
        prop_assert_eq!(message(&text).length, text.len());
    }
}
