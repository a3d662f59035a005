use super::super::lexer::Lexer;
use super::*;
use domain::base::rdata::ComposeRecordData as _;
use domain::zonefile::inplace::{Entry, Zonefile};
use proptest::prelude::*;

fn origin() -> Name {
    Name::parse("example.com").unwrap()
}

/// Type and data of `TYPE data` by us.
fn ours(text: &str) -> Result<Vec<u8>, String> {
    let entry = Lexer::new(text).next().unwrap().map_err(|wrong| wrong.why)?;
    let named = entry.tokens[0];
    let kind = t::parse(named.raw).unwrap();
    encode(kind, named, &entry.tokens[1..], &origin()).map_err(|w| format!("{} [{}]", w.why, &text[w.range]))
}

/// The same by another reader of master files.
fn theirs(text: &str) -> Option<Vec<u8>> {
    let mut file = Zonefile::from(format!("$ORIGIN example.com.\nx.example.com. 60 IN {text}\n").as_str());
    match file.next_entry().ok()?? {
        Entry::Record(record) => {
            let mut data = Vec::new();
            record.data().compose_rdata(&mut data).unwrap();
            Some(data)
        }
        Entry::Include { .. } => None,
    }
}

#[test]
fn every_type_reads_as_another_reader_has_it() {
    for text in [
        "A 192.0.2.1",
        "AAAA 2001:db8::1",
        "NS ns1",
        "NS ns1.example.net.",
        "CNAME www",
        "PTR a\\.b.c",
        "SOA ns1 host\\.master 2026112401 7200 900 1209600 60",
        "HINFO PC \"Debian 12\"",
        "MX 10 mail",
        "MX 0 .",
        "TXT v=spf1 \"two words\" \"\" \\065\\\"",
        "TXT \"semi;colon (paren)\" \"\\000\\255\"",
        "SRV 0 5 5060 sip.example.net.",
        "NAPTR 100 10 u E2U+sip \"!^.*$!sip:info@example.com!\" .",
        "DS 60485 5 1 2BB183AF5F22588179A53B0A 98631FAD1A292118",
        "SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789",
        "TLSA 3 1 1 d2abde240d7cd3ee6b4b28c54df034b9 7983a1d16e8a410e4561cb106618e971",
        "CAA 0 issue \"ca.example.net; policy=ev\"",
        "CAA 128 tbs Unknown",
        "OPENPGPKEY AQIDBAU=",
        "HTTPS 1 . alpn=h3,h2 ipv4hint=192.0.2.1,192.0.2.2 port=8443",
        "SVCB 16 foo.example.org. ipv6hint=2001:db8::1 mandatory=alpn,ipv6hint alpn=h2",
        "SVCB 0 pool.example.net.",
        "RP admin.example.com. txt",
        "TYPE65280 \\# 3 abcdef",
        "TYPE65280 \\# 0",
        "A \\# 4 c0000201",
    ] {
        let expected = theirs(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(ours(text), Ok(expected), "{text}");
    }
}

#[test]
fn types_that_the_other_reader_does_not_have() {
    for (text, expected) in [
        ("AFSDB 1 afs", &b"\0\x01\x03afs\x07example\x03com\0"[..]),
        // The other reader takes @ in data for a label.
        ("CNAME @", b"\x07example\x03com\0"),
        ("KX 10 kx.", b"\0\x0a\x02kx\0"),
        ("RT 2 r.", b"\0\x02\x01r\0"),
        ("SPF \"v=spf1 -all\"", b"\x0bv=spf1 -all"),
        ("SMIMEA 3 0 0 ab", b"\x03\0\0\xab"),
        ("CERT 1 2 3 AQI=", b"\0\x01\0\x02\x03\x01\x02"),
        ("URI 10 1 \"https://example.com/\"", b"\0\x0a\0\x01https://example.com/"),
        ("CSYNC 66 3 A NS AAAA CAA", b"\0\0\0\x42\0\x03\0\x04\x60\0\0\x08\x01\x01\x40"),
        (
            "HTTPS 1 . alpn=\"h2\\\\,x,h3\" key9=\"a b\" no-default-alpn",
            b"\0\x01\0\0\x01\0\x08\x04h2,x\x02h3\0\x02\0\0\0\x09\0\x03a b",
        ),
        ("HTTPS 1 . ech=AQI= dohpath=/q{?dns}", b"\0\x01\0\0\x05\0\x02\x01\x02\0\x07\0\x08/q{?dns}"),
        ("MX 1 MAIL.Example.NET.", b"\0\x01\x04mail\x07example\x03net\0"),
        ("MX \\# 8 000a 044d61494c 00", b"\0\x0a\x04mail\0"),
        // RFC 1876 section 2 and BIND: 42 21 54 N 71 06 18 W -24m 30m.
        (
            "LOC 42 21 54 N 71 06 18 W -24m 30m",
            &[0, 0x33, 0x16, 0x13, 0x89, 0x17, 0x2d, 0xd0, 0x70, 0xbe, 0x15, 0xf0, 0, 0x98, 0x8d, 0x20],
        ),
        ("LOC 1 N 2 30.5 E 0", &[]),
    ] {
        let got = ours(text);
        if expected.is_empty() {
            assert!(got.is_err(), "{text}");
        } else {
            assert_eq!(got, Ok(expected.to_vec()), "{text}");
        }
    }
}

#[test]
fn what_is_wrong_is_named_at_its_word() {
    for (text, expected) in [
        ("A", "behind this, an IPv4 address, as 192.0.2.1 is missing [A]"),
        ("A 192.0.2", "\"192.0.2\" is no such address [192.0.2]"),
        ("A 192.0.2.1 x", "the record ends before this word [x]"),
        ("MX mail", "\"mail\" is no number from 0 to 65535 [mail]"),
        ("MX 65536 mail", "\"65536\" is no number from 0 to 65535 [65536]"),
        ("MX +1 mail", "\"+1\" is no number from 0 to 65535 [+1]"),
        ("MX 10", "behind this, a domain name is missing [10]"),
        ("NS a..b", "\"a..b\" is no domain name: a label is empty [a..b]"),
        ("NS \"a\"", "a name stands without quotes [\"a\"]"),
        ("NS é", "\"é\" is no domain name: letters beyond ASCII are written in punycode, as xn--... [é]"),
        ("NS a\\300", "the escape is over 255 [\\]"),
        ("SOA a b 1 2h 3x 4 5", "\"3x\" is no duration [3x]"),
        ("CAA 0 is-sue x", "this is no tag [is-sue]"),
        ("NAPTR 1 1 \"s p\" x \"\" .", "these are no flags [\"s p\"]"),
        ("NAPTR \\# 9 0001 0001 01 2b 00 00 00", "these octets are no data of this type [\\#]"),
        ("CAA \\# 4 00 01 2d 61", "these octets are no data of this type [\\#]"),
        ("HTTPS \\# 8 0001 00 0003 0001 50", "these octets are no data of this type [\\#]"),
        ("HTTPS \\# 11 0001 00 0002 0000 0001 0000", "these octets are no data of this type [\\#]"),
        ("DS 1 2 3 abc", "these are not pairs of hexadecimal digits [abc]"),
        ("OPENPGPKEY AQI", "this is not Base64 [AQI]"),
        ("OPENPGPKEY AQJ=", "this is not Base64 [AQJ=]"),
        ("HTTPS 0 . alpn=h2", "a record of priority 0 has no parameters [alpn=h2]"),
        ("HTTPS 1 . alpn=h2 alpn=h3", "the parameter alpn stands twice [alpn=h3]"),
        ("HTTPS 1 . nonsense=1", "\"nonsense\" is no parameter [nonsense=1]"),
        ("HTTPS 1 . mandatory=port", "a key that is mandatory is absent or stands twice [mandatory=port]"),
        ("HTTPS 1 . no-default-alpn", "without alpn no protocol is left [no-default-alpn]"),
        ("HTTPS 1 . port", "this key needs a value [port]"),
        ("HTTPS 1 . ipv4hint=x", "these are no IPv4 addresses [ipv4hint=x]"),
        ("LOC 91 N 0 E 0", "this is no part of an angle [91]"),
        ("LOC 90 1 N 0 E 0", "over 90 degrees [90]"),
        ("LOC N 0 E 0", "degrees are missing before this [N]"),
        ("A \\# 4 c00002", "4 octets are promised, and 3 are there [\\#]"),
        ("A \\# 3 c00002", "these octets are no data of this type [\\#]"),
        ("MX \\# 5 000a 0161 40", "these octets are no data of this type [\\#]"),
        ("TYPE65280 abc", "TYPE65280 has no form in words here [TYPE65280]"),
    ] {
        assert_eq!(ours(text), Err(expected.to_owned()), "{text}");
    }
    let long = format!("TXT \"{}\"", "a".repeat(256));
    assert!(ours(&long).is_err_and(|why| why.starts_with("this text has 256 octets, and 255 are allowed")));
    let label = "a".repeat(63);
    let long = |last: usize| format!("NS {label}.{label}.{label}.{}", "b".repeat(last));
    assert_eq!(ours(&long(49)).map(|data| data.len()), Ok(255));
    assert!(ours(&long(50)).is_err_and(|why| why.starts_with("the name with the origin example.com is longer")));
}

#[test]
fn durations() {
    for (text, expected) in [
        ("0", Some(0)),
        ("3600", Some(3600)),
        ("1h30m", Some(5400)),
        ("1W2D", Some(777_600)),
        ("1w1d1h1m1s", Some(694_861)),
        ("4294967295", Some(u32::MAX)),
        ("4294967296", None),
        ("7102w", None),
        ("1h30", None),
        ("h", None),
        ("", None),
        ("1x", None),
        ("1é", None),
    ] {
        assert_eq!(seconds(text), expected, "{text}");
    }
}

proptest! {
    /// No text of words makes a panic, and what both readers take means the same to both.
    #[test]
    fn both_readers_agree(
        kind in prop::sample::select(vec!["A", "NS", "MX", "TXT", "SRV", "CAA", "DS", "HINFO", "NAPTR", "TLSA", "TYPE65280"]),
        words in prop::collection::vec("([a-z0-9.#-]|\\\\[a-z.\\\\ ]|\\\\[0-9]{3}){1,5}|[0-9]{1,5}|[0-9a-f]{2,8}|\\\\#|\"[a-z ;]{0,9}\"", 0..6),
    ) {
        let text = format!("{kind} {}", words.join(" "));
        let ours = Lexer::new(&text).count().eq(&1).then(|| ours(&text)).and_then(Result::ok);
        if let (Some(ours), Some(theirs)) = (ours, theirs(&text)) {
            prop_assert_eq!(ours, theirs, "{}", text);
        }
    }
}
