//! `[zone."apex"]`: what it is, and how it is read.

use super::codes;
use super::form;
use super::key::Absent::{Is, Means};
use super::key::{Key, Section, Shown as _};
use super::pool::address;
use super::reader::{Field, Value};
use super::records;
use super::report::Report;
use super::source::{At, values};
use super::transfer::{self, Transfer};
use crate::name::Name;
use crate::rrtype::{A, AAAA, NS, SOA};
use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

/// `[zone."apex"]`: a name space that we are authoritative for.
#[derive(Debug, PartialEq)]
pub struct Zone {
    /// The apex.
    pub apex: Name,
    /// Name servers with the addresses that we publish for them; at least one. A server outside our zones has none.
    pub ns: Vec<NameServer>,
    /// TTL of SOA and NS. Default 1 h.
    pub ttl: Duration,
    /// How long resolvers may keep NXDOMAIN and NODATA (RFC 2308 section 5). Default 60 s.
    pub negative_ttl: Duration,
    /// The SOA of the file, where it has one.
    pub soa: Option<Soa>,
    /// Static records by owner and type, without SOA, NS of the apex and what `ns` says. Each pair stands once.
    pub records: Vec<RrSet>,
    /// Who may have all of it; `None` is nobody. Only where no name of it is steered.
    pub transfer: Option<Transfer>,
}

/// What a file says in its SOA (RFC 1035 section 3.3.13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Soa {
    /// The primary name server.
    pub mname: Name,
    /// The mailbox of whom to tell.
    pub rname: Name,
    /// What rises when the content changes.
    pub serial: u32,
    /// Seconds between the questions of secondaries.
    pub refresh: u32,
    /// Seconds until they ask again in vain.
    pub retry: u32,
    /// Seconds until they give up.
    pub expire: u32,
    /// How long negative answers are kept, seconds.
    pub minimum: u32,
    /// Its own TTL, seconds.
    pub ttl: u32,
}

/// The records of one name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RrSet {
    /// Within the zone; may begin with the label `*`.
    pub owner: Name,
    /// The type's number.
    pub kind: u16,
    /// Seconds; never 0.
    pub ttl: u32,
    /// The data in wire form, names uncompressed and in lower case; at least one, none twice.
    pub data: Vec<Box<[u8]>>,
}

/// A name server of a zone.
#[derive(Clone, Debug, PartialEq)]
pub struct NameServer {
    /// Its host name.
    pub host: Name,
    /// Its addresses, published where the host lies in one of our zones.
    pub addresses: Vec<IpAddr>,
}

/// TTL of SOA and NS.
pub(super) const TTL: Duration = Duration::from_secs(3600);
/// How long resolvers may keep NXDOMAIN and NODATA.
pub(super) const NEGATIVE_TTL: Duration = Duration::from_secs(60);

/// `[zone."apex"]`.
pub(super) static SECTION: Section = Section {
    header: "[zone.\"APEX\"]",
    about: "A name space that is delegated to this server ([delegate](delegate.md)). A name in it that nothing \
            makes is NXDOMAIN. The table is named as the zone is, in quotes.",
    keys: &[&[
        Key::new(
            "ns",
            Means("the NS of `records`"),
            "Its name servers with their addresses, those that the parent zone delegates to; at least one. A \
             server outside our zones has no address.",
        )
        .written(
            "a table of host names, each with a list of addresses, as `{ \"ns1.example.com\" = [\"192.0.2.53\"] }`",
        ),
        Key::new("ttl", Is(|| TTL.shown()), "TTL of SOA and NS; where `records` has them, theirs counts."),
        Key::new(
            "negative_ttl",
            Is(|| NEGATIVE_TTL.shown()),
            "How long resolvers may keep NXDOMAIN and NODATA (RFC 2308); where `records` has a SOA, its own counts.",
        ),
        Key::new(
            "records",
            Means("none"),
            "File with further records, an RFC 1035 master file. A name that is steered cannot stand in it \
             with the same type.",
        ),
        Key::new("transfer", Means("nobody may fetch it"), "Who may have all of it (AXFR).")
            .within(&transfer::TRANSFER),
    ]],
};

/// A zone as it was written.
pub(super) struct Draft {
    /// The apex, at its key.
    pub(super) apex: At<Name>,
    /// The name servers, each at its key.
    pub(super) ns: Field<Vec<At<NameServer>>>,
    /// TTL of SOA and NS.
    pub(super) ttl: Field<Duration>,
    /// SOA MINIMUM.
    pub(super) negative_ttl: Field<Duration>,
    /// The records of its file.
    pub(super) records: Field<records::Draft>,
    /// Its secondaries.
    pub(super) transfer: Field<transfer::Draft>,
}

/// A table whose name has dots, and must stand in quotes.
pub(super) struct Quoted {
    /// The noun for the name.
    pub(super) what: &'static str,
    /// The table in which it stands.
    pub(super) section: &'static str,
    /// Its keys that may be tables themselves.
    pub(super) own: &'static [&'static str],
}

/// `[zone."apex"]`.
pub(super) fn read(key: At<&str>, value: Value<'_>) -> Option<Draft> {
    let apex = form::NAME.at(key.value, key.span, value.report);
    let quoted = Quoted { what: "the zone's apex", section: "zone", own: &["ns", "records", "transfer"] };
    if unquoted(key.value, value, &quoted) {
        return None;
    }
    let draft = value.table(&SECTION, |t| {
        let ns = t.get("ns", name_servers);
        let (ttl, negative_ttl) = (t.get("ttl", Value::ttl), t.get("negative_ttl", Value::ttl));
        let default = ttl.get().map_or(TTL, |ttl| *ttl).as_secs() as u32;
        let records = t.get("records", |v| records::read(v, &apex.as_ref()?.value, default));
        (ns, ttl, negative_ttl, records, t.get("transfer", transfer::read))
    });
    let (ns, ttl, negative_ttl, records, transfer) = draft?;
    let draft = Draft { apex: apex?, ns, ttl, negative_ttl, records, transfer };
    let in_file = || draft.records.get().is_some_and(|records| records.at(&draft.apex.value, NS).next().is_some());
    let unknown = matches!(draft.ns, Field::Bad) || matches!(draft.records, Field::Bad);
    if draft.ns.get().is_none_or(Vec::is_empty) && !unknown && !in_file() {
        no_ns(&draft.apex, draft.ns.at().map_or(key.span, |at| at.span), value.report);
    }
    Some(draft)
}

impl Draft {
    /// The zone without places.
    pub(super) fn finish(self) -> Zone {
        let apex = self.apex.value;
        let records = self.records.or_default();
        let soa = records.soa(&apex).map(|(soa, _)| soa);
        let in_file = records.at(&apex, NS).map(|ns| (ns.ttl, ns.target()));
        let (ttls, hosts): (Vec<u32>, Vec<Option<Name>>) = in_file.unzip();
        let mut ns = values(self.ns.or(Vec::new()));
        if ns.is_empty() {
            let server = |host| NameServer { host, addresses: Vec::new() };
            ns = hosts.into_iter().flatten().map(server).collect();
        }
        let given: HashSet<Name> = ns.iter().filter(|s| !s.addresses.is_empty()).map(|s| s.host.clone()).collect();
        let beside = |owner: &Name, kind| match kind {
            SOA => true,
            NS => *owner == apex,
            A | AAAA => given.contains(owner),
            _ => false,
        };
        Zone {
            ttl: ttls.into_iter().min().map_or_else(|| self.ttl.or(TTL), |ttl| Duration::from_secs(ttl.into())),
            negative_ttl: soa
                .as_ref()
                .map_or_else(|| self.negative_ttl.or(NEGATIVE_TTL), |soa| Duration::from_secs(soa.minimum.into())),
            ns,
            soa,
            records: records.finish(beside),
            transfer: self.transfer.into_option().and_then(transfer::Draft::finish),
            apex,
        }
    }

    /// Whether its file has an address of a name.
    pub(super) fn publishes(&self, name: &Name) -> bool {
        self.records.get().is_some_and(|records| [A, AAAA].iter().any(|&kind| records.at(name, kind).next().is_some()))
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

/// `[zone.contoso.com]` is a table "com" in a table "contoso"; whether it is one, which is reported.
pub(super) fn unquoted(key: &str, value: Value<'_>, quoted: &Quoted) -> bool {
    let &Quoted { what, section, own } = quoted;
    let Some((first, mut table)) = value.first_table(own).filter(|_| !key.contains('.')) else { return false };
    let mut name = format!("{key}.{}", first.value);
    while let Some((label, inner)) = table.first_table(own) {
        name = format!("{name}.{}", label.value);
        table = inner;
    }
    let title = format!("{what} {name} needs quotes");
    value.report.add(
        first.span,
        codes::UNQUOTED_NAME,
        title,
        "a table within a table",
        format!("write [{section}.\"{name}\"]"),
    );
    true
}

fn no_ns(apex: &At<Name>, span: super::source::Span, report: &Report) {
    let title = format!("the zone {} has no name server", apex.value);
    let help = "add ns = { \"ns1.example.com\" = [\"192.0.2.53\"] }: the hosts that the parent zone delegates to";
    report.add(span, codes::ZONE_WITHOUT_NS, title, "", help);
}
