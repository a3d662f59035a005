//! RFC 3597: types that nobody knew.

use super::*;

#[test]
fn section_5_an_unknown_type_is_a_type() {
    let server = Serving::start();
    for kind in [0, 99, 1000, 65280, 65535] {
        for (name, expected) in [("sip.contoso.com", NOERROR), ("no.contoso.com", NXDOMAIN), ("example.net", REFUSED)] {
            let answer = server.ask(&plain(name, kind));
            assert_eq!((code(&answer), answer.answers.len()), (expected, 0), "{name} {kind}");
            assert_eq!(u16::from(answer.queries[0].query_type()), kind);
        }
    }
}
