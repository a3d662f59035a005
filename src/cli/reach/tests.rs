use super::*;

#[test]
fn an_address_is_read_as_people_write_it() {
    let table = [
        ("127.0.0.1:9153", Some((false, "127.0.0.1", 9153))),
        ("127.0.0.1", Some((false, "127.0.0.1", 9153))),
        ("[2001:db8::1]:443", Some((false, "2001:db8::1", 443))),
        ("::1", Some((false, "::1", 9153))),
        ("http://localhost:1", Some((false, "localhost", 1))),
        ("https://gtm1.example.com", Some((true, "gtm1.example.com", 9153))),
        ("https://gtm1.example.com:443/", Some((true, "gtm1.example.com", 443))),
        ("https://[::1]:9153", Some((true, "::1", 9153))),
        ("ftp://a:1", None),
        ("a:b", None),
        ("a:65536", None),
        ("a b:1", None),
        ("a:1/path", None),
        ("", None),
    ];
    for (text, expected) in table {
        let read = text.parse::<Address>().ok();
        let expected = expected.map(|(is_https, host, port)| Address { is_https, host: host.to_owned(), port });
        assert_eq!(read, expected, "{text:?}");
    }
    assert_eq!("[::1]:9153".parse::<Address>().unwrap().to_string(), "[::1]:9153");
}
