//! What answers from outside mean beside the configuration. Asks nobody.

use super::{Answers, NamesPlan, Told, Word, ZonePlan, shown};
use crate::cli::check::ask;
use crate::cli::check::live::Findings;
use crate::config::codes;
use crate::name::Name;
use hickory_proto::op::Message;
use hickory_proto::rr::{RData, Record, RecordType};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

type Servers = BTreeMap<Name, BTreeSet<IpAddr>>;

/// The name servers of a referral to `apex`, with the addresses beside them; `None` where it is no referral there.
pub(super) fn referral(answer: &Message, apex: &Name) -> Option<Servers> {
    let is_referral = !answer.metadata.authoritative && answer.answers.is_empty();
    is_referral.then(|| named(&answer.authorities, answer, apex)).flatten()
}

/// The same, also of a server that serves both zones, and says the set of the lower one.
pub(super) fn delegating(answer: &Message, apex: &Name) -> Option<Servers> {
    referral(answer, apex).or_else(|| named(&answer.answers, answer, apex))
}

fn named(section: &[Record], answer: &Message, apex: &Name) -> Option<Servers> {
    let is_own = |record: &&Record| ask::name(&record.name).as_ref() == Some(apex);
    let mut servers: Servers =
        section.iter().filter(is_own).filter_map(ask::host).map(|host| (host, BTreeSet::new())).collect();
    for record in &answer.additionals {
        let known = ask::name(&record.name).and_then(|name| servers.get_mut(&name));
        known.into_iter().for_each(|addresses| addresses.extend(ask::address(record)));
    }
    (!servers.is_empty()).then_some(servers)
}

/// The delegation beside `ns` of the configuration.
pub(super) fn delegation(plan: &ZonePlan, told: &Result<Option<Told>, String>, findings: &mut Findings<'_>) {
    let apex = &plan.apex;
    let above = apex.parent().map_or_else(|| "the root".to_owned(), |above| shown(&above));
    let ours = list(plan.ns.keys());
    let told = match told {
        Ok(Some(told)) => told,
        Ok(None) => {
            let title = format!("the zone above does not delegate {apex}: nobody gets here");
            let help = format!("have NS records for {apex} put into the zone above it ({above} or higher): {ours}");
            return findings.add(codes::DELEGATION_MISSING, title, help);
        }
        Err(why) => {
            let title = format!("the delegation of {apex} cannot be seen: {why}");
            return findings.add(
                codes::OUTSIDE_SILENT,
                title,
                "name a resolver that answers this host, as --outside 9.9.9.9",
            );
        }
    };
    if !told.ns.keys().eq(plan.ns.keys()) {
        let title = format!("{} delegates {apex} to {}, and \"ns\" has {ours}", told.by, list(told.ns.keys()));
        let help = "make both sets equal: a server that is missing above is asked by nobody, one that is missing here may be dead for years";
        findings.add(codes::DELEGATION_DIFFERS, title, help);
    }
    for (host, glue) in &told.ns {
        let Some(given) = plan.ns.get(host).filter(|given| !given.is_empty()) else { continue };
        // Beside hosts elsewhere no address has to come.
        let is_needed = host.is_within(apex);
        if glue != given && (is_needed || !glue.is_empty()) {
            let said = if glue.is_empty() { "no address".to_owned() } else { list(glue) };
            let title = format!("the zone above says {said} for {host}, and the configuration {}", list(given));
            let help = "have the glue changed where the domain is registered: resolvers begin with it, and it is kept for a day or two";
            findings.add(codes::GLUE_DIFFERS, title, help);
        }
    }
}

/// Why that is no answer of a server of the zone; `None` where it is one.
pub(super) fn lameness(answer: &Result<Message, String>) -> Option<String> {
    match answer {
        Err(why) => Some(why.clone()),
        Ok(answer) => ask::refusal(answer).or_else(|| {
            let is_own =
                answer.metadata.authoritative && answer.answers.iter().any(|r| r.record_type() == RecordType::SOA);
            (!is_own).then(|| "it does not answer for this zone".to_owned())
        }),
    }
}

/// Servers that are delegated to and do not serve.
pub(super) fn servers(plan: &ZonePlan, words: &[Word], findings: &mut Findings<'_>) {
    for (word, fault) in words.iter().filter_map(|word| Some((word, word.fault.as_ref()?))) {
        let at = word.address.map_or_else(String::new, |address| format!(" at {address}"));
        let title = format!("{}{at} is delegated to for {}, and is no server of it: {fault}", word.host, plan.apex);
        let help = "start edgesteer there with this zone, open port 53 (UDP and TCP), or have the server taken out of the delegation";
        findings.add(codes::LAME_DELEGATION, title, help);
    }
}

/// Targets, ports and TTLs of the SRV records of an answer.
pub(super) fn srv(answer: &Message) -> impl Iterator<Item = (Name, u16, u32)> {
    answer.answers.iter().filter_map(|record| match &record.data {
        RData::SRV(srv) => Some((ask::name(&srv.target)?, srv.port, record.ttl)),
        _ => None,
    })
}

/// What partners who ask that resolver get, beside what they should.
pub(super) fn names(plan: &NamesPlan, answers: &Answers, resolver: SocketAddr, findings: &mut Findings<'_>) {
    let mut addressed: BTreeMap<&Name, usize> = plan.addresses.keys().map(|name| (name, 0)).collect();
    let mut is_silent = false;
    for (name, kind, answer) in answers {
        let answer = match answer {
            Ok(answer) => answer,
            Err(why) => {
                is_silent = true;
                let title = format!("{resolver} does not answer {name} {kind}: {why}");
                findings.add(codes::OUTSIDE_SILENT, title, "ask again, or name another resolver");
                continue;
            }
        };
        if *kind != RecordType::SRV {
            *addressed.entry(name).or_default() += answer.answers.iter().filter_map(ask::address).count();
        }
        alias(name, answer, findings);
        match kind {
            RecordType::SRV => pointing(plan, name, answer, findings),
            _ => leading(plan, name, answer, findings),
        }
        longest(plan, (name, *kind), answer, findings);
    }
    for (name, _) in
        addressed.iter().filter(|(name, count)| **count == 0 && plan.addresses.contains_key(**name) && !is_silent)
    {
        let title = format!("{name} has no address as {resolver} sees it");
        findings.add(codes::OUTSIDE_ASTRAY, title, "see that the zone is delegated to servers that answer for it");
    }
}

/// RFC 2782: the target of an SRV is no alias; and an SRV owner that is one is somebody else's to move.
fn alias(name: &Name, answer: &Message, findings: &mut Findings<'_>) {
    let cname = answer.answers.iter().find_map(|record| match &record.data {
        RData::CNAME(cname) if ask::name(&record.name).as_ref() == Some(name) => ask::name(&cname.0),
        _ => None,
    });
    if let Some(to) = cname {
        let title = format!("{name} is an alias of {to} as seen from outside");
        let help = "take the CNAME out of the zone that publishes it, and delegate the name to edgesteer: partners must not be led on by an alias";
        // A and AAAA tell of the same alias.
        if !findings.all.iter().any(|found| found.title == title) {
            findings.add(codes::OUTSIDE_ALIAS, title, help);
        }
    }
}

fn pointing(plan: &NamesPlan, name: &Name, answer: &Message, findings: &mut Findings<'_>) {
    let help =
        "see who publishes this name: either its delegation leads elsewhere, or a zone above still has the old record";
    if srv(answer).next().is_none() {
        let why = ask::refusal(answer).unwrap_or_else(|| "there is no such record".to_owned());
        return findings.add(codes::OUTSIDE_ASTRAY, format!("no SRV at {name} as seen from outside: {why}"), help);
    }
    let port = plan.srv.iter().find(|(owner, _)| owner == name).map(|(_, port)| *port);
    for (target, at, _) in srv(answer).filter(|(target, at, _)| !plan.targets.contains(target) || Some(*at) != port) {
        let wanted = list(&plan.targets);
        let title = format!(
            "{name} leads to {target}:{at} as seen from outside, and not to {wanted}:{} ({})",
            port.unwrap_or_default(),
            plan.service
        );
        findings.add(codes::OUTSIDE_ASTRAY, title, help);
    }
}

fn leading(plan: &NamesPlan, name: &Name, answer: &Message, findings: &mut Findings<'_>) {
    let Some(allowed) = plan.addresses.get(name) else { return };
    let strangers: BTreeSet<IpAddr> =
        answer.answers.iter().filter_map(ask::address).filter(|address| !allowed.contains(address)).collect();
    if !strangers.is_empty() {
        let title =
            format!("{name} leads to {} as seen from outside, which no pool of {} has", list(&strangers), plan.service);
        let help = "see who publishes this name: its delegation leads elsewhere, or an old record is still there";
        findings.add(codes::OUTSIDE_ASTRAY, title, help);
    }
}

/// A TTL may have run down on the way, and never up.
fn longest(plan: &NamesPlan, (name, kind): (&Name, RecordType), answer: &Message, findings: &mut Findings<'_>) {
    let told = answer.answers.iter().filter(|record| record.record_type() == kind).map(|record| record.ttl).max();
    if let Some(ttl) = told.filter(|ttl| *ttl > plan.ttl) {
        let title = format!(
            "{name} {kind} is kept for {ttl} s as seen from outside, and the configuration says {} s",
            plan.ttl
        );
        let help = "ask through another resolver: either this one raises TTLs, or the name is published elsewhere";
        findings.add(codes::OUTSIDE_TTL, title, help);
    }
}

fn list(items: impl IntoIterator<Item = impl ToString>) -> String {
    let all: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

#[cfg(test)]
mod tests;
