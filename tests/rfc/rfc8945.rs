//! RFC 8945: signatures with a shared secret (TSIG). The client is another implementation; vectors are in `src/lane/tsig`.

use super::signing::{SECRET, ask_signed, asking, key, now, own_key, primary, refused};
use super::*;
use domain::rdata::tsig::Time48;
use domain::tsig::{Algorithm, ClientTransaction};

const BADSIG: u16 = 16;
const BADKEY: u16 = 17;
const BADTIME: u16 = 18;

#[test]
fn section_5_1_ordinary_questions_are_answered_under_signature() {
    let server = primary();
    for (name, kind, key, expected) in [
        ("static.example", SOA, own_key(), (NOERROR, 1)),
        ("sip.contoso.com", A, own_key(), (NOERROR, 1)),
        ("no.contoso.com", A, own_key(), (NXDOMAIN, 0)),
        ("elsewhere.example", A, key("long.example", Algorithm::Sha512, SECRET), (REFUSED, 0)),
    ] {
        let answer = ask_signed(&server, asking(name, kind, None), key);
        assert_eq!((code(&answer), answer.answers.len().min(1)), expected, "{name}");
    }
}

#[test]
fn section_5_1_nothing_stands_behind_the_signature_and_it_stands_once() {
    let server = primary();
    let mut asked = asking("static.example", SOA, None);
    ClientTransaction::request(own_key(), &mut asked, now()).unwrap();
    let signed = asked.as_slice();
    let counted = |additional: u8, more: &[u8]| {
        let mut message = [signed, more].concat();
        message[11] = additional;
        message
    };
    let at = 12 + wire("static.example").len() + 4;
    for (what, message) in [("an OPT behind it", counted(2, OPT)), ("it is there twice", counted(2, &signed[at..]))] {
        let answer = server.ask(&message);
        assert_eq!((code(&answer), answer.answers.len()), (FORMERR, 0), "{what}");
    }
    assert_eq!(code(&server.ask(&counted(1, b"trailing octets"))), NOERROR);
}

#[test]
fn section_5_2_who_cannot_prove_what_he_claims_gets_notauth() {
    let server = primary();
    let at = |ahead: i64| Time48::from_u64(u64::from(now()).checked_add_signed(ahead).unwrap());
    for (key, ahead, expected) in [
        (key("nobody.example", Algorithm::Sha256, SECRET), 0, BADKEY),
        (key("transfer.example", Algorithm::Sha512, SECRET), 0, BADKEY),
        (key("transfer.example", Algorithm::Sha1, SECRET), 0, BADKEY),
        (key("transfer.example", Algorithm::Sha256, b"another secret"), 0, BADSIG),
        (own_key(), -1000, BADTIME),
        (own_key(), 1000, BADTIME),
    ] {
        for (name, kind) in [("static.example", SOA), ("static.example", 252), ("contoso.com", 251)] {
            let said = refused(&server, asking(name, kind, None), key.clone(), at(ahead));
            assert_eq!(said, (NOTAUTH, expected), "{} {ahead} {name}", key.name());
        }
    }
}

#[test]
fn section_5_3_an_answer_that_is_cut_is_signed() {
    let server = primary();
    let said = |answer: Message| (answer.metadata.truncation, answer.answers.len());
    assert_eq!(said(server.ask(&plain("big.large.example", TXT))), (false, 2), "462 octets");
    assert_eq!(said(ask_signed(&server, asking("big.large.example", TXT, None), own_key())), (true, 0));
    assert_eq!(said(ask_signed(&server, asking("n2.large.example", TXT, None), own_key())), (false, 1));
}
