//! The octets of a question: where its one question, its OPT and its TSIG are, and whether the rest is a message at all.
//!
//! Other records mean nothing to us, but for the SOA of an IXFR; they are stepped over. Work is bounded by the length: names are never followed,
//! and each thing stepped over has octets of its own. Not here: what OPT says (`opt`), what the question means (`full`).

use super::HEADER;
use super::opt::Opt;
use crate::name::NAME_MAX;

/// The type of OPT (RFC 6891 section 6.1.1).
const OPT: [u8; 2] = [0, 41];
/// The type of TSIG (RFC 8945 section 4.2).
const TSIG: [u8; 2] = [0, 250];
/// The type of SOA, and the octets of its numbers, which follow its names.
const SOA: [u8; 2] = [0, 6];
const SOA_NUMBERS: usize = 20;

/// What is told apart in a message.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Packet<'m> {
    /// QDCOUNT.
    pub(super) questions: u16,
    /// OPCODE. What follows has the form of a QUERY alone; of others it may happen to be read.
    pub(super) opcode: u8,
    /// Name, type and class, where there is exactly one question and it is whole, of a QUERY; else empty.
    pub(super) question: &'m [u8],
    /// The first OPT, where one stands before anything that is wrong.
    pub(super) opt: Option<Opt<'m>>,
    /// Where the TSIG record begins, which is the last one.
    pub(super) tsig: Option<usize>,
    /// The serial of the first SOA in the authority section: what a client of IXFR has (RFC 1995 section 3).
    pub(super) serial: Option<u32>,
    /// Whether it is no message: something is cut, compressed where nothing precedes it, or OPT or TSIG is twice or elsewhere.
    pub(super) malformed: bool,
}

impl<'m> Packet<'m> {
    /// Reads a message of at least a header.
    pub(super) fn read(message: &'m [u8]) -> Self {
        let mut packet = Self { opcode: message[2] >> 3 & 0x0f, ..Self::default() };
        packet.malformed = packet.walk(message).is_none();
        packet.tsig = packet.tsig.filter(|_| !packet.malformed);
        packet
    }

    /// Whether nothing that follows it on a stream can be believed to begin where it ends. Other operations may have other forms.
    pub(super) fn is_garbage(&self) -> bool {
        self.malformed && self.opcode == 0
    }

    /// Type and class of the one question.
    pub(super) fn asked(&self) -> Option<[u16; 2]> {
        let &[t0, t1, c0, c1] = self.question.last_chunk()?;
        Some([[t0, t1], [c0, c1]].map(u16::from_be_bytes))
    }

    /// `None` where it is no message.
    fn walk(&mut self, message: &'m [u8]) -> Option<()> {
        let mut rest = Rest(message.get(HEADER..)?);
        let count = |at: usize| u16::from_be_bytes([message[at], message[at + 1]]);
        self.questions = count(4);
        for _ in 0..self.questions {
            let all = rest.0;
            rest.name(Pointer::Wrong)?;
            rest.take(4)?;
            if self.questions == 1 && self.opcode == 0 {
                self.question = &all[..all.len() - rest.0.len()];
            }
        }
        (0..count(6)).try_for_each(|_| self.record(&mut rest, Section::Answer, message.len()))?;
        (0..count(8)).try_for_each(|_| self.record(&mut rest, Section::Authority, message.len()))?;
        (0..count(10)).try_for_each(|_| self.record(&mut rest, Section::Additional, message.len()))
    }

    fn record(&mut self, rest: &mut Rest<'m>, section: Section, length: usize) -> Option<()> {
        // RFC 8945 section 5.1: nothing comes after it.
        if self.tsig.is_some() {
            return None;
        }
        let start = length - rest.0.len();
        let additional = section == Section::Additional;
        let root = rest.0.first() == Some(&0);
        rest.name(Pointer::End)?;
        let (&[t0, t1, s0, s1, ttl @ .., l0, l1], after) = rest.0.split_first_chunk::<10>()?;
        rest.0 = after;
        let data = rest.take(u16::from_be_bytes([l0, l1]).into())?;
        if [t0, t1] == TSIG {
            self.tsig = additional.then_some(start);
            return self.tsig.map(|_| ());
        }
        if [t0, t1] == SOA && section == Section::Authority && self.serial.is_none() {
            // Its names may be compressed; the numbers stand at its end.
            let numbers = data.len().checked_sub(SOA_NUMBERS).and_then(|at| data[at..].first_chunk());
            self.serial = numbers.map(|serial| u32::from_be_bytes(*serial));
        }
        if [t0, t1] != OPT {
            return Some(());
        }
        // RFC 6891 section 6.1.1: one, in the additional section, owned by the root.
        if !root || !additional || self.opt.is_some() {
            return None;
        }
        self.opt = Some(Opt::read(u16::from_be_bytes([s0, s1]), ttl, data));
        Some(())
    }
}

/// Where a record stands.
#[derive(Clone, Copy, PartialEq)]
enum Section {
    Answer,
    Authority,
    Additional,
}

/// The octets of the first question's name, where it is whole.
pub(super) fn first_name(message: &[u8]) -> Option<&[u8]> {
    let all = message.get(HEADER..)?;
    let mut rest = Rest(all);
    rest.name(Pointer::Wrong)?;
    Some(&all[..all.len() - rest.0.len()])
}

/// What a compression pointer is at this place.
#[derive(Clone, Copy, PartialEq)]
enum Pointer {
    /// The end of a name.
    End,
    /// Wrong: nothing that it could point at precedes it.
    Wrong,
}

/// The octets not yet read.
struct Rest<'m>(&'m [u8]);

impl<'m> Rest<'m> {
    fn take(&mut self, count: usize) -> Option<&'m [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Steps over a name (RFC 1035 section 4.1.4).
    fn name(&mut self, pointer: Pointer) -> Option<()> {
        let mut length = 0;
        loop {
            match *self.0.get(length)? {
                0 => break length += 1,
                label @ 1..=63 => length += 1 + usize::from(label),
                0xc0.. if pointer == Pointer::End => return self.take(length + 2).map(|_| ()),
                _ => return None,
            }
        }
        self.take(length).filter(|name| name.len() <= NAME_MAX).map(|_| ())
    }
}

#[cfg(test)]
mod tests;
