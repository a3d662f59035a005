//! Countries, as ISO 3166-1 has them. Not here: where they are (`geo::countries`, from the same table).

use std::collections::HashSet;
use std::sync::OnceLock;

/// A line for each country, its code first, below a heading: `geoip/countries.csv`.
pub const COUNTRIES: &str = include_str!("../../geoip/countries.csv");

/// An ISO 3166-1 alpha-2 country code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// Reads two ASCII letters in either case, whether or not there is such a country: databases know more codes than the table.
    pub fn parse(text: &str) -> Option<Self> {
        match text.as_bytes() {
            &[a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Some(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => None,
        }
    }

    /// Whether the table has it.
    pub(super) fn exists(&self) -> bool {
        static KNOWN: OnceLock<HashSet<Country>> = OnceLock::new();
        let codes = || COUNTRIES.lines().skip(1).filter_map(|row| Self::parse(row.get(..2)?));
        KNOWN.get_or_init(|| codes().collect()).contains(self)
    }

    /// The code as text.
    pub fn code(&self) -> &str {
        // Two ASCII letters by construction.
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl std::fmt::Debug for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}
