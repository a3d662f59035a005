//! RFC 7830: padding, with the blocks of RFC 8467.

use super::rfc7858::Private;
use super::*;

fn padded(name: &str, octets: usize) -> Vec<u8> {
    edns(name, SOA, &option(PADDING, &vec![0; octets]))
}

#[test]
fn section_4_who_pads_over_tls_is_answered_in_whole_blocks() {
    let server = Private::start();
    let mut connection = server.open();
    for (name, octets) in [("contoso.com", 0), ("contoso.com", 128), ("no.contoso.com", 4000), ("example.net", 1)] {
        connection.say(&padded(name, octets));
        let answer = connection.hear().unwrap();
        assert_eq!(answer.len() % 468, 0, "{name}: RFC 8467 section 4.1");
        let padding = option_of(&read(&answer), PADDING).unwrap();
        assert!(padding.iter().all(|&octet| octet == 0), "{name}: RFC 7830 section 3");
    }
}

#[test]
fn section_4_who_does_not_is_not() {
    let server = Private::start();
    assert_eq!(option_of(&server.open().ask(&edns("contoso.com", SOA, &[])), PADDING), None);
}

#[test]
fn section_6_nothing_is_padded_where_everybody_can_read_it() {
    let server = Serving::start();
    for answer in [server.ask(&padded("contoso.com", 128)), server.ask_tcp(&padded("contoso.com", 128))] {
        assert_eq!((code(&answer), option_of(&answer, PADDING)), (NOERROR, None));
    }
}
