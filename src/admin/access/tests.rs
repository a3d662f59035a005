use super::*;

const LISTEN: &str = "127.0.0.1:9153";

fn token(name: &str, role: Role) -> Token {
    Token { name: name.to_owned(), role, sha256: digest(&SHA256, name.as_bytes()).as_ref().try_into().unwrap() }
}

/// The code of the refusal, or who it is; without a client's certificate.
fn judged(access: &Access, listen: &str, request: &str, fields: &[(&'static str, &str)]) -> String {
    with_certificate(false, access, listen, request, fields)
}

fn with_certificate(
    is_certified: bool,
    access: &Access,
    listen: &str,
    request: &str,
    fields: &[(&'static str, &str)],
) -> String {
    let (method, path) = request.split_once(' ').unwrap();
    let mut all = HeaderMap::new();
    for (name, value) in fields {
        all.insert(*name, value.parse().unwrap());
    }
    if !fields.iter().any(|(name, _)| *name == "host") {
        all.insert("host", listen.parse().unwrap());
    }
    let (method, uri) = (method.parse().unwrap(), path.parse().unwrap());
    let request = Request { method: &method, uri: &uri, fields: &all, is_certified };
    let local = token("secret-of-this-machine", Role::Operate).sha256;
    match access.judge(&request, listen.parse().unwrap(), Some(&local)) {
        Ok(who) => format!("ok {}", who.token.unwrap_or_default()),
        Err(problem) => format!("{} {}", problem.status().as_u16(), problem.code),
    }
}

#[test]
fn every_role_at_every_door() {
    let open = Access::default();
    let closed = Access::new(&[token("looker", Role::Read), token("kim", Role::Operate)], &[]);
    for (request, shown, when_open, when_closed) in [
        ("GET /healthz", None, "ok ", "ok "),
        ("GET /readyz", None, "ok ", "ok "),
        ("GET /", None, "ok ", "ok "),
        ("GET /metrics", None, "ok ", "401 token-needed"),
        ("HEAD /api/v1/status", None, "ok ", "401 token-needed"),
        ("GET /api/v1/status", None, "ok ", "401 token-needed"),
        ("GET /api/v1/status", Some("looker"), "401 token-unknown", "ok looker"),
        ("GET /api/v1/status", Some("kim"), "401 token-unknown", "ok kim"),
        ("GET /api/v1/status", Some("secret-of-this-machine"), "ok local", "ok local"),
        ("GET /api/v1/status", Some("guess"), "401 token-unknown", "401 token-unknown"),
        ("PUT /api/v1/holds/a", None, "401 token-needed", "401 token-needed"),
        ("DELETE /api/v1/holds/a", None, "401 token-needed", "401 token-needed"),
        ("POST /anything", None, "401 token-needed", "401 token-needed"),
        ("PUT /api/v1/holds/a", Some("looker"), "401 token-unknown", "403 token-reads-only"),
        ("PUT /api/v1/holds/a", Some("kim"), "401 token-unknown", "ok kim"),
        ("PUT /api/v1/holds/a", Some("secret-of-this-machine"), "ok local", "ok local"),
        ("PUT /api/v1/holds/a", Some("guess"), "401 token-unknown", "401 token-unknown"),
    ] {
        let field = shown.map(|token| format!("Bearer {token}")).unwrap_or_default();
        let fields: Vec<_> = shown.iter().map(|_| ("authorization", field.as_str())).collect();
        assert_eq!(judged(&open, LISTEN, request, &fields), when_open, "open: {request} {shown:?}");
        assert_eq!(judged(&closed, LISTEN, request, &fields), when_closed, "closed: {request} {shown:?}");
    }
}

#[test]
fn other_schemes_than_bearer_show_nothing() {
    for field in ["Basic a2ltOg==", "kim", "Bearer", "bearer kim2", "Token kim"] {
        let access = Access::new(&[token("kim", Role::Operate)], &[]);
        assert_eq!(
            judged(&access, LISTEN, "GET /metrics", &[("authorization", field)]),
            "401 token-unknown",
            "{field}"
        );
    }
    let access = Access::new(&[token("kim", Role::Operate)], &[]);
    assert_eq!(judged(&access, LISTEN, "GET /metrics", &[("authorization", "bearer kim")]), "ok kim");
}

#[test]
fn pages_of_others_are_refused() {
    let key = ("authorization", "Bearer secret-of-this-machine");
    for (request, fields, expected) in [
        ("PUT /api/v1/holds/a", vec![("origin", "http://127.0.0.1:9153")], "ok local"),
        ("PUT /api/v1/holds/a", vec![("origin", "http://evil.example")], "403 cross-site"),
        ("PUT /api/v1/holds/a", vec![("origin", "http://127.0.0.1:8080")], "403 cross-site"),
        ("PUT /api/v1/holds/a", vec![("origin", "null")], "403 cross-site"),
        ("PUT /api/v1/holds/a", vec![("sec-fetch-site", "cross-site")], "403 cross-site"),
        ("PUT /api/v1/holds/a", vec![("sec-fetch-site", "same-site")], "403 cross-site"),
        ("PUT /api/v1/holds/a", vec![("sec-fetch-site", "same-origin")], "ok local"),
        ("DELETE /api/v1/holds/a", vec![("sec-fetch-site", "none")], "ok local"),
        ("GET /api/v1/events", vec![("sec-fetch-site", "cross-site")], "403 cross-site"),
        ("GET /", vec![("sec-fetch-site", "cross-site")], "ok local"),
    ] {
        let fields = [fields, vec![key]].concat();
        assert_eq!(judged(&Access::default(), LISTEN, request, &fields), expected, "{request} {fields:?}");
    }
}

#[test]
fn names_that_are_not_ours_are_refused() {
    let access = Access::new(&[token("kim", Role::Operate)], &["gtm.example.com".to_owned()]);
    let kim = ("authorization", "Bearer kim");
    for (listen, host, expected) in [
        (LISTEN, "127.0.0.1:9153", "ok kim"),
        (LISTEN, "127.0.0.1", "ok kim"),
        (LISTEN, "localhost:8080", "ok kim"),
        (LISTEN, "[::1]:9153", "ok kim"),
        (LISTEN, "GTM.example.com:443", "ok kim"),
        (LISTEN, "evil.example", "421 wrong-host"),
        (LISTEN, "evil.example:9153", "421 wrong-host"),
        (LISTEN, "192.0.2.1:9153", "421 wrong-host"),
        (LISTEN, "", "421 wrong-host"),
        (LISTEN, "127.0.0.1.evil.example:9153", "421 wrong-host"),
        ("0.0.0.0:9153", "192.0.2.1:9153", "ok kim"),
        ("0.0.0.0:9153", "localhost:9153", "421 wrong-host"),
        ("192.0.2.1:9153", "192.0.2.2:9153", "421 wrong-host"),
    ] {
        assert_eq!(judged(&access, listen, "GET /metrics", &[("host", host), kim]), expected, "{host} at {listen}");
    }
}

#[test]
fn a_certificate_is_a_gate_and_no_role() {
    let gated = Access::new(&[token("kim", Role::Operate)], &[]).gated(true);
    let kim = [("authorization", "Bearer kim")];
    for (request, fields, without, with) in [
        ("GET /healthz", &[][..], "ok ", "ok "),
        ("GET /readyz", &[], "ok ", "ok "),
        ("GET /", &[], "403 certificate-needed", "ok "),
        ("GET /metrics", &[], "403 certificate-needed", "401 token-needed"),
        ("GET /metrics", &kim, "403 certificate-needed", "ok kim"),
        ("PUT /api/v1/holds/a", &[], "403 certificate-needed", "401 token-needed"),
        ("PUT /api/v1/holds/a", &kim, "403 certificate-needed", "ok kim"),
    ] {
        assert_eq!(with_certificate(false, &gated, LISTEN, request, fields), without, "{request} without");
        assert_eq!(with_certificate(true, &gated, LISTEN, request, fields), with, "{request} with");
    }
}

/// A reload may take every token away from a listener that was opened with some.
#[test]
fn beyond_loopback_nobody_looks_without_a_token() {
    let local = [("authorization", "Bearer secret-of-this-machine")];
    for (listen, expected) in [
        (LISTEN, "ok "),
        ("[::1]:9153", "ok "),
        ("10.0.0.1:9153", "401 token-needed"),
        ("0.0.0.0:9153", "401 token-needed"),
        ("[::]:9153", "401 token-needed"),
    ] {
        let open = Access::default();
        assert_eq!(judged(&open, listen, "GET /api/v1/status", &[]), expected, "{listen}");
        assert_eq!(judged(&open, listen, "GET /healthz", &[]), "ok ", "{listen}");
        assert_eq!(judged(&open, listen, "PUT /api/v1/holds/a", &local), "ok local", "{listen}");
    }
}
