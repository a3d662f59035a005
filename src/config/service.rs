//! `[service.name]`.

use super::Owners;
use super::check;
use super::codes;
use super::failback;
use super::form;
use super::group;
use super::ladder;
use super::lists::Domains;
use super::reader::{Field, Value, list, nearest};
use super::report::Report;
use super::source::At;
use super::table::Table;
use super::view;
use crate::federation::{Failback, KINDS, Kind, Shape, find};
use crate::limits;
use crate::name::{Name, Prefix};
use std::time::Duration;

/// A service as it was written.
pub(super) struct Draft {
    /// The name, at its key.
    pub(super) name: At<String>,
    /// What kind of service it is.
    pub(super) kind: Field<&'static Kind>,
    /// The domains of `domains` and `domains_file`.
    pub(super) domains: Domains,
    /// Whether owner names are delegated one by one.
    pub(super) delegation: Field<DelegationWord>,
    /// The NS set of names that are delegated one by one.
    pub(super) ns: Field<Vec<At<Name>>>,
    /// TTL of their SOA and NS.
    pub(super) zone_ttl: Field<Duration>,
    /// How long resolvers may keep NXDOMAIN and NODATA.
    pub(super) negative_ttl: Field<Duration>,
    /// Names of pools, preferred first.
    pub(super) pools: Field<Vec<At<String>>>,
    /// How a pool is chosen.
    pub(super) steering: Field<Steering>,
    /// What the SRV names.
    pub(super) shape: Field<Shape>,
    /// TTL of steered records.
    pub(super) ttl: Field<Duration>,
    /// The same while what they say may soon change.
    pub(super) suspect_ttl: Field<Duration>,
    /// When a pool that was down is preferred again.
    pub(super) failback: Field<Failback>,
    /// The ladder.
    pub(super) all_down: Field<Vec<At<ladder::Draft>>>,
    /// What is probed.
    pub(super) check: Field<CheckRef>,
    /// The name of those with which it is steered as one.
    pub(super) group: Field<String>,
    /// Whether the service is also reached by TLS from the first octet.
    pub(super) direct_tls: Field<bool>,
    /// The SRV owner of a generic service.
    pub(super) srv: Field<Srv>,
    /// The A and AAAA owners of a generic service.
    pub(super) address: Field<Vec<At<Prefix>>>,
    /// What it is to views.
    pub(super) views: Vec<view::Inside>,
}

/// `delegation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DelegationWord {
    /// "zone"
    Zone,
    /// "names"
    Names,
}

/// `steering`, before pools are known.
#[derive(Clone)]
pub(super) enum Steering {
    /// "nearest"
    Nearest,
    /// "failover"
    Failover,
    /// Pool names with their weights.
    Weighted(Vec<(At<String>, u32)>),
}

/// `check`.
pub(super) enum CheckRef {
    /// The name of a `[check.name]`.
    Named(String),
    /// Written here.
    Inline(Box<check::Draft>),
}

/// `srv` of a generic service.
pub(super) struct Srv {
    /// The owner.
    pub(super) owner: Field<Prefix>,
    /// The port that the record names.
    pub(super) port: Field<u16>,
    /// What the SRV points at in shape "address".
    pub(super) target: Field<Prefix>,
}

/// `[service.name]`.
pub(super) fn read(key: At<&str>, value: Value<'_>) -> Option<Draft> {
    let name = value.entry_name(key);
    let draft = value.table(|t| {
        let kind = t.need("kind", "kind = \"sip-federation\"", kind);
        let shapes = shapes(kind.get().copied());
        let domains = domains(t);
        Draft {
            name: At { value: key.value.to_owned(), span: key.span },
            kind,
            domains,
            delegation: t.get("delegation", |v| v.word(DELEGATION)),
            ns: t.get("ns", |v| v.list(|v| v.form(&form::NAME))),
            zone_ttl: t.get("zone_ttl", Value::ttl),
            negative_ttl: t.get("negative_ttl", Value::ttl),
            pools: t.get("pools", Value::pools),
            steering: t.get("steering", steering),
            shape: t.get("shape", |v| v.word(&shapes)),
            ttl: t.get("ttl", Value::ttl),
            suspect_ttl: t.get("suspect_ttl", Value::ttl),
            failback: t.get("failback", failback::read),
            all_down: t.get("all_down", ladder::read),
            check: t.get("check", check),
            group: t.get("group", group::read),
            direct_tls: t.get("direct_tls", Value::boolean),
            srv: t.get("srv", srv),
            address: t.get("address", address),
            views: t.named("view", view::of_service),
        }
    });
    name.and(draft)
}

impl Draft {
    /// The SRV shape; the kind's first where none is written.
    pub(super) fn shape_or_default(&self) -> Shape {
        let default = self.kind.get().and_then(|kind| kind.shapes.first());
        self.shape.get().or(default).copied().unwrap_or(Shape::Address)
    }

    /// Reports a TTL of what may soon change that is longer than that of what stays.
    pub(super) fn judge_ttls(&self, report: &Report) {
        let ttl = self.ttl.get().unwrap_or(&TTL);
        if let Some(at) = self.suspect_ttl.at().filter(|at| at.value > *ttl && !matches!(self.ttl, Field::Bad)) {
            let show = humantime::format_duration;
            let title = format!("\"suspect_ttl\" is longer than the ttl of {}", show(*ttl));
            let help = format!("write at most \"{}\": it stands for ttl while a pool may soon be lost", show(*ttl));
            report.add(at.span, codes::OUT_OF_RANGE, title, "", help);
        }
    }

    /// Whether owner names are delegated one by one.
    pub(super) fn by_names(&self) -> bool {
        self.delegation.get() == Some(&DelegationWord::Names)
    }

    /// The owner names; those of the kind's own table parse, as that room's test shows.
    pub(super) fn owners(&self) -> Owners {
        let Some(kind) = self.kind.get() else { return Owners { srv: Vec::new(), addresses: Vec::new() } };
        let direct = kind.direct_tls.iter().filter(|_| self.direct_tls.get() == Some(&true));
        let fixed =
            kind.srv.iter().chain(direct).filter_map(|owner| Some((Prefix::parse(owner.prefix).ok()?, owner.port)));
        let own = self.srv.get().and_then(|srv| Some((srv.owner.get()?.clone(), *srv.port.get()?)));
        let target = self.srv.get().and_then(|srv| srv.target.get());
        let given = self.address.get().into_iter().flatten().map(|at| &at.value).filter(|p| Some(*p) != target);
        let names = kind.addresses.iter().filter_map(|prefix| Prefix::parse(prefix).ok());
        Owners {
            srv: fixed.chain(own).collect(),
            addresses: names.chain(target.into_iter().chain(given).cloned()).collect(),
        }
    }
}

/// TTL of steered records by default.
pub(super) const TTL: Duration = Duration::from_secs(30);

/// TTL of steered records that may soon change, by default: a resolver then asks again about as soon as a failing edge is found
/// down, and answers cost six times as many questions for that while.
pub(super) const SUSPECT_TTL: Duration = Duration::from_secs(5);

const DELEGATION: &[(&str, DelegationWord)] = &[("zone", DelegationWord::Zone), ("names", DelegationWord::Names)];

fn kind(value: Value<'_>) -> Option<&'static Kind> {
    let names = list(KINDS.iter().map(|kind| kind.name));
    let word = value.text("a kind of service", &format!("write one of {names}"))?;
    let kind = find(word);
    if kind.is_none() {
        let title = format!("unknown kind \"{word}\"");
        let meant = nearest(word, KINDS.iter().map(|kind| kind.name)).map(|kind| format!("did you mean \"{kind}\"? "));
        let help = format!("{}this version has {names}", meant.unwrap_or_default());
        value.report.add(value.span, codes::UNKNOWN_KIND, title, "", help);
    }
    kind
}

fn shapes(kind: Option<&'static Kind>) -> Vec<(&'static str, Shape)> {
    let fits = |shape: &Shape| kind.is_none_or(|kind| kind.shapes.contains(shape));
    Shape::WORDS.iter().filter(|(_, shape)| fits(shape)).copied().collect()
}

fn domains(t: &mut Table<'_>) -> Domains {
    let mut domains = Domains::default();
    let text = |v: Value<'_>| v.text(form::NAME.noun, form::NAME.help).map(str::to_owned);
    let inline = t.get("domains", |value| {
        let items = value.list_or_empty(text)?;
        items.iter().for_each(|item| domains.add(&item.value, item.span, value.report));
        Some(())
    });
    let file = t.get("domains_file", |value| domains.read(&value.path()?, value));
    domains.bad |= matches!(inline, Field::Bad) || matches!(file, Field::Bad);
    domains
}

/// Reads `steering`.
pub(super) fn steering(value: Value<'_>) -> Option<Steering> {
    if value.as_text().is_some() {
        return value.word(&[("nearest", Steering::Nearest), ("failover", Steering::Failover)]);
    }
    let weight = |key: At<&str>, value: Value<'_>| {
        let weight = value.integer(0..=limits::WEIGHT_MAX)?;
        Some((At { value: key.value.to_owned(), span: key.span }, weight))
    };
    if !value.is_table() {
        return value.wrong(
            "one of a few words or weights",
            "write \"nearest\", \"failover\" or { weighted = { a = 3, b = 1 } }",
        );
    }
    let example = "weighted = { a = 3, b = 1 }, with the names of pools";
    let weights = value.table(|t| t.need("weighted", example, |v| v.entries(weight)))?;
    weights.into_option().map(Steering::Weighted)
}

/// Weights in the order of the pools.
pub(super) fn finish_steering(steering: Option<&Steering>, pools: &[At<String>]) -> super::Steering {
    match steering {
        None | Some(Steering::Nearest) => super::Steering::Nearest,
        Some(Steering::Failover) => super::Steering::Failover,
        Some(Steering::Weighted(weights)) => {
            let weight =
                |pool: &str| weights.iter().find(|(name, _)| name.value == pool).map_or(0, |(_, weight)| *weight);
            super::Steering::Weighted(pools.iter().map(|pool| weight(&pool.value)).collect())
        }
    }
}

fn check(value: Value<'_>) -> Option<CheckRef> {
    match value.as_text() {
        Some(name) => Some(CheckRef::Named(name.to_owned())),
        None if value.is_table() => check::table(value).map(|draft| CheckRef::Inline(Box::new(draft))),
        None => value.wrong("a table or a name", "write { kind = \"sip\" }, or the name of a [check.…] table"),
    }
}

fn srv(value: Value<'_>) -> Option<Srv> {
    value.table(|t| Srv {
        owner: t.need("owner", "owner = \"_ldap._tcp.{domain}\"", |v| v.form(&form::OWNER)),
        port: t.need("port", "port = 636", |v| v.integer(1..=u16::MAX)),
        target: t.get("target", |v| v.form(&form::OWNER)),
    })
}

fn address(value: Value<'_>) -> Option<Vec<At<Prefix>>> {
    let owners = if value.as_text().is_some() {
        vec![At { value: value.form(&form::OWNER)?, span: value.span }]
    } else {
        value.list(|v| v.form(&form::OWNER))?
    };
    value.report.unique(owners.iter().map(At::as_ref), codes::DUPLICATE_OWNER, "the owner name");
    Some(owners)
}
