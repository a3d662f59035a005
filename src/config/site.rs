//! `[site.name]`: what DNS cannot steer and run-books must name: Front End pools, and which Edge pool they rely on for what.

use super::codes;
use super::form;
use super::key::Absent::Means;
use super::key::{Key, Section};
use super::pool;
use super::reader::{Field, Value};
use super::refer::{self, Drafts};
use super::report::Report;
use super::source::{At, values};
use super::table::Table;
use crate::limits;
use crate::name::Name;

/// `[site.name]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// The name in the configuration.
    pub name: String,
    /// What Topology Builder calls it. Default the name.
    pub identity: String,
    /// Indices into `Config::pools`: the Edge pools that stand there; no pool stands at two sites.
    pub pools: Vec<usize>,
    /// FQDNs of the Front End pools there.
    pub front_ends: Vec<Name>,
    /// The Edge pool that those are associated with, for media. Default the first of `pools`.
    pub edge: Option<usize>,
    /// The Edge pool through which the site's outbound SIP federation goes; `None` was not said.
    pub outbound: Option<usize>,
    /// The Edge pool that is the site's XMPP gateway; `None` was not said.
    pub xmpp: Option<usize>,
}

/// `[site.name]`.
pub(super) static SECTION: Section = Section {
    header: "[site.NAME]",
    about: "What DNS cannot move, for the run-books that say what people must do when a pool is lost \
            ([failover](../failover.md)).",
    keys: &[&[
        Key::new("identity", Means("the table's name"), "What Topology Builder calls it."),
        Key::new("pools", Means("none"), "The Edge pools that stand there; no pool stands at two sites."),
        Key::new("front_ends", Means("none"), "FQDNs of its Front End pools."),
        Key::new("edge", Means("the first of `pools`"), "The Edge pool that these use for media."),
        Key::new("outbound", Means("not said"), "The Edge pool of the site's outbound SIP federation."),
        Key::new("xmpp", Means("not said"), "The Edge pool that is its XMPP gateway."),
    ]],
};

/// A site as it was written.
pub(super) struct Draft {
    /// The name, at its key.
    pub(super) name: At<String>,
    /// Names of the Edge pools there.
    pub(super) pools: Field<Vec<At<String>>>,
    /// FQDNs of the Front End pools there.
    pub(super) front_ends: Field<Vec<At<Name>>>,
    identity: Field<String>,
    edge: Field<At<String>>,
    outbound: Field<At<String>>,
    xmpp: Field<At<String>>,
}

/// What the names in a site refer to.
#[derive(Default)]
pub(super) struct Reference {
    pools: Vec<At<usize>>,
    edge: Option<usize>,
    outbound: Option<usize>,
    xmpp: Option<usize>,
}

/// `[site.name]`.
pub(super) fn read(key: At<&str>, value: Value<'_>) -> Option<Draft> {
    let name = value.entry_name(key);
    let draft = value.table(&SECTION, |t| Draft {
        name: At { value: key.value.to_owned(), span: key.span },
        identity: t.get("identity", identity),
        pools: t.get("pools", Value::pools),
        front_ends: t.get("front_ends", |v| v.list(|v| v.form(&form::NAME))),
        edge: one(t, "edge"),
        outbound: one(t, "outbound"),
        xmpp: one(t, "xmpp"),
    });
    name.and(draft)
}

fn one(t: &mut Table<'_>, key: &'static str) -> Field<At<String>> {
    t.get(key, |v| {
        let name = v.text("the name of a pool", "write the name of one [pool.…] table in quotes")?;
        Some(At { value: name.to_owned(), span: v.span })
    })
}

/// It stands in quotes in the commands of a run-book, where some characters mean something.
fn identity(value: Value<'_>) -> Option<String> {
    let text = value.text("a name of Topology Builder", "write the site's name there, as \"Site 1\"")?;
    let plain = |c: char| c.is_alphanumeric() || " -_.,()&/".contains(c);
    let fits = !text.trim().is_empty() && text.chars().count() <= limits::SITE_IDENTITY_MAX;
    if fits && text.chars().all(plain) {
        return Some(text.to_owned());
    }
    let title = format!("{text:?} cannot be the name of a site");
    let help = format!(
        "write 1 to {} letters, digits, spaces and any of - _ . , ( ) & /, as Topology Builder has it",
        limits::SITE_IDENTITY_MAX
    );
    value.report.add(value.span, codes::BAD_SITE_IDENTITY, title, "", help);
    None
}

impl Draft {
    /// Resolves names of pools; unknown ones are reported.
    pub(super) fn resolve(&self, pools: impl Fn(&[At<String>]) -> Vec<At<usize>>) -> Reference {
        let one =
            |field: &Field<At<String>>| field.get().and_then(|name| pools(std::slice::from_ref(name)).first().copied());
        let place = |field| one(field).map(|at: At<usize>| at.value);
        Reference {
            pools: self.pools.get().map_or_else(Vec::new, |names| pools(names)),
            edge: place(&self.edge),
            outbound: place(&self.outbound),
            xmpp: place(&self.xmpp),
        }
    }

    /// The site without places.
    pub(super) fn finish(self, reference: Reference) -> Site {
        let Reference { pools, edge, outbound, xmpp } = reference;
        Site {
            identity: self.identity.or(self.name.value.clone()),
            name: self.name.value,
            edge: edge.or(pools.first().map(|at| at.value)),
            pools: values(pools),
            front_ends: values(self.front_ends.or_default()),
            outbound,
            xmpp,
        }
    }
}

/// No Edge pool stands at two sites, and no name means two things.
pub(super) fn judge(drafts: &Drafts, report: &Report) {
    let pools = drafts.sites.iter().filter_map(|site| site.pools.get()).flatten();
    report.unique(pools.map(At::as_ref), codes::DUPLICATE_POOL, "the pool");
    let own = |pool: &pool::Draft| [pool.fqdn.at().cloned(), pool.internal_fqdn.at().cloned()];
    let edges = drafts.pools.iter().flat_map(own).flatten();
    let front_ends = drafts.sites.iter().filter_map(|site| site.front_ends.get()).flatten().cloned();
    report.unique(edges.chain(front_ends), codes::DUPLICATE_FQDN, "the FQDN");
    refer::too_many("sites", limits::SITES_MAX, drafts.sites.iter().map(|site| site.name.span), report);
}
