//! The country or city database: opened, checked to its last record, and turned into ranges.
//!
//! Here: reading the file or the built-in copy, and every way in which it can be unfit. Not here: what overrides it
//! (`places`). A `Database` holds nothing of the file but what it says of addresses, so a look-up cannot fail, and a file
//! that is replaced while we run is noticed at the next open (a file that is mapped would pull the rug: RUSTSEC-2025-0132).

use super::Place;
use super::ranges::{Address, Ranges};
use super::record::Record;
use super::tree::{BadTree, Link, Tree};
use crate::config;
use crate::limits::GEO_DATABASE_MAX;
use flate2::read::ZlibDecoder;
use maxminddb::{MaxMindDbError, Reader};
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

static BUILTIN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/world.mmdb.zlib"));

/// What a MaxMind-format file says of addresses.
#[derive(Debug)]
pub struct Database {
    kind: String,
    build_epoch: u64,
    networks: usize,
    /// What ranges refer to; the first is "nothing known", no place stands twice.
    pub(super) places: Vec<Place>,
    pub(super) v4: Ranges<u32, u32>,
    pub(super) v6: Ranges<u128, u32>,
}

/// Why a database cannot be used: which, what is wrong with it, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("country database {name}: {problem}; {}", .problem.remedy())]
pub struct BadDatabase {
    /// The path, or "builtin".
    pub name: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong with a database.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is larger than [`GEO_DATABASE_MAX`].
    #[error("is larger than {} MiB", GEO_DATABASE_MAX >> 20)]
    TooLarge,
    /// It has no octets.
    #[error("is empty")]
    Empty,
    /// It is a gzip file.
    #[error("is compressed")]
    Compressed,
    /// The end of the file, which says what the rest is, is not that of a MaxMind-format file.
    #[error("is no MaxMind-format file, or its end is missing")]
    NotMaxMind,
    /// It contradicts itself.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// It is whole, but no record has a country or coordinates.
    #[error("is of type \"{kind}\" and has neither a country nor coordinates in any record")]
    Foreign {
        /// The type that it claims.
        kind: String,
    },
}

impl Problem {
    /// What the operator can do about it, as half a sentence.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "name a file that this user can read, or use database = \"builtin\"",
            Self::TooLarge | Self::Foreign { .. } => {
                "use a country or city database: GeoLite2-Country, DB-IP Country Lite, one of ip-location-db, or \"builtin\""
            }
            Self::Compressed => "unpack it first",
            Self::Empty | Self::NotMaxMind | Self::Damaged(_) => {
                "fetch it again and compare its size or checksum with the publisher's, or use database = \"builtin\""
            }
        }
    }
}

impl From<MaxMindDbError> for Problem {
    fn from(error: MaxMindDbError) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<BadTree> for Problem {
    fn from(error: BadTree) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl Database {
    /// Opens the database that the configuration names and reads all of it.
    ///
    /// # Errors
    /// Where the file cannot be read, is no MaxMind-format file, is damaged anywhere, or knows no places.
    pub fn open(which: &config::Database) -> Result<Self, BadDatabase> {
        match which {
            config::Database::Builtin => {
                Self::builtin().map_err(|problem| BadDatabase { name: "builtin".into(), problem })
            }
            config::Database::File(path) => {
                Self::file(path).map_err(|problem| BadDatabase { name: path.display().to_string(), problem })
            }
        }
    }

    /// When the database was built, seconds since 1970.
    pub fn build_epoch(&self) -> u64 {
        self.build_epoch
    }

    /// Type, build date and size in one line for people.
    pub fn describe(&self) -> String {
        format!("{} of {}, {} networks", self.kind, Date(self.build_epoch), self.networks)
    }

    fn builtin() -> Result<Self, Problem> {
        let mut octets = Vec::new();
        ZlibDecoder::new(BUILTIN).read_to_end(&mut octets)?;
        Self::read(&octets)
    }

    fn file(path: &Path) -> Result<Self, Problem> {
        let file = File::open(path)?;
        if file.metadata()?.len() > GEO_DATABASE_MAX {
            return Err(Problem::TooLarge);
        }
        let mut octets = Vec::new();
        // A device has no length.
        file.take(GEO_DATABASE_MAX).read_to_end(&mut octets)?;
        Self::read(&octets)
    }

    /// Reads a whole file.
    fn read(octets: &[u8]) -> Result<Self, Problem> {
        let reader = Reader::from_source(octets).map_err(|error| unlike(octets, error))?;
        let facts = reader.metadata();
        let mut tree = Tree::new(octets, facts.node_count, facts.record_size)?;
        let mut records = Records::new(&reader);
        let (v4, v6) = if facts.ip_version == 4 {
            (
                tree.walk(Tree::ROOT, None, NOTHING, |link, first: u32| records.place(link, first))?,
                Ranges::uniform(NOTHING),
            )
        } else {
            let ipv4 = tree.ipv4_root();
            let v4 = tree.walk(ipv4, None, NOTHING, |link, first: u32| records.place(link, first))?;
            let v6 = tree.walk(Tree::ROOT, Some(ipv4), NOTHING, |link, first: u128| records.place(link, first))?;
            (v4, v6)
        };
        let kind = facts.database_type.clone();
        if !records.places.iter().any(|place| place.point.is_some()) {
            return Err(Problem::Foreign { kind });
        }
        Ok(Self { kind, build_epoch: facts.build_epoch, networks: records.networks, places: records.places, v4, v6 })
    }
}

/// The index of "nothing known" among the places.
pub(super) const NOTHING: u32 = 0;

/// The records that the walk has met.
struct Records<'a> {
    reader: &'a Reader<&'a [u8]>,
    networks: usize,
    /// The place of each record; many networks share one.
    seen: HashMap<Link, u32>,
    /// The index of each place; many records name the same.
    known: HashMap<Place, u32>,
    places: Vec<Place>,
}

impl<'a> Records<'a> {
    fn new(reader: &'a Reader<&'a [u8]>) -> Self {
        let known = HashMap::from([(Place::default(), NOTHING)]);
        Self { reader, networks: 0, seen: HashMap::new(), known, places: vec![Place::default()] }
    }

    /// The index of the place of the record at `link`, which `first` is the lowest address of.
    fn place<A: Address>(&mut self, link: Link, first: A) -> Result<u32, Problem> {
        self.networks += 1;
        if let Some(&index) = self.seen.get(&link) {
            return Ok(index);
        }
        let place =
            self.decode(first).map_err(|error| Problem::Damaged(format!("record of {}: {error}", first.ip())))?;
        let next = self.places.len() as u32;
        let index = *self.known.entry(place).or_insert(next);
        if index == next {
            self.places.push(place);
        }
        self.seen.insert(link, index);
        Ok(index)
    }

    fn decode<A: Address>(&self, first: A) -> Result<Place, MaxMindDbError> {
        let record: Option<Record<'_>> = self.reader.lookup(first.ip())?.decode()?;
        Ok(record.map_or_else(Place::default, |record| record.place()))
    }
}

/// What a file is that has no readable metadata.
fn unlike(octets: &[u8], error: MaxMindDbError) -> Problem {
    const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
    match octets {
        [] => Problem::Empty,
        [0x1f, 0x8b, ..] => Problem::Compressed,
        _ if octets.windows(MARKER.len()).any(|window| window == MARKER) => error.into(),
        _ => Problem::NotMaxMind,
    }
}

/// A day in UTC from seconds since 1970.
struct Date(u64);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // humantime ends with the year 9999.
        let last = 253_402_300_799;
        let time = UNIX_EPOCH + Duration::from_secs(self.0.min(last));
        f.write_str(&humantime::format_rfc3339_seconds(time).to_string()[..10])
    }
}

#[cfg(test)]
mod tests;
