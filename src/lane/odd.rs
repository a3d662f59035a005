//! Questions that are refused before anything is looked up: no message, an operation or type that we have no answer to.
//!
//! The tables are those of RFC 8906 and of what other servers do. Not here: names that are not ours (`resolve`).

use super::Transport;
use super::packet::Packet;
use hickory_proto::op::ResponseCode;
use std::ops::RangeInclusive;

/// INFO-CODEs of RFC 8914 section 4 and, the last, RFC 9824.
pub(super) const PROHIBITED: u16 = 18;
pub(super) const NOT_AUTHORITATIVE: u16 = 20;
pub(super) const NOT_SUPPORTED: u16 = 21;
pub(super) const INVALID_QUERY_TYPE: u16 = 30;

/// Why a question gets no answer: RCODE, and what people are told.
pub(super) type Refusal = (ResponseCode, Option<u16>);

/// The classes that can be looked up: IN, and CH for what we are (`identity`).
const CLASSES: [u16; 2] = [1, 3];

/// Questions for a whole zone. Only the full lane, for some, has a better answer (`transfer`).
pub(super) const TRANSFER: Refusal = (ResponseCode::Refused, Some(PROHIBITED));

/// Types that no record can have, and zone transfers.
const TYPES: &[(RangeInclusive<u16>, Refusal)] = &[
    // OPT.
    (41..=41, (ResponseCode::FormErr, None)),
    // NXNAME stands in bitmaps alone (RFC 9824).
    (128..=128, (ResponseCode::FormErr, Some(INVALID_QUERY_TYPE))),
    // TKEY and TSIG.
    (249..=250, (ResponseCode::FormErr, None)),
    // IXFR and AXFR.
    (251..=252, TRANSFER),
];

/// Why a message is refused, NOERROR where there is just nothing to say; `None` where it is a question to look up.
pub(super) fn refusal(packet: &Packet<'_>, transport: Transport) -> Option<Refusal> {
    // RFC 8906 section 3.1.4; the rest of the message may have another form then.
    if packet.opcode != 0 {
        return Some((ResponseCode::NotImp, Some(NOT_SUPPORTED)));
    }
    if packet.malformed {
        return Some((ResponseCode::FormErr, None));
    }
    match packet.opt {
        // RFC 6891 section 6.1.3.
        Some(opt) if opt.version != 0 => return Some((ResponseCode::BADVERS, None)),
        Some(opt) if opt.malformed => return Some((ResponseCode::FormErr, None)),
        // RFC 7828 sections 3.2.1 and 3.3.1: a client does not say for how long, and over UDP it says nothing.
        Some(opt) if transport != Transport::Udp && opt.keepalive.is_some_and(|octets| octets > 0) => {
            return Some((ResponseCode::FormErr, None));
        }
        // RFC 7873 section 5.4: whoever wants nothing but a cookie gets one.
        Some(opt) if opt.cookie.is_some() && packet.questions == 0 => return Some((ResponseCode::NoError, None)),
        _ => {}
    }
    // RFC 9619 section 4.
    let Some((_, &[t0, t1, c0, c1])) = packet.question.split_last_chunk::<4>() else {
        return Some((ResponseCode::FormErr, None));
    };
    let [kind, class] = [[t0, t1], [c0, c1]].map(u16::from_be_bytes);
    let of_type = TYPES.iter().find(|(kinds, _)| kinds.contains(&kind)).map(|(_, refusal)| *refusal);
    // We have no data of another class, and must not pass ours off as theirs.
    of_type.or((!CLASSES.contains(&class)).then_some((ResponseCode::Refused, Some(NOT_AUTHORITATIVE))))
}

#[cfg(test)]
mod tests;
