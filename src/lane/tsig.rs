//! Signatures over whole messages with a shared secret (RFC 8945): those of questions judged, those of answers made.
//!
//! Here: one record, `TSIG`, always the last one, whose place `packet` has found. HMAC is ring's, which compares in constant time.
//! HMAC-MD5 and HMAC-SHA-1 are not there (sections 6 and 10: not for what begins now), nor are shortened MACs, which only weaken.
//! Not here: what a key may (`transfer`), clocks. It always holds that what is not proven is answered without a MAC, but for a clock
//! that differs.

use super::HEADER;
use crate::config::{TsigAlgorithm, TsigKey};
use crate::name::{NAME_MAX, Name};
use ring::hmac;
use std::sync::Arc;

/// Errors of section 3 and 5.2.
const BAD_SIG: u16 = 16;
const BAD_KEY: u16 = 17;
const BAD_TIME: u16 = 18;
const BAD_TRUNC: u16 = 22;

/// How far clocks may differ, seconds (section 10).
const FUDGE: u16 = 300;
/// The record's type and class, ANY, and its TTL, 0 (section 4.2).
const HEAD: [u8; 8] = [0, 250, 0, 255, 0, 0, 0, 0];
/// Octets between the algorithm's name and the MAC: time, fudge and length.
const BEFORE_MAC: usize = 10;
/// Octets behind the MAC: id, error and length.
const BEHIND_MAC: usize = 6;
/// Shortest MAC that a message may have, octets (section 5.2.2.1).
const MAC_MIN: usize = 10;
/// Octets of the largest MAC, that of HMAC-SHA-512.
const MAC_MAX: usize = 64;

/// A key, ready to sign.
#[derive(Debug)]
pub(super) struct Key {
    name: Name,
    algorithm: Name,
    hmac: hmac::Key,
}

impl Key {
    pub(super) fn new(key: &TsigKey) -> Self {
        let algorithm = match key.algorithm {
            TsigAlgorithm::Sha256 => hmac::HMAC_SHA256,
            TsigAlgorithm::Sha384 => hmac::HMAC_SHA384,
            TsigAlgorithm::Sha512 => hmac::HMAC_SHA512,
        };
        let word = Name::parse(key.algorithm.word()).unwrap_or_else(|_| Name::root());
        Self { name: key.name.clone(), algorithm: word, hmac: hmac::Key::new(algorithm, &key.secret) }
    }
}

/// A question's signature, judged, and what signs its answers.
#[derive(Clone, Debug)]
pub(super) struct Seal {
    /// Names of key and algorithm, as they were sent but in lower case.
    name: Vec<u8>,
    algorithm: Vec<u8>,
    /// `None` where nothing was proven: the answer has no MAC then.
    key: Option<Arc<Key>>,
    /// The MAC of the question, then that of the last answer.
    mac: Vec<u8>,
    /// What an answer says of the question's signature; 0 is good.
    error: u16,
    /// What the question said of its time.
    time: u64,
    /// Whether an answer was signed already (section 5.3.1).
    goes_on: bool,
}

/// Judges the record at `at` of a message, at a time in seconds since 1970; `None` where it is malformed.
pub(super) fn judge(message: &[u8], at: usize, keys: &[Arc<Key>], now: u64) -> Option<Seal> {
    let Record { name, algorithm, timers, mac, id, error, other } = Record::read(message, at)?;
    let (time, fudge) = (seconds(timers), u16::from_be_bytes([timers[6], timers[7]]));
    let mut seal = Seal { name, algorithm, key: None, mac: Vec::new(), error: BAD_KEY, time, goes_on: false };
    // Section 5.2.1.
    let known = |key: &&Arc<Key>| key.name.wire() == seal.name && key.algorithm.wire() == seal.algorithm;
    let Some(key) = keys.iter().find(known) else { return Some(seal) };
    let length = key.hmac.algorithm().digest_algorithm().output_len();
    if !(MAC_MIN.max(length / 2)..=length).contains(&mac.len()) {
        return None;
    }
    if mac.len() < length {
        seal.error = BAD_TRUNC;
        return Some(seal);
    }
    // Section 4.3.3: what was signed is the message without this record, under its first id.
    let count = u16::from_be_bytes([message[10], message[11]]).checked_sub(1)?;
    let mut signed = [id, &message[2..10], &count.to_be_bytes(), &message[HEADER..at]].concat();
    variables(&mut signed, &seal.name, &seal.algorithm, timers, error, other);
    // Section 5.2.2.
    if hmac::verify(&key.hmac, &signed, mac).is_err() {
        seal.error = BAD_SIG;
        return Some(seal);
    }
    // Section 5.2.3. This one is signed: it is the right key, and the clock alone is wrong.
    seal.error = if now.abs_diff(time) > fudge.into() { BAD_TIME } else { 0 };
    seal.mac = mac.to_vec();
    seal.key = Some(key.clone());
    Some(seal)
}

impl Seal {
    /// The name of the key that signed; `None` where that is not proven, or was not now.
    pub(super) fn key(&self) -> Option<&Name> {
        self.key.as_ref().filter(|_| self.error == 0).map(|key| &key.name)
    }

    /// Octets that it adds to a message.
    pub(super) fn length(&self) -> usize {
        let mac = if self.key.is_some() { MAC_MAX } else { 0 };
        self.name.len() + HEAD.len() + 2 + self.algorithm.len() + BEFORE_MAC + mac + BEHIND_MAC + 6
    }

    /// Signs the next message of an answer at a time in seconds since 1970.
    pub(super) fn sign(&mut self, message: &mut Vec<u8>, now: u64) {
        let is_late = self.error == BAD_TIME;
        // Section 5.2.3: the question's time comes back, with ours beside it.
        let time = if is_late || self.key.is_none() { self.time } else { now };
        let mut timers = [0; 8];
        timers[..6].copy_from_slice(&time.to_be_bytes()[2..]);
        timers[6..].copy_from_slice(&FUDGE.to_be_bytes());
        let other = if is_late { now.to_be_bytes()[2..].to_vec() } else { Vec::new() };
        if let Some(key) = &self.key {
            let mut signed = hmac::Context::with_key(&key.hmac);
            // Section 5.3: the MAC before it, with its length; it is no longer than 64 octets.
            signed.update(&(self.mac.len() as u16).to_be_bytes());
            signed.update(&self.mac);
            signed.update(message);
            if self.goes_on {
                // Section 5.3.1: from the second message on, the timers stand for all variables.
                signed.update(&timers);
            } else {
                let mut all = Vec::new();
                variables(&mut all, &self.name, &self.algorithm, &timers, self.error, &other);
                signed.update(&all);
            }
            self.mac = signed.sign().as_ref().to_vec();
        }
        self.goes_on = true;
        self.append(message, &timers, &other);
    }

    fn append(&self, message: &mut Vec<u8>, timers: &[u8; 8], other: &[u8]) {
        let mac: &[u8] = if self.key.is_some() { &self.mac } else { &[] };
        let length = self.algorithm.len() + BEFORE_MAC + mac.len() + BEHIND_MAC + other.len();
        let id = [message[0], message[1]];
        // Each of these lengths is below 400 octets.
        let two = |length: usize| (length as u16).to_be_bytes();
        let parts: [&[u8]; 11] = [
            &self.name,
            &HEAD,
            &two(length),
            &self.algorithm,
            timers,
            &two(mac.len()),
            mac,
            &id,
            &self.error.to_be_bytes(),
            &two(other.len()),
            other,
        ];
        parts.iter().for_each(|part| message.extend_from_slice(part));
        let count = u16::from_be_bytes([message[10], message[11]]).saturating_add(1);
        message[10..HEADER].copy_from_slice(&count.to_be_bytes());
    }
}

/// The fields of the record that are signed (section 4.3.3).
fn variables(signed: &mut Vec<u8>, name: &[u8], algorithm: &[u8], timers: &[u8; 8], error: u16, other: &[u8]) {
    // Its length came in two octets.
    let length = (other.len() as u16).to_be_bytes();
    let parts: [&[u8]; 7] = [name, &[0, 255, 0, 0, 0, 0], algorithm, timers, &error.to_be_bytes(), &length, other];
    parts.iter().for_each(|part| signed.extend_from_slice(part));
}

/// The first six octets of the timers.
fn seconds(timers: &[u8; 8]) -> u64 {
    timers[..6].iter().fold(0, |all, &octet| all << 8 | u64::from(octet))
}

/// The record as it was sent.
struct Record<'m> {
    name: Vec<u8>,
    algorithm: Vec<u8>,
    /// Time signed, six octets, and fudge, two.
    timers: &'m [u8; 8],
    mac: &'m [u8],
    id: &'m [u8; 2],
    error: u16,
    other: &'m [u8],
}

impl<'m> Record<'m> {
    fn read(message: &'m [u8], at: usize) -> Option<Self> {
        let (name, end) = name(message, at)?;
        let (head, rest) = message.get(end..)?.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let data = rest.get(..u16::from_be_bytes(*length).into())?;
        // No name of these data may be compressed (section 4.2), so that they are read by themselves.
        let (algorithm, end) = self::name(data, 0)?;
        let (timers, rest) = data.get(end..)?.split_first_chunk::<8>()?;
        let (mac, rest) = counted(rest)?;
        let (id, rest) = rest.split_first_chunk::<2>()?;
        let (error, rest) = rest.split_first_chunk::<2>()?;
        let (other, rest) = counted(rest)?;
        let right = *head == HEAD && rest.is_empty();
        let error = u16::from_be_bytes(*error);
        right.then_some(Self { name, algorithm, timers, mac, id, error, other })
    }
}

/// Octets behind their length, and the rest.
fn counted(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = octets.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

/// The name at `at` in lower case, and where it ends there. A pointer leads backwards, or nowhere (RFC 1035 section 4.1.4).
fn name(message: &[u8], at: usize) -> Option<(Vec<u8>, usize)> {
    let (mut name, mut end, mut here, mut least) = (Vec::new(), None, at, at);
    loop {
        let octet = *message.get(here)?;
        match octet {
            0..=63 => {
                name.extend_from_slice(message.get(here..=here + usize::from(octet))?);
                here += 1 + usize::from(octet);
                if name.len() > NAME_MAX {
                    return None;
                }
                if octet == 0 {
                    name.make_ascii_lowercase();
                    return Some((name, end.unwrap_or(here)));
                }
            }
            0xc0.. => {
                let to = usize::from(octet & 0x3f) << 8 | usize::from(*message.get(here + 1)?);
                end = end.or(Some(here + 2));
                if to >= least || to < HEADER {
                    return None;
                }
                (here, least) = (to, to);
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests;
