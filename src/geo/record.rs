//! What one record of a country or city database says, in every schema that is in use.
//!
//! | schema | country | coordinates |
//! |---|---|---|
//! | GeoIP2, GeoLite2, DB-IP | `country.iso_code`, else `registered_country.iso_code` | `location.latitude`, `.longitude` |
//! | ip-location-db, IPinfo Lite | `country_code` | `latitude`, `longitude` |
//! | IPinfo | `country` | |
//!
//! Publishers differ in types too (`mmdbctl` writes every number as text), so a value of an unexpected type counts as
//! missing. An error is only what cannot be decoded at all.

use super::{Place, Point, country_point};
use crate::config::Country;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// One record; every field may be missing, and others are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    country: Field<'a>,
    #[serde(borrow)]
    registered_country: Field<'a>,
    #[serde(borrow)]
    country_code: Field<'a>,
    #[serde(borrow)]
    location: Field<'a>,
    #[serde(borrow)]
    latitude: Field<'a>,
    #[serde(borrow)]
    longitude: Field<'a>,
}

impl Record<'_> {
    /// The place that it names: its own coordinates, else its country's point.
    pub(super) fn place(&self) -> Place {
        let codes = [self.country.iso_code, self.country.own, self.country_code.own, self.registered_country.iso_code];
        let country = codes.into_iter().find_map(Scalar::country);
        let own = point(self.location.latitude, self.location.longitude)
            .or_else(|| point(self.latitude.own, self.longitude.own));
        Place { point: own.or_else(|| country.and_then(country_point)), country }
    }
}

fn point(latitude: Scalar<'_>, longitude: Scalar<'_>) -> Option<Point> {
    Point::new(latitude.degrees()?, longitude.degrees()?)
}

/// A value without parts; whatever is neither text nor number is `Other`.
#[derive(Clone, Copy, Debug, Default)]
enum Scalar<'a> {
    Text(&'a str),
    Number(f64),
    #[default]
    Other,
}

impl Scalar<'_> {
    fn country(self) -> Option<Country> {
        match self {
            Self::Text(code) => Country::parse(code),
            Self::Number(_) | Self::Other => None,
        }
    }

    fn degrees(self) -> Option<f64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => Some(number),
            Self::Other => None,
        }
    }
}

/// A field: the value itself, or those of its parts that matter.
#[derive(Debug, Default)]
struct Field<'a> {
    own: Scalar<'a>,
    iso_code: Scalar<'a>,
    latitude: Scalar<'a>,
    longitude: Scalar<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reading { parts: true }.deserialize(deserializer)
    }
}

/// Reads a field. Parts of parts are passed over, so that no file decides how deep we go.
struct Reading {
    parts: bool,
}

impl<'de> DeserializeSeed<'de> for Reading {
    type Value = Field<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn number<'a, E>(number: f64) -> Result<Field<'a>, E> {
    Ok(Field { own: Scalar::Number(number), ..Field::default() })
}

impl<'de> Visitor<'de> for Reading {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Field<'de>, E> {
        Ok(Field { own: Scalar::Text(text), ..Field::default() })
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Field<'de>, E> {
        number(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Field<'de>, E> {
        number(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Field<'de>, E> {
        number(value as f64)
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Field<'de>, E> {
        Ok(Field::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Field<'de>, E> {
        Ok(Field::default())
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Field<'de>, E> {
        Ok(Field::default())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Field<'de>, S::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::default())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Field<'de>, M::Error> {
        let mut field = Field::default();
        while let Some(key) = map.next_key::<&str>()? {
            let part = match key {
                "iso_code" if self.parts => &mut field.iso_code,
                "latitude" if self.parts => &mut field.latitude,
                "longitude" if self.parts => &mut field.longitude,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *part = map.next_value_seed(Self { parts: false })?.own;
        }
        Ok(field)
    }
}

#[cfg(test)]
mod tests;
