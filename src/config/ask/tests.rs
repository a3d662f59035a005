use super::super::load::judge;
use super::*;
use std::time::Duration;

/// What a check with these keys asks, or the titles of what is wrong with it.
fn ask(check: &str) -> Result<Ask, Vec<String>> {
    let text = format!(
        "[server]\nlisten = [\"127.0.0.1:53\"]\n[zone.\"contoso.com\"]\nns = {{ \"ns1.contoso.com\" = [\"192.0.2.53\"] }}\n\
         [pool.a]\nlocation = \"KR\"\nendpoints = [\"192.0.2.1\"]\n[pool.b]\nlocation = \"IE\"\nendpoints = [\"192.0.2.2\"]\n\
         [service.web]\nkind = \"generic\"\naddress = \"web.{{domain}}\"\ndomains = [\"contoso.com\"]\npools = [\"a\", \"b\"]\n\
         check = {{ {check} }}\n"
    );
    let judged = judge(Path::new("/etc/edgesteer.toml"), text);
    judged
        .map(|(config, _)| config.services[0].check.ask.clone())
        .map_err(|errors| errors.iter().map(|it| it.title.clone()).collect())
}

#[test]
fn each_kind_has_its_keys_and_defaults() {
    let request = |method, path: &str, status: &[(u16, u16)], contains: Option<&str>| {
        Ask::Https(Request { method, path: path.into(), status: Codes::of(status), contains: contains.map(Into::into) })
    };
    for (check, expected) in [
        ("kind = \"xmpp\", port = 5269", Ask::Xmpp { direct_tls: false }),
        ("kind = \"xmpp\", port = 5270, direct_tls = true", Ask::Xmpp { direct_tls: true }),
        ("kind = \"matrix\", port = 8448", Ask::Matrix),
        ("kind = \"https\", port = 443", request(Method::Get, "/", &[(200, 200)], None)),
        (
            "kind = \"https\", port = 443, method = \"GET\", path = \"/a?b\", status = [204, \"300-399\"], contains = \"x\"",
            request(Method::Get, "/a?b", &[(204, 204), (300, 399)], Some("x")),
        ),
        ("kind = \"stun\", port = 3478", Ask::Stun { transport: Transport::Udp }),
        ("kind = \"stun\", port = 3478, transport = \"tcp\"", Ask::Stun { transport: Transport::Tcp }),
        (
            "kind = \"exec\", command = [\"/bin/check\", \"-v\"]",
            Ask::Exec { command: vec!["/bin/check".into(), "-v".into()] },
        ),
        (
            "kind = \"file\", file = \"v.txt\"",
            Ask::File { path: "/etc/v.txt".into(), max_age: Duration::from_secs(60) },
        ),
        (
            "kind = \"sip\", port = 1, alive = [200], degraded = [\"500-504\"]",
            Ask::Sip { alive: Codes::of(&[(200, 200)]), degraded: Codes::of(&[(500, 504)]) },
        ),
    ] {
        assert_eq!(ask(check), Ok(expected), "{check}");
    }
}

#[test]
fn codes_are_a_set() {
    let codes = Codes::of(&[(200, 200), (300, 399)]);
    for (code, is_in) in [(199, false), (200, true), (201, false), (300, true), (399, true), (400, false)] {
        assert_eq!(codes.contains(code), is_in, "{code}");
    }
    assert_eq!(codes.to_string(), "200, 300-399");
}
