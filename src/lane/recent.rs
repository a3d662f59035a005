//! What the names are that were asked for last: partners ask for the same few all day.
//!
//! Finding a name by its labels costs more than all else that decides an answer; here it costs one comparison. It is a table of
//! fixed size that a lane has for itself, and holds for one generation. It always holds that it says what `Names::find` would. Names
//! that do not exist are not kept, so that a flood of them drives nobody out; and where there are very many, none is.

use crate::limits::{NAME_RECENT_MAX, NAMES_RECENT};
use crate::snapshot::Snapshot;
use crate::topology::Found;

/// An odd number without a pattern in its bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A name and what it is.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The generation of which this is true.
    generation: u64,
    length: u8,
    name: [u8; NAME_RECENT_MAX],
    found: Found,
}

/// The names last asked for.
#[derive(Debug)]
pub(super) struct Recent(Box<[Option<Place>; NAMES_RECENT]>);

impl Recent {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(Box::new([None; NAMES_RECENT]))
    }

    /// What is known of a name in lower-cased wire form, as `Names::find`.
    pub(super) fn find(&mut self, snapshot: &Snapshot, name: &[u8]) -> Option<Found> {
        let names = &snapshot.topology.names;
        let place = place(name).filter(|_| !names.is_large());
        let Some(place) = place.map(|place| &mut self.0[place]) else { return names.find(name) };
        if let Some(known) = place.as_ref().filter(|place| place.is_of(name, snapshot.generation)) {
            return Some(known.found);
        }
        let found = names.find(name)?;
        if found.here.is_some() {
            *place = Place::new(name, found, snapshot.generation);
        }
        Some(found)
    }
}

impl Place {
    fn new(name: &[u8], found: Found, generation: u64) -> Option<Self> {
        let mut room = [0; NAME_RECENT_MAX];
        room.get_mut(..name.len())?.copy_from_slice(name);
        Some(Self { generation, length: name.len() as u8, name: room, found })
    }

    fn is_of(&self, name: &[u8], generation: u64) -> bool {
        self.generation == generation && self.name[..self.length.into()] == *name
    }
}

/// Where a name would be kept; `None` for what is too long, or so short that it is found at once.
fn place(name: &[u8]) -> Option<usize> {
    let last = name.last_chunk::<8>().filter(|_| name.len() <= NAME_RECENT_MAX)?;
    let (eights, _) = name.as_chunks::<8>();
    let mix = |sum: u64, eight: &[u8; 8]| (sum.rotate_left(5) ^ u64::from_le_bytes(*eight)).wrapping_mul(SPREAD);
    // Who knows where two names meet can have them looked up each time, as without this.
    let sum = mix(eights.iter().fold(name.len() as u64, mix), last);
    Some((sum >> (u64::BITS - NAMES_RECENT.trailing_zeros())) as usize)
}

#[cfg(test)]
mod tests;
