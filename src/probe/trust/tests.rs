use super::*;
use crate::demo::ca::{ThrowawayCa, now_valid};
use rcgen::{CertificateParams, KeyPair, OtherNameValue, SanType};
use std::time::Duration;

fn fault(names: &[&str], error: &CertificateError) -> String {
    let leaf = ThrowawayCa::new().unwrap().issue(names, now_valid()).unwrap().certificate();
    Presented::read([&leaf]).fault(error, "the Mozilla roots")
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

#[test]
fn a_certificate_that_does_not_hold_is_explained() {
    let now = 1_800_000_000;
    let (expired, early) = (
        CertificateError::ExpiredContext { time: at(now), not_after: at(now - 3 * 86_400 - 5) },
        CertificateError::NotValidYetContext { time: at(now), not_before: at(now + 7200) },
    );
    for (names, error, words) in [
        (&["sip.contoso.com"][..], expired, "certificate expired 3 days ago: subject sip.contoso.com"),
        (&["sip.contoso.com"], early, "certificate is not valid for another 2 hours: subject sip.contoso.com"),
        (
            &["a.example"],
            CertificateError::UnknownIssuer,
            "unknown issuer CN=edgesteer throw-away CA: it is not among the Mozilla roots",
        ),
    ] {
        assert_eq!(fault(names, &error), words);
    }
}

/// What a certificate with these subject alternative names lacks of `contoso.com`, and of further names.
fn lacks(sans: Vec<SanType>, services: &'static [&'static str], more: &[&str]) -> Option<String> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = sans;
    let leaf = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let names: Vec<Name> = ["contoso.com"].iter().chain(more).map(|name| Name::parse(name).unwrap()).collect();
    let wanted = Wanted::new(&names, services).unwrap();
    wanted.judge(&[leaf.der().clone()]).err().map(|failure| failure.detail.to_string())
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

#[test]
fn a_certificate_names_what_peers_come_for() {
    let address = |text: &str| SanType::IpAddress(text.parse().unwrap());
    for (sans, more, expected) in [
        (
            vec![dns("a.example"), dns("b.example")],
            &[][..],
            Some("certificate names [a.example, b.example], not contoso.com"),
        ),
        (vec![address("127.0.0.1"), address("::1")], &[], Some("certificate names [127.0.0.1, ::1], not contoso.com")),
        (vec![dns("contoso.com"), dns("*.b.example")], &["a.b.example", "c.b.example"], None),
        (
            vec![dns("contoso.com"), dns("*.example")],
            &["a.b.example"],
            Some("certificate names [contoso.com, *.example], not a.b.example"),
        ),
        (
            vec![dns("contoso.com"), dns("*.b.example")],
            &["b.example"],
            Some("certificate names [contoso.com, *.b.example], not b.example"),
        ),
    ] {
        assert_eq!(lacks(sans, &[], more).as_deref(), expected);
    }
    let many = (0..11).map(|i| dns(&format!("n{i}.example"))).collect();
    assert!(lacks(many, &[], &[]).unwrap().contains("n7.example and 3 more], not"));
}

/// RFC 6120 13.7.1.2: besides a DNS name, an SRV name or an XMPP address holds for a domain, for XMPP alone.
#[test]
fn the_names_of_xmpp_hold_for_xmpp() {
    const SERVICES: &[&str] = &["_xmpp-server."];
    let other = |oid: &[u64], text: &str| SanType::OtherName((oid.to_vec(), OtherNameValue::Utf8String(text.into())));
    let (xmpp_addr, dns_srv, strange) = ([1, 3, 6, 1, 5, 5, 7, 8, 5], [1, 3, 6, 1, 5, 5, 7, 8, 7], [1, 2, 3, 4]);
    for (san, holds) in [
        (other(&xmpp_addr, "contoso.com"), true),
        (other(&xmpp_addr, "Contoso.COM"), true),
        (other(&dns_srv, "_xmpp-server.contoso.com"), true),
        (other(&dns_srv, "_xmpp-client.contoso.com"), false),
        (other(&dns_srv, "_xmpp-server.fabrikam.example"), false),
        (other(&xmpp_addr, "user@contoso.com"), false),
        (other(&strange, "contoso.com"), false),
    ] {
        assert_eq!(lacks(vec![san.clone()], SERVICES, &[]).is_none(), holds, "{san:?}");
        assert!(lacks(vec![san], &[], &[]).is_some());
    }
}

#[test]
fn octets_that_are_no_certificate_are_explained_too() {
    let garbage = CertificateDer::from(vec![1, 2, 3]);
    let presented = Presented::read([&garbage, &garbage]);
    assert_eq!(presented.fault(&CertificateError::UnknownIssuer, "b"), "unknown issuer unreadable: it is not among b");
    assert_eq!(presented.fault(&CertificateError::BadEncoding, "b"), "certificate does not hold: BadEncoding");
}

#[test]
fn a_span_is_told_in_its_largest_unit() {
    for (seconds, words) in [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (7_199, "1 hour"),
        (7_200, "2 hours"),
        (86_400, "1 day"),
        (400 * 86_400, "400 days"),
    ] {
        assert_eq!(span(seconds), words);
    }
}

#[test]
fn options_that_cannot_be_used_name_the_file() {
    let pem = |text: &str| Pem { path: "ca.pem".into(), bytes: text.as_bytes().into() };
    for bad in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let options = TlsOptions { ca: Some(pem(bad)), ..TlsOptions::default() };
        let failed = Configs::default().client(&options, b"").err().unwrap();
        assert_eq!(&*failed.detail, "the check's TLS options cannot be used: ca.pem: no certificate");
    }
}

#[test]
fn equal_options_share_one_configuration() {
    let mut configs = Configs::default();
    let one = configs.client(&TlsOptions::default(), b"").unwrap();
    assert!(Arc::ptr_eq(&one, &configs.client(&TlsOptions::default(), b"").unwrap()));
    let other = TlsOptions { verify: Verify::None, ..TlsOptions::default() };
    assert!(!Arc::ptr_eq(&one, &configs.client(&other, b"").unwrap()));
}
