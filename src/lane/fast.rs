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
use super::guard::{self, Cookie, Guard, Now};
use super::limit::{Class, Limiter, Verdict};
use super::odd;
use super::packet::{self, Packet};
use super::recent::Recent;
use super::settings;
use super::{HEADER, Transport};
use crate::name::{self, NAME_MAX};
use crate::resolve::{Asked, Body, Client, Question, resolve_found};
use crate::snapshot::{Lake, Reader};
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
    recent: Recent,
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
    /// The full lane answers: something small, where the client is `over` its limit.
    Declined {
        /// Whether it is.
        over: bool,
    },
}

/// Why a question is left to the full lane, and what limit its answer counts for there.
type Left = (Why, Class);

impl Fast {
    /// One of so many lanes that decline to `full`.
    pub(super) fn new(lake: &Lake, full: &Full, lanes: usize, counts: Arc<Counts>) -> Self {
        let (settings, guard) = full.manners();
        let limiter = Limiter::new(lanes, RandomState::new());
        Self {
            reader: lake.reader(),
            settings: settings.reader(),
            guard: guard.clone(),
            recent: Recent::new(),
            limiter,
            counts,
        }
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

    /// Reads ahead what answers to these datagrams will need.
    pub(super) fn read_ahead<'m>(&mut self, batch: impl Iterator<Item = &'m [u8]>) {
        self.reader.load().topology.names.read_ahead(batch.filter_map(packet::first_name));
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
            Err(left) => self.decline(octets, client.ip(), now, left),
        }
    }

    /// Leaves a question to the full lane, which has no limit of its own.
    fn decline(&mut self, octets: &[u8], source: IpAddr, now: Now, (why, class): Left) -> Said {
        let settings = self.settings.load();
        let cookie = Packet::read(octets).opt.and_then(|opt| guard::cookie(settings, opt.cookie?, source, now));
        let unlimited = is_unlimited(cookie, settings.forwarder_for(source).is_some());
        let limit = settings.limit.as_ref().filter(|_| !unlimited);
        let verdict = limit.map_or(Verdict::Pass, |limit| self.limiter.judge(limit, source, class, now.uptime));
        self.counts.limited(verdict);
        if verdict == Verdict::Drop {
            return Said::Nothing;
        }
        self.counts.declined(why);
        Said::Declined { over: verdict == Verdict::Slip }
    }

    /// The length of the answer; `None` where it is over the limit of its client, an error where this lane has none.
    fn answer(
        &mut self,
        octets: &[u8],
        source: IpAddr,
        now: Now,
        room: &mut [u8; ROOM],
    ) -> Result<Option<usize>, Left> {
        let packet = Packet::read(octets);
        if let Some((code, _)) = odd::refusal(&packet, Transport::Udp) {
            return Err((Why::Odd, Class::new(code, false)));
        }
        // The full lane judges signatures; a flood of them is one of errors.
        if packet.tsig.is_some() {
            return Err((Why::Odd, Class::Error));
        }
        let (asked, &[t0, t1, c0, c1]) = packet.question.split_last_chunk::<4>().ok_or((Why::Odd, Class::Error))?;
        if [c0, c1] != IN {
            return Err((Why::Chaos, Class::Error));
        }
        let settings = self.settings.load();
        // One snapshot for all that this answer says, the belief in its client subnet included.
        let snapshot = self.reader.load();
        let subnet = edns::believed(packet.opt.as_ref(), source, &snapshot.topology.ecs);
        let mut lower = [0; NAME_MAX + 1];
        let lower = name::lower(asked, &mut lower).ok_or((Why::Odd, Class::Error))?;
        let question = Question { name: lower, kind: Asked::of(u16::from_be_bytes([t0, t1])) };
        let found = self.recent.find(snapshot, lower);
        let client = Client { source, steers: edns::steers(subnet, source) };
        let resolution = resolve_found(snapshot, question, found, client);
        let recursion = settings.forwarder_for(source).is_some();
        match resolution.body {
            Body::Refused if recursion => return Err((Why::Beyond, Class::Refused)),
            Body::Ns => return Err((Why::Ns, Class::Answer)),
            // An alias is an answer whatever it leads to.
            Body::Set(_) | Body::Alias { .. } => return Err((Why::Static, Class::Answer)),
            Body::Referral { .. } => return Err((Why::Static, Class::NoData)),
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
        let class = Class::new(code, draft.has_answers());
        let form = draft.form(edns::limit(packet.opt.as_ref()).into()).ok_or((Why::Size, class))?;
        let limit = settings.limit.as_ref().filter(|_| !is_unlimited(cookie, recursion));
        let verdict = limit.map_or(Verdict::Pass, |limit| self.limiter.judge(limit, source, class, now.uptime));
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

/// Whether a client's answers are not counted. A valid cookie proves that its address is not forged, and for whom we resolve, whole
/// buildings ask through one address.
fn is_unlimited(cookie: Option<Cookie>, recursion: bool) -> bool {
    recursion || cookie.is_some_and(|cookie| cookie.valid)
}

#[cfg(test)]
mod tests;
