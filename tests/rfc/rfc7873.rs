//! RFC 7873: DNS cookies.

use super::*;

/// A question with a COOKIE option.
fn with(cookie: &[u8]) -> Vec<u8> {
    edns("contoso.com", SOA, &option(COOKIE, cookie))
}

/// The COOKIE option of an answer, which begins with the client's.
fn cookie_of(answer: &Message) -> Vec<u8> {
    let cookie = option_of(answer, COOKIE).unwrap();
    assert_eq!((cookie.len(), &cookie[..8]), (24, &[7; 8][..]));
    cookie
}

#[test]
fn section_5_2_1_no_cookie_is_answered_without() {
    assert_eq!(option_of(&Serving::start().ask(&edns("contoso.com", SOA, &[])), COOKIE), None);
}

#[test]
fn section_5_2_2_a_wrong_length_is_a_format_error() {
    let server = Serving::start();
    for length in [0, 1, 7, 9, 15, 41, 64] {
        assert_eq!(code(&server.ask(&with(&vec![7; length]))), FORMERR, "{length}");
    }
}

#[test]
fn section_5_2_3_to_5_every_client_gets_its_answer_and_a_fresh_cookie() {
    let server = Serving::start();
    let fresh = cookie_of(&server.ask(&with(&[7; 8])));
    for cookie in [&fresh[..], &[7; 16], &[7; 24], &[7; 40]] {
        for answer in [server.ask(&with(cookie)), server.ask_tcp(&with(cookie))] {
            assert_eq!((code(&answer), answer.answers.len()), (NOERROR, 1), "{cookie:?}");
            cookie_of(&answer);
        }
    }
    let two = [option(COOKIE, &[7; 8]), option(COOKIE, &[8; 9])].concat();
    cookie_of(&server.ask(&edns("contoso.com", SOA, &two)));
}

#[test]
fn section_5_2_3_badcookie_is_said_over_the_limit_and_a_valid_cookie_has_none() {
    let server = Serving::with("rate_limit = { per_second = 1, slip = 1, exempt = [] }");
    // Over TCP there is no limit.
    let valid = with(&cookie_of(&server.ask_tcp(&with(&[7; 8]))));
    let (mut bad, mut cut) = (0, 0);
    for _ in 0..50 {
        let answer = server.ask(&with(&[7; 8]));
        cookie_of(&answer);
        bad += usize::from(code(&answer) == BADCOOKIE);
        let answer = server.ask(&plain("contoso.com", SOA));
        cut += usize::from(answer.metadata.truncation);
        for answer in [server.ask(&valid), server.ask_tcp(&plain("contoso.com", SOA))] {
            assert_eq!((code(&answer), answer.metadata.truncation, answer.answers.len()), (NOERROR, false, 1));
        }
    }
    assert!(bad > 0 && cut > 0, "{bad} {cut}");
}

#[test]
fn section_5_4_a_question_about_the_cookie_alone() {
    let server = Serving::start();
    let ask =
        |cookie: &[u8]| server.ask(&message([0, 0], [0, 0, 0, 1], &[&opt(1232, [0; 4], &option(COOKIE, cookie))]));
    let fresh = cookie_of(&ask(&[7; 8]));
    for (cookie, expected) in [(&[7; 8][..], NOERROR), (&fresh, NOERROR), (&[7; 24], BADCOOKIE), (&[7; 16], BADCOOKIE)]
    {
        let answer = ask(cookie);
        assert_eq!((code(&answer), answer.queries.len()), (expected, 0), "{cookie:?}");
        cookie_of(&answer);
    }
}
