//! RFC 6604: the code of an answer with aliases.

use super::*;

#[test]
fn section_3_the_code_is_that_of_the_end() {
    let server = Serving::hosting();
    for (name, kind, expected) in [
        ("dangling.contoso.com", A, NXDOMAIN),
        ("nothing.static.example", A, NXDOMAIN),
        ("www.contoso.com", TXT, NOERROR),
        ("outside.contoso.com", A, NOERROR),
    ] {
        let answer = server.ask(&plain(name, kind));
        assert_eq!((code(&answer), types(&answer.answers)), (expected, vec![CNAME]), "{name}");
    }
}
