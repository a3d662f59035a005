//! What is asked: question packets from the lines of a mix file, with the octets in them that are another each time.

use crate::Failure;
use crate::sys::DATAGRAM;

/// Digits of a number in a name; all names of a mix are equally long.
pub(crate) const DIGITS: usize = 7;

/// Types of questions and records.
pub(crate) const A: u16 = 1;
pub(crate) const SOA: u16 = 6;
pub(crate) const AAAA: u16 = 28;
pub(crate) const SRV: u16 = 33;

/// A question with holes.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    octets: Vec<u8>,
    digits: Option<(usize, Number)>,
    /// Where the three octets of an ECS /24 are.
    network: Option<usize>,
    /// The asked type.
    pub(crate) kind: u16,
    /// Whether the asked name exists.
    pub(crate) exists: bool,
}

/// What the digits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Domain,
    Any,
}

/// A fast generator of numbers that need not be unguessable (xorshift64).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (((self.0 >> 32) * u64::from(limit)) >> 32) as u32
    }
}

/// Reads a mix file: `NAME TYPE [edns] [ecs] [nxdomain]` in each line.
pub(crate) fn parse(text: &str) -> Result<Vec<Template>, Failure> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let templates = lines.map(Template::parse).collect::<Result<Vec<_>, _>>()?;
    if templates.is_empty() { Err("the mix asks nothing".into()) } else { Ok(templates) }
}

impl Template {
    fn parse(line: &str) -> Result<Self, Failure> {
        let mut words = line.split_whitespace();
        let (Some(name), Some(kind)) = (words.next(), words.next()) else {
            return Err(format!("\"{line}\" is not NAME TYPE [edns] [ecs] [nxdomain]").into());
        };
        let kind = match kind {
            "A" => A,
            "AAAA" => AAAA,
            "SRV" => SRV,
            _ => return Err(format!("the type {kind} is not A, AAAA or SRV").into()),
        };
        let mut template = Self { octets: vec![0; 12], digits: None, network: None, kind, exists: true };
        template.octets[5] = 1;
        template.name(name);
        template.octets.extend([&kind.to_be_bytes()[..], &[0, 1]].concat());
        for word in words {
            match word {
                "edns" => template.edns(false),
                "ecs" => template.edns(true),
                "nxdomain" => template.exists = false,
                _ => return Err(format!("\"{word}\" is not edns, ecs or nxdomain").into()),
            }
        }
        if template.octets.len() > DATAGRAM { Err("the question is too long".into()) } else { Ok(template) }
    }

    fn name(&mut self, name: &str) {
        for label in name.split('.') {
            let hole =
                [("{n}", Number::Domain), ("{x}", Number::Any)].into_iter().find(|(hole, _)| label.contains(hole));
            let begin = self.octets.len() + 1;
            let label = match hole {
                Some((hole, number)) => {
                    self.digits = label.find(hole).map(|at| (begin + at, number));
                    label.replace(hole, &"0".repeat(DIGITS))
                }
                None => label.to_owned(),
            };
            self.octets.push(label.len() as u8);
            self.octets.extend(label.as_bytes());
        }
        self.octets.push(0);
    }

    /// OPT with a size of 1,232 and, if wanted, a client subnet of 24 bits (RFC 6891 6.1.2, RFC 7871 section 6).
    fn edns(&mut self, subnet: bool) {
        self.octets[11] = 1;
        let options: &[u8] = if subnet { &[0, 8, 0, 7, 0, 1, 24, 0, 0, 0, 0] } else { &[] };
        self.octets.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, options.len() as u8]);
        self.octets.extend(options);
        self.network = subnet.then(|| self.octets.len() - 3);
    }

    /// Writes the question into `out`, with random holes; returns its length.
    pub(crate) fn write(&self, out: &mut [u8], id: u16, domains: u32, random: &mut Random) -> usize {
        let length = self.octets.len();
        out[..length].copy_from_slice(&self.octets);
        out[..2].copy_from_slice(&id.to_be_bytes());
        if let Some((at, number)) = self.digits {
            let limit = if number == Number::Domain { domains } else { 10_000_000 };
            digits(random.below(limit), &mut out[at..at + DIGITS]);
        }
        if let Some(at) = self.network {
            // 1.0.0.0 to 223.255.255.0: where clients are.
            let network = 0x1_0000 + random.below(0xdf_0000);
            out[at..at + 3].copy_from_slice(&network.to_be_bytes()[1..]);
        }
        length
    }

    /// The same question for one domain and one client network.
    pub(crate) fn fixed(&self, id: u16, domain: u32, network: [u8; 3]) -> Vec<u8> {
        let mut octets = self.octets.clone();
        octets[..2].copy_from_slice(&id.to_be_bytes());
        if let Some((at, _)) = self.digits {
            digits(domain, &mut octets[at..at + DIGITS]);
        }
        if let Some(at) = self.network {
            octets[at..at + 3].copy_from_slice(&network);
        }
        octets
    }

    /// Whether the question says where the client is.
    pub(crate) fn tells_network(&self) -> bool {
        self.network.is_some()
    }
}

fn digits(mut number: u32, out: &mut [u8]) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_a_question_with_holes() {
        let [srv] = &parse("# none\n\n_x._tcp.t{n}.example SRV ecs\n").unwrap()[..] else { panic!("one line") };
        let fixed = srv.fixed(0x1234, 42, [192, 0, 2]);
        let wanted: &[&[u8]] = &[
            b"\x12\x34\0\0\0\x01\0\0\0\0\0\x01",
            b"\x02_x\x04_tcp\x08t0000042\x07example\0\0\x21\0\x01",
            b"\0\0\x29\x04\xd0\0\0\0\0\0\x0b\0\x08\0\x07\0\x01\x18\0\xc0\0\x02",
        ];
        assert_eq!(fixed, wanted.concat());
        let mut random = Random::new(7);
        let mut octets = [0; DATAGRAM];
        let length = srv.write(&mut octets, 0x1234, 1, &mut random);
        assert_eq!(octets[..length][..12], fixed[..12]);
        let first = 22..22 + 7;
        assert_eq!(&octets[first.clone()], b"0000000", "one domain is always the same");
        assert!((0..100).any(|_| {
            srv.write(&mut octets, 0, 1_000_000, &mut random);
            &octets[first.clone()] != b"0000000"
        }));
    }

    #[test]
    fn what_cannot_be_asked_is_told() {
        for wrong in ["", "# nothing", "name", "name MX", "name A often"] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn random_numbers_stay_below_their_limit_and_reach_it() {
        let mut random = Random::new(1);
        let drawn: Vec<u32> = (0..1000).map(|_| random.below(3)).collect();
        assert!((0..3).all(|n| drawn.contains(&n)) && drawn.iter().all(|&n| n < 3));
    }
}
