//! The full lane: every message over every transport through hickory's types. The only file that names hickory-server.
//!
//! Replies are never answered, and what is no question is refused before anything is looked up (`packet`, `odd`): hickory sees
//! the one question alone. Sizes are bounded, and an answer that does not fit loses whole sections, never half an RRset or its
//! OPT. Not here: sockets.

use super::forward::{Answer, Found};
use super::guard::{self, Cookie, Guard};
use super::opt::{COOKIE, NSID};
use super::packet::Packet;
use super::settings::{Settings, Shared};
use super::transfer::{Granted, Letterhead, Messages, Place, Transfers};
use super::tsig::{self, Seal};
use super::{HEADER, Peer, Tally, Transport, edns, identity, odd};
use crate::answer::records;
use crate::resolve::reply::{self, Reply};
use crate::resolve::{Asked, Client, Question, resolve};
use crate::snapshot::{Lake, Snapshot};
use hickory_proto::op::{Edns, Metadata, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name as DnsName, Record};
use hickory_proto::serialize::binary::{BinEncodable as _, BinEncoder};
use hickory_server::net::xfer::Protocol;
use hickory_server::server::Request;
use hickory_server::zone_handler::MessageResponseBuilder;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What becomes of a message.
pub(super) enum Said {
    /// It is answered.
    Now(Vec<u8>),
    /// It is answered, and was no message: a peer that was not understood is not believed to have said where its next message
    /// begins, so that a stream ends with this.
    Last(Vec<u8>),
    /// Others must be asked first; where nothing comes of it, silence is the answer. Dropping it gives it up.
    Later(Later),
    /// It is answered by several messages, each made when it is asked for.
    Many(Many),
    /// Silence is the answer.
    Nothing,
}

/// An answer that is being sought.
pub(super) type Later = Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send>>;
/// The messages of an answer that has several.
pub(super) type Many = Box<dyn Iterator<Item = Vec<u8>> + Send>;

impl Said {
    /// Whether a stream ends with it.
    pub(super) fn ends_a_stream(&self) -> bool {
        matches!(self, Self::Last(_) | Self::Nothing)
    }
}

/// Answers any question from the current snapshot. A clone is the same lane.
#[derive(Clone, Debug)]
pub(super) struct Full {
    lake: Lake,
    tally: Tally,
    settings: Arc<Shared>,
    guard: Arc<Guard>,
    transfers: Arc<Transfers>,
}

impl Full {
    pub(super) fn new(lake: Lake, tally: Tally, settings: Arc<Shared>) -> Self {
        Self { lake, tally, settings, guard: Arc::new(Guard::new()), transfers: Arc::new(Transfers::new()) }
    }

    /// What the fast lanes share with it: settings and the clock.
    pub(super) fn manners(&self) -> (&Arc<Shared>, &Arc<Guard>) {
        (&self.settings, &self.guard)
    }

    /// What becomes of a message.
    pub(super) fn message(&self, bytes: &[u8], peer: &Peer) -> Said {
        // A reply must never be answered, or two servers would answer each other for ever; port 0 cannot be sent to.
        if bytes.len() < HEADER || bytes[2] & 0x80 != 0 || peer.address.port() == 0 {
            return Said::Nothing;
        }
        let mut packet = Packet::read(bytes);
        let Some(request) = alone(bytes, packet.question, peer.address) else { return Said::Nothing };
        let settings = self.settings.read();
        let now = self.guard.now();
        let cookie = packet.opt.and_then(|opt| guard::cookie(&settings, opt.cookie?, peer.address.ip(), now));
        let seal = packet.tsig.and_then(|at| tsig::judge(bytes, at, &settings.keys, now.unix));
        packet.malformed |= packet.tsig.is_some() && seal.is_none();
        let case = Case { packet: &packet, peer, settings: &settings, cookie, seal };
        let (answer, opt) = self.answer(&case, &request);
        let asking = case.asking(request, opt);
        match answer {
            Outcome::Zone(place) => self.transfer(asking, bytes, place, peer.address),
            Outcome::One(Answer::Known((reply, why))) => {
                let said = if packet.is_garbage() { Said::Last } else { Said::Now };
                let reply = if peer.over { something_small(reply, cookie) } else { reply };
                self.say(asking, (reply, why)).map_or(Said::Nothing, said)
            }
            Outcome::One(Answer::Sought(sought)) => {
                let full = self.clone();
                Said::Later(Box::pin(async move { full.say(asking, sought.await) }))
            }
        }
    }

    /// The octets of what was found; `None` where silence is the answer.
    fn say(&self, mut asking: Asking, (mut reply, why): Found) -> Option<Vec<u8>> {
        if let (Some(opt), Some(why)) = (&mut asking.opt, why) {
            edns::say_why(opt, why);
        }
        let Asking { request, opt, transport, limit: whole, padding, recursion, seal } = asking;
        reply.recursion = recursion;
        // RFC 8945 section 5.3: the signature stands in every answer, whatever must be left out for it.
        let seal_length = seal.as_ref().map_or(0, Seal::length);
        let limit = whole.saturating_sub(seal_length);
        let (reply, encoded) = fit(&request, reply, opt.as_ref(), limit);
        self.tally.count(transport, word(reply.code));
        let mut bytes = match opt {
            Some(opt) if padding => padded(&request, &reply, opt, encoded?, limit),
            _ => encoded,
        }?;
        let Some(mut seal) = seal else { return Some(bytes) };
        seal.sign(&mut bytes, self.guard.now().unix);
        // Where not even the question fits beside it, the names are as long as nobody's are.
        (bytes.len() <= whole).then_some(bytes)
    }

    /// All of a zone.
    fn transfer(&self, asking: Asking, bytes: &[u8], place: Place, client: SocketAddr) -> Said {
        let Asking { request, opt, transport, seal: Some(seal), .. } = asking else { return Said::Nothing };
        self.tally.count(transport, word(ResponseCode::NoError));
        let letterhead = Letterhead {
            // QR, AA, and RD as it was.
            head: [bytes[0], bytes[1], 0x84 | bytes[2] & 1, 0],
            question: request.queries.as_bytes().to_vec(),
            opt: opt.as_ref().and_then(|opt| Record::from(opt).to_bytes().ok()).unwrap_or_default(),
            seal,
            guard: self.guard.clone(),
            client,
        };
        Said::Many(Box::new(Messages::new(place, letterhead)))
    }

    /// What a question for a whole zone gets.
    fn grant(&self, case: &Case<'_>, request: &Request) -> Outcome {
        let [query] = request.queries.queries() else {
            return Outcome::One(Answer::Known((Reply::of(ResponseCode::FormErr), None)));
        };
        let (snapshot, name) = (self.lake.load(), query.original().name());
        let granted = self.transfers.judge(&snapshot, &lower_wire(name), case.packet, case.seal.as_ref(), case.peer);
        let known = |reply, why| Outcome::One(Answer::Known((reply, why)));
        match granted {
            Granted::All(place) => Outcome::Zone(place),
            Granted::Soa(zone) => {
                let answers = vec![records::soa(&zone, name, false)];
                known(Reply { authoritative: true, answers, ..Reply::of(ResponseCode::NoError) }, None)
            }
            Granted::No(code) => known(Reply::of(code), (code == ResponseCode::Refused).then_some(odd::PROHIBITED)),
        }
    }

    /// What a question gets, and the OPT around it.
    fn answer(&self, case: &Case<'_>, request: &Request) -> (Outcome, Option<Edns>) {
        let &Case { packet, cookie, peer, settings, .. } = case;
        let known = |reply, why| Outcome::One(Answer::Known((reply, why)));
        let mut edns = packet.opt.as_ref().map(edns::plain);
        let answer = match odd::refusal(packet, peer.transport) {
            // RFC 8945 section 5.2: who cannot prove what he claims gets nothing else.
            _ if case.seal.as_ref().is_some_and(|seal| seal.key().is_none()) => {
                known(Reply::of(ResponseCode::NotAuth), None)
            }
            // RFC 7873 section 5.4: a question about the cookie alone.
            Some((ResponseCode::NoError, _)) if cookie.is_some_and(|cookie| cookie.whole && !cookie.valid) => {
                known(Reply::of(ResponseCode::BADCOOKIE), None)
            }
            Some(odd::TRANSFER) => self.grant(case, request),
            Some((code, why)) => known(Reply::of(code), why),
            None => Outcome::One(self.find(case, request, &mut edns)),
        };
        if let (Some(edns), Some(opt)) = (&mut edns, packet.opt) {
            let nsid = identity::nsid(&settings.dns).filter(|_| opt.nsid).map(|nsid| (NSID, nsid));
            let cookie = cookie.map(|cookie| (COOKIE, cookie.fresh.to_vec()));
            nsid.into_iter().chain(cookie).for_each(|(code, data)| edns::say(edns, code, data));
            if opt.keepalive.is_some() && peer.transport != Transport::Udp {
                edns::say_keepalive(edns, if packet.is_garbage() { Duration::ZERO } else { peer.idle });
            }
        }
        (answer, edns)
    }

    /// What a question gets that can be looked up, here or by others.
    fn find(&self, case: &Case<'_>, request: &Request, edns: &mut Option<Edns>) -> Answer {
        let &Case { packet, settings, .. } = case;
        let [query] = request.queries.queries() else {
            return Answer::Known((Reply::of(ResponseCode::FormErr), None));
        };
        if query.query_class() == DNSClass::CH {
            return Answer::Known(identity::chaos(&settings.dns, query.original()));
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
        if reply.code != ResponseCode::Refused {
            return Answer::Known((reply, None));
        }
        match settings.forwarder_for(source).filter(|_| request.metadata.recursion_desired) {
            Some(forwarder) => forwarder.ask(query.original(), &self.tally.forwards),
            None => Answer::Known((reply, Some(odd::NOT_AUTHORITATIVE))),
        }
    }
}

/// What becomes of a question: one message, now or later, or a zone.
enum Outcome {
    One(Answer),
    Zone(Place),
}

/// What is known of a message before its answer is sought.
struct Case<'a> {
    packet: &'a Packet<'a>,
    peer: &'a Peer,
    settings: &'a Settings,
    cookie: Option<Cookie>,
    /// Its signature, which may prove nothing.
    seal: Option<Seal>,
}

/// A question that waits for its answer, and how that is said.
struct Asking {
    request: Request,
    opt: Option<Edns>,
    transport: Transport,
    /// The largest answer, octets.
    limit: usize,
    /// Whether its length is hidden.
    padding: bool,
    /// Whether its client may ask for what is not ours.
    recursion: bool,
    /// What signs the answer.
    seal: Option<Seal>,
}

impl Case<'_> {
    /// Whether its client may ask for what is not ours.
    fn recursion(&self) -> bool {
        self.settings.forwarder_for(self.peer.address.ip()).is_some()
    }

    /// The same, as it can wait for its answer.
    fn asking(&self, request: Request, opt: Option<Edns>) -> Asking {
        let &Case { packet, peer: &Peer { transport, .. }, .. } = self;
        let limit = match transport {
            Transport::Udp => edns::limit(packet.opt.as_ref()),
            Transport::Tcp | Transport::Tls => u16::MAX,
        };
        // RFC 7830 section 6: lengths are hidden where the rest is, and where the question's was.
        let padding = transport == Transport::Tls && packet.opt.is_some_and(|asked| asked.padding);
        Asking {
            request,
            opt,
            transport,
            limit: limit.into(),
            padding,
            recursion: self.recursion(),
            seal: self.seal.clone(),
        }
    }
}

/// What a client over its limit gets. An honest one asks again, with the cookie that comes with this (RFC 7873 section 5.2.3) or
/// over TCP.
fn something_small(reply: Reply, cookie: Option<Cookie>) -> Reply {
    match cookie {
        Some(_) => Reply::of(ResponseCode::BADCOOKIE),
        None => reply.cut(),
    }
}

/// A response code's mnemonic for metrics.
fn word(code: ResponseCode) -> &'static str {
    match code {
        ResponseCode::BADCOOKIE => "BADCOOKIE",
        ResponseCode::NotAuth => "NOTAUTH",
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
    // RFC 2181 section 9: additional data that does not fit is left out without TC. Glue is no such data (RFC 9471 section 3).
    let reply = if reply.glue { reply } else { reply.without_additionals() };
    if !reply.glue
        && let Some(bytes) = fits(&reply)
    {
        return (reply, Some(bytes));
    }
    let reply = reply.cut();
    let bytes = encode(request, &reply, opt);
    (reply, bytes)
}

/// The same answer with padding; as it was where that does not fit.
fn padded(request: &Request, reply: &Reply, mut opt: Edns, plain: Vec<u8>, limit: usize) -> Option<Vec<u8>> {
    edns::pad(&mut opt, plain.len(), limit);
    encode(request, reply, Some(&opt)).filter(|bytes| bytes.len() <= limit).or(Some(plain))
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
    metadata.recursion_available = reply.recursion;
    // Nobody here has validated anything.
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
