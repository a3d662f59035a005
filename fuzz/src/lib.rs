//! What any octets may do to edgesteer: nothing but get silence, or an answer that keeps to the rules.
//!
//! Each body takes any octets and panics where a promise is broken. The fuzzer runs them, and `tests/corpora.rs` runs them on what it
//! found. Here: how octets become questions, streams and files. Not here: the promises (`judge`), what is asked (`world`).

mod judge;
#[path = "../../tests/lanes_agree/message.rs"]
mod message;
mod records;
mod stream;
mod world;

pub use records::records;
pub use stream::stream;

use std::net::SocketAddr;

/// A body: it panics where a promise is broken.
pub type Body = fn(&[u8]);

/// All of them by the names of their targets and corpora.
pub const BODIES: [(&str, Body); 5] =
    [("question", question), ("edns", edns), ("datagram", datagram), ("stream", stream), ("records", records)];

/// Names that mean something in the world, and some that do not, in wire form.
const NAMES: [&[u8]; 12] = [
    b"\x03sip\x07contoso\x03com\x00",
    b"\x12_sipfederationtls\x04_tcp\x07contoso\x03com\x00",
    b"\x05_ldap\x04_tcp\x07contoso\x03com\x00",
    b"\x07contoso\x03com\x00",
    b"\x03www\x07contoso\x03com\x00",
    b"\x03far\x04away\x07contoso\x03com\x00",
    b"\x05alias\x07contoso\x03com\x00",
    b"\x01x\x04wild\x07contoso\x03com\x00",
    b"\x03sip\x06tenant\x07example\x00",
    b"\x06nobody\x07contoso\x03com\x00",
    b"\x09elsewhere\x07example\x00",
    b"\x00",
];
/// Types that are asked for.
const KINDS: [u8; 8] = [1, 28, 33, 6, 2, 16, 255, 43];

/// Two octets of ID, two of flags, then any question, and OPT where the ID is odd.
pub fn question(octets: &[u8]) {
    let Some((&[a, b, c, d], question)) = octets.split_first_chunk::<4>() else { return };
    let odd = b & 1;
    let opt: &[u8] = if odd == 1 { &[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0] } else { &[] };
    ask(&[&[a, b, c, d, 0, 1, 0, 0, 0, 0, 0, odd], question, opt].concat());
}

/// Two octets choose name and type, six are class and TTL of an OPT, the rest its options.
pub fn edns(octets: &[u8]) {
    let Some((&[name, kind, size @ .., t0, t1, t2, t3], options)) = octets.split_first_chunk::<8>() else { return };
    let name_of = NAMES[usize::from(name) % NAMES.len()];
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    // A datagram holds no more.
    let options = &options[..options.len().min(60_000)];
    let [l0, l1] = (options.len() as u16).to_be_bytes();
    let head = [name, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    let opt = [0, 0, 41, size[0], size[1], t0, t1, t2, t3, l0, l1];
    ask(&[&head, name_of, &[0, kind, 0, 1], &opt, options].concat());
}

/// A message, over UDP in both lanes, over TCP and as over TLS.
pub fn ask(message: &[u8]) {
    datagram(message);
    let Ok(length) = u16::try_from(message.len()) else { return };
    for encrypted in [false, true] {
        stream::whole(&[&length.to_be_bytes()[..], message].concat(), encrypted);
    }
}

/// Octets that come as one datagram: both lanes are asked, and where the fast one answers it says what the full one says.
pub fn datagram(octets: &[u8]) {
    let client = client_of(octets);
    world::with_lanes(|lanes| judge::both_lanes(lanes, octets, client));
}

/// Someone in Korea, in Ireland, a partner, inside, or nowhere: what the first octet says.
fn client_of(octets: &[u8]) -> SocketAddr {
    const CLIENTS: [&str; 6] = ["1.11.0.7", "87.32.0.9", "203.0.113.5", "10.9.0.1", "::1", "2a02:8080::7"];
    let client = CLIENTS[usize::from(octets.first().copied().unwrap_or(0)) % CLIENTS.len()];
    SocketAddr::new(client.parse().expect("an address"), 4000)
}
