//! The static records of one zone, compiled from its file.
//!
//! Here: where a name stands in a zone (RFC 1034 section 4.3.2, RFC 4592). Owners and the names between them and the apex
//! are one hash table, data one buffer. Not here: steered names, which exist beside these (`names`).

use super::names::key::{Key, LABELS_MAX, hash_name, label_starts};
use crate::config::RrSet;
use crate::name::{NAME_MAX, Name, NameList, parent};
use crate::rrtype;
use hashbrown::HashTable;

/// The records of one zone.
#[derive(Debug)]
pub struct Records {
    /// Owners, then the names between them and the apex, which have no records.
    names: NameList,
    index: HashTable<u32>,
    key: Key,
    /// For each owner where its sets begin, and where the last one's end.
    first: Vec<u32>,
    sets: Vec<Head>,
    /// Each record as its length in two octets, then its data.
    data: Vec<u8>,
}

/// One set in the buffer: its data end where those of the next begin.
#[derive(Clone, Copy, Debug)]
struct Head {
    kind: u16,
    ttl: u32,
    start: u32,
}

/// The records of one name and type.
#[derive(Clone, Copy, Debug)]
pub struct Set<'r> {
    /// The type's number.
    pub kind: u16,
    /// Seconds.
    pub ttl: u32,
    framed: &'r [u8],
}

/// A name that exists.
#[derive(Clone, Copy, Debug)]
pub struct Node<'r> {
    records: &'r Records,
    index: usize,
}

/// Where a name stands.
#[derive(Clone, Copy, Debug)]
pub enum Place<'r> {
    /// It exists.
    Here(Node<'r>),
    /// It is delegated, or lies below a name that is, which begins there in the asked name.
    Cut(usize, Node<'r>),
    /// It does not exist.
    Nowhere {
        /// Where in the asked name the closest name above it begins that exists.
        encloser: usize,
        /// The name `*` below that.
        wildcard: Option<Node<'r>>,
    },
}

impl Records {
    /// Compiles sets of which those of one owner stand together.
    pub(super) fn new(apex: &Name, sets: &[RrSet]) -> Self {
        let mut records = Self {
            names: NameList::default(),
            index: HashTable::new(),
            key: Key::draw(),
            first: Vec::new(),
            sets: Vec::with_capacity(sets.len()),
            data: Vec::new(),
        };
        for owned in sets.chunk_by(|a, b| a.owner == b.owner) {
            records.first.push(records.sets.len() as u32);
            records.add(owned[0].owner.wire());
            owned.iter().for_each(|set| records.push(set));
        }
        records.first.push(records.sets.len() as u32);
        records.add_between(apex);
        records.names.shrink();
        records.data.shrink_to_fit();
        records
    }

    fn push(&mut self, set: &RrSet) {
        self.sets.push(Head { kind: set.kind, ttl: set.ttl, start: self.data.len() as u32 });
        for data in &set.data {
            self.data.extend((data.len() as u16).to_be_bytes());
            self.data.extend(&**data);
        }
    }

    /// Empty non-terminals exist (RFC 4592 section 2.2.2), and the apex does.
    fn add_between(&mut self, apex: &Name) {
        for i in 0..self.names.len() {
            let mut above = Vec::new();
            let mut here = parent(self.names.get(i));
            while let Some(wire) = here.filter(|wire| wire.len() > apex.wire().len() && self.exact(wire).is_none()) {
                above.push(wire.to_owned());
                here = parent(wire);
            }
            above.iter().for_each(|wire| self.add(wire));
        }
        if self.exact(apex.wire()).is_none() {
            self.add(apex.wire());
        }
    }

    fn add(&mut self, wire: &[u8]) {
        let Self { names, index, key, .. } = self;
        let hash = hash_name(key, wire);
        let place = names.push(wire);
        index.insert_unique(hash, place as u32, |&i| hash_name(key, names.get(i as usize)));
    }

    /// A name itself, whatever is delegated above it.
    pub fn exact(&self, wire: &[u8]) -> Option<Node<'_>> {
        self.node(wire, hash_name(&self.key, wire))
    }

    fn node(&self, wire: &[u8], hash: u64) -> Option<Node<'_>> {
        let index = *self.index.find(hash, |&i| self.names.get(i as usize) == wire)?;
        Some(Node { records: self, index: index as usize })
    }

    /// Where a name of the zone stands; the apex begins at `apex_at` in it.
    pub fn find(&self, wire: &[u8], apex_at: usize) -> Place<'_> {
        let mut starts = [0; LABELS_MAX];
        let count = label_starts(wire, &mut starts).unwrap_or(0);
        let (mut hash, mut end) = (self.key.nothing(), wire.len());
        let mut encloser = apex_at;
        let mut here = self.exact(&wire[apex_at..]);
        for start in starts[..count].iter().rev().map(|&start| usize::from(start)) {
            hash = self.key.add(&wire[start..end], hash);
            end = start;
            if start >= apex_at {
                continue;
            }
            match self.node(&wire[start..], hash) {
                None => return Place::Nowhere { encloser, wildcard: self.wildcard(&wire[encloser..]) },
                Some(node) if node.set(rrtype::NS).is_some() => return Place::Cut(start, node),
                node => (here, encloser) = (node, start),
            }
        }
        here.map_or(Place::Nowhere { encloser, wildcard: None }, Place::Here)
    }

    /// The name `*` below a name.
    fn wildcard(&self, encloser: &[u8]) -> Option<Node<'_>> {
        let mut wire = [0; NAME_MAX + 2];
        wire[..2].copy_from_slice(b"\x01*");
        wire[2..2 + encloser.len()].copy_from_slice(encloser);
        self.exact(&wire[..2 + encloser.len()])
    }

    /// Every set with its owner, those of one owner together.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Set<'_>)> {
        (0..self.sets.len()).filter_map(|at| self.at(at))
    }

    /// How many sets there are.
    pub fn len(&self) -> usize {
        self.sets.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// The set at a place in that order, for who comes back later; `None` behind the last.
    pub fn at(&self, at: usize) -> Option<(&[u8], Set<'_>)> {
        // Every owner has a set, so that it is the last whose first one is not behind the place.
        let owner = self.first.partition_point(|&first| first as usize <= at).checked_sub(1)?;
        (at < self.sets.len()).then(|| (self.names.get(owner), self.set(at)))
    }

    fn set(&self, at: usize) -> Set<'_> {
        let Head { kind, ttl, start } = self.sets[at];
        let end = self.sets.get(at + 1).map_or(self.data.len(), |next| next.start as usize);
        Set { kind, ttl, framed: &self.data[start as usize..end] }
    }
}

impl<'r> Node<'r> {
    /// Its sets; none where only names below it have records.
    pub fn sets(self) -> impl Iterator<Item = Set<'r>> {
        let range = self.records.first.get(self.index..self.index + 2).map_or(0..0, |ends| ends[0]..ends[1]);
        range.map(move |at| self.records.set(at as usize))
    }

    /// Its set of a type.
    pub fn set(self, kind: u16) -> Option<Set<'r>> {
        self.sets().find(|set| set.kind == kind)
    }
}

impl<'r> Set<'r> {
    /// The data of each record; at least one.
    pub fn data(self) -> impl Iterator<Item = &'r [u8]> {
        let mut rest = self.framed;
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_first_chunk::<2>()?;
            let (data, tail) = tail.split_at(u16::from_be_bytes(*length).into());
            rest = tail;
            Some(data)
        })
    }

    /// The names that its records lead to, where they end in one: NS, CNAME, MX and SRV.
    pub fn targets(self) -> impl Iterator<Item = &'r [u8]> {
        let skip = match self.kind {
            rrtype::NS | rrtype::CNAME => Some(0),
            rrtype::MX => Some(2),
            rrtype::SRV => Some(6),
            _ => None,
        };
        self.data().filter_map(move |data| data.get(skip?..)).filter(|name| name.len() > 1)
    }
}

#[cfg(test)]
mod tests;
