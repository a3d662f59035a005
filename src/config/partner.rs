//! `[partner.name]`.

use super::form;
use super::reader::{Field, Value};
use super::source::At;
use ipnet::IpNet;

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
    let draft = value.table(|t| Draft {
        name: At { value: key.value.to_owned(), span: key.span },
        prefixes: t.need("prefixes", "prefixes = [\"203.0.113.0/24\"]", |v| v.list(|v| v.form(&form::PREFIX))),
        pools: t.need("pools", "pools = [\"a\", \"b\"], the preferred one first", Value::pools),
    });
    name.and(draft)
}
