//! The promises: silence or a proper answer, and both lanes say the same.
//!
//! What a question is, is read here anew and not by the code that is judged: by two parsers, and where they are too strict by hand.

use super::message::Said;
use domain::base::Message as Octets;
use edgesteer::lane::direct::{Direct, Outcome};
use hickory_proto::op::Message;
use std::net::SocketAddr;

/// Octets of a header.
pub(super) const HEADER: usize = 12;
/// The largest answer over UDP.
const UDP_MAX: usize = 1232;
/// An option that hides even the client's family: hickory does not know it.
const HIDDEN: [u8; 8] = [0, 8, 0, 4, 0, 0, 0, 0];

/// Whether a message gets no answer: what is no header, and what is an answer itself.
pub(super) fn gets_silence(message: &[u8]) -> bool {
    message.len() < HEADER || message[2] & 0x80 != 0
}

/// Asks both lanes over UDP.
pub(super) fn both_lanes(lanes: &mut Direct, question: &[u8], client: SocketAddr) {
    // A second may pass between the two, which cookies tell.
    for tries in 0..3 {
        lanes.tick();
        let full = lanes.full(question, client);
        assert_eq!(full.is_none(), gets_silence(question), "silence of the full lane");
        if let Some(answer) = &full {
            is_proper(question, answer, allowed(question, answer));
        }
        let fast = match lanes.fast(question, client) {
            Outcome::Declined => return,
            Outcome::Nothing => return assert_eq!(full, None, "the fast lane alone is silent"),
            Outcome::Answer(fast) => fast,
        };
        is_proper(question, fast, allowed(question, fast));
        let full = full.expect("the full lane answers what the fast one does");
        assert!(fast.len() <= full.len(), "{} and {} octets", fast.len(), full.len());
        let (fast, full) = (Said::read(fast), Said::read(&full));
        if fast == full {
            return;
        }
        assert!(tries < 2, "the lanes disagree: {fast:#?}\n{full:#?}");
    }
}

/// The largest answer over UDP, by what the question says of it, or any where that cannot be read.
fn allowed(question: &[u8], answer: &[u8]) -> usize {
    let size = |octets| Octets::from_octets(octets).ok()?.opt().map(|opt| opt.udp_payload_size());
    match (size(question), size(answer)) {
        (_, None) => 512,
        (Some(asked), Some(_)) => usize::from(asked).clamp(512, UDP_MAX),
        (None, Some(_)) => UDP_MAX,
    }
}

/// An answer that two parsers understand, within its size, to the same question.
pub(super) fn is_proper(question: &[u8], answer: &[u8], limit: usize) {
    assert!(answer.len() <= limit, "{} octets, {limit} allowed", answer.len());
    assert!(answer.len() >= HEADER, "{answer:?}");
    assert_eq!(answer[..2], question[..2], "the ID");
    assert_eq!(answer[2] & 0xf9, 0x80 | question[2] & 0x79, "QR, operation and RD");
    let echoed = u16::from_be_bytes([answer[4], answer[5]]);
    match one_question(question) {
        Some(asked) => {
            assert_eq!(echoed, 1, "the question comes back");
            assert!(answer[HEADER..].starts_with(asked), "bit by bit");
        }
        None => assert_eq!(echoed, 0, "a question that is none"),
    }
    let theirs = Octets::from_octets(answer).expect("a header");
    assert!(theirs.question().all(|question| question.is_ok()) && theirs.iter().all(|record| record.is_ok()));
    let records = theirs.iter().count() - usize::from(theirs.opt().is_some());
    assert!(answer[2] & 2 == 0 || records == 0, "half an answer");
    if theirs.opt().is_some() {
        assert!(question.windows(3).any(|octets| octets == [0, 0, 41]), "an OPT that nobody asked for");
    }
    if !answer.windows(HIDDEN.len()).any(|octets| octets == HIDDEN) {
        let ours = Message::from_vec(answer);
        assert!(ours.is_ok(), "{ours:?}");
    }
}

/// Name, type and class of a query's one question, where it is whole and not compressed.
fn one_question(message: &[u8]) -> Option<&[u8]> {
    if message[4..6] != [0, 1] || message[2] & 0x78 != 0 {
        return None;
    }
    let question = &message[HEADER..];
    let mut at = 0;
    loop {
        match usize::from(*question.get(at)?) {
            0 => break,
            length @ 1..=63 => at += 1 + length,
            _ => return None,
        }
    }
    (at < 255).then(|| question.get(..at + 5)).flatten()
}
