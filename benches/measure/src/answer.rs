//! Answers as far as a measurement needs them: a glance at the header for each, and all records for a few.

use crate::mix::Template;

/// RCODEs.
const NOERROR: u8 = 0;
const NXDOMAIN: u8 = 3;

/// What the header says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glance {
    /// Whose answer it is.
    pub(crate) id: u16,
    authoritative: bool,
    rcode: u8,
    answers: u16,
}

impl Glance {
    /// Reads a header; what is too short for one is no answer to anything.
    pub(crate) fn at(octets: &[u8]) -> Self {
        let Some(header) = octets.first_chunk::<12>() else {
            return Self { id: 0, authoritative: false, rcode: u8::MAX, answers: 0 };
        };
        let authoritative = header[2] & 0x84 == 0x84;
        let [id, answers] = [0, 6].map(|at| u16::from_be_bytes([header[at], header[at + 1]]));
        Self { id, authoritative, rcode: header[3] & 0x0f, answers }
    }

    /// Whether it can be a server's answer.
    pub(crate) fn is_right_for(self, template: &Template) -> bool {
        let (rcode, answers) = if template.exists { (NOERROR, 1..=2) } else { (NXDOMAIN, 0..=0) };
        self.authoritative && self.rcode == rcode && answers.contains(&self.answers)
    }
}

/// A record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its type.
    pub(crate) kind: u16,
    /// Its data; of SRV, SOA and NS with the names' compression undone where it is an SRV's.
    pub(crate) data: Vec<u8>,
}

/// Everything of an answer that is checked.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// What the header says.
    pub(crate) rcode: u8,
    /// QR and AA.
    pub(crate) authoritative: bool,
    /// The answer section.
    pub(crate) answers: Vec<Record>,
    /// The authority section.
    pub(crate) authority: Vec<Record>,
}

impl Answer {
    /// Reads an answer; `None` where it is no well-formed message.
    pub(crate) fn read(octets: &[u8]) -> Option<Self> {
        let header = octets.first_chunk::<12>()?;
        let count = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let mut at = 12;
        for _ in 0..count(4) {
            name(octets, &mut at)?;
            at += 4;
        }
        let mut section = |count: u16| (0..count).map(|_| record(octets, &mut at)).collect::<Option<Vec<_>>>();
        let (answers, authority) = (section(count(6))?, section(count(8))?);
        let glance = Glance::at(octets);
        Some(Self { rcode: glance.rcode, authoritative: glance.authoritative, answers, authority })
    }
}

fn record(octets: &[u8], at: &mut usize) -> Option<Record> {
    name(octets, at)?;
    let fixed = octets.get(*at..*at + 10)?;
    let (kind, length) = (u16::from_be_bytes([fixed[0], fixed[1]]), u16::from_be_bytes([fixed[8], fixed[9]]));
    *at += 10;
    let begin = *at;
    *at += usize::from(length);
    let mut data = octets.get(begin..*at)?.to_vec();
    if kind == crate::mix::SRV {
        data.truncate(6);
        data.extend(name(octets, &mut { begin + 6 })?);
    }
    Some(Record { kind, data })
}

/// Reads a name, following pointers, into lower case without compression.
fn name(octets: &[u8], at: &mut usize) -> Option<Vec<u8>> {
    let (mut out, mut here, mut jumps) = (Vec::new(), *at, 0);
    loop {
        let length = usize::from(*octets.get(here)?);
        if length >= 0xc0 {
            let pointer = (length & 0x3f) << 8 | usize::from(*octets.get(here + 1)?);
            if jumps == 0 {
                *at = here + 2;
            }
            jumps += 1;
            here = pointer;
            if jumps > 16 {
                return None;
            }
            continue;
        }
        out.extend(octets.get(here..=here + length)?.iter().map(u8::to_ascii_lowercase));
        here += 1 + length;
        if length == 0 {
            if jumps == 0 {
                *at = here;
            }
            return Some(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix;

    const HEADER: &[u8] = b"\x12\x34\x84\0\0\x01\0\x01\0\0\0\0";

    fn template(line: &str) -> Template {
        mix::parse(line).unwrap().remove(0)
    }

    #[test]
    fn a_compressed_srv_target_is_read_in_full() {
        let octets = [
            HEADER,
            b"\x01D\x04test\0\0\x21\0\x01",
            b"\xc0\x0c\0\x21\0\x01\0\0\0\x1e\0\x0c",
            b"\0\0\0\0\x13\xc5\x03SIP\xc0\x0c",
        ]
        .concat();
        let answer = Answer::read(&octets).unwrap();
        assert_eq!(
            answer.answers,
            [Record { kind: mix::SRV, data: b"\0\0\0\0\x13\xc5\x03sip\x01d\x04test\0".to_vec() }]
        );
        assert!((12..octets.len()).all(|cut| Answer::read(&octets[..cut]).is_none()), "a torn answer is none");
    }

    #[test]
    fn a_pointer_to_itself_ends() {
        assert!(Answer::read(&[HEADER, b"\xc0\x0c\0\x01\0\x01"].concat()).is_none());
    }

    #[test]
    fn a_refusal_is_no_right_answer() {
        let (there, nowhere) = (template("a.example A"), template("a.example A nxdomain"));
        let glance =
            |flags: [u8; 2], answers: u8| Glance::at(&[1, 2, flags[0], flags[1], 0, 1, 0, answers, 0, 0, 0, 0]);
        assert!(glance([0x84, 0], 1).is_right_for(&there));
        assert!(!glance([0x84, 0], 0).is_right_for(&there), "NODATA");
        assert!(!glance([0x80, 5], 0).is_right_for(&there), "REFUSED");
        assert!(!glance([0x80, 0], 1).is_right_for(&there), "not authoritative");
        assert!(glance([0x84, 3], 0).is_right_for(&nowhere));
        assert!(!glance([0x80, 5], 0).is_right_for(&nowhere));
        assert!(!Glance::at(b"short").is_right_for(&there));
    }
}
