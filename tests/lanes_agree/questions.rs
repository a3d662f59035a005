//! Questions: names of a world and others, in any case, with any OPT that people send, and some that nobody should.

use super::worlds::World;
use proptest::prelude::*;
use proptest::sample::Index;
use std::net::{IpAddr, SocketAddr};

/// Names below a domain.
const BELOW: [&str; 12] = [
    "",
    "sip",
    "sip",
    "sip",
    "_sipfederationtls._tcp",
    "_ldap._tcp",
    "ldap",
    "dir",
    "_tcp",
    "nobody",
    "a.b.c.d.e.f",
    "_sip._tls.x",
];
/// Names that are nobody's.
const OUTSIDE: [&str; 4] = ["", "com", "www.elsewhere.example", "xcontoso.com"];
/// Where clients are: two countries, a partner, nowhere, IPv4 in IPv6 dress.
const CLIENTS: [&str; 8] =
    ["1.11.0.7", "87.32.0.9", "203.0.113.5", "10.0.0.1", "2a02:8080::7", "2001:db8:f::1", "::1", "::ffff:87.32.0.9"];

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    id: u16,
    flags: [u8; 2],
    name: Index,
    below: Index,
    case: u64,
    kind: u16,
    class: u16,
    opt: Option<Opt>,
    client: Index,
    /// Octets that are changed, behind the flags.
    damage: Vec<(Index, u8)>,
}

#[derive(Clone, Debug)]
struct Opt {
    size: u16,
    version: u8,
    dnssec_ok: bool,
    options: Vec<(u16, Vec<u8>)>,
}

/// Any question.
pub(crate) fn anything() -> impl Strategy<Value = Asked> {
    let kind = prop_oneof![
        12 => prop_oneof![Just(1u16), Just(28), Just(33)],
        4 => prop_oneof![Just(6u16), Just(2), Just(43), Just(255), Just(16), Just(65)],
        1 => 0u16..300,
    ];
    let class = prop_oneof![30 => Just(1u16), 1 => Just(3), 1 => 0u16..256];
    let flags =
        prop_oneof![12 => Just([1u8, 0]), 4 => (0u8..8, any::<u8>()).prop_map(|(a, b)| [a, b]), 1 => any::<[u8; 2]>()];
    let damage =
        prop_oneof![15 => Just(Vec::new()), 1 => proptest::collection::vec((any::<Index>(), any::<u8>()), 1..3)];
    let names = (any::<Index>(), any::<Index>(), prop_oneof![Just(0), any::<u64>()]);
    let parts = (any::<u16>(), flags, names, kind, class, proptest::option::of(opt()), any::<Index>(), damage);
    parts.prop_map(|(id, flags, (name, below, case), kind, class, opt, client, damage)| Asked {
        id,
        flags,
        name,
        below,
        case,
        kind,
        class,
        opt,
        client,
        damage,
    })
}

fn opt() -> impl Strategy<Value = Opt> {
    let size = prop_oneof![Just(1232u16), Just(512), Just(4096), 0u16..1400];
    let version = prop_oneof![20 => Just(0u8), 1 => any::<u8>()];
    let subnet_v4 = (any::<[u8; 4]>(), 0u8..=32).prop_map(|(ip, length)| subnet(1, &ip, length));
    let subnet_v6 = (any::<[u8; 12]>(), 0u8..=64).prop_map(|(ip, length)| {
        let ip = [&[0x2a, 0x02, 0x80, 0x80][..], &ip].concat();
        subnet(2, &ip, length)
    });
    let option = prop_oneof![
        4 => subnet_v4,
        2 => subnet_v6,
        1 => Just((8, vec![0, 1, 0, 0])),
        1 => Just((8, vec![0, 0, 0, 0])),
        2 => any::<[u8; 8]>().prop_map(|cookie| (10, cookie.to_vec())),
        2 => any::<[u8; 24]>().prop_map(|cookie| (10, cookie.to_vec())),
        2 => Just((3, Vec::new())),
        1 => (0usize..300).prop_map(|padding| (12, vec![0; padding])),
        1 => Just((11, Vec::new())),
        1 => (0u16..20, proptest::collection::vec(any::<u8>(), 0..45)),
        1 => (20u16..65000, proptest::collection::vec(any::<u8>(), 0..9)),
    ];
    (size, version, any::<bool>(), proptest::collection::vec(option, 0..4))
        .prop_map(|(size, version, dnssec_ok, options)| Opt { size, version, dnssec_ok, options })
}

/// A client subnet option without bits beyond its length.
fn subnet(family: u8, ip: &[u8], length: u8) -> (u16, Vec<u8>) {
    let mut octets = ip[..usize::from(length).div_ceil(8)].to_vec();
    if let Some(last) = octets.last_mut().filter(|_| !length.is_multiple_of(8)) {
        *last &= 0xff << (8 - length % 8);
    }
    (8, [&[0, family, length, 0], &octets[..]].concat())
}

impl Asked {
    /// Its octets.
    pub(crate) fn message(&self, world: &World) -> Vec<u8> {
        let mut name = self.name(world);
        for (i, octet) in name.iter_mut().enumerate() {
            if octet.is_ascii_lowercase() && self.case >> (i % 64) & 1 == 1 {
                octet.make_ascii_uppercase();
            }
        }
        let additionals = u16::from(self.opt.is_some());
        let header = [1, 0, 0, additionals].map(u16::to_be_bytes).concat();
        let mut message = [&self.id.to_be_bytes()[..], &self.flags, &header, &name].concat();
        message.extend([self.kind.to_be_bytes(), self.class.to_be_bytes()].concat());
        if let Some(opt) = &self.opt {
            message.extend(opt.octets());
        }
        for (at, octet) in &self.damage {
            let at = 4 + at.index(message.len() - 4);
            message[at] = *octet;
        }
        message
    }

    /// The asked name in wire form.
    fn name(&self, world: &World) -> Vec<u8> {
        let domains =
            world.domains.iter().flat_map(|domain| BELOW.iter().map(move |below| format!("{below}.{domain}")));
        let mut names: Vec<String> = domains.chain(world.hosts.iter().cloned()).collect();
        names.extend(OUTSIDE.map(str::to_owned));
        let text = if self.below.index(8) == 0 {
            format!("{}.{}", BELOW[self.below.index(BELOW.len())], self.name.get(&names))
        } else {
            self.name.get(&names).clone()
        };
        let labels = text.split('.').filter(|label| !label.is_empty());
        labels.flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).chain([0]).collect()
    }

    /// Who asks.
    pub(crate) fn client(&self, _: &World) -> SocketAddr {
        let ip: IpAddr = self.client.get(&CLIENTS).parse().unwrap();
        SocketAddr::new(ip, 4000)
    }

    /// The largest answer that may come. Damage may have hit the size that OPT says.
    pub(crate) fn limit(&self) -> usize {
        if !self.damage.is_empty() {
            return 1232;
        }
        self.opt.as_ref().map_or(512, |opt| usize::from(opt.size.clamp(512, 1232)))
    }

    /// What it is and gets, where it must not be declined; "odd" for what may.
    pub(crate) fn kind(&self, answer: Option<&[u8]>) -> String {
        let Some(answer) = answer else { return "odd".into() };
        let is_query = self.flags[0] & 0xf8 == 0;
        let plain = self.opt.as_ref().is_none_or(|opt| opt.version == 0);
        // NS is declined, alone and as what ANY gets; long names leave in doubt how much fits.
        let hot = [1, 6, 16, 28, 33, 43, 65].contains(&self.kind) && self.class == 1;
        let code = answer[3] & 0x0f;
        if !is_query || !plain || !hot || !self.damage.is_empty() || ![0, 3, 5].contains(&code) || answer.len() > 1232 {
            return "odd".into();
        }
        let count = |at: usize| u16::from_be_bytes([answer[at], answer[at + 1]]);
        let opt = u16::from(self.opt.is_some());
        let word = match (code, answer[2] & 2, count(6), count(10) - opt) {
            (3, ..) => "nxdomain",
            (5, ..) => "refused",
            (_, 2, ..) => "cut",
            (_, _, 0, _) => "nodata",
            (_, _, _, 0) if self.kind == 33 => "without additionals",
            _ if self.kind == 33 => "srv answer",
            _ if self.kind == 6 => "soa",
            _ => "answer",
        };
        word.into()
    }
}

impl Opt {
    fn octets(&self) -> Vec<u8> {
        let data: Vec<u8> = self
            .options
            .iter()
            .flat_map(|(code, data)| [&code.to_be_bytes()[..], &(data.len() as u16).to_be_bytes(), data].concat())
            .collect();
        let ttl = [0, self.version, u8::from(self.dnssec_ok) << 7, 0];
        [&[0, 0, 41][..], &self.size.to_be_bytes(), &ttl, &(data.len() as u16).to_be_bytes(), &data].concat()
    }
}
