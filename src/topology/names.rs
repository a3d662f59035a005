//! Owner names to zones and services, for a million domains.
//!
//! A domain is one entry that points at a class: the services that serve it. Owner names are not stored: they are a class's
//! prefix in front of the domain. A look-up hashes the asked name once, from the root leftwards, with a key drawn per process;
//! looks for those suffixes that have as many labels as some stored name; and compares at most `PREFIX_LABELS_MAX` splits.
//! Lower-cased wire names only.

use crate::ids::{ClassId, ServiceId, ZoneId};
use crate::limits::PREFIX_LABELS_MAX;
use crate::name::{self, Name, Prefix};
use key::{Key, LABELS_MAX, hash_name, label_starts};
use slots::Slots;
use std::collections::{HashMap, HashSet};

mod ahead;
pub(super) mod key;
mod slots;

/// What the names know of an asked name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The deepest zone that holds it.
    pub zone: ZoneId,
    /// Where in the asked name the zone's apex begins; 0 where it is the apex.
    pub apex_at: usize,
    /// What stands at the name itself; `None` where the name does not exist.
    pub here: Option<Here>,
}

/// What stands at an owner name; all empty for an empty non-terminal (RFC 4592 2.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Here {
    /// What its SRV answers with.
    pub srv: Option<SrvOwner>,
    /// The service that its A and AAAA answer with.
    pub address: Option<ServiceId>,
    /// The index in `Topology::hosts` of its fixed addresses.
    pub host: Option<u32>,
}

/// An SRV owner name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SrvOwner {
    /// The service that answers.
    pub service: ServiceId,
    /// The port that its records name.
    pub port: u16,
    /// Where the domain begins in the asked name: what the target's hole is filled with.
    pub domain_at: usize,
}

/// What one stored name is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Node {
    apex: Option<ZoneId>,
    class: Option<ClassId>,
    address: Option<ServiceId>,
    host: Option<u32>,
}

/// What the domains of a class have below them: owner names by their labels in front of the domain.
#[derive(Clone, Debug, Default)]
struct Owners {
    /// Sorted by length, then by octets: few have the same length, so that most comparisons end there.
    sorted: Vec<(Prefix, Owner)>,
    /// Whether one of them is a zone's apex.
    has_apex: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Owner {
    here: Here,
    apex: Option<ZoneId>,
}

/// The table of names; built once by `NamesBuilder`.
#[derive(Debug)]
pub struct Names {
    /// Every stored name, one after another.
    wire: Vec<u8>,
    slots: Slots,
    nodes: Vec<Node>,
    classes: Vec<Owners>,
    /// Whether some stored name has so many labels.
    depths: [bool; LABELS_MAX],
    /// The most labels that one has.
    depth_max: usize,
    key: Key,
}

impl Names {
    /// What is known of a name in lower-cased wire form; `None` outside our zones.
    pub fn find(&self, wire: &[u8]) -> Option<Found> {
        let mut starts = [0; LABELS_MAX];
        let count = label_starts(wire, &mut starts)?;
        let starts = &starts[..count];
        let (mut zone, mut here) = (None, None);
        let (mut hash, mut front) = (self.key.nothing(), wire);
        // From the root leftwards, as far as some stored name has so many labels.
        for ((i, &start), &is_stored) in starts.iter().enumerate().rev().zip(&self.depths[..=self.depth_max]) {
            let start = usize::from(start);
            let (before, label) = front.split_at_checked(start)?;
            hash = self.key.add(label, hash);
            front = before;
            if !is_stored {
                continue;
            }
            let Some(node) = self.node(&wire[start..], hash) else { continue };
            if let Some(class) = node.class {
                let splits = &starts[i.saturating_sub(PREFIX_LABELS_MAX)..=i];
                self.classes[class.index()].find(front, splits, &mut zone, &mut here);
            }
            zone = deeper(zone, start, node.apex);
            if i == 0 {
                let own = Here { address: node.address, host: node.host, ..Here::default() };
                here = Some(here.map_or(own, |here: Here| here.merged(own)));
            }
        }
        zone.map(|(apex_at, zone)| Found { zone, apex_at, here })
    }

    /// The domains of a service among the stored names from the `from`th on, at most `most`; and where to go on, unless that
    /// was the end. Costs a walk over the names before.
    pub fn domains(&self, service: ServiceId, from: usize, most: usize) -> (Vec<Name>, Option<usize>) {
        let (mut at, mut index, mut found) = (0, 0, Vec::new());
        while at < self.wire.len() {
            let length = name::wire_length(&self.wire[at..]);
            let wire = &self.wire[at..at + length];
            if index >= from && self.is_domain_of(wire, service) {
                if found.len() == most {
                    return (found, Some(index));
                }
                found.push(Name::from_wire(wire));
            }
            at += length;
            index += 1;
        }
        (found, None)
    }

    /// Whether a stored name is a domain of that service.
    fn is_domain_of(&self, wire: &[u8], service: ServiceId) -> bool {
        let node = self.node(wire, hash_name(&self.key, wire));
        let class = node.and_then(|node| node.class);
        class.is_some_and(|class| self.classes[class.index()].is_about(service))
    }

    /// How many names are stored, which is about the number of domains.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn node(&self, wire: &[u8], hash: u64) -> Option<&Node> {
        let node = self.slots.find(hash, |start| self.is_at(start, wire))?;
        Some(&self.nodes[node as usize])
    }

    /// Whether that name stands there: a name ends in the root, so none is the beginning of another.
    fn is_at(&self, start: u32, wire: &[u8]) -> bool {
        self.wire[start as usize..].starts_with(wire)
    }

    /// Sets what a name is; a new name is stored.
    fn set(&mut self, wire: &[u8], hash: u64, node: u32) {
        let Self { wire: stored, slots, .. } = self;
        let end = stored.len() as u32;
        let known = slots.len();
        slots.set(hash, node, |start| stored[start as usize..].starts_with(wire), end);
        if slots.len() > known {
            stored.extend_from_slice(wire);
            let labels = name::labels(wire).count();
            self.depths[labels] = true;
            self.depth_max = self.depth_max.max(labels);
        }
    }
}

/// A zone and where its apex begins, or that of an apex further left.
fn deeper(zone: Option<(usize, ZoneId)>, at: usize, apex: Option<ZoneId>) -> Option<(usize, ZoneId)> {
    match (zone, apex) {
        (Some((best, _)), Some(_)) if best <= at => zone,
        (_, Some(apex)) => Some((at, apex)),
        (_, None) => zone,
    }
}

impl Owners {
    /// Adds what they know of a name to what a shorter domain says, which comes first: `front` stands before the domain, and owner names may
    /// begin at `splits`.
    fn find(&self, front: &[u8], splits: &[u8], zone: &mut Option<(usize, ZoneId)>, here: &mut Option<Here>) {
        for at in splits.iter().map(|&at| usize::from(at)) {
            // Where none of them is an apex, only the whole name matters.
            if at > 0 && !self.has_apex {
                return;
            }
            let Some(owner) = self.get(&front[at..]) else { continue };
            if at == 0 {
                let found = owner.here.below(front.len());
                *here = Some(here.map_or(found, |here| here.merged(found)));
            }
            if owner.apex.is_some() {
                // The others begin further right.
                *zone = deeper(*zone, at, owner.apex);
                return;
            }
        }
    }

    /// The owner name of these labels in front of the domain.
    fn get(&self, prefix: &[u8]) -> Option<&Owner> {
        Some(&self.sorted[self.place(prefix).ok()?].1)
    }

    /// Whether one of them is that service's.
    fn is_about(&self, service: ServiceId) -> bool {
        let is_his = |here: Here| here.address == Some(service) || here.srv.is_some_and(|srv| srv.service == service);
        self.sorted.iter().any(|(_, owner)| is_his(owner.here))
    }

    /// Adds an owner name and the empty non-terminals between it and the domain.
    fn add(&mut self, prefix: Prefix, here: Here, apex: Option<ZoneId>) {
        let mut tail = prefix.without_first();
        while let Some(shorter) = tail.filter(|tail| !tail.wire().is_empty()) {
            tail = shorter.without_first();
            self.entry(shorter);
        }
        let owner = self.entry(prefix);
        owner.here = owner.here.merged(here);
        owner.apex = owner.apex.or(apex);
        self.has_apex |= apex.is_some();
    }

    fn entry(&mut self, prefix: Prefix) -> &mut Owner {
        let place = self.place(prefix.wire()).unwrap_or_else(|place| {
            self.sorted.insert(place, (prefix, Owner::default()));
            place
        });
        &mut self.sorted[place].1
    }

    fn place(&self, prefix: &[u8]) -> Result<usize, usize> {
        self.sorted.binary_search_by(|(own, _)| {
            let by_length = own.wire().len().cmp(&prefix.len());
            by_length.then_with(|| own.wire().cmp(prefix))
        })
    }
}

impl Here {
    /// Both together; `self` wins where both say something.
    fn merged(self, other: Self) -> Self {
        Self { srv: self.srv.or(other.srv), address: self.address.or(other.address), host: self.host.or(other.host) }
    }

    /// The same, of a domain that begins there in the asked name.
    fn below(self, domain_at: usize) -> Self {
        Self { srv: self.srv.map(|srv| SrvOwner { domain_at, ..srv }), ..self }
    }
}

/// Collects zones, domains and names, then makes the table.
#[derive(Debug)]
pub(super) struct NamesBuilder {
    names: Names,
    interned: HashMap<Node, u32>,
    /// A class is another class and one service more.
    joined: HashMap<(Option<ClassId>, ServiceId), ClassId>,
    steps: Vec<(Option<ClassId>, ServiceId)>,
}

impl NamesBuilder {
    /// An empty table with room for `names` names of `octets` in all.
    pub(super) fn with_capacity(names: usize, octets: usize) -> Self {
        Self {
            names: Names {
                wire: Vec::with_capacity(octets),
                slots: Slots::with_capacity(names),
                nodes: Vec::new(),
                classes: Vec::new(),
                depths: [false; LABELS_MAX],
                depth_max: 0,
                key: Key::draw(),
            },
            interned: HashMap::new(),
            joined: HashMap::new(),
            steps: Vec::new(),
        }
    }

    /// Makes a name the apex of a zone.
    pub(super) fn zone(&mut self, apex: &Name, zone: ZoneId) {
        self.change(apex.wire(), |node| Node { apex: Some(zone), ..node });
    }

    /// Gives a name the addresses of a service.
    pub(super) fn pool_name(&mut self, owner: &Name, service: ServiceId) {
        self.change(owner.wire(), |node| Node { address: Some(service), ..node });
    }

    /// Gives a name fixed addresses.
    pub(super) fn host(&mut self, owner: &Name, host: u32) {
        self.change(owner.wire(), |node| Node { host: Some(host), ..node });
    }

    /// Lets a service serve a domain.
    pub(super) fn domain(&mut self, domain: &[u8], service: ServiceId) {
        let Self { joined, steps, .. } = self;
        let mut join = |class| {
            *joined.entry((class, service)).or_insert_with_key(|&step| {
                steps.push(step);
                ClassId::at(steps.len() - 1)
            })
        };
        change(&mut self.names, &mut self.interned, domain, |node| Node { class: Some(join(node.class)), ..node });
    }

    /// Whether a name lies in a zone added so far.
    pub(super) fn in_zone(&self, wire: &[u8]) -> bool {
        self.names.find(wire).is_some()
    }

    /// Ends the building: `owners` says what a service's owner names are.
    pub(super) fn finish(mut self, owners: impl Fn(ServiceId) -> Vec<(Prefix, Here, Option<ZoneId>)>) -> Names {
        self.names.classes = vec![Owners::default(); self.steps.len()];
        let used: HashSet<ClassId> =
            self.names.slots.nodes().filter_map(|node| self.names.nodes[node as usize].class).collect();
        for class in used {
            let expanded = &mut self.names.classes[class.index()];
            let mut step = Some(class);
            while let Some(id) = step {
                let (rest, service) = self.steps[id.index()];
                owners(service).into_iter().for_each(|(prefix, here, apex)| expanded.add(prefix, here, apex));
                step = rest;
            }
        }
        self.fill_gaps();
        self.names.wire.shrink_to_fit();
        self.names
    }

    /// Makes every name between a stored name and its zone's apex exist (RFC 4592 2.2.2: empty non-terminals).
    fn fill_gaps(&mut self) {
        let (mut at, end) = (0, self.names.wire.len());
        while at < end {
            let name = &self.names.wire[at..];
            let length = name::wire_length(name);
            let mut missing = Vec::new();
            let mut above = name::parent(&name[..length]);
            while let Some(wire) = above {
                if self.names.find(wire).is_none_or(|found| found.here.is_some()) {
                    break;
                }
                missing.push(Name::from_wire(wire));
                above = name::parent(wire);
            }
            at += length;
            for name in missing {
                self.change(name.wire(), |node| node);
            }
        }
    }

    fn change(&mut self, wire: &[u8], how: impl FnOnce(Node) -> Node) {
        change(&mut self.names, &mut self.interned, wire, how);
    }
}

/// Makes of what a name is, which is nothing if it is new, something else.
fn change(names: &mut Names, interned: &mut HashMap<Node, u32>, wire: &[u8], how: impl FnOnce(Node) -> Node) {
    let hash = hash_name(&names.key, wire);
    let node = how(names.node(wire, hash).copied().unwrap_or_default());
    let nodes = &mut names.nodes;
    let id = *interned.entry(node).or_insert_with(|| {
        nodes.push(node);
        (nodes.len() - 1) as u32
    });
    names.set(wire, hash, id);
}

#[cfg(test)]
mod tests;
