//! What a zone's file answers, beside what is steered in the same zone.

use super::{Asked, Body, Question, Resolution, Stored, follow, within};
use crate::limits::ADDITIONAL_HOSTS_MAX;
use crate::name;
use crate::rrtype;
use crate::snapshot::Snapshot;
use crate::topology::{Node, Place, Set};

/// What the file of the zone of `otherwise` answers; `None` where there is no file or nothing in it. `exists` says whether
/// the name exists without it.
pub(super) fn answer<'s>(
    snapshot: &'s Snapshot,
    question: Question<'_>,
    otherwise: Resolution<'s>,
    exists: bool,
    left: u8,
) -> Option<Resolution<'s>> {
    let (zone, apex_at) = otherwise.zone?;
    let records = snapshot.topology.zone(zone).records.as_ref()?;
    let (node, wildcard) = match records.find(question.name, apex_at) {
        // DS of a delegated name is ours to answer (RFC 4035 section 3.1.4.1).
        Place::Cut(0, node) if question.kind == Asked::Ds => (node, None),
        Place::Cut(cut_at, node) => {
            let servers = node.set(rrtype::NS)?;
            return Some(Resolution { body: Body::Referral { cut_at, servers }, ..otherwise });
        }
        Place::Here(node) => (node, None),
        Place::Nowhere { .. } if exists => return None,
        Place::Nowhere { encloser, wildcard } => {
            // A steered name between the encloser and the asked one is closer (RFC 4592 section 3.3.1).
            let closer = child(question.name, encloser).filter(|child| *child > 0).is_some_and(|child| {
                snapshot.topology.names.find(&question.name[child..]).is_some_and(|found| found.here.is_some())
            });
            (wildcard.filter(|_| !closer)?, Some(encloser))
        }
    };
    Some(at(snapshot, question.kind, node, wildcard, otherwise, left))
}

/// Where in `wire` the name begins that is one label longer than that at `above`.
fn child(wire: &[u8], above: usize) -> Option<usize> {
    let below = |at: &usize| *at + 1 + usize::from(wire[*at]);
    std::iter::successors(Some(0), |at| Some(below(at)).filter(|next| *next < above)).find(|at| below(at) == above)
}

/// What a name that exists answers.
fn at<'s>(
    snapshot: &'s Snapshot,
    kind: Asked,
    node: Node<'s>,
    wildcard: Option<usize>,
    otherwise: Resolution<'s>,
    left: u8,
) -> Resolution<'s> {
    let exact = match kind {
        Asked::Any => node.sets().next(),
        _ => node.set(kind.number()),
    };
    if let Some(set) = exact {
        let scope = scope_beside(snapshot, set, &otherwise);
        return Resolution { body: Body::Set(Stored { set, wildcard }), scope, ..otherwise };
    }
    let Some(set) = node.set(rrtype::CNAME) else { return Resolution { body: Body::NoData, ..otherwise } };
    // RFC 1034 section 4.3.2 step 3a. What the alias leads to may be steered: then the answer is that client's.
    let end = set.targets().next().and_then(|target| follow(snapshot, target, kind, otherwise.client, left));
    let (decision, scope) = end.map_or((None, 0), |end| (end.decision, end.scope));
    Resolution { body: Body::Alias { stored: Stored { set, wildcard }, kind, left }, decision, scope, ..otherwise }
}

/// The hosts of a set with their addresses, A then AAAA, where they are ours.
pub(super) fn beside<'s>(
    snapshot: &'s Snapshot,
    set: Set<'s>,
    client: super::Client,
) -> impl Iterator<Item = (&'s [u8], [Resolution<'s>; 2])> {
    let hosts = set.targets().take(if set.kind == rrtype::CNAME { 0 } else { ADDITIONAL_HOSTS_MAX });
    hosts.map(move |host| (host, addresses(snapshot, host, client)))
}

/// The addresses of a host, which is no alias.
pub(super) fn addresses<'s>(snapshot: &'s Snapshot, host: &[u8], client: super::Client) -> [Resolution<'s>; 2] {
    [Asked::A, Asked::Aaaa].map(|kind| within(snapshot, Question { name: host, kind }, client, 0))
}

/// An answer beside which steered addresses stand depends on the client as they do.
fn scope_beside<'s>(snapshot: &'s Snapshot, set: Set<'s>, otherwise: &Resolution<'s>) -> u8 {
    beside(snapshot, set, otherwise.client).flat_map(|(_, found)| found).map(|found| found.scope).max().unwrap_or(0)
}

/// The labels in front of the closest encloser are those that a wildcard stands for; its own name, for people.
pub fn wildcard_name(wire: &[u8], encloser: usize) -> name::Name {
    name::Name::from_wire(&[b"\x01*", &wire[encloser..]].concat())
}
