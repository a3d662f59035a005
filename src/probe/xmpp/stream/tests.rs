use super::*;
use proptest::prelude::*;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' \
                      from='contoso.com' version='1.0' xml:lang='en'>";
const FEATURES: &str = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>\
                        <x xmlns='y'>t\u{e9}xt &amp; more</x></stream:features>";

fn stream(text: &str) -> Stream {
    match parse(text.as_bytes()) {
        Parsed::Stream(stream) => stream,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stream_tells_who_it_is_from_and_what_it_offers() {
    let text = format!("{HEADER}{FEATURES} <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    let stream = stream(&text);
    assert_eq!((stream.from.as_deref(), stream.version.as_deref()), (Some("contoso.com"), Some("1.0")));
    let [features, proceed] = &stream.elements[..] else { panic!("{stream:?}") };
    assert!(features.is(STREAMS, "features") && features.has(TLS, "starttls") && features.has("y", "x"));
    assert!(!features.has(TLS, "required"), "only what is directly in it");
    assert!(proceed.is(TLS, "proceed") && proceed.end == text.len());
    assert_eq!(features.end, HEADER.len() + FEATURES.len());
}

#[test]
fn a_prefix_means_what_it_is_bound_to() {
    let other = HEADER.replace("xmlns:stream", "xmlns:s").replace("stream:stream", "s:stream");
    assert!(stream(&format!("{other}<s:features/>")).elements[0].is(STREAMS, "features"));
    for text in [
        HEADER.replace("etherx.jabber.org", "etherx.example"),
        HEADER.replace("xmlns:stream=", "xmlns:other="),
        "<stream version='1.0'>".to_owned(),
    ] {
        assert_eq!(parse(text.as_bytes()), Parsed::NotXmpp("no stream"), "{text}");
    }
}

#[test]
fn what_is_no_stream_is_told_at_once() {
    for (text, why) in [
        (&b"SSH-2.0-x"[..], "no XML"),
        (b"\xff\xfe<", "no UTF-8"),
        (b"<html>", "no stream"),
        (b"<!DOCTYPE x []>", "forbidden XML"),
        (b"<!-- x -->", "forbidden XML"),
        (b"<!x", "broken XML"),
        (b"</stream:stream>", "broken XML"),
    ] {
        assert_eq!(parse(text), Parsed::NotXmpp(why), "{:?}", String::from_utf8_lossy(text));
    }
    let deep = format!("{HEADER}{}", "<a>".repeat(XML_DEPTH_MAX));
    assert_eq!(parse(deep.as_bytes()), Parsed::NotXmpp("XML too deep"));
}

proptest! {
    /// However a stream is cut, no more is read from it than is whole, and it is never taken for something else.
    #[test]
    fn a_cut_stream_is_a_stream_so_far(cut in 0usize..HEADER.len() + FEATURES.len()) {
        let text = format!("{HEADER}{FEATURES}");
        match parse(&text.as_bytes()[..cut]) {
            Parsed::Incomplete => prop_assert!(cut < HEADER.len()),
            Parsed::Stream(stream) => {
                prop_assert!(cut >= HEADER.len());
                prop_assert_eq!(stream.elements.len(), usize::from(cut == text.len()));
            }
            Parsed::NotXmpp(why) => prop_assert!(false, "{} at {}", why, cut),
        }
    }

    #[test]
    fn nothing_breaks_it(octets in prop::collection::vec(any::<u8>(), 0..200), after in any::<bool>()) {
        let header = if after { HEADER.as_bytes() } else { b"" };
        let _ = parse(&[header, &octets].concat());
    }
}
