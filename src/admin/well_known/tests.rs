use super::*;
use crate::testing::{POOLS, ZONE, lake, service};

fn told(shape: &str, domain: &str) -> Option<String> {
    let matrix = format!(
        "[service.matrix]\nkind = \"matrix\"\ndomains = [\"contoso.com\", \"b.contoso.com\"]\n\
         pools = [\"seoul\", \"dublin\"]\nttl = \"45s\"\nshape = \"{shape}\"\n"
    );
    let lake = lake(&format!("{ZONE}{POOLS}{}{matrix}", service("")));
    let told = delegated(&lake.load(), &Name::parse(domain).unwrap())?;
    assert_eq!(told.ttl, 45);
    Some(told.server)
}

#[test]
fn a_domain_delegates_to_what_is_steered() {
    for (shape, domain, expected) in [
        ("address", "contoso.com", Some("matrix.contoso.com")),
        ("address", "B.contoso.com", Some("matrix.b.contoso.com")),
        ("target", "contoso.com", Some("contoso.com")),
        ("ordered", "b.contoso.com", Some("b.contoso.com")),
        ("address", "sip.contoso.com", None),
        ("address", "fabrikam.example", None),
    ] {
        assert_eq!(told(shape, domain).as_deref(), expected, "{shape} {domain}");
    }
}

#[test]
fn the_host_is_a_name_with_or_without_a_port() {
    let of = |host: &str| {
        let request = Request::builder().uri(PATH).header("Host", host).body(axum::body::Body::empty()).unwrap();
        domain(&request).map(|name| name.to_string())
    };
    assert_eq!(of("contoso.com").as_deref(), Some("contoso.com"));
    assert_eq!(of("Contoso.com:8448").as_deref(), Some("contoso.com"));
    for none in ["", ":443", "contoso.com:x", "[::1]:443", "a b"] {
        assert_eq!(of(none), None, "{none:?}");
    }
}
