//! The data of a record from its words to its wire form, by a table of what each type has.
//!
//! Here: the table, one reader for each sort of field, and the form of RFC 3597 for every type. Names in data are completed
//! with the origin, stored in lower case and never compressed. Not here: SVCB parameters (`svcb`), LOC (`loc`).

use super::lexer::{Token, Wrong};
use super::name;
use super::{loc, svcb};
use crate::name::Name;
use crate::rrtype as t;
use std::net::{Ipv4Addr, Ipv6Addr};

/// One field of a record's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// A domain name.
    Name,
    /// A number of 8 bits.
    U8,
    /// A number of 16 bits.
    U16,
    /// A number of 32 bits.
    U32,
    /// Seconds, or a duration with units.
    Seconds,
    /// An IPv4 address.
    Ip4,
    /// An IPv6 address.
    Ip6,
    /// A text of at most 255 octets.
    Text,
    /// One or more texts.
    Texts,
    /// A text of any length that fills the rest.
    LongText,
    /// The tag of CAA: letters and digits (RFC 8659 section 4.1).
    Tag,
    /// The flags of NAPTR: letters and digits, or none (RFC 3403 section 4.1); readers drop a message with others.
    Flags,
    /// Hexadecimal digits that fill the rest.
    Hex,
    /// Base64 that fills the rest.
    Base64,
    /// Types, as a bit map that fills the rest (RFC 4034 section 4.1.2).
    Types,
    /// The parameters of SVCB and HTTPS (RFC 9460 section 2.1).
    Parameters,
    /// The whole of LOC (RFC 1876).
    Location,
}

use Field::{
    Base64, Flags, Hex, Ip4, Ip6, Location, LongText, Parameters, Seconds, Tag, Text, Texts, Types, U8, U16, U32,
};

/// The types that can be written in words, with their fields.
#[rustfmt::skip]
const FORMS: &[(u16, &[Field])] = &[
    (t::A, &[Ip4]),
    (t::NS, &[Field::Name]),
    (t::CNAME, &[Field::Name]),
    (t::SOA, &[Field::Name, Field::Name, U32, Seconds, Seconds, Seconds, Seconds]),
    (t::PTR, &[Field::Name]),
    (t::HINFO, &[Text, Text]),
    (t::MX, &[U16, Field::Name]),
    (t::TXT, &[Texts]),
    (t::RP, &[Field::Name, Field::Name]),
    (t::AFSDB, &[U16, Field::Name]),
    (t::RT, &[U16, Field::Name]),
    (t::AAAA, &[Ip6]),
    (t::LOC, &[Location]),
    (t::SRV, &[U16, U16, U16, Field::Name]),
    (t::NAPTR, &[U16, U16, Flags, Text, Text, Field::Name]),
    (t::KX, &[U16, Field::Name]),
    (t::CERT, &[U16, U16, U8, Base64]),
    (t::DS, &[U16, U8, U8, Hex]),
    (t::SSHFP, &[U8, U8, Hex]),
    (t::TLSA, &[U8, U8, U8, Hex]),
    (t::SMIMEA, &[U8, U8, U8, Hex]),
    (t::OPENPGPKEY, &[Base64]),
    (t::CSYNC, &[U32, U16, Types]),
    (t::SVCB, &[U16, Field::Name, Parameters]),
    (t::HTTPS, &[U16, Field::Name, Parameters]),
    (t::SPF, &[Texts]),
    (t::URI, &[U16, U16, LongText]),
    (t::CAA, &[U8, Tag, LongText]),
];

/// Why a type cannot stand in a file.
pub(super) fn refused(kind: u16) -> Option<&'static str> {
    match kind {
        t::DNAME => Some("DNAME is not supported: list the names, or delegate them"),
        24 | 25 | 30 | 46 | 47 | 48 | 50 | 51 | 59 | 60 | 63 => {
            Some("this version serves no signed zones: use the file from before it was signed")
        }
        0 | 41 | 128..=255 => Some("this type occurs in messages alone and never in a zone"),
        _ => None,
    }
}

/// The data of a record of the type `kind`; `tokens` are its words, `named` is the type's own.
pub(super) fn encode(kind: u16, named: Token<'_>, tokens: &[Token<'_>], origin: &Name) -> Result<Vec<u8>, Wrong> {
    let mut words = Words { tokens, last: named, origin };
    let fields = FORMS.iter().find(|(known, _)| *known == kind).map(|(_, fields)| *fields);
    if tokens.first().is_some_and(|first| !first.quoted && first.raw == "\\#") {
        return generic(&mut words, fields);
    }
    let Some(fields) = fields else {
        let help =
            format!("write its data as \\# with their length and hexadecimal digits, as {} \\# 2 abcd", t::word(kind));
        return Err(Wrong::new(named.range(), format!("{} has no form in words here", t::word(kind)), help));
    };
    let mut data = Vec::new();
    for field in fields {
        field.read(&mut words, &mut data)?;
    }
    words.end()?;
    fits(data, named)
}

fn fits(data: Vec<u8>, at: Token<'_>) -> Result<Vec<u8>, Wrong> {
    let help = "at most 65535 octets are allowed (RFC 1035 3.2.1)";
    if data.len() > usize::from(u16::MAX) {
        Err(Wrong::new(at.range(), "the data are too long", help))
    } else {
        Ok(data)
    }
}

/// The words of a record's data that were not read yet.
#[derive(Debug)]
pub(super) struct Words<'a, 't> {
    tokens: &'a [Token<'t>],
    last: Token<'t>,
    origin: &'a Name,
}

impl<'a, 't> Words<'a, 't> {
    /// The next word, which must be there.
    pub(super) fn next(&mut self, wanted: &str) -> Result<Token<'t>, Wrong> {
        let missing = || {
            let end = self.last.range().end;
            Wrong::new(
                self.last.range().start..end,
                format!("behind this, {wanted} is missing"),
                format!("add {wanted}"),
            )
        };
        let (first, rest) = self.tokens.split_first().ok_or_else(missing)?;
        (self.tokens, self.last) = (rest, *first);
        Ok(*first)
    }

    /// The next word, if there is one.
    pub(super) fn maybe(&mut self) -> Option<Token<'t>> {
        let (first, rest) = self.tokens.split_first()?;
        (self.tokens, self.last) = (rest, *first);
        Some(*first)
    }

    /// The next word without taking it.
    pub(super) fn peek(&self) -> Option<&'a Token<'t>> {
        self.tokens.first()
    }

    /// All other words as one, without blanks; at least one.
    fn joined(&mut self, wanted: &str) -> Result<(Token<'t>, String), Wrong> {
        let first = self.next(wanted)?;
        let rest = std::iter::from_fn(|| self.maybe());
        Ok((first, std::iter::once(first).chain(rest).map(|token| token.raw).collect()))
    }

    fn end(&mut self) -> Result<(), Wrong> {
        match self.peek() {
            None => Ok(()),
            Some(extra) => {
                let help = "remove it, or put the text into one pair of quotes";
                Err(Wrong::new(extra.range(), "the record ends before this word", help))
            }
        }
    }
}

/// A number in decimal digits.
pub(super) fn number<T: std::str::FromStr + std::fmt::Display>(token: Token<'_>, max: T) -> Result<T, Wrong> {
    let plain = !token.raw.is_empty() && token.raw.bytes().all(|b| b.is_ascii_digit());
    token.raw.parse().ok().filter(|_| plain).ok_or_else(|| {
        Wrong::new(token.range(), format!("\"{}\" is no number from 0 to {max}", token.raw), "write decimal digits")
    })
}

/// Seconds, as digits or with units: 1h30m.
pub(super) fn seconds(text: &str) -> Option<u32> {
    if text.is_empty() || !text.is_ascii() {
        return None;
    }
    let (mut total, mut digits) = (0u32, "");
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        (digits, rest) = rest.split_at(length);
        let unit = match rest.bytes().next().map(|b| b.to_ascii_lowercase()) {
            None if text == digits => return digits.parse().ok(),
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3600,
            Some(b'd') => 86_400,
            Some(b'w') => 604_800,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u32>().ok()?.checked_mul(unit)?)?;
        rest = &rest[1..];
    }
    Some(total).filter(|_| !digits.is_empty())
}

impl Field {
    fn read(self, words: &mut Words<'_, '_>, data: &mut Vec<u8>) -> Result<(), Wrong> {
        match self {
            Self::Name => data.extend(name::read(words.next("a domain name")?, words.origin)?.wire()),
            Self::U8 => data.push(number(words.next("a number from 0 to 255")?, u8::MAX)?),
            Self::U16 => data.extend(number(words.next("a number from 0 to 65535")?, u16::MAX)?.to_be_bytes()),
            Self::U32 => data.extend(number(words.next("a number of 32 bits")?, u32::MAX)?.to_be_bytes()),
            Self::Seconds => data.extend(duration(words.next("a duration")?)?.to_be_bytes()),
            Self::Ip4 => data.extend(address::<Ipv4Addr>(words, "an IPv4 address, as 192.0.2.1")?.octets()),
            Self::Ip6 => data.extend(address::<Ipv6Addr>(words, "an IPv6 address, as 2001:db8::1")?.octets()),
            Self::Text => text(words.next("a text")?, data)?,
            Self::Texts => {
                text(words.next("a text in quotes")?, data)?;
                while let Some(more) = words.maybe() {
                    text(more, data)?;
                }
            }
            Self::LongText => data.extend(words.next("a text in quotes")?.octets()?),
            Self::Tag => plain(words.next("a tag, as issue")?, self, data)?,
            Self::Flags => plain(words.next("flags, as \"s\"")?, self, data)?,
            Self::Hex => {
                let (at, digits) = words.joined("hexadecimal digits")?;
                data.extend(hex(at, &digits)?);
            }
            Self::Base64 => {
                let (at, digits) = words.joined("text in Base64")?;
                data.extend(base64(&digits).ok_or_else(|| {
                    Wrong::new(at.range(), "this is not Base64", "write A-Z a-z 0-9 + / with = at the end (RFC 4648)")
                })?);
            }
            Self::Types => types(words, data)?,
            Self::Parameters => svcb::read(words, data)?,
            Self::Location => loc::read(words, data)?,
        }
        Ok(())
    }
}

fn duration(token: Token<'_>) -> Result<u32, Wrong> {
    seconds(token.raw).ok_or_else(|| {
        let why = format!("\"{}\" is no duration", token.raw);
        Wrong::new(token.range(), why, "write seconds, or units of w, d, h, m and s, as 3600 or 1h30m")
    })
}

fn address<T: std::str::FromStr>(words: &mut Words<'_, '_>, wanted: &str) -> Result<T, Wrong> {
    let token = words.next(wanted)?;
    let wrong =
        |_| Wrong::new(token.range(), format!("\"{}\" is no such address", token.raw), format!("write {wanted}"));
    token.raw.parse().map_err(wrong)
}

/// A character string: its length, then itself (RFC 1035 section 3.3).
fn text(token: Token<'_>, data: &mut Vec<u8>) -> Result<(), Wrong> {
    let octets = token.octets()?;
    let Ok(length) = u8::try_from(octets.len()) else {
        let why = format!("this text has {} octets, and 255 are allowed", octets.len());
        return Err(Wrong::new(token.range(), why, "divide it into several texts in quotes: \"first\" \"second\""));
    };
    data.push(length);
    data.extend(octets);
    Ok(())
}

/// A tag or flags.
fn plain(token: Token<'_>, field: Field, data: &mut Vec<u8>) -> Result<(), Wrong> {
    if token.raw.len() > 255 || !field.is_plain(token.raw.as_bytes()) {
        let (what, help) = match field {
            Flags => ("these are no flags", "write letters and digits in quotes, as \"s\", or \"\""),
            _ => ("this is no tag", "write letters and digits, as issue, issuewild or iodef"),
        };
        return Err(Wrong::new(token.range(), what, help));
    }
    data.push(token.raw.len() as u8);
    data.extend(token.raw.bytes());
    Ok(())
}

/// Octets from hexadecimal digits that `at` begins.
pub(super) fn hex(at: Token<'_>, digits: &str) -> Result<Vec<u8>, Wrong> {
    let pairs = digits.as_bytes().chunks(2);
    let octet = |pair: &[u8]| match pair {
        [a, b] => Some((char::from(*a).to_digit(16)? * 16 + char::from(*b).to_digit(16)?) as u8),
        _ => None,
    };
    pairs.map(octet).collect::<Option<_>>().ok_or_else(|| {
        Wrong::new(
            at.range(),
            "these are not pairs of hexadecimal digits",
            "write two digits of 0-9 and a-f for each octet",
        )
    })
}

/// Octets from Base64 with its padding (RFC 4648 section 4).
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let digit = |octet: u8| match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let body = text.trim_end_matches('=');
    if text.is_empty() || !text.len().is_multiple_of(4) || text.len() - body.len() > 2 {
        return None;
    }
    let mut octets = Vec::with_capacity(text.len() / 4 * 3);
    for group in body.as_bytes().chunks(4) {
        let bits = group.iter().try_fold(0u32, |bits, &octet| Some(bits << 6 | u32::from(digit(octet)?)))?;
        let bits = bits << (6 * (4 - group.len()));
        let whole = group.len() - 1;
        // Bits beyond the last octet must be zero, or two texts would mean one thing.
        if bits.to_be_bytes()[1 + whole..].iter().any(|&rest| rest != 0) {
            return None;
        }
        octets.extend(&bits.to_be_bytes()[1..1 + whole]);
    }
    Some(octets)
}

fn types(words: &mut Words<'_, '_>, data: &mut Vec<u8>) -> Result<(), Wrong> {
    let mut kinds = Vec::new();
    while let Some(token) = words.maybe() {
        kinds.push(t::parse(token.raw).ok_or_else(|| {
            Wrong::new(token.range(), format!("\"{}\" is no type", token.raw), "write mnemonics or TYPE with a number")
        })?);
    }
    kinds.sort_unstable();
    for window in kinds.chunk_by(|a, b| a >> 8 == b >> 8) {
        let mut map = [0u8; 32];
        window.iter().for_each(|kind| map[usize::from(kind & 0xff) / 8] |= 0x80 >> (kind & 7));
        let length = usize::from(window[window.len() - 1] & 0xff) / 8 + 1;
        data.extend([(window[0] >> 8) as u8, length as u8]);
        data.extend(&map[..length]);
    }
    Ok(())
}

/// `\# LENGTH DIGITS` (RFC 3597 section 5). Of a type with a known form, the octets must be of that form.
fn generic(words: &mut Words<'_, '_>, fields: Option<&[Field]>) -> Result<Vec<u8>, Wrong> {
    let mark = words.next("\\#")?;
    let length = number(words.next("the length in octets")?, u16::MAX)?;
    let data = if length == 0 && words.peek().is_none() {
        Vec::new()
    } else {
        let (at, digits) = words.joined("hexadecimal digits")?;
        hex(at, &digits)?
    };
    if data.len() != usize::from(length) {
        let why = format!("{length} octets are promised, and {} are there", data.len());
        return Err(Wrong::new(mark.range(), why, "correct the length or the digits"));
    }
    let Some(fields) = fields else { return Ok(data) };
    let formed = fields.iter().try_fold((data.clone(), 0), |(data, at), field| field.walk(data, at));
    match formed {
        Some((lower, end)) if end == data.len() => Ok(lower),
        _ => Err(Wrong::new(
            mark.range(),
            "these octets are no data of this type",
            "write the data in the type's own words",
        )),
    }
}

impl Field {
    /// Whether these are the octets of a tag or of flags.
    fn is_plain(self, octets: &[u8]) -> bool {
        octets.iter().all(u8::is_ascii_alphanumeric) && (self == Flags || !octets.is_empty())
    }

    /// Steps over the field at `at` in wire form and puts a name into lower case; `None` where it is not of its form.
    fn walk(self, mut data: Vec<u8>, at: usize) -> Option<(Vec<u8>, usize)> {
        let rest = data.get(at..)?;
        let step = match self {
            Self::Name => {
                let length = name::length(rest)?;
                data[at..at + length].make_ascii_lowercase();
                return Some((data, at + length));
            }
            Self::U8 => 1,
            Self::U16 => 2,
            Self::U32 | Self::Seconds | Self::Ip4 => 4,
            Self::Ip6 => 16,
            Self::Text => 1 + usize::from(*rest.first()?),
            Self::Tag | Self::Flags => {
                let end = 1 + usize::from(*rest.first()?);
                rest.get(1..end).filter(|octets| self.is_plain(octets)).map(|_| end)?
            }
            Self::Location => 16,
            Self::Texts => {
                let mut end = 0;
                while end < rest.len() {
                    end += 1 + usize::from(rest[end]);
                }
                (end > 0).then_some(end)?
            }
            Self::Parameters if !svcb::are_parameters(rest) => return None,
            Self::LongText | Self::Hex | Self::Base64 | Self::Types | Self::Parameters => rest.len(),
        };
        (step <= rest.len()).then_some((data, at + step))
    }
}

#[cfg(test)]
mod tests;
