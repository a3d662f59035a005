//! DNS cookies: proof that a client can hear what is sent to its address (RFC 7873), in the form that other servers can check
//! too (RFC 9018).
//!
//! A server cookie is a keyed hash over the client's cookie, its address and a time, so nothing is kept. Not here: the clock,
//! and what a proof is worth (`guard`).

use crate::config::CookieSecret;
use siphasher::sip::SipHasher24;
use std::hash::Hasher as _;
use std::net::IpAddr;

/// Octets of a client's cookie.
const CLIENT: usize = 8;
/// Octets of both cookies, where the server's is ours.
pub(super) const WHOLE: usize = 24;
/// The one version that there is.
const VERSION: u8 = 1;
/// How old a cookie may be, and how far ahead the clock of the server that made it, seconds (RFC 9018 section 4.3).
const AGE_MAX: i32 = 3600;
const AHEAD_MAX: i32 = 300;

/// The secrets of one server, or of several that stand for each other.
#[derive(Clone, Debug)]
pub(super) struct Jar {
    mint: CookieSecret,
    old: Vec<CookieSecret>,
}

impl Jar {
    /// The first secret makes cookies; each is good to check one. `drawn` is used where there is none.
    pub(super) fn new(secrets: &[CookieSecret], drawn: CookieSecret) -> Self {
        match secrets {
            [] => Self { mint: drawn, old: Vec::new() },
            [mint, old @ ..] => Self { mint: *mint, old: old.to_vec() },
        }
    }

    /// The COOKIE option that answers `sent`, at a time in seconds since 1970; `None` where `sent` is too short to be one.
    pub(super) fn fresh(&self, sent: &[u8], client: IpAddr, now: u32) -> Option<[u8; WHOLE]> {
        let client_cookie = sent.first_chunk::<CLIENT>()?;
        let [a, b, c, d] = now.to_be_bytes();
        let front = [VERSION, 0, 0, 0, a, b, c, d];
        let hash = hash(self.mint, client_cookie, front, client);
        let mut whole = [0; WHOLE];
        whole[..CLIENT].copy_from_slice(client_cookie);
        whole[CLIENT..][..8].copy_from_slice(&front);
        whole[CLIENT + 8..].copy_from_slice(&hash);
        Some(whole)
    }

    /// Whether a COOKIE option holds a server cookie that one of us gave this client within the last hour.
    pub(super) fn is_valid(&self, sent: &[u8], client: IpAddr, now: u32) -> bool {
        let Ok(whole) = <&[u8; WHOLE]>::try_from(sent) else { return false };
        let (Some(client_cookie), Some(front), Some(proof)) =
            (whole.first_chunk::<CLIENT>(), whole[CLIENT..].first_chunk::<8>(), whole.last_chunk::<8>())
        else {
            return false;
        };
        let [version, _, _, _, time @ ..] = *front;
        // Serial number arithmetic (RFC 1982): 2106 is a second like any other.
        let age = now.wrapping_sub(u32::from_be_bytes(time)).cast_signed();
        version == VERSION
            && (-AHEAD_MAX..=AGE_MAX).contains(&age)
            && std::iter::once(&self.mint)
                .chain(&self.old)
                .any(|secret| equal(hash(*secret, client_cookie, *front, client), *proof))
    }
}

/// RFC 9018 section 4.4.
fn hash(secret: CookieSecret, client_cookie: &[u8; CLIENT], front: [u8; 8], client: IpAddr) -> [u8; 8] {
    let mut hasher = SipHasher24::new_with_key(&secret.0);
    hasher.write(client_cookie);
    hasher.write(&front);
    match client.to_canonical() {
        IpAddr::V4(v4) => hasher.write(&v4.octets()),
        IpAddr::V6(v6) => hasher.write(&v6.octets()),
    }
    hasher.finish().to_le_bytes()
}

/// Compares in a time that does not tell where two hashes differ.
fn equal(a: [u8; 8], b: [u8; 8]) -> bool {
    a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests;
