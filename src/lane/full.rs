//! The full lane: every message over every transport through hickory's types. The only file that names hickory-server.
//!
//! Replies are never answered, and what is no question is refused before anything is looked up (`packet`, `odd`): hickory sees
//! the one question alone. Sizes are bounded, and an answer that does not fit loses whole sections, never half an RRset or its
//! OPT. Not here: sockets.

use super::guard::{Cookie, Guard, Now};
use super::limit::{Class, Verdict};
use super::opt::{COOKIE, NSID};
use super::packet::Packet;
use super::{HEADER, Tally, Transport, edns, identity, odd};
use crate::config::Dns;
use crate::resolve::reply::{self, Reply};
use crate::resolve::{Asked, Client, Question, resolve};
use crate::snapshot::{Lake, Snapshot};
use hickory_proto::op::{Edns, Metadata, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name as DnsName};
use hickory_proto::serialize::binary::BinEncoder;
use hickory_server::net::xfer::Protocol;
use hickory_server::server::Request;
use hickory_server::zone_handler::MessageResponseBuilder;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

/// What becomes of a message.
pub(super) enum Said {
    /// It is answered.
    Now(Vec<u8>),
    /// Others must be asked first; where nothing comes of it, silence is the answer. Dropping it gives it up.
    #[cfg_attr(not(test), expect(dead_code, reason = "what we are asked is all ours to answer"))]
    Later(Later),
    /// Silence is the answer.
    Nothing,
}

/// An answer that is being sought.
pub(super) type Later = Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send>>;

impl Said {
    /// Whether a stream ends with it. A peer that was not understood once is not believed to have said where its next message
    /// begins.
    pub(super) fn ends_a_stream(&self) -> bool {
        match self {
            Self::Now(answer) => answer.get(3).is_some_and(|flags| flags & 0x0f == 1),
            Self::Later(_) => false,
            Self::Nothing => true,
        }
    }
}

/// Answers any question from the current snapshot. A clone is the same lane.
#[derive(Clone, Debug)]
pub(super) struct Full {
    lake: Lake,
    tally: Tally,
    dns: Arc<Dns>,
    guard: Arc<Guard>,
}

impl Full {
    pub(super) fn new(lake: Lake, tally: Tally, dns: &Dns) -> Self {
        Self { lake, tally, dns: Arc::new(dns.clone()), guard: Arc::new(Guard::new(dns)) }
    }

    /// What the fast lanes share with it: what DNS is told about itself, cookies.
    pub(super) fn manners(&self) -> (Arc<Dns>, Arc<Guard>) {
        (self.dns.clone(), self.guard.clone())
    }

    /// What becomes of a message.
    pub(super) fn message(&self, bytes: &[u8], client: SocketAddr, transport: Transport) -> Said {
        self.answered(bytes, client, transport).map_or(Said::Nothing, Said::Now)
    }

    /// The answer to a message; `None` where silence is the answer.
    fn answered(&self, bytes: &[u8], client: SocketAddr, transport: Transport) -> Option<Vec<u8>> {
        // A reply must never be answered, or two servers would answer each other for ever; port 0 cannot be sent to.
        if bytes.len() < HEADER || bytes[2] & 0x80 != 0 || client.port() == 0 {
            return None;
        }
        let packet = Packet::read(bytes);
        let request = alone(bytes, packet.question, client)?;
        let now = self.guard.now();
        let cookie = packet.opt.and_then(|opt| opt.cookie).and_then(|sent| self.guard.cookie(sent, client.ip(), now));
        let (mut reply, opt) = self.reply(&packet, &request, cookie.as_ref());
        let limit = match transport {
            Transport::Udp => edns::limit(packet.opt.as_ref()),
            Transport::Tcp | Transport::Tls => u16::MAX,
        };
        if transport == Transport::Udp {
            reply = self.within_rate(reply, cookie.as_ref(), client.ip(), now)?;
        }
        let (reply, encoded) = fit(&request, reply, opt.as_ref(), limit.into());
        self.tally.count(transport, word(reply.code));
        encoded
    }

    /// What is said of a reply to a client that asks for more than its rate; `None` where nothing is. A valid cookie proves
    /// that the address is not forged.
    fn within_rate(&self, reply: Reply, cookie: Option<&Cookie>, source: IpAddr, now: Now) -> Option<Reply> {
        if cookie.is_some_and(|cookie| cookie.valid) {
            return Some(reply);
        }
        let verdict = self.guard.limit(source, Class::of(&reply), now);
        self.tally.limited(verdict);
        match (verdict, cookie) {
            (Verdict::Pass, _) => Some(reply),
            (Verdict::Drop, _) => None,
            // An honest client asks again, with the cookie that comes with this (RFC 7873 section 5.2.3) or over TCP.
            (Verdict::Slip, Some(_)) => Some(Reply::of(ResponseCode::BADCOOKIE)),
            (Verdict::Slip, None) => Some(reply.cut()),
        }
    }

    /// What a question gets: the message and its OPT.
    fn reply(&self, packet: &Packet<'_>, request: &Request, cookie: Option<&Cookie>) -> (Reply, Option<Edns>) {
        let mut edns = packet.opt.as_ref().map(edns::plain);
        let (reply, why) = match odd::refusal(packet) {
            // RFC 7873 section 5.4: a question about the cookie alone.
            Some((ResponseCode::NoError, _)) if cookie.is_some_and(|cookie| cookie.whole && !cookie.valid) => {
                (Reply::of(ResponseCode::BADCOOKIE), None)
            }
            Some((code, why)) => (Reply::of(code), why),
            None => self.answer(packet, request, &mut edns),
        };
        if let (Some(edns), Some(opt)) = (&mut edns, packet.opt) {
            let nsid = identity::nsid(&self.dns).filter(|_| opt.nsid).map(|nsid| (NSID, nsid));
            let cookie = cookie.map(|cookie| (COOKIE, cookie.fresh.to_vec()));
            nsid.into_iter().chain(cookie).for_each(|(code, data)| edns::say(edns, code, data));
            if let Some(why) = why {
                edns::say_why(edns, why);
            }
        }
        (reply, edns)
    }

    /// What a question gets that can be looked up, and an INFO-CODE.
    fn answer(&self, packet: &Packet<'_>, request: &Request, edns: &mut Option<Edns>) -> (Reply, Option<u16>) {
        let [query] = request.queries.queries() else {
            return (Reply::of(ResponseCode::FormErr), None);
        };
        if query.query_class() == DNSClass::CH {
            return identity::chaos(&self.dns, query.original());
        }
        // One snapshot for all that this answer says, the belief in its client subnet included.
        let snapshot = self.lake.load();
        let source = request.src().ip();
        let subnet = edns::believed(packet.opt.as_ref(), source, &snapshot.topology.ecs);
        let client = Client { source, steers: edns::steers(subnet, source) };
        let (reply, scope) = look_up(&snapshot, query.original(), client);
        if let (Some(edns), Some(subnet)) = (edns, subnet) {
            edns::say_subnet(edns, subnet, scope);
        }
        let why = (reply.code == ResponseCode::Refused).then_some(odd::NOT_AUTHORITATIVE);
        (reply, why)
    }
}

/// A response code's mnemonic for metrics.
fn word(code: ResponseCode) -> &'static str {
    match code {
        ResponseCode::BADCOOKIE => "BADCOOKIE",
        _ => reply::code_word(code),
    }
}

/// The header with its one question and nothing else, as a request; without the question where there is not just one.
fn alone(bytes: &[u8], question: &[u8], client: SocketAddr) -> Option<Request> {
    let mut message = bytes[..HEADER].to_vec();
    message[4..].fill(0);
    message[5] = u8::from(!question.is_empty());
    message.extend(question);
    Request::from_bytes(message, client, Protocol::Udp).ok()
}

fn look_up(snapshot: &Snapshot, query: &Query, client: Client) -> (Reply, u8) {
    let wire = lower_wire(query.name());
    let question = Question { name: &wire, kind: Asked::of(query.query_type().into()) };
    let resolution = resolve(snapshot, question, client);
    (reply::say(snapshot, &resolution, query.name(), &wire), resolution.scope)
}

/// The largest form of a reply that fits, with its octets; no octets where even the smallest cannot be encoded.
fn fit(request: &Request, reply: Reply, opt: Option<&Edns>, limit: usize) -> (Reply, Option<Vec<u8>>) {
    let fits = |reply: &Reply| encode(request, reply, opt).filter(|bytes| bytes.len() <= limit);
    if let Some(bytes) = fits(&reply) {
        return (reply, Some(bytes));
    }
    // RFC 2181 section 9: additional data that does not fit is left out without TC.
    let reply = reply.without_additionals();
    if let Some(bytes) = fits(&reply) {
        return (reply, Some(bytes));
    }
    let reply = reply.cut();
    let bytes = encode(request, &reply, opt);
    (reply, bytes)
}

fn encode(request: &Request, reply: &Reply, opt: Option<&Edns>) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(512);
    let mut encoder = BinEncoder::new(&mut bytes);
    encoder.set_max_size(u16::MAX);
    let builder = MessageResponseBuilder::new(&request.queries, opt);
    let (answers, authorities, additionals) =
        (reply.answers.iter(), reply.authorities.iter(), reply.additionals.iter());
    let message = builder.build(metadata(request, reply), answers, authorities, [], additionals);
    let info = message.destructive_emit(&mut encoder).ok()?;
    // hickory cuts in the middle of an RRset at 64 KiB: that is no answer of ours.
    (!info.truncation || reply.truncated).then_some(bytes)
}

fn metadata(request: &Request, reply: &Reply) -> Metadata {
    let mut metadata = Metadata::response_from_request(&request.metadata);
    metadata.response_code = reply.code;
    metadata.authoritative = reply.authoritative;
    metadata.truncation = reply.truncated;
    metadata.recursion_available = false;
    metadata.authentic_data = false;
    metadata
}

/// The name in lower-cased wire form.
fn lower_wire(name: &DnsName) -> Vec<u8> {
    let mut wire = Vec::with_capacity(name.len() + 1);
    for label in name.iter() {
        wire.push(label.len() as u8);
        wire.extend(label.iter().map(u8::to_ascii_lowercase));
    }
    wire.push(0);
    wire
}

#[cfg(test)]
mod tests;
