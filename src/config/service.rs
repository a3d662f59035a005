//! `[service.name]`.

use super::Owners;
use super::check;
use super::codes;
use super::failback;
use super::form;
use super::group;
use super::key::Absent::{Is, Means, Needed};
use super::key::{Key, Section, Shown as _, word};
use super::ladder;
use super::lists::Domains;
use super::reader::{Field, Value, list, nearest};
use super::report::Report;
use super::source::At;
use super::table::Table;
use super::{view, zone};
use crate::federation::{Failback, KINDS, Kind, Shape, find};
use crate::limits;
use crate::name::{Name, Prefix};
use std::time::Duration;

/// `[service.name]`.
pub(super) static SECTION: Section = Section {
    header: "[service.NAME]",
    about: "One answer behaviour: a kind of federated service, the domains that have it, and the pools that can \
            serve it. Every name that it answers lies in a `[zone]`, or is a zone of its own (`delegation`).",
    keys: &[&[
        Key::new(
            "kind",
            Needed("kind = \"sip-federation\""),
            "What it is, and so its names, ports and check: [kinds of service](#kinds-of-service).",
        ),
        Key::new("domains", Means("`domains_file` must be given"), "The served domains."),
        Key::new(
            "domains_file",
            Means("`domains` must be given"),
            "File with one domain on each line, beside `domains` or instead; for many.",
        ),
        Key::new(
            "pools",
            // `refer` says it, with a code of its own.
            Needed("pools = [\"a\", \"b\"], the preferred one first"),
            "Pools that can serve it, the preferred one first where distance does not decide.",
        ),
        Key::new(
            "steering",
            Is(|| STEERING.shown()),
            "How a pool is chosen among those that are up: the nearest to the client, the first of `pools`, \
             or by shares of client networks.",
        )
        .written("`\"nearest\"`, `\"failover\"`, or a table")
        .within(&WEIGHTED),
        Key::new(
            "shape",
            Means("the kind's first"),
            "What the SRV names. `address`: one name of the domain, whose addresses follow the chosen pool; \
             `target`: the chosen pool's `fqdn`; `ordered`: every live pool's `fqdn`.",
        ),
        Key::new("ttl", Is(|| TTL.shown()), "TTL of steered records: resolvers keep a dead pool for so long."),
        Key::new(
            "suspect_ttl",
            Is(|| SUSPECT_TTL.shown()),
            "TTL instead while a pool that is told fails probes that are being confirmed, or is drained; no \
             longer than `ttl` ([policy](policy.md)).",
        ),
        Key::new(
            "failback",
            Means("the kind's"),
            "When a pool that was lost is preferred again: at once, when an operator releases it, after it has \
             been up for so long, or with a canary ([policy](policy.md)).",
        )
        .within(&failback::SECTION),
        Key::new(
            "all_down",
            Is(ladder::default_text),
            "What is answered when every pool is down: the first rung that applies. `last-good`: the pool that \
             was live last; a pool by its name; `all` of them; `nodata`: nothing, which resolvers keep for the \
             zone's `negative_ttl`.",
        )
        .within(&ladder::SECTION),
        Key::new(
            "check",
            Means("the kind's"),
            "What is probed: a `[check.NAME]` by its name, or the same keys in `[service.NAME.check]`. \
             `generic` has none of its own.",
        )
        .written("a name, or a table")
        .within(&check::SECTION),
        Key::new(
            "group",
            Means("it is steered alone"),
            "Services with the same group choose the same pool, one in which all of them are up. They have the \
             same `pools`, `steering`, `failback` and `all_down`.",
        ),
        Key::new(
            "delegation",
            Is(|| word(DELEGATION, &DelegationWord::Zone)),
            "`zone`: the names lie in a `[zone]`; `names`: each name is a zone of its own, delegated name by \
             name by whoever has the domain.",
        ),
        Key::new(
            "ns",
            Means("must be given for `delegation = \"names\"`"),
            "With `delegation = \"names\"`: the NS set of each name.",
        ),
        Key::new(
            "zone_ttl",
            Is(|| zone::TTL.shown()),
            "With `delegation = \"names\"`: TTL of SOA and NS of each name.",
        ),
        Key::new(
            "negative_ttl",
            Is(|| zone::NEGATIVE_TTL.shown()),
            "With `delegation = \"names\"`: how long resolvers may keep NXDOMAIN and NODATA of each name.",
        ),
        Key::new(
            "direct_tls",
            Is(|| DIRECT_TLS.shown()),
            "With `xmpp`: SRV `_xmpps-server._tcp` on port 5270 as well (XEP-0368). Both ports are probed.",
        ),
        Key::new("srv", Means("no SRV"), "With `generic`: the SRV that it answers.").within(&SRV),
        Key::new("address", Means("none"), "With `generic`: owners of A and AAAA, beside the SRV's target.")
            .written("an owner name or a list of them, as `\"ldap.{domain}\"`"),
        Key::new("view", Means("the same for everybody"), "What it is to the clients of views instead.")
            .within(&view::OF_SERVICE),
    ]],
};

static SRV: Section = Section {
    header: "[service.NAME.srv]",
    about: "The SRV of a `generic` service. `{domain}` stands for each of its domains.",
    keys: &[&[
        Key::new("owner", Needed("owner = \"_ldap._tcp.{domain}\""), "Its owner name."),
        Key::new("port", Needed("port = 636"), "The port that it names."),
        Key::new("target", Means("none"), "What it points at with `shape = \"address\"`."),
    ]],
};

/// `steering` as a table.
pub(super) static WEIGHTED: Section = Section {
    header: "[service.NAME.steering]",
    about: "Shares of client networks (/24, /56), as `steering = { weighted = { seoul = 3, dublin = 1 } }`. A \
            network stays with its pool while that is up, on every node.",
    keys: &[&[Key::new(
        "weighted",
        Needed("weighted = { a = 3, b = 1 }, with the names of pools"),
        "A weight for each of the service's pools, not all 0; a pool with 0 comes last.",
    )]],
};

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
    let draft = value.table(&SECTION, |t| {
        let kind = t.need("kind", kind);
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

/// How a pool is chosen by default, and whether XMPP has direct TLS.
const STEERING: &str = "nearest";
const DIRECT_TLS: bool = false;

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
        return value.word(&[(STEERING, Steering::Nearest), ("failover", Steering::Failover)]);
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
    let weights = value.table(&WEIGHTED, |t| t.need("weighted", |v| v.entries(weight)))?;
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
    value.table(&SRV, |t| Srv {
        owner: t.need("owner", |v| v.form(&form::OWNER)),
        port: t.need("port", |v| v.integer(1..=u16::MAX)),
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
