//! Which server this is, for those who ask and where the operator tells: NSID (RFC 5001) and CHAOS TXT (RFC 4892).

use super::odd::NOT_AUTHORITATIVE;
use crate::config::Dns;
use crate::resolve::reply::Reply;
use hickory_proto::op::{Query, ResponseCode};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{DNSClass, RData, Record, RecordType};

/// What a name tells, where the operator wants it told.
type Told = fn(&Dns) -> Option<&String>;

/// Names of class CH, and what each tells.
const NAMES: [(&str, Told); 4] = [
    ("version.bind.", |dns| dns.version.as_ref()),
    ("version.server.", |dns| dns.version.as_ref()),
    ("hostname.bind.", |dns| dns.id.as_ref()),
    ("id.server.", |dns| dns.id.as_ref()),
];

/// The answer to a question of class CH, and an INFO-CODE where it is refused, as it is unless the operator wants to tell.
pub(super) fn chaos(dns: &Dns, query: &Query) -> (Reply, Option<u16>) {
    let name = query.name().to_ascii();
    let told = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).and_then(|(_, tell)| tell(dns));
    let Some(text) = told.filter(|_| query.query_type() == RecordType::TXT) else {
        return (Reply::of(ResponseCode::Refused), Some(NOT_AUTHORITATIVE));
    };
    let mut record = Record::from_rdata(query.name().clone(), 0, RData::TXT(TXT::new(vec![text.clone()])));
    record.dns_class = DNSClass::CH;
    (Reply { authoritative: true, answers: vec![record], ..Reply::of(ResponseCode::NoError) }, None)
}

/// What the answer's NSID option says.
pub(super) fn nsid(dns: &Dns) -> Option<Vec<u8>> {
    dns.nsid.as_ref().map(|nsid| nsid.clone().into_bytes())
}
