//! `[zone."apex"]`.

use super::codes;
use super::form;
use super::pool::address;
use super::reader::{Field, Value};
use super::report::Report;
use super::source::{At, values};
use super::{NameServer, Zone};
use crate::name::Name;
use std::net::IpAddr;
use std::time::Duration;

/// TTL of SOA and NS.
pub(super) const TTL: Duration = Duration::from_secs(3600);
/// How long resolvers may keep NXDOMAIN and NODATA.
pub(super) const NEGATIVE_TTL: Duration = Duration::from_secs(60);

/// A zone as it was written.
pub(super) struct Draft {
    /// The apex, at its key.
    pub(super) apex: At<Name>,
    /// The name servers, each at its key.
    pub(super) ns: Field<Vec<At<NameServer>>>,
    ttl: Field<Duration>,
    negative_ttl: Field<Duration>,
}

/// `[zone."apex"]`.
pub(super) fn read(key: At<&str>, value: Value<'_>) -> Option<Draft> {
    let apex = form::NAME.at(key.value, key.span, value.report);
    if unquoted(key.value, value) {
        return None;
    }
    let draft = value.table(|t| {
        let ns = t.get("ns", name_servers);
        let (ttl, negative_ttl) = (t.get("ttl", Value::ttl), t.get("negative_ttl", Value::ttl));
        t.unsupported("records");
        (ns, ttl, negative_ttl)
    });
    let ((ns, ttl, negative_ttl), apex) = draft.zip(apex)?;
    if ns.is_absent() || ns.get().is_some_and(Vec::is_empty) {
        no_ns(&apex, ns.at().map_or(key.span, |at| at.span), value.report);
    }
    Some(Draft { apex, ns, ttl, negative_ttl })
}

impl Draft {
    /// The zone without places.
    pub(super) fn finish(self) -> Zone {
        Zone {
            apex: self.apex.value,
            ns: values(self.ns.or(Vec::new())),
            ttl: self.ttl.or(TTL),
            negative_ttl: self.negative_ttl.or(NEGATIVE_TTL),
        }
    }
}

fn name_servers(value: Value<'_>) -> Option<Vec<At<NameServer>>> {
    let servers = value.entries(|key, addresses| {
        let host = form::NAME.at(key.value, key.span, value.report);
        let addresses: Vec<At<IpAddr>> = addresses.list_or_empty(address)?;
        value.report.unique(addresses.iter().map(At::as_ref), codes::DUPLICATE_NAME_SERVER, "the address");
        Some(At { span: key.span, value: NameServer { host: host?.value, addresses: values(addresses) } })
    })?;
    let hosts = servers.iter().map(|at| At { value: &at.value.host, span: at.span });
    value.report.unique(hosts, codes::DUPLICATE_NAME_SERVER, "the name server");
    Some(servers)
}

/// `[zone.contoso.com]` is a table "com" in a table "contoso".
fn unquoted(key: &str, value: Value<'_>) -> bool {
    const OWN: &[&str] = &["ns", "records"];
    let Some((first, mut table)) = value.first_table(OWN).filter(|_| !key.contains('.')) else { return false };
    let mut apex = format!("{key}.{}", first.value);
    while let Some((label, inner)) = table.first_table(OWN) {
        apex = format!("{apex}.{}", label.value);
        table = inner;
    }
    let title = format!("the zone's apex {apex} needs quotes");
    value.report.add(
        first.span,
        codes::UNQUOTED_NAME,
        title,
        "a table within a table",
        format!("write [zone.\"{apex}\"]"),
    );
    true
}

fn no_ns(apex: &At<Name>, span: super::source::Span, report: &Report) {
    let title = format!("the zone {} has no name server", apex.value);
    let help = "add ns = { \"ns1.example.com\" = [\"192.0.2.53\"] }: the hosts that the parent zone delegates to";
    report.add(span, codes::ZONE_WITHOUT_NS, title, "", help);
}
