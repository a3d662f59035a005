//! `[partner.name]`.

use super::form;
use super::key::Absent::Needed;
use super::key::{Key, Section};
use super::reader::{Field, Value};
use super::source::At;
use ipnet::IpNet;

/// `[partner.name]`.
pub(super) static SECTION: Section = Section {
    header: "[partner.NAME]",
    about: "Clients steered by who they are, before geography. A prefix stands with one partner only.",
    keys: &[&[
        Key::new("prefixes", Needed("prefixes = [\"203.0.113.0/24\"]"), "The addresses of their resolvers or hosts."),
        Key::new(
            "pools",
            Needed("pools = [\"a\", \"b\"], the preferred one first"),
            "Pools, the preferred one first; a service's other pools follow in its own order.",
        ),
    ]],
};

/// A partner as it was written.
pub(super) struct Draft {
    /// The name, at its key.
    pub(super) name: At<String>,
    /// Their addresses.
    pub(super) prefixes: Field<Vec<At<IpNet>>>,
    /// Names of pools, preferred first.
    pub(super) pools: Field<Vec<At<String>>>,
}

/// `[partner.name]`.
pub(super) fn read(key: At<&str>, value: Value<'_>) -> Option<Draft> {
    let name = value.entry_name(key);
    let draft = value.table(&SECTION, |t| Draft {
        name: At { value: key.value.to_owned(), span: key.span },
        prefixes: t.need("prefixes", |v| v.list(|v| v.form(&form::PREFIX))),
        pools: t.need("pools", Value::pools),
    });
    name.and(draft)
}
