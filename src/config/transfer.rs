//! `[tsig."key.name"]` and `[zone."apex".transfer]`: who may have a whole zone, and the secrets by which they prove who they are.
//!
//! Secrets stand in files of their own, so that a configuration can be shown around. Not here: signatures (`lane`).

use super::codes;
use super::form;
use super::key::Absent::{Is, Needed};
use super::key::{Key, Section, word};
use super::names::{Owned, suffixes};
use super::reader::{Field, Value, list, nearest};
use super::refer::Drafts;
use super::report::Report;
use super::secret::{Secret, shared_secret};
use super::source::{At, Span, values};
use super::zone;
use crate::name::Name;
use ipnet::IpNet;
use std::collections::HashSet;

/// `[tsig."key.name"]`: a secret that we share with somebody (RFC 8945).
#[derive(Clone, PartialEq, Eq)]
pub struct TsigKey {
    /// The name by which both know it.
    pub name: Name,
    /// How it is used. Default HMAC-SHA-256.
    pub algorithm: TsigAlgorithm,
    /// The secret, 16 octets at least.
    pub secret: Box<[u8]>,
}

impl std::fmt::Debug for TsigKey {
    /// Shows nothing of the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TsigKey({}, {})", self.name, self.algorithm.word())
    }
}

/// How a message is signed (RFC 8945 section 6). HMAC-MD5 must not be used any more, and with HMAC-SHA-1 nothing should begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TsigAlgorithm {
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-384.
    Sha384,
    /// HMAC-SHA-512.
    Sha512,
}

impl TsigAlgorithm {
    /// All algorithms with their words in the configuration, which are their names in messages too.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("hmac-sha256", Self::Sha256), ("hmac-sha384", Self::Sha384), ("hmac-sha512", Self::Sha512)];

    /// The word in the configuration.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, algorithm)| *algorithm == self).map_or("", |(word, _)| word)
    }
}

/// `[zone."apex".transfer]`: the secondaries of a zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// Their addresses; at least one prefix, none twice.
    pub to: Vec<IpNet>,
    /// The key with which they sign; one of `Dns::tsig`.
    pub key: Name,
}

/// `[zone."apex".transfer]` as it was written.
pub(super) struct Draft {
    to: Field<Vec<At<IpNet>>>,
    key: Field<At<Name>>,
}

/// `[tsig."key.name"]` as it was written.
pub(super) struct KeyDraft {
    name: At<Name>,
    algorithm: TsigAlgorithm,
    secret: Field<Box<[u8]>>,
}

impl KeyDraft {
    /// The key without places; `None` where something is missing, which was reported.
    pub(super) fn finish(self) -> Option<TsigKey> {
        Some(TsigKey { name: self.name.value, algorithm: self.algorithm, secret: self.secret.into_option()? })
    }
}

const SECRET: Secret = Secret { code: codes::BAD_TSIG_SECRET, powers: "can pass for a secondary" };

/// `[tsig."key.name"]`.
pub(super) static TSIG: Section = Section {
    header: "[tsig.\"KEY\"]",
    about: "A secret that we share with others (RFC 8945), who sign their questions with it and get signed \
            answers. The table is named as the key is, in quotes.",
    keys: &[&[
        Key::new("algorithm", Is(|| word(TsigAlgorithm::WORDS, &ALGORITHM)), "How messages are signed."),
        Key::new(
            "secret_file",
            Needed("secret_file = \"transfer.key\": a file with the shared secret in Base64"),
            "File with one line of Base64, which not everybody on this host may read; \
             `openssl rand -base64 32` makes one.",
        ),
    ]],
};

/// `[zone."apex".transfer]`.
pub(super) static TRANSFER: Section = Section {
    header: "[zone.\"APEX\".transfer]",
    about: "Servers that answer for this zone as well and fetch it by AXFR, over TCP or TLS. No name in it \
            may be steered: a copy does not steer.",
    keys: &[&[
        Key::new(
            "to",
            Needed("to = [\"192.0.2.54/32\"]: the addresses of the secondaries"),
            "The addresses that they ask from.",
        ),
        Key::new(
            "key",
            Needed("key = \"transfer.example.com\": the name of a [tsig] table"),
            "The key with which they sign, a `[tsig.\"KEY\"]` table.",
        ),
    ]],
};

const ALGORITHM: TsigAlgorithm = TsigAlgorithm::Sha256;

/// `[tsig."key.name"]`.
pub(super) fn key(key: At<&str>, value: Value<'_>) -> Option<KeyDraft> {
    if zone::unquoted(key.value, value, &zone::Quoted { what: "the key's name", section: "tsig", own: &[] }) {
        return None;
    }
    let name = form::NAME.at(key.value, key.span, value.report);
    let (algorithm, secret) = value.table(&TSIG, |t| {
        let algorithm = t.get("algorithm", |v| v.word(TsigAlgorithm::WORDS)).or(ALGORITHM);
        (algorithm, t.need("secret_file", |v| shared_secret(v, &SECRET)))
    })?;
    Some(KeyDraft { name: At { value: name?.value, span: key.span }, algorithm, secret })
}

/// `[zone."apex".transfer]`.
pub(super) fn read(value: Value<'_>) -> Option<Draft> {
    value.table(&TRANSFER, |t| Draft {
        to: t.need("to", |v| v.list(|v| v.form(&form::PREFIX))),
        key: t.need("key", |v| v.form(&form::NAME).map(|name| At { value: name, span: v.span })),
    })
}

impl Draft {
    /// The section without places; `None` where something is missing, which was reported.
    pub(super) fn finish(self) -> Option<Transfer> {
        Some(Transfer { to: values(self.to.into_option()?), key: self.key.into_option()?.value })
    }
}

/// Every transfer names a key that there is, and a zone that says the same to everybody.
pub(super) fn judge(drafts: &Drafts, services: &[Owned<'_>], apexes: &HashSet<&[u8]>, report: &Report) {
    report.unique(drafts.tsig.iter().map(|key| key.name.as_ref()), codes::DUPLICATE_TSIG_KEY, "the key");
    let transfers: Vec<_> =
        drafts.zones.iter().filter_map(|zone| Some((&zone.apex.value, zone.transfer.at()?))).collect();
    for (apex, transfer) in &transfers {
        let Draft { to, key } = &transfer.value;
        report.unique(to.get().into_iter().flatten().map(At::as_ref), codes::DUPLICATE_PREFIX, "the prefix");
        key.get().into_iter().for_each(|key| known_key(key, drafts, report));
        if let Some((name, what)) = steered_in(apex, drafts, services, apexes) {
            steered(transfer.span, apex, &name, &what, report);
        }
    }
}

fn known_key(key: &At<Name>, drafts: &Drafts, report: &Report) {
    if drafts.tsig.iter().any(|known| known.name.value == key.value) {
        return;
    }
    let known: Vec<String> = drafts.tsig.iter().map(|key| key.name.value.to_string()).collect();
    let known = || known.iter().map(String::as_str);
    let help = match nearest(&key.value.to_string(), known()) {
        Some(key) => format!("did you mean \"{key}\"?"),
        None if drafts.tsig.is_empty() => format!("add [tsig.\"{}\"] with secret_file = \"transfer.key\"", key.value),
        None => format!("the keys are {}", list(known())),
    };
    report.add(key.span, codes::UNKNOWN_TSIG_KEY, format!("there is no key \"{}\"", key.value), "", help);
}

/// A secondary answers what it was given: it does not steer.
fn steered(span: Span, apex: &Name, name: &Name, what: &str, report: &Report) {
    let title = format!("the zone {apex} has steered names, and a copy of it would not steer");
    let label = format!("{name} is {what}");
    let help = "remove this table, or move what is static into a zone of its own; what is steered is served by a \
                second edgesteer with the same configuration";
    report.add(span, codes::TRANSFER_OF_STEERED, title, label, help);
}

/// A steered name of the zone, and what it is. Names in a zone of ours below it are that zone's.
fn steered_in(apex: &Name, drafts: &Drafts, services: &[Owned<'_>], apexes: &HashSet<&[u8]>) -> Option<(Name, String)> {
    let lies_in = |name: &Name| suffixes(name.wire()).find(|name| apexes.contains(name)) == Some(apex.wire());
    let fqdns = drafts.pools.iter().filter_map(|pool| Some((pool.fqdn.get()?, pool)));
    let mut fqdns = fqdns.filter(|(fqdn, _)| lies_in(fqdn));
    if let Some((fqdn, pool)) = fqdns.next() {
        return Some((fqdn.clone(), format!("the FQDN of the pool {}", pool.name.value)));
    }
    services.iter().find_map(|service| {
        let mut owners = service
            .domains
            .names
            .iter()
            .flat_map(|domain| service.prefixes.iter().filter_map(move |prefix| prefix.under(domain).ok()));
        let owner = owners.find(&lies_in)?;
        Some((owner, format!("an owner name of the service {}", service.draft.name.value)))
    })
}
