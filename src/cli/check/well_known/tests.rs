use super::*;
use std::path::Path;

fn said(body: &str) -> Option<Delegated> {
    delegated(&Fetched { status: 200, body: body.as_bytes().to_vec() })
}

#[test]
fn a_file_is_read_as_homeservers_read_it() {
    let to = |host: &str, port| Some(Delegated { host: host.to_owned(), port });
    let cases = [
        (r#"{"m.server": "matrix.contoso.com:443"}"#, to("matrix.contoso.com", Some(443))),
        (r#"{"m.server": "Matrix.Contoso.com"}"#, to("matrix.contoso.com", None)),
        (r#"{"m.server": "[2001:db8::1]:8448"}"#, to("[2001:db8::1]", Some(8448))),
        (r#"{"m.server": "[2001:db8::1]"}"#, to("[2001:db8::1]", None)),
        (r#"{"m.server": "a:b"}"#, None),
        (r#"{"m.homeserver": {}}"#, None),
        ("<html>", None),
    ];
    for (body, expected) in cases {
        assert_eq!(said(body), expected, "{body}");
    }
    let absent = Fetched { status: 404, body: br#"{"m.server": "a"}"#.to_vec() };
    assert_eq!(delegated(&absent), None);
}

#[test]
fn what_bypasses_the_srv_is_found() {
    let steered = BTreeSet::from([Name::parse("matrix.contoso.com").unwrap()]);
    let domain = Domain { service: "matrix".to_owned(), domain: Name::parse("contoso.com").unwrap(), steered };
    let all = BTreeSet::from(["contoso.com", "b.contoso.com"].map(|name| Name::parse(name).unwrap()));
    let cases: [(&str, Option<&str>, &str); 6] = [
        ("matrix.contoso.com:8448", Some("well-known-port"), "its address is steered all the same"),
        ("chat.provider.example:443", Some("well-known-port"), "nothing of matrix steers chat.provider.example"),
        ("chat.provider.example", Some("well-known-elsewhere"), "delegates to chat.provider.example"),
        ("matrix.contoso.com", None, ""),
        ("contoso.com", None, ""),
        ("b.contoso.com", None, ""),
    ];
    for (server, code, part) in cases {
        let delegated = said(&format!("{{\"m.server\": \"{server}\"}}")).unwrap();
        let mut findings = Findings::of(Path::new("edgesteer.toml"));
        judge(&domain, &delegated, &all, &mut findings);
        assert_eq!(findings.all.first().map(|found| found.code), code, "{server}");
        assert!(findings.all.iter().all(|found| found.title.contains(part)), "{server}");
    }
}
