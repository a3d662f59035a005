//! The fast lane: what is asked all day, from octets to octets. It allocates nothing, takes no lock, waits for nothing and
//! frees nothing.
//!
//! Here: what is answered here and what is declined, client subnets, cookies, limits. Not here: sockets (`udp`), the look of an
//! answer (`compose`). It says what the full lane would say: both read with `packet` and `opt`, refuse with `odd`, decide with
//! `resolve`; `tests/lanes_agree.rs` proves the rest.

use super::compose::{Draft, Extras, Form, ROOM};
use super::counts::{Counts, Why};
use super::edns;
use super::full::Full;
use super::guard::{self, Guard, Now};
use super::limit::{Class, Limiter, Verdict};
use super::odd;
use super::packet::Packet;
use super::settings;
use super::{HEADER, Transport};
use crate::name::NAME_MAX;
use crate::resolve::{Asked, Body, Client, Question, Resolution, resolve};
use crate::snapshot::{Lake, Reader, Snapshot};
use hickory_proto::op::ResponseCode;
use std::hash::RandomState;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Class IN.
const IN: [u8; 2] = [0, 1];

/// One lane's view of the world; one thread owns it.
#[derive(Debug)]
pub(super) struct Fast {
    reader: Reader,
    settings: settings::Reader,
    guard: Arc<Guard>,
    limiter: Limiter<RandomState>,
    counts: Arc<Counts>,
}

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The answer is so many octets long.
    Answer(usize),
    /// Silence is the answer.
    Nothing,
    /// The full lane answers.
    Declined,
}

impl Fast {
    /// One of so many lanes that decline to `full`.
    pub(super) fn new(lake: &Lake, full: &Full, lanes: usize, counts: Arc<Counts>) -> Self {
        let (settings, guard) = full.manners();
        let limiter = Limiter::new(lanes, RandomState::new());
        Self { reader: lake.reader(), settings: settings.reader(), guard: guard.clone(), limiter, counts }
    }

    /// Makes ready what a thread needs of its own: what comes after takes no memory.
    pub(super) fn settle(&mut self) {
        self.reader.settle();
    }

    /// Reads the snapshot and the settings of now, so that older ones can be freed: for when nobody asks.
    pub(super) fn revalidate(&mut self) {
        self.reader.load();
        self.settings.load();
    }

    /// What is counted.
    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What time it is.
    pub(super) fn now(&self) -> Now {
        self.guard.now()
    }

    /// Answers a datagram into the room, or says what else becomes of it.
    pub(super) fn message(&mut self, octets: &[u8], client: SocketAddr, now: Now, room: &mut [u8; ROOM]) -> Said {
        // A reply must never be answered, or two servers would answer each other for ever; port 0 cannot be sent to.
        if octets.len() < HEADER || octets[2] & 0x80 != 0 || client.port() == 0 {
            return Said::Nothing;
        }
        match self.answer(octets, client.ip(), now, room) {
            Ok(Some(length)) => Said::Answer(length),
            Ok(None) => Said::Nothing,
            Err(why) => {
                self.counts.declined(why);
                Said::Declined
            }
        }
    }

    /// The length of the answer; `None` where it is over the limit of its client, an error where this lane has none.
    fn answer(&mut self, octets: &[u8], source: IpAddr, now: Now, room: &mut [u8; ROOM]) -> Result<Option<usize>, Why> {
        let packet = Packet::read(octets);
        if packet.tsig.is_some() || odd::refusal(&packet, Transport::Udp).is_some() {
            return Err(Why::Odd);
        }
        let (name, &[t0, t1, c0, c1]) = packet.question.split_last_chunk::<4>().ok_or(Why::Odd)?;
        if [c0, c1] != IN {
            return Err(Why::Chaos);
        }
        let settings = self.settings.load();
        // One snapshot for all that this answer says, the belief in its client subnet included.
        let snapshot = self.reader.load();
        let subnet = edns::believed(packet.opt.as_ref(), source, &snapshot.topology.ecs);
        let mut lower = [0; NAME_MAX];
        let lower = &mut lower[..name.len()];
        lower.copy_from_slice(name);
        // A length octet is at most 63 and so below 'A': only letters change.
        lower.make_ascii_lowercase();
        let asked = Question { name: lower, kind: Asked::of(u16::from_be_bytes([t0, t1])) };
        let resolution = resolve(snapshot, asked, Client { source, steers: edns::steers(subnet, source) });
        let recursion = settings.forwarder_for(source).is_some();
        match resolution.body {
            Body::Refused if recursion => return Err(Why::Beyond),
            Body::Ns => return Err(Why::Ns),
            Body::Set(_) | Body::Alias { .. } | Body::Referral { .. } => return Err(Why::Static),
            // A SOA that a file gives is the full lane's to say.
            Body::Soa | Body::NoName | Body::NoData if has_own_soa(snapshot, &resolution) => return Err(Why::Static),
            _ => {}
        }
        let cookie = packet.opt.and_then(|opt| guard::cookie(settings, opt.cookie?, source, now));
        let mut draft = Draft { snapshot, resolution: &resolution, name: lower, opt: None, recursion };
        let code = draft.code();
        draft.opt = packet.opt.map(|opt| Extras {
            dnssec_ok: opt.dnssec_ok,
            subnet: subnet.map(|subnet| subnet.echo(resolution.scope)),
            nsid: settings.dns.nsid.as_deref().filter(|_| opt.nsid).map(str::as_bytes),
            cookie: cookie.as_ref().map(|cookie| &cookie.fresh[..]),
            why: (code == ResponseCode::Refused).then_some(odd::NOT_AUTHORITATIVE),
        });
        let form = draft.form(edns::limit(packet.opt.as_ref()).into()).ok_or(Why::Size)?;
        let class = Class::new(code, draft.has_answers());
        let verdict = match &settings.limit {
            // A valid cookie proves that the client's address is not forged. Who is resolved for has no limit.
            Some(limit) if !recursion && !cookie.is_some_and(|cookie| cookie.valid) => {
                self.limiter.judge(limit, source, class, now.uptime)
            }
            _ => Verdict::Pass,
        };
        self.counts.limited(verdict);
        let (form, code) = match (verdict, cookie) {
            (Verdict::Pass, _) => (form, code),
            (Verdict::Drop, _) => return Ok(None),
            // An honest client asks again, with the cookie that comes with this (RFC 7873 section 5.2.3) or over TCP.
            (Verdict::Slip, Some(_)) => (Form::Bare, ResponseCode::BADCOOKIE),
            (Verdict::Slip, None) => (Form::Cut, code),
        };
        self.counts.answered(code);
        Ok(Some(draft.write(octets, (form, code), room)))
    }
}

fn has_own_soa(snapshot: &Snapshot, resolution: &Resolution<'_>) -> bool {
    resolution.zone.is_some_and(|(zone, _)| snapshot.topology.zone(zone).soa.is_some())
}
