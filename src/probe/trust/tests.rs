use super::*;
use crate::demo::ca::{ThrowawayCa, now_valid};
use std::time::Duration;

fn fault(names: &[&str], error: &CertificateError) -> String {
    let leaf = ThrowawayCa::new().unwrap().issue(names, now_valid()).unwrap().certificate();
    Presented::read(&leaf, &[]).fault(error, "sip.contoso.com", "the Mozilla roots")
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
            &["a.example", "b.example"],
            CertificateError::NotValidForName,
            "certificate names [a.example, b.example], not sip.contoso.com",
        ),
        (
            &["127.0.0.1", "::1"],
            CertificateError::NotValidForName,
            "certificate names [127.0.0.1, ::1], not sip.contoso.com",
        ),
        (
            &["a.example"],
            CertificateError::UnknownIssuer,
            "unknown issuer CN=edgesteer throw-away CA: it is not among the Mozilla roots",
        ),
    ] {
        assert_eq!(fault(names, &error), words);
    }
}

#[test]
fn only_some_of_many_names_are_shown() {
    let names: Vec<String> = (0..11).map(|i| format!("n{i}.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(fault(&names, &CertificateError::NotValidForName).contains("n7.example and 3 more], not"));
}

#[test]
fn octets_that_are_no_certificate_are_explained_too() {
    let garbage = CertificateDer::from(vec![1, 2, 3]);
    let presented = Presented::read(&garbage, std::slice::from_ref(&garbage));
    assert_eq!(
        presented.fault(&CertificateError::UnknownIssuer, "a", "b"),
        "unknown issuer unreadable: it is not among b"
    );
    assert_eq!(presented.fault(&CertificateError::BadEncoding, "a", "b"), "certificate does not hold: BadEncoding");
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
        let failed = Configs::default().get(&options).err().unwrap();
        assert_eq!(&*failed.detail, "the check's TLS options cannot be used: ca.pem: no certificate");
    }
}

#[test]
fn equal_options_share_one_configuration() {
    let mut configs = Configs::default();
    let one = configs.get(&TlsOptions::default()).unwrap();
    assert!(Arc::ptr_eq(&one, &configs.get(&TlsOptions::default()).unwrap()));
    let other = TlsOptions { verify: Verify::None, ..TlsOptions::default() };
    assert!(!Arc::ptr_eq(&one, &configs.get(&other).unwrap()));
}
