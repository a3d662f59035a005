//! A value for every address of one family, as sorted ranges.
//!
//! Here: the ranges, how nested prefixes become ranges, how two layers become one, and the prefix around an address.
//! Not here: what the values mean. Neighbouring ranges always differ in value, so a range is as wide as it can be.

use ipnet::IpNet;
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address of one family as a number.
pub(super) trait Address: Copy + Ord + Debug {
    const BITS: u8;
    const MIN: Self;
    const MAX: Self;
    /// The address one below; only for addresses above `MIN`.
    fn before(self) -> Self;
    /// The address one above, unless this is the last.
    fn after(self) -> Option<Self>;
    /// How many leading bits the two share.
    fn shared_bits(self, other: Self) -> u8;
    /// The address with bit `index` set; 0 is the highest.
    fn with_bit(self, index: u8) -> Self;
    /// Which of 65,536 blocks the address lies in; blocks never fall where addresses rise.
    fn block(self) -> u16;
    /// Its first `len` bits, the others clear.
    fn head(self, len: u8) -> Self;
    /// How many addresses there are from `self` to `last`, as a share of the family.
    fn share_to(self, last: Self) -> f64;
    fn ip(self) -> IpAddr;
}

macro_rules! address {
    ($number:ty, $ip:ty, $blocks:expr) => {
        impl Address for $number {
            const BITS: u8 = <$number>::BITS as u8;
            const MIN: Self = <$number>::MIN;
            const MAX: Self = <$number>::MAX;

            fn before(self) -> Self {
                self - 1
            }

            fn after(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn shared_bits(self, other: Self) -> u8 {
                (self ^ other).leading_zeros() as u8
            }

            fn with_bit(self, index: u8) -> Self {
                self | 1 << (<Self as Address>::BITS - 1 - index)
            }

            fn block(self) -> u16 {
                let (first, shift) = $blocks;
                (self.saturating_sub(first) >> shift).min(0xffff) as u16
            }

            fn head(self, len: u8) -> Self {
                let rest = u32::from(<Self as Address>::BITS - len);
                self & <$number>::MAX.checked_shl(rest).unwrap_or(0)
            }

            fn share_to(self, last: Self) -> f64 {
                ((last - self) as f64 + 1.0) / (Self::MAX as f64 + 1.0)
            }

            fn ip(self) -> IpAddr {
                <$ip>::from(self).into()
            }
        }
    };
}

// Blocks are /16 in IPv4. In IPv6 they are /19 within 2000::/3, where all clients are (RFC 4291 2.4); the first and the last
// block also have what lies below and above.
address!(u32, Ipv4Addr, (0, 16));
address!(u128, Ipv6Addr, (0x2000 << 112, 128 - 19));

/// An address or a block of addresses in the family that it really is of: IPv4-mapped IPv6 is IPv4 (RFC 4291 2.5.5.2).
pub(super) enum Family<A4, A6> {
    V4(A4),
    V6(A6),
}

/// The family and number of an address.
pub(super) fn canonical(ip: IpAddr) -> Family<u32, u128> {
    match ip.to_canonical() {
        IpAddr::V4(ip) => Family::V4(ip.into()),
        IpAddr::V6(ip) => Family::V6(ip.into()),
    }
}

/// The family, first and last address of a prefix.
pub(super) fn canonical_net(net: IpNet) -> Family<(u32, u32), (u128, u128)> {
    match net {
        IpNet::V4(net) => Family::V4((net.network().into(), net.broadcast().into())),
        IpNet::V6(net) => match (net.network().to_ipv4_mapped(), net.broadcast().to_ipv4_mapped()) {
            (Some(first), Some(last)) => Family::V4((first.into(), last.into())),
            _ => Family::V6((net.network().into(), net.broadcast().into())),
        },
    }
}

/// A value for every address of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ranges<A, V> {
    /// Sorted, the first is `A::MIN`.
    starts: Vec<A>,
    /// One for each start; neighbours differ.
    values: Vec<V>,
}

impl<A: Address, V: Copy + Eq> Ranges<A, V> {
    /// One value everywhere.
    pub(super) fn uniform(value: V) -> Self {
        Self { starts: vec![A::MIN], values: vec![value] }
    }

    /// No range yet; the first that is pushed must begin at `A::MIN`.
    pub(super) fn building() -> Self {
        Self { starts: Vec::new(), values: Vec::new() }
    }

    /// Says that `value` holds from `start` on; starts must rise.
    pub(super) fn push(&mut self, start: A, value: V) {
        debug_assert!(self.starts.last().map_or(start == A::MIN, |&last| last < start), "{start:?} out of order");
        if self.values.last() != Some(&value) {
            self.starts.push(start);
            self.values.push(value);
        }
    }

    /// Gives back what the growth of the buffers left over.
    pub(super) fn shrink(&mut self) {
        self.starts.shrink_to_fit();
        self.values.shrink_to_fit();
    }

    /// How many ranges there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Octets on the heap.
    pub(super) fn memory(&self) -> usize {
        self.starts.capacity() * size_of::<A>() + self.values.capacity() * size_of::<V>()
    }

    /// The index of the range around an address.
    pub(super) fn find(&self, address: A) -> usize {
        self.find_between(address, 0, self.len() - 1)
    }

    /// The same, known to lie between two indices, both included.
    pub(super) fn find_between(&self, address: A, low: usize, high: usize) -> usize {
        low + self.starts[low + 1..=high].partition_point(|&start| start <= address)
    }

    /// The value of a range.
    pub(super) fn value(&self, index: usize) -> V {
        self.values[index]
    }

    /// The value at an address.
    pub(super) fn at(&self, address: A) -> V {
        self.value(self.find(address))
    }

    /// The length of the widest prefix around `address` that lies within its range `index`.
    ///
    /// A prefix that holds an address outside the range holds the neighbour on that side too, so it is as long as what
    /// `address` shares with the nearer neighbour, and one bit more.
    pub(super) fn prefix_len(&self, index: usize, address: A) -> u8 {
        let past = |neighbour| address.shared_bits(neighbour) + 1;
        let below = if index == 0 { 0 } else { past(self.starts[index].before()) };
        let above = self.starts.get(index + 1).map_or(0, |&next| past(next));
        below.max(above)
    }

    /// First address, last address and value of each range.
    pub(super) fn iter(&self) -> impl Iterator<Item = (A, A, V)> + '_ {
        let lasts = self.starts[1..].iter().map(|start| start.before()).chain([A::MAX]);
        self.starts.iter().zip(lasts).zip(&self.values).map(|((&first, last), &value)| (first, last, value))
    }

    /// Both layers in one: at every address `join` of the two values.
    pub(super) fn join<U: Copy + Eq, W: Copy + Eq>(
        &self,
        other: &Ranges<A, U>,
        mut join: impl FnMut(V, U) -> W,
    ) -> Ranges<A, W> {
        let mut joined = Ranges::building();
        let (mut i, mut j) = (0, 0);
        loop {
            joined.push(self.starts[i].max(other.starts[j]), join(self.values[i], other.values[j]));
            match (self.starts.get(i + 1), other.starts.get(j + 1)) {
                (None, None) => break,
                (Some(a), Some(b)) => {
                    let (step_i, step_j) = (a <= b, b <= a);
                    i += usize::from(step_i);
                    j += usize::from(step_j);
                }
                (Some(_), None) => i += 1,
                (None, Some(_)) => j += 1,
            }
        }
        joined.shrink();
        joined
    }
}

impl<A: Address, V: Copy + Eq> Ranges<A, Option<V>> {
    /// The value of the longest prefix around each address, `None` outside all. Prefixes are given as first address, last
    /// address and value; of two equal ones the later counts.
    pub(super) fn of_prefixes(mut prefixes: Vec<(A, A, V)>) -> Self {
        prefixes.sort_by_key(|&(first, last, _)| (first, std::cmp::Reverse(last)));
        let mut ranges = Self::uniform(None);
        let mut around: Vec<(A, V)> = Vec::new();
        for (first, last, value) in prefixes {
            ranges.leave(&mut around, |end| end < first);
            ranges.enter(first, Some(value));
            around.push((last, value));
        }
        ranges.leave(&mut around, |_| true);
        ranges.shrink();
        ranges
    }

    /// Ends the prefixes that `ends` picks, innermost first: behind each the one around it goes on.
    fn leave(&mut self, around: &mut Vec<(A, V)>, ends: impl Fn(A) -> bool) {
        while let Some((last, _)) = around.pop_if(|&mut (last, _)| ends(last)) {
            if let Some(next) = last.after() {
                self.enter(next, around.last().map(|&(_, value)| value));
            }
        }
    }

    /// `push`, where a later word about the same start replaces the earlier.
    fn enter(&mut self, start: A, value: Option<V>) {
        if self.starts.last() == Some(&start) {
            self.starts.pop();
            self.values.pop();
        }
        self.push(start, value);
    }
}

#[cfg(test)]
mod tests;
