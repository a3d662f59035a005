//! The countries of ISO 3166 with a point for each, from `geoip/countries.csv`.

use super::Point;
use crate::config::{COUNTRIES, Country};
use std::sync::OnceLock;

/// A point that stands for the country; `None` where there is no such country.
pub fn country_point(country: Country) -> Option<Point> {
    let table = table();
    table.binary_search_by_key(&country, |&(country, _)| country).ok().map(|i| table[i].1)
}

/// Every country with its point, in the order of their codes.
pub fn countries() -> impl Iterator<Item = (Country, Point)> {
    table().iter().copied()
}

fn table() -> &'static [(Country, Point)] {
    static TABLE: OnceLock<Vec<(Country, Point)>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: Vec<_> = rows().filter_map(parse_row).collect();
        table.sort_unstable_by_key(|&(country, _)| country);
        table
    })
}

/// The lines below the heading.
fn rows() -> impl Iterator<Item = &'static str> {
    COUNTRIES.lines().skip(1)
}

/// `iso_code,continent,latitude,longitude`.
fn parse_row(row: &str) -> Option<(Country, Point)> {
    let mut fields = row.split(',');
    let country = Country::parse(fields.next()?)?;
    let _continent = fields.next()?;
    let point = Point::new(fields.next()?.parse().ok()?, fields.next()?.parse().ok()?)?;
    fields.next().is_none().then_some((country, point))
}

#[cfg(test)]
mod tests;
