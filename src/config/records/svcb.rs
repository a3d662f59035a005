//! The parameters of SVCB and HTTPS records (RFC 9460 section 2.1 and appendix A).

use super::data::{Words, base64, number};
use super::lexer::{Token, Wrong};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The keys with a name (RFC 9460 section 14.3.2, RFC 9461).
const KEYS: &[(&str, u16)] = &[
    ("mandatory", MANDATORY),
    ("alpn", ALPN),
    ("no-default-alpn", NO_DEFAULT_ALPN),
    ("port", PORT),
    ("ipv4hint", IPV4HINT),
    ("ech", ECH),
    ("ipv6hint", IPV6HINT),
    ("dohpath", 7),
];
const MANDATORY: u16 = 0;
const ALPN: u16 = 1;
const NO_DEFAULT_ALPN: u16 = 2;
const PORT: u16 = 3;
const IPV4HINT: u16 = 4;
const ECH: u16 = 5;
const IPV6HINT: u16 = 6;

/// Reads the words that are left as parameters; `data` has priority and target already.
pub(super) fn read(words: &mut Words<'_, '_>, data: &mut Vec<u8>) -> Result<(), Wrong> {
    let mut parameters: BTreeMap<u16, (Token<'_>, Vec<u8>)> = BTreeMap::new();
    while let Some(token) = words.maybe() {
        let (word, value) = match token.raw.split_once('=') {
            Some((word, value)) => {
                (word, Some(Token { raw: value, start: token.start + word.len() + 1, quoted: false }))
            }
            None => (token.raw, None),
        };
        let key = key(word).filter(|_| !token.quoted).ok_or_else(|| {
            Wrong::new(
                token.range(),
                format!("\"{word}\" is no parameter"),
                "write key=value, as alpn=h2, or key65333=...",
            )
        })?;
        // An alias says where to ask, and nothing else (RFC 9460 section 2.4.2).
        if data.starts_with(&[0, 0]) {
            let help = "remove it, or give the record a priority above 0";
            return Err(Wrong::new(token.range(), "a record of priority 0 has no parameters", help));
        }
        let wire = encode(key, token, value)?;
        if parameters.insert(key, (token, wire)).is_some() {
            return Err(Wrong::new(token.range(), format!("the parameter {word} stands twice"), "remove one"));
        }
    }
    consistent(&parameters)?;
    // Keys stand in rising order (RFC 9460 section 2.2).
    for (key, (token, wire)) in &parameters {
        let length = u16::try_from(wire.len())
            .map_err(|_| Wrong::new(token.range(), "the value is too long", "at most 65535 octets are allowed"))?;
        data.extend(key.to_be_bytes());
        data.extend(length.to_be_bytes());
        data.extend(wire);
    }
    Ok(())
}

/// Whether octets are parameters: keys that rise, each with a value of its form (RFC 9460 section 2.2).
pub(super) fn are_parameters(mut rest: &[u8]) -> bool {
    let mut last = None;
    while let Some((&[k0, k1, l0, l1], behind)) = rest.split_first_chunk::<4>() {
        let [key, length] = [[k0, k1], [l0, l1]].map(u16::from_be_bytes);
        let Some((value, behind)) = behind.split_at_checked(length.into()) else { return false };
        if last.is_some_and(|last| last >= key) || !is_value(key, value) {
            return false;
        }
        (last, rest) = (Some(key), behind);
    }
    rest.is_empty()
}

fn is_value(key: u16, value: &[u8]) -> bool {
    let numbers = |octets: usize| !value.is_empty() && value.len().is_multiple_of(octets);
    match key {
        MANDATORY => numbers(2),
        ALPN => {
            let mut rest = value;
            while let Some((&length @ 1.., behind)) = rest.split_first() {
                let Some(behind) = behind.get(length.into()..) else { return false };
                rest = behind;
            }
            rest.is_empty() && !value.is_empty()
        }
        NO_DEFAULT_ALPN => value.is_empty(),
        PORT => value.len() == 2,
        IPV4HINT => numbers(4),
        IPV6HINT => numbers(16),
        _ => true,
    }
}

/// RFC 9460 sections 7.1.1 and 8.
fn consistent(parameters: &BTreeMap<u16, (Token<'_>, Vec<u8>)>) -> Result<(), Wrong> {
    if let Some((token, _)) = parameters.get(&NO_DEFAULT_ALPN).filter(|_| !parameters.contains_key(&ALPN)) {
        return Err(Wrong::new(token.range(), "without alpn no protocol is left", "add alpn=..., or remove this"));
    }
    let Some((token, keys)) = parameters.get(&MANDATORY) else { return Ok(()) };
    let keys: Vec<u16> = keys.chunks(2).map(|key| u16::from_be_bytes([key[0], key[1]])).collect();
    let strays = keys.iter().any(|key| *key == MANDATORY || !parameters.contains_key(key));
    if strays || keys.windows(2).any(|pair| pair[0] == pair[1]) {
        let help = "list keys that stand in this record, each once, and not mandatory itself";
        return Err(Wrong::new(token.range(), "a key that is mandatory is absent or stands twice", help));
    }
    Ok(())
}

fn key(word: &str) -> Option<u16> {
    let known = KEYS.iter().find(|(name, _)| *name == word).map(|(_, key)| *key);
    known.or_else(|| {
        let digits = word.strip_prefix("key")?;
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|key| plain && *key != u16::MAX)
    })
}

fn encode(key: u16, token: Token<'_>, value: Option<Token<'_>>) -> Result<Vec<u8>, Wrong> {
    let wrong = |why: &str, help: &str| Wrong::new(token.range(), why, help);
    let octets = value.map(|value| value.octets()).transpose()?;
    if key == NO_DEFAULT_ALPN {
        return if octets.is_some() {
            Err(wrong("this key has no value", "remove = and the value"))
        } else {
            Ok(Vec::new())
        };
    }
    let Some(octets) = octets else {
        return if key > 7 { Ok(Vec::new()) } else { Err(wrong("this key needs a value", "write key=value")) };
    };
    let text = String::from_utf8_lossy(&octets).into_owned();
    match key {
        ALPN => {
            alpn(&octets).ok_or_else(|| wrong("these are no protocols", "write protocols with commas, as alpn=h3,h2"))
        }
        PORT => Ok(number(Token { raw: &text, ..token }, u16::MAX)?.to_be_bytes().to_vec()),
        ECH => base64(&text).ok_or_else(|| wrong("this is not Base64", "write the ECHConfigList in Base64")),
        MANDATORY => {
            let mut keys = text.split(',').map(self::key).collect::<Option<Vec<_>>>();
            keys.iter_mut().for_each(|keys| keys.sort_unstable());
            let keys =
                keys.ok_or_else(|| wrong("these are no keys", "write keys with commas, as mandatory=alpn,port"))?;
            Ok(keys.into_iter().flat_map(u16::to_be_bytes).collect())
        }
        IPV4HINT => hints(&text, |ip: Ipv4Addr| ip.octets())
            .ok_or_else(|| wrong("these are no IPv4 addresses", "write addresses with commas")),
        IPV6HINT => hints(&text, |ip: Ipv6Addr| ip.octets())
            .ok_or_else(|| wrong("these are no IPv6 addresses", "write addresses with commas")),
        _ => Ok(octets),
    }
}

fn hints<T: std::str::FromStr, const N: usize>(text: &str, octets: fn(T) -> [u8; N]) -> Option<Vec<u8>> {
    let hints = text.split(',').map(|hint| hint.parse().ok().map(octets)).collect::<Option<Vec<_>>>()?;
    Some(hints.concat())
}

/// Protocols with a comma between them; `\,` and `\\` within one are octets of it (RFC 9460 appendix A.1).
fn alpn(octets: &[u8]) -> Option<Vec<u8>> {
    let (mut items, mut rest) = (vec![Vec::new()], octets.iter());
    while let Some(&octet) = rest.next() {
        match octet {
            b',' => items.push(Vec::new()),
            b'\\' => items.last_mut()?.push(*rest.next().filter(|next| matches!(next, b',' | b'\\'))?),
            _ => items.last_mut()?.push(octet),
        }
    }
    let framed = |item: Vec<u8>| match u8::try_from(item.len()) {
        Ok(length @ 1..) => Some([&[length], &item[..]].concat()),
        _ => None,
    };
    Some(items.into_iter().map(framed).collect::<Option<Vec<_>>>()?.concat())
}
