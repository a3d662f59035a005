//! What a question gets, as octets: a few stores for each record, into room that is there already.
//!
//! Here: which sections are said, the records of a resolution (SOA in `soa`), OPT, header. Not here: what is said (`resolve`), to whom
//! (`fast`). It always holds that the full lane would say the same: the sizes that decide what is left out are those of its
//! encoder, which compresses less, and where they cannot be told the question is declined.

use super::HEADER;
use super::opt::{COOKIE, EXTENDED_ERROR, Echo, NSID, SUBNET};
use crate::answer::{Answer, SrvTarget, Target};
use crate::limits::{ADDITIONAL_RECORDS_MAX, UDP_ANSWER_MAX};
use crate::name::{NAME_MAX, Prefix};
use crate::resolve::{Body, Resolution, target_addresses};
use crate::snapshot::Snapshot;
use crate::topology::{Addresses, Service, Zone};
use hickory_proto::op::ResponseCode;
use std::net::{Ipv4Addr, Ipv6Addr};

mod soa;

/// Room for one answer.
pub(super) const ROOM: usize = UDP_ANSWER_MAX as usize;

/// The owner of what the question asks for: a pointer to the question's name (RFC 1035 section 4.1.4).
const ASKED: u16 = pointer(0);
/// Octets of a record beside its owner and data: type, class, TTL and length.
const FIXED: usize = 10;
/// Octets of a pointer.
const POINTER: usize = 2;
/// Octets of an SRV record's data before its target.
const SRV_FIXED: usize = 6;
/// Labels that the full lane's encoder remembers. Beyond, it compresses as it pleases.
const LABELS_REMEMBERED: usize = 64;

const A: u16 = 1;
const SOA: u16 = 6;
const AAAA: u16 = 28;
const SRV: u16 = 33;

/// A pointer to what stands so many octets into the question.
const fn pointer(at: usize) -> u16 {
    0xc000 | (HEADER + at) as u16
}

/// How much of an answer is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// All.
    Whole,
    /// All but the additional section (RFC 2181 section 9).
    Answers,
    /// No record, and TC.
    Cut,
    /// No record.
    Bare,
}

/// Octets of sections as the full lane encodes them.
#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    /// Answer and authority sections.
    answers: usize,
    /// Additional section without OPT.
    additionals: usize,
    /// By how much they may be larger.
    doubt: usize,
}

/// What stands in OPT beside size and version.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extras<'e> {
    /// DO, repeated.
    pub(super) dnssec_ok: bool,
    /// The client subnet.
    pub(super) subnet: Option<Echo>,
    /// Who we are.
    pub(super) nsid: Option<&'e [u8]>,
    /// The cookie.
    pub(super) cookie: Option<&'e [u8]>,
    /// An INFO-CODE.
    pub(super) why: Option<u16>,
}

impl Extras<'_> {
    /// Octets of the options.
    fn length(&self) -> usize {
        let subnet = self.subnet.as_ref().map_or(0, |echo| 4 + echo.octets().len());
        let octets = |option: Option<&[u8]>| option.map_or(0, |data| 4 + data.len());
        subnet + octets(self.nsid) + octets(self.cookie) + self.why.map_or(0, |_| 6)
    }
}

/// An answer that is not yet octets.
#[derive(Clone, Copy)]
pub(super) struct Draft<'d> {
    /// The truth that it is from.
    pub(super) snapshot: &'d Snapshot,
    /// What it says.
    pub(super) resolution: &'d Resolution<'d>,
    /// The asked name in lower case.
    pub(super) name: &'d [u8],
    /// OPT, where the question has one.
    pub(super) opt: Option<Extras<'d>>,
    /// Whether its client may ask for what is not ours.
    pub(super) recursion: bool,
}

impl<'d> Draft<'d> {
    /// Its RCODE.
    pub(super) fn code(&self) -> ResponseCode {
        match (self.resolution.zone, self.resolution.body) {
            (None, _) | (_, Body::Refused) => ResponseCode::Refused,
            (_, Body::NoName) => ResponseCode::NXDomain,
            _ => ResponseCode::NoError,
        }
    }

    /// Whether its answer section holds anything.
    pub(super) fn has_answers(&self) -> bool {
        match self.resolution.body {
            Body::Srv { .. } => self.targets().next().is_some(),
            body => self.resolution.zone.is_some() && !matches!(body, Body::Refused | Body::NoName | Body::NoData),
        }
    }

    /// The largest form of so many octets; `None` where that cannot be told.
    pub(super) fn form(&self, limit: usize) -> Option<Form> {
        let base = HEADER + self.name.len() + 4 + self.opt.map_or(0, |extras| 1 + FIXED + extras.length());
        let Sizes { answers, additionals, doubt } = self.sizes();
        if base + answers + additionals + doubt <= limit {
            Some(Form::Whole)
        } else if doubt > 0 && base + answers + additionals <= limit {
            None
        } else if additionals > 0 && base + answers <= limit {
            Some(Form::Answers)
        } else {
            Some(Form::Cut)
        }
    }

    /// By how much the first owner name, which the full lane's encoder writes in full, is longer than a pointer. The root, which
    /// is shorter, has no records of ours.
    fn owner(&self) -> usize {
        self.name.len().saturating_sub(POINTER)
    }

    /// The full lane's encoder points to the first owner from the others.
    fn sizes(&self) -> Sizes {
        let owner = self.owner();
        match self.resolution.body {
            Body::A(addresses, _) => Sizes { answers: owner + a_size(addresses), ..Sizes::default() },
            Body::Aaaa(addresses, _) => Sizes { answers: owner + aaaa_size(addresses), ..Sizes::default() },
            Body::Srv { answer, .. } => self.srv_sizes(answer),
            Body::Soa | Body::NoName | Body::NoData => self.soa_sizes(),
            _ => Sizes::default(),
        }
    }

    fn srv_sizes(&self, answer: &Answer) -> Sizes {
        let mut sizes = Sizes { answers: self.owner(), ..Sizes::default() };
        let (mut octets, mut repeated) = (self.name.len(), 0);
        for (_, target) in self.targets() {
            sizes.answers += POINTER + FIXED + SRV_FIXED + target.length();
            octets += target.length();
        }
        self.beside(answer, |target, addresses, _| {
            sizes.additionals += a_size(&addresses.v4) + aaaa_size(&addresses.v6);
            repeated += (addresses.v4.len() + addresses.v6.len()) * target.length();
        });
        // A label has two octets at least, so that short names need not be counted.
        let labels = || {
            let targets = self.targets().map(|(_, target)| count_labels(target.front) + count_labels(target.back));
            count_labels(self.name) + targets.sum::<usize>()
        };
        let is_beyond = octets > 2 * LABELS_REMEMBERED && labels() > LABELS_REMEMBERED;
        sizes.doubt = if is_beyond { repeated } else { 0 };
        sizes
    }

    fn zone(&self) -> Option<(&'d Zone, usize)> {
        self.resolution.zone.map(|(zone, apex_at)| (self.snapshot.topology.zone(zone), apex_at))
    }

    /// The SRV records with the names that they name.
    fn targets(&self) -> impl Iterator<Item = (SrvTarget, TargetName<'d>)> {
        let Self { snapshot, resolution, name, .. } = *self;
        let (service, answer, domain) = match resolution.body {
            Body::Srv { service, answer, domain_at, .. } => (Some(service), &*answer.srv, &name[domain_at..]),
            _ => (None, &[][..], name),
        };
        let named = move |&srv: &SrvTarget| Some((srv, TargetName::new(snapshot, service?, srv.target, domain)?));
        answer.iter().filter_map(named)
    }

    /// Calls `say` for the addresses of each target with their TTL: those that are said beside the SRV records. Both RRsets of
    /// a target or neither, while there is room.
    fn beside(&self, answer: &'d Answer, mut say: impl FnMut(TargetName<'d>, &'d Addresses, (usize, u32))) {
        let (mut records, mut at) = (0, 0);
        for (srv, target) in self.targets() {
            let target_at = at + POINTER + FIXED + SRV_FIXED;
            at = target_at + target.length();
            let Some((addresses, ttl)) = target_addresses(self.snapshot, self.resolution.view, answer, srv.target)
            else {
                continue;
            };
            let count = addresses.v4.len() + addresses.v6.len();
            if records + count <= ADDITIONAL_RECORDS_MAX {
                records += count;
                say(target, addresses, (target_at, ttl));
            }
        }
    }

    /// Writes the message that answers `question` in this form with this RCODE; returns how long it is. The form must have been
    /// found to fit.
    pub(super) fn write(&self, question: &[u8], (form, code): (Form, ResponseCode), room: &mut [u8; ROOM]) -> usize {
        let mut wire = Wire { room, at: HEADER };
        wire.put(&question[HEADER..][..self.name.len() + 4]);
        let mut counts = Counts::default();
        if matches!(form, Form::Whole | Form::Answers) {
            self.write_records(form, &question[HEADER..][..self.name.len()], &mut wire, &mut counts);
        }
        if let Some(extras) = &self.opt {
            extras.write(code, &mut wire);
            counts.additionals += 1;
        }
        let authoritative = form != Form::Bare && code != ResponseCode::Refused;
        let flags = 0x8000
            | u16::from_be_bytes([question[2] & 0x79, question[3] & 0x10])
            | u16::from(authoritative) << 10
            | u16::from(form == Form::Cut) << 9
            | u16::from(self.recursion) << 7
            | u16::from(code.low());
        let Wire { room, at } = wire;
        room[..2].copy_from_slice(&question[..2]);
        room[2..4].copy_from_slice(&flags.to_be_bytes());
        let counts = [1, counts.answers, counts.authorities, counts.additionals];
        for (count, octets) in counts.into_iter().zip(room[4..HEADER].chunks_exact_mut(2)) {
            octets.copy_from_slice(&u16::to_be_bytes(count));
        }
        at
    }

    fn write_records(&self, form: Form, asked: &[u8], wire: &mut Wire<'_>, counts: &mut Counts) {
        match self.resolution.body {
            Body::A(addresses, ttl) => counts.answers = wire.a(ASKED, addresses, ttl),
            Body::Aaaa(addresses, ttl) => counts.answers = wire.aaaa(ASKED, addresses, ttl),
            Body::Srv { answer, port, .. } => {
                let begin = wire.at - HEADER;
                for (srv, target) in self.targets() {
                    wire.srv(srv.priority, port, target, answer.ttl);
                    counts.answers += 1;
                }
                if form == Form::Whole {
                    self.beside(answer, |_, addresses, (at, ttl)| {
                        let owner = pointer(begin + at);
                        counts.additionals += wire.a(owner, &addresses.v4, ttl);
                        counts.additionals += wire.aaaa(owner, &addresses.v6, ttl);
                    });
                }
            }
            Body::Soa => counts.answers = self.write_soa(asked, wire, false),
            Body::NoName | Body::NoData => counts.authorities = self.write_soa(asked, wire, true),
            _ => {}
        }
    }
}

/// Records of each section.
#[derive(Default)]
struct Counts {
    answers: u16,
    authorities: u16,
    additionals: u16,
}

/// The name that an SRV record names, in one or two pieces of which the last ends in the root.
#[derive(Clone, Copy)]
struct TargetName<'t> {
    front: &'t [u8],
    back: &'t [u8],
}

impl<'t> TargetName<'t> {
    /// The hole filled with the asked domain, or the pool's own name; `None` where there is none, or it would be too long.
    fn new(snapshot: &'t Snapshot, service: &'t Service, target: Target, domain: &'t [u8]) -> Option<Self> {
        let name = match target {
            Target::InDomain => Self { front: service.target.as_ref().map(Prefix::wire)?, back: domain },
            Target::Pool(pool) => Self { front: &[], back: snapshot.topology.pool(pool).fqdn.as_ref()?.wire() },
        };
        (name.length() <= NAME_MAX).then_some(name)
    }

    fn length(&self) -> usize {
        self.front.len() + self.back.len()
    }
}

/// Octets of A records that point to their owner.
fn a_size(addresses: &[Ipv4Addr]) -> usize {
    addresses.len() * (POINTER + FIXED + 4)
}

/// Octets of AAAA records that point to their owner.
fn aaaa_size(addresses: &[Ipv6Addr]) -> usize {
    addresses.len() * (POINTER + FIXED + 16)
}

fn count_labels(mut wire: &[u8]) -> usize {
    let mut labels = 0;
    while let Some((&length @ 1.., rest)) = wire.split_first() {
        labels += 1;
        wire = rest.get(usize::from(length)..).unwrap_or_default();
    }
    labels
}

/// Octets one after another.
struct Wire<'w> {
    room: &'w mut [u8; ROOM],
    at: usize,
}

impl Wire<'_> {
    #[inline]
    fn put(&mut self, octets: &[u8]) {
        self.room[self.at..self.at + octets.len()].copy_from_slice(octets);
        self.at += octets.len();
    }

    /// A record up to its data.
    #[inline]
    fn head(&mut self, owner: u16, kind: u16, ttl: u32, length: usize) {
        let mut head = [0; POINTER + FIXED];
        head[..2].copy_from_slice(&owner.to_be_bytes());
        head[2..4].copy_from_slice(&kind.to_be_bytes());
        // Class IN.
        head[5] = 1;
        head[6..10].copy_from_slice(&ttl.to_be_bytes());
        head[10..].copy_from_slice(&(length as u16).to_be_bytes());
        self.put(&head);
    }

    fn a(&mut self, owner: u16, addresses: &[Ipv4Addr], ttl: u32) -> u16 {
        for v4 in addresses {
            self.head(owner, A, ttl, 4);
            self.put(&v4.octets());
        }
        addresses.len() as u16
    }

    fn aaaa(&mut self, owner: u16, addresses: &[Ipv6Addr], ttl: u32) -> u16 {
        for v6 in addresses {
            self.head(owner, AAAA, ttl, 16);
            self.put(&v6.octets());
        }
        addresses.len() as u16
    }

    /// Weight 0 (RFC 2782: "when there isn't any server selection to do"); the target in full, as RFC 2782 demands.
    fn srv(&mut self, priority: u16, port: u16, target: TargetName<'_>, ttl: u32) {
        self.head(ASKED, SRV, ttl, SRV_FIXED + target.length());
        let [p0, p1] = priority.to_be_bytes();
        let [q0, q1] = port.to_be_bytes();
        self.put(&[p0, p1, 0, 0, q0, q1]);
        self.put(target.front);
        self.put(target.back);
    }

    fn option(&mut self, code: u16, data: &[u8]) {
        let [[c0, c1], [l0, l1]] = [code, data.len() as u16].map(u16::to_be_bytes);
        self.put(&[c0, c1, l0, l1]);
        self.put(data);
    }
}

impl Extras<'_> {
    /// OPT: our size, the upper half of the RCODE, version 0, DO, options (RFC 6891 section 6.1).
    fn write(&self, code: ResponseCode, wire: &mut Wire<'_>) {
        let [s0, s1] = UDP_ANSWER_MAX.to_be_bytes();
        let [l0, l1] = (self.length() as u16).to_be_bytes();
        wire.put(&[0, 0, 41, s0, s1, code.high(), 0, u8::from(self.dnssec_ok) << 7, 0, l0, l1]);
        if let Some(echo) = &self.subnet {
            wire.option(SUBNET, echo.octets());
        }
        if let Some(nsid) = self.nsid {
            wire.option(NSID, nsid);
        }
        if let Some(cookie) = self.cookie {
            wire.option(COOKIE, cookie);
        }
        if let Some(why) = self.why {
            wire.option(EXTENDED_ERROR, &why.to_be_bytes());
        }
    }
}
