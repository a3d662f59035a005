//! The full lane: every message over every transport through hickory's types. The only file that names hickory-server.
//!
//! hickory-server hands a message on without its private front door when we parse it ourselves, so that is here: replies are
//! never answered, QDCOUNT is checked before anything is decoded, what does not parse gets FORMERR, sizes are bounded, and an
//! answer that does not fit loses whole sections, never half an RRset or its OPT. Not here: sockets.

use super::{HEADER, Tally, Transport, edns};
use crate::resolve::reply::{self, Reply};
use crate::resolve::{Asked, Question, resolve};
use crate::snapshot::{Lake, Snapshot};
use hickory_proto::op::{Edns, Metadata, OpCode, ResponseCode};
use hickory_proto::rr::{DNSClass, Name as DnsName, RecordType};
use hickory_proto::serialize::binary::BinEncoder;
use hickory_server::net::xfer::Protocol;
use hickory_server::server::Request;
use hickory_server::zone_handler::MessageResponseBuilder;
use std::net::SocketAddr;

/// Answers any question from the current snapshot. A clone is the same lane.
#[derive(Clone, Debug)]
pub(super) struct Full {
    lake: Lake,
    tally: Tally,
}

impl Full {
    pub(super) fn new(lake: Lake, tally: Tally) -> Self {
        Self { lake, tally }
    }

    /// The answer to a message; `None` where silence is the answer.
    pub(super) fn message(&self, bytes: &[u8], client: SocketAddr, transport: Transport) -> Option<Vec<u8>> {
        // A reply must never be answered, or two servers would answer each other for ever; port 0 cannot be sent to.
        if bytes.len() < HEADER || bytes[2] & 0x80 != 0 || client.port() == 0 {
            return None;
        }
        let bare = |code| Some(self.bare(bytes, transport, code));
        // RFC 9619 section 4: exactly one question. Other opcodes use the count otherwise and are NOTIMP anyway.
        let opcode = bytes[2] >> 3 & 0x0f;
        if opcode != 0 {
            return bare(ResponseCode::NotImp);
        }
        if bytes[4..6] != [0, 1] {
            return bare(ResponseCode::FormErr);
        }
        let protocol = if transport == Transport::Udp { Protocol::Udp } else { Protocol::Tcp };
        let Ok(request) = Request::from_bytes(bytes.to_vec(), client, protocol) else {
            return bare(ResponseCode::FormErr);
        };
        let (reply, opt, limit) = self.reply(&request);
        let (reply, encoded) = fit(&request, reply, opt.as_ref(), limit);
        self.count(transport, reply.code);
        encoded
    }

    /// A header alone, for what cannot be understood further.
    fn bare(&self, question: &[u8], transport: Transport, code: ResponseCode) -> Vec<u8> {
        self.count(transport, code);
        let mut header = vec![0; HEADER];
        header[..2].copy_from_slice(&question[..2]);
        // QR; opcode and RD as they came.
        header[2] = 0x80 | question[2] & 0x79;
        header[3] = code.low();
        header
    }

    /// What a request gets: message, OPT, and the size that it must not pass.
    fn reply(&self, request: &Request) -> (Reply, Option<Edns>, usize) {
        // One snapshot for all that this answer says, the belief in its client subnet included.
        let snapshot = self.lake.load();
        let source = request.src().ip();
        let opt = request.edns.as_ref();
        let asked = match edns::read(opt, source, &snapshot.topology.ecs) {
            Ok(asked) => asked,
            Err(refusal) => {
                let code = match refusal {
                    edns::Refusal::BadVersion => ResponseCode::BADVERS,
                    edns::Refusal::MalformedSubnet => ResponseCode::FormErr,
                };
                return (Reply::of(code), Some(edns::plain()), crate::limits::UDP_ANSWER_MIN.into());
            }
        };
        let limit = match request.protocol() {
            Protocol::Udp => asked.udp_size.into(),
            _ => u16::MAX.into(),
        };
        let (reply, scope) = answer(&snapshot, request, asked.client(source));
        (reply, opt.map(|_| asked.reply(scope)), limit)
    }

    fn count(&self, transport: Transport, code: ResponseCode) {
        self.tally.count(transport, reply::code_word(code));
    }
}

fn answer(snapshot: &Snapshot, request: &Request, client: std::net::IpAddr) -> (Reply, u8) {
    if request.metadata.op_code != OpCode::Query {
        return (Reply::of(ResponseCode::NotImp), 0);
    }
    let [query] = request.queries.queries() else {
        return (Reply::of(ResponseCode::FormErr), 0);
    };
    // We have no data of another class, and must not pass ours off as theirs.
    if query.query_class() != DNSClass::IN {
        return (Reply::of(ResponseCode::Refused), 0);
    }
    // There is no zone to be copied: answers differ by client and by the minute.
    if matches!(query.query_type(), RecordType::AXFR | RecordType::IXFR) {
        return (Reply::of(ResponseCode::Refused), 0);
    }
    let owner = query.original().name();
    let wire = lower_wire(owner);
    let question = Question { name: &wire, kind: asked_type(query.query_type()) };
    let resolution = resolve(snapshot, question, client);
    (reply::say(snapshot, &resolution, owner, &wire), resolution.scope)
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

fn asked_type(kind: RecordType) -> Asked {
    match kind {
        RecordType::A => Asked::A,
        RecordType::AAAA => Asked::Aaaa,
        RecordType::SRV => Asked::Srv,
        RecordType::SOA => Asked::Soa,
        RecordType::NS => Asked::Ns,
        RecordType::DS => Asked::Ds,
        RecordType::ANY => Asked::Any,
        _ => Asked::Other,
    }
}
