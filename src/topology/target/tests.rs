use crate::federation::CheckKind;
use crate::testing::{POOLS, ZONE, service, topology};
use crate::topology::TargetSpec;
use std::sync::Arc;

/// What the check of a service with these keys aims at, in the pool seoul.
fn aim(text: &str) -> Arc<TargetSpec> {
    topology(&format!("[server]\nlisten = [\"127.0.0.1:53\"]\n{ZONE}{POOLS}{text}")).targets[0].clone()
}

fn names(target: &TargetSpec) -> Vec<String> {
    target.names.iter().map(ToString::to_string).collect()
}

#[test]
fn a_certificate_must_hold_for_what_is_handed_out() {
    let two = "domains = [\"contoso.com\", \"b.contoso.com\"]";
    let with = |more: &str| service(more).replace("domains = [\"contoso.com\"]", two);
    for (more, server_name, expected) in [
        ("", "sip.contoso.com", &["sip.contoso.com", "sip.b.contoso.com"][..]),
        ("shape = \"target\"", "access-seoul.contoso.com", &["access-seoul.contoso.com"]),
        ("check = { name = \"one.example\" }", "one.example", &["one.example"]),
        ("check = { tls = { verify = \"chain\" } }", "sip.contoso.com", &[]),
        // For the domain itself, whatever the SRV names.
        ("check = { kind = \"xmpp\" }", "contoso.com", &["contoso.com", "b.contoso.com"]),
        ("shape = \"target\"\ncheck = { kind = \"matrix\" }", "contoso.com", &["contoso.com", "b.contoso.com"]),
        ("check = { kind = \"stun\" }", ".", &[]),
        ("check = { kind = \"exec\", command = [\"/bin/true\"] }", "sip.contoso.com", &[]),
    ] {
        let target = aim(&with(more));
        assert_eq!(
            (target.server_name.to_string().as_str(), names(&target)),
            (server_name, expected.iter().map(|&name| name.to_owned()).collect()),
            "{more}"
        );
    }
}

/// Whom peers are told to come to by `.well-known`, the certificate is for.
#[test]
fn a_delegated_name_is_what_the_certificate_is_for() {
    for (shape, expected) in [("address", "matrix.contoso.com"), ("target", "contoso.com")] {
        let matrix = service(&format!("shape = \"{shape}\"")).replace("sip-federation", "matrix");
        let text = format!("[server]\nwell_known = [\"127.0.0.1:8080\"]\n{ZONE}{POOLS}{matrix}");
        let target = topology(&text).targets[0].clone();
        assert_eq!((names(&target), target.domain.to_string().as_str()), (vec![expected.to_owned()], "contoso.com"));
    }
}

/// XEP-0368 section 3: peers mix both SRV names, so both ports must be proven.
#[test]
fn with_direct_tls_both_ports_are_asked() {
    use crate::config::Ask;
    let ports = |more: &str| -> Vec<(u16, bool)> {
        let text = "[service.chat]\nkind = \"xmpp\"\ndomains = [\"contoso.com\"]\npools = [\"seoul\"]\n";
        let topology = topology(&format!("{ZONE}{POOLS}{text}{more}"));
        let endpoint = &topology.services[0].pools[0].endpoints[0];
        assert_eq!(endpoint.proofs.len(), 1);
        let asked = endpoint.targets().map(|target| &topology.targets[target.index()]);
        asked.map(|spec| (spec.address.port(), *spec.ask == Ask::Xmpp { direct_tls: true })).collect()
    };
    let (starttls, direct) = ((5269, false), (5270, true));
    assert_eq!(ports(""), [starttls]);
    assert_eq!(ports("direct_tls = true"), [starttls, direct]);
    assert_eq!(ports("direct_tls = true\ncheck = { port = 5270, direct_tls = true }"), [direct, starttls]);
    assert_eq!(ports("direct_tls = true\ncheck = { kind = \"tls\", port = 5270 }"), [(5270, false)], "as it stands");
}

#[test]
fn of_very_many_names_an_even_sample_is_asked_for() {
    let domains: Vec<String> = (0..1000).map(|i| format!("\"d{i}.contoso.com\"")).collect();
    let text = service("").replace("\"contoso.com\"", &domains.join(", "));
    let names = names(&aim(&text));
    assert_eq!(names.len(), 64);
    assert_eq!(
        (names[0].as_str(), names[1].as_str(), names[63].as_str()),
        ("sip.d0.contoso.com", "sip.d15.contoso.com", "sip.d984.contoso.com")
    );
}

#[test]
fn what_a_check_does_not_say_does_not_divide_targets() {
    let target = aim(&service("check = { kind = \"tcp\", tls = { verify = \"none\" } }"));
    assert_eq!(
        (target.kind(), target.server_name.to_string().as_str(), target.domain.to_string().as_str()),
        (CheckKind::Tcp, ".", ".")
    );
    assert_eq!(target.tls, Default::default());
}
