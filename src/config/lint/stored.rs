//! Records of master files that partners of a known kind look up: the rules for what is steered hold for them too.

use super::pair;
use crate::config::codes;
use crate::config::records::Record;
use crate::config::refer::Drafts;
use crate::config::report::Report;
use crate::federation::Kind;
use crate::name::{Name, parent};
use crate::rrtype::SRV;

/// Microsoft's own tenants are found by a target outside of their domain, and partners accept that one (federation.md 1.1).
const HOSTED: &str = "online.lync.com";

/// Warns of SRV records.
pub(super) fn advise(drafts: &Drafts, report: &Report) {
    for records in drafts.zones.iter().filter_map(|zone| zone.records.get()) {
        for (owner, all) in &records.owners {
            let srv: Vec<&Record> = all.iter().filter(|record| record.kind.value == SRV).collect();
            if let Some((kind, port)) = super::known(owner.labels()).filter(|_| !srv.is_empty()) {
                known(owner, (kind, port), &srv, report);
                pair::stored(owner, srv[0], &drafts.services, report);
            }
        }
    }
}

/// One set of records at an owner of a known kind.
fn known(owner: &Name, (kind, port): (&Kind, u16), srv: &[&Record], report: &Report) {
    if let Some(second) = srv.get(1).filter(|_| !kind.peers.walk) {
        let title = format!("{} take the first SRV record of {owner} and stop", kind.summary);
        let help = "leave one record, or make it a service: the further records are never tried";
        report.repeated(second.kind.span, srv[0].kind.span, codes::ORDERED_FEDERATION, title, help);
    }
    let domain = parent(owner.wire()).and_then(parent).map(Name::from_wire);
    for record in srv {
        let Some(target) = record.target().filter(|target| *target != Name::root()) else { continue };
        if let &[_, _, _, _, high, low, ..] = &*record.data.value
            && u16::from_be_bytes([high, low]) != port
        {
            let title = format!("{owner} leads to port {}", u16::from_be_bytes([high, low]));
            let help = format!("write port {port}, where {} are expected to come", kind.summary);
            report.add(record.data.span, codes::STRANGE_PORT, title, "", help);
        }
        let is_hosted = Name::parse(HOSTED).is_ok_and(|hosted| target.is_within(&hosted));
        if let Some(domain) =
            domain.as_ref().filter(|domain| kind.peers.strict && !is_hosted && !target.is_within(domain))
        {
            let title = format!("the SRV target {target} lies outside of the domain {domain}");
            let help = "name a host within the domain: partners that match strictly refuse this one";
            report.add(record.data.span, codes::TARGET_OUTSIDE_DOMAIN, title, "", help);
        }
    }
}
