//! `[geoip]`.

use super::key::Absent::{Is, Means, Needed};
use super::key::{Key, Section, Shown as _};
use super::reader::Value;
use super::source::{At, Unusable};
use super::{Country, codes, form, lists};
use crate::limits;
use ipnet::IpNet;
use std::io;
use std::path::PathBuf;

/// `[geoip]`.
#[derive(Debug, PartialEq)]
pub struct Geoip {
    /// The country or city database. Default the built-in one.
    pub database: Database,
    /// Prefixes whose country the operator knows better, in the order of the file; no prefix stands twice.
    pub overrides: Vec<Override>,
    /// Whose client subnet option is believed. Default on.
    pub ecs: Ecs,
}

/// Which MaxMind-format file is read.
#[derive(Debug, PartialEq, Eq)]
pub enum Database {
    /// `geoip/world.mmdb`, embedded in the binary.
    Builtin,
    /// A file, resolved against the configuration file's directory.
    File(PathBuf),
}

/// One line of the overrides file: `prefix,country`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Client addresses.
    pub prefix: IpNet,
    /// Their country.
    pub country: Country,
}

/// Whose EDNS Client Subnet option is believed (RFC 7871).
#[derive(Clone, Debug, PartialEq)]
pub enum Ecs {
    /// Nobody's: the source address decides.
    Off,
    /// Everybody's.
    On,
    /// That of resolvers within these prefixes.
    Trust(Vec<IpNet>),
}

impl Default for Geoip {
    fn default() -> Self {
        Self { database: Database::Builtin, overrides: Vec::new(), ecs: Ecs::On }
    }
}

/// `[geoip]`.
pub(super) static SECTION: Section = Section {
    header: "[geoip]",
    about: "Where clients are. It orders pools by distance for services with `steering = \"nearest\"`.",
    keys: &[&[
        Key::new(
            "database",
            Is(|| BUILTIN.shown()),
            "`\"builtin\"`, countries as of this release, or a MaxMind-format file with countries or \
             coordinates. A new file is taken over by a reload.",
        )
        .written("`\"builtin\"`, or a path"),
        Key::new(
            "ecs",
            Is(|| ON.shown()),
            "Whose EDNS Client Subnet option (RFC 7871) is believed: everybody's, nobody's (the address that \
             asks decides), or some resolvers'.",
        )
        .within(&ECS),
        Key::new(
            "overrides",
            Means("none"),
            "File of lines `prefix,country`, as `203.0.113.0/24,KR`, that beat the database.",
        ),
    ]],
};

static ECS: Section = Section {
    header: "[geoip.ecs]",
    about: "Resolvers whose client subnet option is believed; that of all others is not.",
    keys: &[&[Key::new("trust", Needed("trust = [\"203.0.113.0/24\"]"), "The networks that they ask from.")]],
};

const BUILTIN: &str = "builtin";
const ON: &str = "on";

/// `[geoip]`.
pub(super) fn read(value: Value<'_>) -> Option<Geoip> {
    let default = Geoip::default();
    value.table(&SECTION, |t| Geoip {
        database: t.get("database", database).or(default.database),
        overrides: t.get("overrides", |v| lists::overrides(&v.path()?, v)).or(default.overrides),
        ecs: t.get("ecs", ecs).or(default.ecs),
    })
}

/// What is in the file is judged by the geo room, which reads it.
fn database(value: Value<'_>) -> Option<Database> {
    if value.as_text() == Some(BUILTIN) {
        return Some(Database::Builtin);
    }
    let file = value.path()?;
    value.report.stamp(&file);
    readable(&file).map_err(|why| value.report.unusable(&file, value.span, &why)).ok()?;
    Some(Database::File(file))
}

fn readable(file: &PathBuf) -> Result<(), Unusable> {
    let meta = std::fs::metadata(file)?;
    match meta.len() {
        _ if meta.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory).into()),
        len if len > limits::GEO_DATABASE_MAX => Err(Unusable::TooLarge(limits::GEO_DATABASE_MAX)),
        _ => Ok(()),
    }
}

fn ecs(value: Value<'_>) -> Option<Ecs> {
    if value.as_text().is_some() {
        return value.word(&[(ON, Ecs::On), ("off", Ecs::Off)]);
    }
    let trust = value.table(&ECS, |t| t.need("trust", |v| v.list(|v| v.form(&form::PREFIX))))?;
    let trust = trust.at()?;
    value.report.unique(trust.value.iter().map(At::as_ref), codes::DUPLICATE_PREFIX, "the prefix");
    Some(Ecs::Trust(trust.value.iter().map(|at| at.value).collect()))
}
