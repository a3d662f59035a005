//! Where each name stands in the octets of all names, and what it is: an open table that a look-up reads in one place.
//!
//! A million names fill no cache, so what costs is how many lines of memory a look-up touches: here one for the slot, and one
//! for the octets of a name whose tag agrees. A name that is not there costs the first alone. Not here: hashing, comparing.

/// A slot that no name has.
const EMPTY: u32 = u32::MAX;
/// Slots for each name that is expected: half of them stay empty, so that runs are short.
const ROOM: usize = 2;

/// One name.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// 32 bits of its hash, which also say where its run begins.
    tag: u32,
    /// Where its octets begin.
    start: u32,
    /// What it is.
    node: u32,
}

/// The table. Names are never taken out.
#[derive(Debug)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    used: usize,
}

impl Slots {
    /// A table with room for so many names and a quarter more.
    pub(super) fn with_capacity(names: usize) -> Self {
        let free = Slot { tag: 0, start: 0, node: EMPTY };
        Self { slots: vec![free; (names * ROOM).max(16)], used: 0 }
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.used
    }

    /// What the name of this hash is for whose octets `is_it` speaks.
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let slot = &self.slots[self.place(tag(hash), is_it)];
        (slot.node != EMPTY).then_some(slot.node)
    }

    /// Sets what a name is; `is_it` speaks of those that are there. A new one's octets begin at `start`.
    pub(super) fn set(&mut self, hash: u64, node: u32, is_it: impl Fn(u32) -> bool, start: u32) {
        let tag = tag(hash);
        let place = self.place(tag, is_it);
        if self.slots[place].node != EMPTY {
            self.slots[place].node = node;
            return;
        }
        self.slots[place] = Slot { tag, start, node };
        self.used += 1;
        // Runs grow long from here on.
        if self.used * 8 > self.slots.len() * 5 {
            self.grow();
        }
    }

    /// Octets that the slots take.
    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.slots)
    }

    /// The tag in the slot where the look-up of a hash begins.
    pub(super) fn first_tag(&self, hash: u64) -> u32 {
        self.slots[self.begin(tag(hash))].tag
    }

    /// Where the octets of the first name begin that has the tag of a hash.
    pub(super) fn first_start(&self, hash: u64) -> Option<u32> {
        let slot = &self.slots[self.place(tag(hash), |_| true)];
        (slot.node != EMPTY).then_some(slot.start)
    }

    /// What names are, in no order.
    pub(super) fn nodes(&self) -> impl Iterator<Item = u32> {
        self.slots.iter().map(|slot| slot.node).filter(|&node| node != EMPTY)
    }

    /// The slot of a name, or the free one that ends its run. One is always free.
    fn place(&self, tag: u32, is_it: impl Fn(u32) -> bool) -> usize {
        let mut place = self.begin(tag);
        loop {
            let slot = &self.slots[place];
            if slot.node == EMPTY || slot.tag == tag && is_it(slot.start) {
                return place;
            }
            place = if place + 1 == self.slots.len() { 0 } else { place + 1 };
        }
    }

    /// Where the run of a tag begins: tags spread evenly over 32 bits do so over the slots.
    fn begin(&self, tag: u32) -> usize {
        ((u64::from(tag) * self.slots.len() as u64) >> 32) as usize
    }

    fn grow(&mut self) {
        let mut wider = Self::with_capacity(self.slots.len());
        for slot in self.slots.iter().filter(|slot| slot.node != EMPTY) {
            let place = wider.place(slot.tag, |_| false);
            wider.slots[place] = *slot;
        }
        self.slots = wider.slots;
    }
}

fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of numbers, each its own octets and node, under a hash.
    fn table(capacity: usize, numbers: u32, hash: fn(u32) -> u64) -> Slots {
        let mut slots = Slots::with_capacity(capacity);
        (0..numbers).for_each(|n| slots.set(hash(n), n, |start| start == n, n));
        slots
    }

    #[test]
    fn what_is_set_is_found_and_nothing_else_also_where_all_hashes_are_equal() {
        for hash in [|n| u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15), |_| 7, |_| u64::MAX] as [fn(u32) -> u64; 3] {
            let slots = table(4, 1_000, hash);
            assert_eq!(slots.len(), 1_000);
            for n in 0..1_100 {
                assert_eq!(slots.find(hash(n), |start| start == n), (n < 1_000).then_some(n), "{n}");
            }
        }
    }

    #[test]
    fn a_name_that_is_set_again_stays_one_name() {
        let mut slots = table(4, 3, u64::from);
        slots.set(1, 9, |start| start == 1, 77);
        assert_eq!((slots.len(), slots.find(1, |start| start == 1)), (3, Some(9)));
        let mut nodes: Vec<u32> = slots.nodes().collect();
        nodes.sort_unstable();
        assert_eq!(nodes, [0, 2, 9]);
    }

    #[test]
    fn as_many_names_as_were_expected_need_no_growth() {
        assert_eq!(table(1_000, 1_200, |n| u64::from(n) << 32).slots.len(), 2_000);
    }
}
