//! Reading ahead: what the look-ups of a whole batch of names will read, all at once.
//!
//! A million names fill no cache, and a look-up that waits for memory, finds where the name's octets begin, and waits for those, is slower
//! than everything else that an answer costs. But memory serves many reads in the time of one, if none needs what another brings:
//! so first all slots are read, then all octets. Nothing is decided here; what was not read ahead is read later.

use super::Names;
use super::key::{LABELS_MAX, label_starts};
use crate::limits::{NAMES_CACHED, UDP_BATCH};
use crate::name::{self, NAME_MAX};
use std::hint::black_box;

/// Suffixes of a name that are read ahead: the domain is rarely a shorter one.
const SUFFIXES: usize = 2;

/// A suffix of an asked name, which may be stored.
#[derive(Clone, Copy, Default)]
struct Suffix {
    hash: u64,
    length: usize,
    /// Where its octets are, once that is known.
    start: usize,
}

impl Names {
    /// Reads ahead for names in wire form and any case, at most `UDP_BATCH` of them. Small tables are in the cache anyway.
    pub fn read_ahead<'w>(&self, names: impl Iterator<Item = &'w [u8]>) {
        if self.is_large() {
            black_box(self.read(names));
        }
    }

    /// Whether they are too many for the caches of a core.
    pub fn is_large(&self) -> bool {
        self.slots.memory() + self.wire.len() > NAMES_CACHED
    }

    /// How many suffixes of these names are stored, by their tags.
    pub(super) fn read<'w>(&self, names: impl Iterator<Item = &'w [u8]>) -> usize {
        let mut suffixes = [Suffix::default(); SUFFIXES * UDP_BATCH];
        let count = names.take(UDP_BATCH).fold(0, |count, name| count + self.longest(name, &mut suffixes[count..]));
        // No loop may branch on what it reads first: a wrong guess would wait for it.
        let suffixes = &mut suffixes[..count];
        black_box(suffixes.iter().fold(0, |all, suffix| all ^ self.slots.first_tag(suffix.hash)));
        let mut found = 0;
        for i in 0..count {
            if let Some(start) = self.slots.first_start(suffixes[i].hash) {
                suffixes[found] = Suffix { start: start as usize, ..suffixes[i] };
                found += 1;
            }
        }
        let octet = |at: usize| self.wire.get(at).copied().unwrap_or(0);
        // The octets may lie in two lines of memory.
        let ends =
            suffixes[..found].iter().map(|&Suffix { start, length, .. }| octet(start) ^ octet(start + length - 1));
        black_box(ends.fold(0, |all, octets| all ^ octets));
        found
    }

    /// The longest suffixes that have as many labels as some stored name, shortest first: of a domain's names the domain is one. Returns
    /// how many; none of what is no name.
    fn longest(&self, wire: &[u8], out: &mut [Suffix]) -> usize {
        let mut lower = [0; NAME_MAX + 1];
        let Some(lower) = name::lower(wire, &mut lower) else { return 0 };
        let mut starts = [0; LABELS_MAX];
        let Some(count) = label_starts(lower, &mut starts) else { return 0 };
        let is_likely = |i: &usize| self.depths[count - 1 - i];
        let first = (0..count).filter(is_likely).take(SUFFIXES).last().unwrap_or(count);
        let (mut hash, mut end, mut found) = (self.key.nothing(), lower.len(), 0);
        for i in (0..count).rev() {
            let start = usize::from(starts[i]);
            hash = self.key.add(&lower[start..end], hash);
            end = start;
            if i <= first && is_likely(&i) && found < out.len().min(SUFFIXES) {
                out[found] = Suffix { hash, length: lower.len() - start, start: 0 };
                found += 1;
            }
        }
        found
    }
}
