use super::*;
use proptest::prelude::*;

/// Each entry as its words with blanks between them; `>` says that it is indented, quotes that a word was quoted.
fn entries(text: &str) -> Vec<String> {
    let said = |entry: Entry<'_>| {
        let words = entry.tokens.iter().map(|t| if t.quoted { format!("\"{}\"", t.raw) } else { t.raw.to_owned() });
        [if entry.indented { ">" } else { "" }, &words.collect::<Vec<_>>().join(" ")].concat()
    };
    let wrong = |wrong: Wrong| format!("{:?} {}", wrong.range, wrong.why);
    Lexer::new(text).map(|entry| entry.map_or_else(wrong, said)).collect()
}

#[test]
fn lines_parentheses_quotes_and_comments() {
    for (text, expected) in [
        ("", &[][..]),
        ("\u{feff}a b\n", &["a b"]),
        ("a b ; c\n\n  ; nothing\n\tc\r\nd", &["a b", ">c", "d"]),
        ("a ( b ; (\n c\n) d\ne", &["a b c d", "e"]),
        ("a \"b ; (c)\" d\\;e", &["a \"b ; (c)\" d\\;e"]),
        ("a \"b\"\"c\"", &["a \"b\" \"c\""]),
        ("k=\"a b\"c d", &["k=\"a b\"c d"]),
        ("a\\ b c\\\"d", &["a\\ b c\\\"d"]),
    ] {
        assert_eq!(entries(text), expected, "{text:?}");
    }
}

#[test]
fn what_is_wrong_is_named_and_the_next_line_is_read() {
    for (text, expected) in [
        ("a ) b\nc", &["2..3 nothing was opened that this could close", "c"][..]),
        ("a ( b (\nc", &["6..7 a parenthesis within parentheses", "c"]),
        ("a ( b\nc", &["2..3 this parenthesis is never closed"]),
        ("a \"b\nc", &["2..3 this string does not end on its line", "c"]),
        ("a \"b\\\nc", &["2..3 this string does not end on its line", "c"]),
        ("a k=\"b\nc", &["4..5 this string does not end on its line", "c"]),
    ] {
        assert_eq!(entries(text), expected, "{text:?}");
    }
}

#[test]
fn escapes() {
    let octets = |raw| Token { raw, start: 10, quoted: false }.octets().map_err(|wrong| (wrong.range.start, wrong.why));
    assert_eq!(octets("a\\.b\\065\\255\\\\\"c\""), Ok(b"a.bA\xff\\c".to_vec()));
    for (raw, at, why) in [
        ("a\\256", 11, "the escape is over 255"),
        ("\\12", 10, "the escape has fewer than three digits"),
        ("ab\\", 12, "the escape ends the word"),
        ("\\é", 10, "only ASCII characters can be escaped"),
    ] {
        assert_eq!(octets(raw), Err((at, why.to_owned())), "{raw}");
    }
}

proptest! {
    #[test]
    fn any_text_ends_and_its_places_lie_within(text in "[a-c .;()\"\\\\0-9\r\n\té@]{0,60}") {
        for entry in Lexer::new(&text) {
            match entry {
                Ok(entry) => for token in entry.tokens {
                    prop_assert_eq!(&text[token.start..token.start + token.raw.len()], token.raw);
                    prop_assert!(token.range().end <= text.len());
                    let _ = token.octets();
                },
                Err(wrong) => prop_assert!(wrong.range.start < wrong.range.end && wrong.range.end <= text.len()),
            }
        }
    }
}
