//! Domain names in lower-cased wire form.
//!
//! Here: parsing and showing names, relative prefixes of names, and a compact list for a million of them.
//! Not here: look-up (`topology::names`) and the asked case, which stays with the question.
//! A `Name` is always well formed: labels of 1 to 63 octets, at most 255 octets in all, ending in the root (RFC 1035 2.3.4).

use std::fmt;

/// Octets in the longest name, root included (RFC 1035 2.3.4).
pub const NAME_MAX: usize = 255;
/// Octets in the longest label (RFC 1035 2.3.4).
pub const LABEL_MAX: usize = 63;

/// Room for any name in lower case.
pub type Lower = [u8; NAME_MAX + 1];

/// A name in wire form, of any case and not over [`NAME_MAX`] octets, in lower case; `None` where it is longer. Length octets are at
/// most 63 and so below `A`: only letters change.
pub fn lower<'l>(wire: &[u8], room: &'l mut Lower) -> Option<&'l [u8]> {
    let length = wire.len();
    if length > NAME_MAX {
        return None;
    }
    room[..length].copy_from_slice(wire);
    // Whole vectors at once: one octet after another would take longer than all the rest.
    room[..length.next_multiple_of(LOWERED_AT_ONCE)].make_ascii_lowercase();
    Some(&room[..length])
}

/// Octets of a vector that every processor has; `Lower` has a whole number of them.
const LOWERED_AT_ONCE: usize = 16;

/// Why a text is no domain name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing between two dots, or an empty text.
    #[error("a label is empty")]
    EmptyLabel,
    /// A label over 63 octets.
    #[error("the label \"{0}\" is longer than 63 octets")]
    LabelTooLong(String),
    /// The whole is over 255 octets.
    #[error("the name is longer than 255 octets")]
    TooLong,
    /// An octet that no host or service name has.
    #[error("the character {0:?} is not allowed in a domain name")]
    BadCharacter(char),
}

/// An absolute domain name, lower-cased, in wire form with the root at its end.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<[u8]>);

impl Name {
    /// Reads a name as an operator writes it: dots between labels, with or without the final dot.
    ///
    /// # Errors
    /// Where it is no host or service name: letters, digits, `-` and `_` are allowed, and punycode for the rest.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let mut wire = Vec::with_capacity(text.len() + 2);
        Self::parse_into(text, &mut wire)?;
        Ok(Self(wire.into()))
    }

    /// As [`Name::parse`], into a buffer that is used again: what was in it is lost. For lists of a million.
    ///
    /// # Errors
    /// As [`Name::parse`]; the buffer then holds nothing of use.
    pub fn parse_into(text: &str, wire: &mut Vec<u8>) -> Result<(), NameError> {
        wire.clear();
        parse_labels(text.strip_suffix('.').unwrap_or(text), wire)?;
        wire.push(0);
        if wire.len() > NAME_MAX { Err(NameError::TooLong) } else { Ok(()) }
    }

    /// Takes a well-formed, lower-cased wire name, as `NameList` and `wire()` give it.
    pub fn from_wire(wire: &[u8]) -> Self {
        debug_assert_eq!(wire.last(), Some(&0), "a wire name ends in the root");
        Self(wire.into())
    }

    /// The root of all names.
    pub fn root() -> Self {
        Self([0].into())
    }

    /// The wire form, root included.
    pub fn wire(&self) -> &[u8] {
        &self.0
    }

    /// The labels from left to right, without the root.
    pub fn labels(&self) -> Labels<'_> {
        Labels(&self.0)
    }

    /// The name without its first label; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        parent(&self.0).map(Self::from_wire)
    }

    /// Whether this name is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        let mut here: Option<&[u8]> = Some(&self.0);
        while let Some(wire) = here {
            if wire == &*other.0 {
                return true;
            }
            here = parent(wire);
        }
        false
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() == 1 {
            return f.write_str(".");
        }
        write_labels(f, self.labels())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// Labels that stand in front of a domain, as `_sipfederationtls._tcp`; may be empty.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix(Box<[u8]>);

impl Prefix {
    /// No labels: the domain itself.
    pub fn empty() -> Self {
        Self(Box::default())
    }

    /// Reads labels with dots between them; an empty text is the empty prefix.
    ///
    /// # Errors
    /// As [`Name::parse`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Ok(Self::empty());
        }
        let mut wire = Vec::with_capacity(text.len() + 1);
        parse_labels(text, &mut wire)?;
        if wire.len() >= NAME_MAX {
            return Err(NameError::TooLong);
        }
        Ok(Self(wire.into()))
    }

    /// The wire form of the labels, without a root.
    pub fn wire(&self) -> &[u8] {
        &self.0
    }

    /// The labels from left to right.
    pub fn labels(&self) -> Labels<'_> {
        Labels(&self.0)
    }

    /// The labels without the first; `None` for the empty prefix.
    pub fn without_first(&self) -> Option<Self> {
        let &len = self.0.first()?;
        Some(Self(self.0[1 + len as usize..].into()))
    }

    /// These labels in front of `domain`.
    ///
    /// # Errors
    /// [`NameError::TooLong`] where the whole passes 255 octets.
    pub fn under(&self, domain: &[u8]) -> Result<Name, NameError> {
        if self.0.len() + domain.len() > NAME_MAX {
            return Err(NameError::TooLong);
        }
        Ok(Name([&self.0, domain].concat().into()))
    }
}

impl std::borrow::Borrow<[u8]> for Prefix {
    /// The wire form, so that a table of prefixes can be asked with a part of a name.
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_labels(f, self.labels())
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prefix({self})")
    }
}

/// Walks the labels of well-formed wire bytes; stops at the root or the end.
#[derive(Clone)]
pub struct Labels<'a>(&'a [u8]);

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (&len, rest) = self.0.split_first()?;
        if len == 0 {
            return None;
        }
        let (label, rest) = rest.split_at(len as usize);
        self.0 = rest;
        Some(label)
    }
}

/// A wire name without its first label; `None` for the root.
pub fn parent(wire: &[u8]) -> Option<&[u8]> {
    match wire.first() {
        None | Some(0) => None,
        Some(&len) => Some(&wire[1 + len as usize..]),
    }
}

/// Octets of the well-formed wire name with which `wire` begins, root included.
pub fn wire_length(wire: &[u8]) -> usize {
    labels(wire).map(|label| 1 + label.len()).sum::<usize>() + 1
}

/// The labels of the well-formed wire name with which `wire` begins, without the root.
pub fn labels(wire: &[u8]) -> Labels<'_> {
    Labels(wire)
}

fn parse_labels(text: &str, wire: &mut Vec<u8>) -> Result<(), NameError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    for label in text.as_bytes().split(|&b| b == b'.') {
        if label.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        if !label.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
            return Err(NameError::BadCharacter(text.chars().find(|&c| !allowed(c)).unwrap_or_default()));
        }
        if label.len() > LABEL_MAX {
            return Err(NameError::LabelTooLong(String::from_utf8_lossy(label).into_owned()));
        }
        wire.push(label.len() as u8);
        wire.extend_from_slice(label);
    }
    // A length octet is at most 63 and so below 'A': only letters change.
    wire.make_ascii_lowercase();
    Ok(())
}

fn write_labels(f: &mut fmt::Formatter<'_>, labels: Labels<'_>) -> fmt::Result {
    for (i, label) in labels.enumerate() {
        if i > 0 {
            f.write_str(".")?;
        }
        for &b in label {
            match b {
                b'.' | b'\\' => write!(f, "\\{}", b as char)?,
                0x21..=0x7e => write!(f, "{}", b as char)?,
                // RFC 1035 5.1: other octets as \DDD.
                _ => write!(f, "\\{b:03}")?,
            }
        }
    }
    Ok(())
}

/// Many names in one buffer: a million domains cost their octets and four bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameList {
    wire: Vec<u8>,
    starts: Vec<u32>,
}

impl NameList {
    /// Adds a name and returns its place in the list.
    pub fn push(&mut self, wire: &[u8]) -> usize {
        debug_assert_eq!(wire.last(), Some(&0), "a wire name ends in the root");
        self.starts.push(self.wire.len() as u32);
        self.wire.extend_from_slice(wire);
        self.starts.len() - 1
    }

    /// The wire form of the name at `index`.
    pub fn get(&self, index: usize) -> &[u8] {
        let start = self.starts[index] as usize;
        let end = self.starts.get(index + 1).map_or(self.wire.len(), |&e| e as usize);
        &self.wire[start..end]
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// How many octets they have in all.
    pub fn octets(&self) -> usize {
        self.wire.len()
    }

    /// The wire forms in the order of the pushes.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|i| self.get(i))
    }

    /// Makes room for so many more names of so many octets in all.
    pub fn reserve(&mut self, names: usize, octets: usize) {
        self.starts.reserve(names);
        self.wire.reserve(octets);
    }

    /// Gives back what the growth of the buffers left over.
    pub fn shrink(&mut self) {
        self.wire.shrink_to_fit();
        self.starts.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests;
