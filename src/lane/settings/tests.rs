use super::*;
use crate::config::RateLimit;
use std::net::{IpAddr, Ipv4Addr};

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn secrets(secrets: &[u8]) -> Dns {
    Dns { cookie_secrets: secrets.iter().map(|&octet| CookieSecret([octet; 16])).collect(), ..Dns::default() }
}

/// A cookie under what is in force.
fn cookie(shared: &Shared) -> Vec<u8> {
    shared.read().jar.fresh(&[7; 8], CLIENT, 1).unwrap().to_vec()
}

#[test]
fn a_secret_is_good_for_as_long_as_it_is_written() {
    let shared = Shared::new(&secrets(&[1]));
    let cookie = cookie(&shared);
    for (written, good) in
        [(&[1][..], true), (&[1, 2], true), (&[2, 1], true), (&[2], false), (&[], false), (&[1], true)]
    {
        shared.replace(&secrets(written));
        assert_eq!(shared.read().jar.is_valid(&cookie, CLIENT, 2), good, "{written:?}");
    }
}

#[test]
fn a_drawn_secret_outlives_a_reload_of_something_else() {
    let shared = Shared::new(&Dns::default());
    let cookie = cookie(&shared);
    shared.replace(&Dns { nsid: Some("gtm1".into()), ..Dns::default() });
    assert!(shared.read().jar.is_valid(&cookie, CLIENT, 2));
    assert_eq!(shared.read().dns.nsid.as_deref(), Some("gtm1"));
}

#[test]
fn who_has_read_keeps_what_it_read() {
    let shared = Shared::new(&Dns { rate_limit: Some(RateLimit::default()), ..Dns::default() });
    let before = shared.read();
    shared.replace(&Dns { rate_limit: None, ..Dns::default() });
    assert!(before.limit.is_some() && shared.read().limit.is_none());
}
