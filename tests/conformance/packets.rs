//! Packets that nobody should send: the table of what trusted servers answer, and what we do.

use crate::common::dns::{receive, socket};
use crate::servers::Servers;
use crate::{ZONE, print};
use hickory_proto::op::Message;
use std::net::SocketAddr;

const OPT: &[u8] = &[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
const ID: [u8; 2] = [0xab, 0xcd];

/// A name in its wire form.
fn wire(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    labels.flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).chain([0]).collect()
}

fn message(flags: [u8; 2], counts: [u16; 4], body: &[&[u8]]) -> Vec<u8> {
    [&ID[..], &flags, &counts.map(u16::to_be_bytes).concat(), &body.concat()].concat()
}

fn question(name: &[u8], kind: u16, class: u16) -> Vec<u8> {
    [name, &kind.to_be_bytes(), &class.to_be_bytes()].concat()
}

/// The zone's question of a type and class.
fn plain(kind: u16, class: u16) -> Vec<u8> {
    message([0, 0], [1, 0, 0, 0], &[&question(&wire(ZONE), kind, class)])
}

/// The question that every server answers.
pub(crate) fn soa() -> Vec<u8> {
    plain(6, 1)
}

/// The same with an OPT of this TTL and these options.
pub(crate) fn edns(size: u16, ttl: [u8; 4], options: &[u8]) -> Vec<u8> {
    let opt = [&OPT[..3], &size.to_be_bytes(), &ttl, &(options.len() as u16).to_be_bytes(), options].concat();
    message([0, 0], [1, 0, 0, 1], &[&question(&wire(ZONE), 6, 1), &opt])
}

pub(crate) fn option(code: u16, data: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes()[..], &(data.len() as u16).to_be_bytes(), data].concat()
}

fn with(code: u16, data: &[u8]) -> Vec<u8> {
    edns(1232, [0; 4], &option(code, data))
}

/// The short word of a response code.
pub(crate) fn word(code: u16) -> String {
    let known =
        [(0, "OK"), (1, "FE"), (2, "SF"), (3, "NX"), (4, "NI"), (5, "RF"), (9, "NOTAUTH"), (16, "BV"), (23, "BC")];
    known.iter().find(|(number, _)| *number == code).map_or(code.to_string(), |(_, word)| (*word).to_owned())
}

/// What a packet gets: the word of its code, or "-" where a question after it is answered first.
fn said(server: SocketAddr, packet: &[u8]) -> String {
    let socket = socket(server);
    socket.send(packet).unwrap();
    let mut after = soa();
    after[..2].copy_from_slice(&[1, 1]);
    socket.send(&after).unwrap();
    let octets = receive(&socket).unwrap();
    if octets[..2] == [1, 1] {
        return "-".to_owned();
    }
    assert!(packet.len() < 2 || octets[..2] == packet[..2], "the id of another: {octets:?}");
    let code = Message::from_vec(&octets).map_or(u16::from(octets[3] & 0x0f), |m| m.metadata.response_code.into());
    word(code)
}

/// What is sent, and what we answer.
type Row = (&'static str, Vec<u8>, &'static str);

#[test]
#[ignore = "needs knotd and nsd; run by .ci/run"]
fn bad_packets() {
    let servers = Servers::start();
    let rows: Vec<Row> = [headers(), questions(), types(), opts(), options()].concat();
    let table: Vec<(String, Vec<String>)> = rows
        .iter()
        .map(|(what, packet, _)| (what.to_string(), servers.each().map(|(_, at)| said(at, packet)).to_vec()))
        .collect();
    print("packet", &servers.each().map(|(name, _)| name), &table);
    for ((what, _, expected), (_, said)) in rows.iter().zip(&table) {
        assert_eq!(said[0], *expected, "{what}");
    }
}

fn headers() -> Vec<Row> {
    let flags = |flags| message(flags, [1, 0, 0, 0], &[&question(&wire(ZONE), 6, 1)]);
    let bare = |opcode: u8| message([opcode << 3, 0], [0; 4], &[]);
    let reply = |counts, body: &[u8]| message([0x80, 0], counts, &[body]);
    let q = question(&wire(ZONE), 6, 1);
    vec![
        ("0 octets", vec![], "-"),
        ("1 octet", vec![0], "-"),
        ("11 octets", vec![0; 11], "-"),
        ("QR=1", flags([0x80, 0]), "-"),
        ("QR=1, question cut", reply([1, 0, 0, 0], &q[..5]), "-"),
        ("QR=1, pointer to itself", reply([1, 0, 0, 0], &[0xc0, 12, 0, 1, 0, 1]), "-"),
        ("QR=1, QDCOUNT 65535", reply([65535, 0, 0, 0], &q), "-"),
        ("QR=1, two OPT", reply([1, 0, 0, 2], &[&q, OPT, OPT].concat()), "-"),
        ("opcode 1", flags([0x08, 0]), "NI"),
        ("opcode 2", flags([0x10, 0]), "NI"),
        ("opcode 3", flags([0x18, 0]), "NI"),
        ("NOTIFY", flags([0x20, 0]), "NI"),
        ("UPDATE", flags([0x28, 0]), "NI"),
        ("DSO", bare(6), "NI"),
        ("opcode 15, header alone", bare(15), "NI"),
        ("Z bit", flags([0, 0x40]), "OK"),
        ("TC bit", flags([0x02, 0]), "OK"),
        ("AA bit", flags([0x04, 0]), "OK"),
        ("RA, AD, CD bits", flags([0, 0xb0]), "OK"),
        ("RCODE 5", flags([0, 5]), "OK"),
    ]
}

fn questions() -> Vec<Row> {
    let q = question(&wire(ZONE), 6, 1);
    let named = |name: &[u8]| message([0, 0], [1, 0, 0, 0], &[&question(name, 1, 1)]);
    let long = |last: usize| {
        let labels: Vec<u8> = std::iter::repeat_n([&[63][..], &[b'a'; 63]].concat(), 3).flatten().collect();
        [&labels[..], &[last as u8], &vec![b'b'; last], &wire(ZONE)].concat()
    };
    let deep = [[1, b'a'].repeat(122), wire(ZONE)].concat();
    let a = [&[0][..], &[0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]].concat();
    vec![
        ("QDCOUNT 0", message([0, 0], [0; 4], &[]), "FE"),
        (
            "QDCOUNT 0 with COOKIE",
            message([0, 0], [0, 0, 0, 1], &[&edns(1232, [0; 4], &option(10, &[7; 8]))[12 + q.len()..]]),
            "OK",
        ),
        ("QDCOUNT 2", message([0, 0], [2, 0, 0, 0], &[&q, &q]), "FE"),
        ("QDCOUNT 2, one there", message([0, 0], [2, 0, 0, 0], &[&q]), "FE"),
        ("QDCOUNT 65535", message([0, 0], [65535, 0, 0, 0], &[&q]), "FE"),
        ("a record in the answer section", message([0, 0], [1, 1, 0, 0], &[&q, &a]), "OK"),
        ("a record in the authority section", message([0, 0], [1, 0, 1, 0], &[&q, &a]), "OK"),
        ("a record in the additional section", message([0, 0], [1, 0, 0, 1], &[&q, &a]), "OK"),
        ("ANCOUNT 65535, none there", message([0, 0], [1, 65535, 0, 0], &[&q]), "FE"),
        ("8 octets trailing", message([0, 0], [1, 0, 0, 0], &[&q, &[0; 8]]), "OK"),
        ("65,507 octets", [&message([0, 0], [1, 0, 0, 0], &[&q])[..], &vec![0; 65_507 - 12 - q.len()]].concat(), "OK"),
        ("QNAME points at itself", named(&[0xc0, 12]), "FE"),
        ("QNAME points forward", named(&[0xc0, 20]), "FE"),
        ("QNAME points at the header", named(&[0xc0, 0]), "FE"),
        ("label type 0x40", named(&[0x40, 0]), "FE"),
        ("label type 0x80", named(&[0x80, 0]), "FE"),
        ("QNAME of 255 octets", named(&long(52)), "NX"),
        ("QNAME of 256 octets", named(&long(53)), "FE"),
        ("124 labels", named(&deep), "NX"),
        ("NUL, dot and 0xff in a label", named(&[&[3, 0, b'.', 0xff][..], &wire(ZONE)].concat()), "NX"),
        ("cut in the name", message([0, 0], [1, 0, 0, 0], &[&q[..4]]), "FE"),
        ("cut in the type", message([0, 0], [1, 0, 0, 0], &[&q[..q.len() - 3]]), "FE"),
        ("cut in the class", message([0, 0], [1, 0, 0, 0], &[&q[..q.len() - 1]]), "FE"),
        ("another zone", named(&wire("example.net")), "RF"),
        ("the root's NS", message([0, 0], [1, 0, 0, 0], &[&question(&[0], 2, 1)]), "RF"),
    ]
}

fn types() -> Vec<Row> {
    vec![
        ("class CH", plain(6, 3), "RF"),
        ("class HS", plain(6, 4), "RF"),
        ("class NONE", plain(6, 254), "RF"),
        ("class 0", plain(6, 0), "RF"),
        ("class 65280", plain(6, 65280), "RF"),
        ("type 0", plain(0, 1), "OK"),
        ("type OPT", plain(41, 1), "FE"),
        ("type NXNAME", plain(128, 1), "FE"),
        ("type TKEY", plain(249, 1), "FE"),
        ("type TSIG", plain(250, 1), "FE"),
        ("type MAILB", plain(253, 1), "OK"),
        ("type 65535", plain(65535, 1), "OK"),
        ("AXFR over UDP", plain(252, 1), "RF"),
        ("IXFR over UDP", plain(251, 1), "RF"),
        ("ANY", plain(255, 1), "OK"),
    ]
}

fn opts() -> Vec<Row> {
    let q = question(&wire(ZONE), 6, 1);
    let owned = [&wire("a")[..], &OPT[1..]].concat();
    let long = [&OPT[..9], &[0, 9, 0]].concat();
    vec![
        ("EDNS version 1", edns(1232, [0, 1, 0, 0], &[]), "BV"),
        ("EDNS version 255", edns(1232, [0, 255, 0, 0], &[]), "BV"),
        ("EDNS size 0", edns(0, [0; 4], &[]), "OK"),
        ("EDNS size 511", edns(511, [0; 4], &[]), "OK"),
        ("EDNS size 65535", edns(65535, [0; 4], &[]), "OK"),
        ("every EDNS flag", edns(1232, [0, 0, 0xff, 0xff], &[]), "OK"),
        ("extended RCODE", edns(1232, [0xff, 0, 0, 0], &[]), "OK"),
        ("OPT of a name", message([0, 0], [1, 0, 0, 1], &[&q, &owned]), "FE"),
        ("two OPT", message([0, 0], [1, 0, 0, 2], &[&q, OPT, OPT]), "FE"),
        ("OPT in the answer section", message([0, 0], [1, 1, 0, 0], &[&q, OPT]), "FE"),
        ("OPT in the authority section", message([0, 0], [1, 0, 1, 0], &[&q, OPT]), "FE"),
        ("OPT longer than the packet", message([0, 0], [1, 0, 0, 1], &[&q, &long]), "FE"),
        ("an option cut", edns(1232, [0; 4], &[0, 8, 0]), "FE"),
    ]
}

fn options() -> Vec<Row> {
    let cookie = |octets: usize| with(10, &vec![7; octets]);
    let subnet = |data: &[u8]| with(8, data);
    let many: Vec<u8> = (65001..65051).flat_map(|code| option(code, &[0; 4])).collect();
    vec![
        ("NSID with data", with(3, &[7]), "OK"),
        ("50 unknown options", edns(1232, [0; 4], &many), "OK"),
        ("padding over UDP", with(12, &[0; 32]), "OK"),
        ("4 kB of padding", with(12, &[0; 4096]), "OK"),
        ("keepalive over UDP", with(11, &[]), "OK"),
        ("EDE in a query", with(15, &[0, 1]), "OK"),
        ("COOKIE of 7", cookie(7), "FE"),
        ("COOKIE of 8", cookie(8), "OK"),
        ("COOKIE of 9", cookie(9), "FE"),
        ("COOKIE of 15", cookie(15), "FE"),
        ("COOKIE of 16, wrong", cookie(16), "OK"),
        ("COOKIE of 24, wrong", cookie(24), "OK"),
        ("COOKIE of 40, wrong", cookie(40), "OK"),
        ("COOKIE of 41", cookie(41), "FE"),
        ("ECS /24", subnet(&[0, 1, 24, 0, 198, 51, 100]), "OK"),
        ("ECS /0", subnet(&[0, 1, 0, 0]), "OK"),
        ("ECS family 0", subnet(&[0, 0, 0, 0]), "OK"),
        ("ECS family 3", subnet(&[0, 3, 0, 0]), "FE"),
        ("ECS /33", subnet(&[0, 1, 33, 0, 1, 2, 3, 4, 0]), "FE"),
        ("ECS too short", subnet(&[0, 1, 24, 0, 198, 51]), "FE"),
        ("ECS too long", subnet(&[0, 1, 24, 0, 198, 51, 100, 0]), "FE"),
        ("ECS empty", subnet(&[]), "FE"),
        ("ECS scope", subnet(&[0, 1, 24, 24, 198, 51, 100]), "FE"),
        ("ECS bits beyond its length", subnet(&[0, 1, 20, 0, 198, 51, 255]), "FE"),
    ]
}
