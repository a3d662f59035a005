//! `[pool.name]`.

use super::codes;
use super::form;
use super::key::Absent::{Is, Means, Needed};
use super::key::{Key, Section, Shown as _};
use super::reader::{Field, Value};
use super::source::{At, values};
use super::{Endpoint, Location, Pool};
use crate::limits;
use crate::name::Name;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The role of endpoints that are given as a plain list.
const PLAIN_ROLE: &str = "access";

/// How many endpoints must be up where nothing is said.
const MIN_HEALTHY: usize = 1;

/// `[pool.name]`.
pub(super) static SECTION: Section = Section {
    header: "[pool.NAME]",
    about: "Endpoints that can stand in for each other: all that are up are answered together. Names of pools, \
            services, partners and so on are ASCII letters, digits, `-`, `_` and `.`.",
    keys: &[&[
        Key::new(
            "endpoints",
            Needed("endpoints = [\"192.0.2.10\"]"),
            "The addresses that clients connect to. A plain list is of the role `access`; other kinds of \
             service take other roles: `web`, `media`.",
        )
        .written("list of IP addresses, or a table of such lists by role, as `{ access = [\"192.0.2.10\"] }`")
        .most(limits::ENDPOINTS_MAX),
        Key::new(
            "location",
            Means("nobody's nearest"),
            "Where it is: an ISO 3166-1 country code, or latitude and longitude in degrees. It decides \
             `steering = \"nearest\"`.",
        ),
        Key::new(
            "fqdn",
            Means("none"),
            "Its own name. Needed where an SRV names the pool (`shape`); in a `[zone]`, its addresses are \
             answered.",
        ),
        Key::new(
            "min_healthy",
            Is(|| MIN_HEALTHY.shown()),
            "Endpoints of a service's role that must be up for the pool to be up.",
        ),
        Key::new(
            "internal_fqdn",
            Means("none"),
            "Its name inside, which run-books and `edgesteer reach` use; DNS answers never do.",
        ),
    ]],
};

/// A pool as it was written.
pub(super) struct Draft {
    /// The name, at its key.
    pub(super) name: At<String>,
    /// Where it is.
    pub(super) location: Field<Location>,
    /// Its own name.
    pub(super) fqdn: Field<Name>,
    /// Its name inside.
    pub(super) internal_fqdn: Field<Name>,
    /// Endpoints that must be up.
    pub(super) min_healthy: Field<usize>,
    /// Its addresses.
    pub(super) endpoints: Field<Vec<At<Endpoint>>>,
}

/// `[pool.name]`.
pub(super) fn read(key: At<&str>, value: Value<'_>) -> Option<Draft> {
    let name = value.entry_name(key);
    let draft = value.table(&SECTION, |t| Draft {
        name: At { value: key.value.to_owned(), span: key.span },
        location: t.get("location", location),
        fqdn: t.get("fqdn", |v| v.form(&form::NAME)),
        internal_fqdn: t.get("internal_fqdn", |v| v.form(&form::NAME)),
        min_healthy: t.get("min_healthy", |v| v.integer(1..=limits::ENDPOINTS_MAX)),
        endpoints: t.need("endpoints", endpoints),
    });
    name.and(draft)
}

impl Draft {
    /// The pool without places.
    pub(super) fn finish(self) -> Pool {
        Pool {
            name: self.name.value,
            location: self.location.into_option(),
            fqdn: self.fqdn.into_option(),
            internal_fqdn: self.internal_fqdn.into_option(),
            min_healthy: self.min_healthy.or(MIN_HEALTHY),
            endpoints: values(self.endpoints.or(Vec::new())),
        }
    }

    /// How many endpoints it has of a role.
    pub(super) fn count(&self, role: &str) -> usize {
        self.endpoints.get().map_or(0, |all| all.iter().filter(|at| at.value.role == role).count())
    }
}

/// An address that clients may be sent to.
pub(super) fn address(value: Value<'_>) -> Option<IpAddr> {
    let address = value.form(&form::ADDRESS)?;
    let why = match address {
        ip if ip.is_unspecified() => "it stands for \"no address\"",
        ip if ip.is_multicast() => "it is a multicast address",
        IpAddr::V4(v4) if v4.is_broadcast() => "it is the broadcast address",
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => "it is an IPv4 address in IPv6 clothes",
        IpAddr::V6(v6) if v6.is_unicast_link_local() => "it means another host on every link",
        ip => return Some(ip),
    };
    let title = format!("clients can never reach {address}");
    value.report.add(value.span, codes::UNREACHABLE_ADDRESS, title, why, "write the address that clients connect to");
    None
}

fn location(value: Value<'_>) -> Option<Location> {
    if value.as_text().is_some() {
        return value.form(&form::COUNTRY).map(Location::Country);
    }
    if !value.is_list() {
        return value.wrong("a country or coordinates", "write \"KR\" or [37.57, 126.98]: latitude, then longitude");
    }
    let numbers = values(value.list_or_empty(Value::number)?);
    let why = match numbers[..] {
        [0.0, 0.0] => "0,0 is what is written for unknown",
        [lat, _] if !(-90.0..=90.0).contains(&lat) => "the latitude is not within -90 to 90",
        [_, lon] if !(-180.0..=180.0).contains(&lon) => "the longitude is not within -180 to 180",
        [latitude, longitude] => return Some(Location::Coordinates { latitude, longitude }),
        _ => "two numbers are wanted",
    };
    let help = "write [latitude, longitude] in degrees, as [37.57, 126.98], or a country, or leave the location out";
    value.report.add(value.span, codes::BAD_LOCATION, "the coordinates are no place", why, help);
    None
}

fn endpoints(value: Value<'_>) -> Option<Vec<At<Endpoint>>> {
    let all = if value.is_list() { role(PLAIN_ROLE, value)? } else { by_role(value)? };
    if all.len() > limits::ENDPOINTS_MAX {
        value.too_many(all.len(), limits::ENDPOINTS_MAX);
    }
    let mut roles: BTreeMap<&str, Vec<At<IpAddr>>> = BTreeMap::new();
    for at in &all {
        roles.entry(&at.value.role).or_default().push(At { value: at.value.address, span: at.span });
    }
    for addresses in roles.into_values() {
        value.report.unique(addresses, codes::DUPLICATE_ENDPOINT, "the endpoint");
    }
    Some(all)
}

fn by_role(value: Value<'_>) -> Option<Vec<At<Endpoint>>> {
    if !value.is_table() {
        return value.wrong("a list or a table", "write [\"192.0.2.10\"], or { access = [\"192.0.2.10\"] } by role");
    }
    let roles = value.entries(|key, addresses| {
        addresses.entry_name(key)?;
        role(key.value, addresses)
    })?;
    if roles.is_empty() {
        value.empty::<()>();
    }
    Some(roles.into_iter().flatten().collect())
}

fn role(role: &str, value: Value<'_>) -> Option<Vec<At<Endpoint>>> {
    value.list(|v| address(v).map(|address| Endpoint { role: role.to_owned(), address }))
}
