//! The configuration file as it was written, without what nobody may see, for those who look at a running server.
//!
//! What is hidden is said where it is read (`Value::secret`), so that no list of keys has to be kept. Comments are left out: a
//! secret may stand in one. Defaults are not added, and the content of files that are named is not shown.

use super::reader::{Value, in_file_order};
use super::report::Report;
use crate::limits::CONFIG_ITEMS_SHOWN;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use toml::de::{DeTable, DeValue};

/// What a secret is shown as.
const HIDDEN: &str = "(hidden)";

/// What stands in the file, or in a part of it.
#[derive(Clone, Debug, Default)]
pub enum Written {
    /// A secret.
    #[default]
    Hidden,
    /// A text, or a number that is not of JSON.
    Text(Box<str>),
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// A truth value.
    Truth(bool),
    /// A list; of a long one the last item says how many more there are.
    List(Vec<Self>),
    /// A table in the order of the file.
    Table(Vec<(Box<str>, Self)>),
}

impl PartialEq for Written {
    /// Always: configurations are the same where they mean the same, however they are written.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Hidden => to.serialize_str(HIDDEN),
            Self::Text(text) => to.serialize_str(text),
            Self::Whole(number) => to.serialize_i64(*number),
            Self::Number(number) => to.serialize_f64(*number),
            Self::Truth(truth) => to.serialize_bool(*truth),
            Self::List(items) => to.collect_seq(items),
            Self::Table(entries) => {
                let mut map = to.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

impl Written {
    /// The whole file, once every secret in it was read.
    pub(super) fn of(tree: &DeTable<'_>, report: &Report) -> Self {
        let entries = in_file_order(tree, report).into_iter();
        Self::Table(entries.map(|(key, value)| (key.value.into(), Self::value(value))).collect())
    }

    fn value(value: Value<'_>) -> Self {
        if value.report.is_hidden(value.span) {
            return Self::Hidden;
        }
        match value.node() {
            DeValue::String(text) => Self::Text((&**text).into()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| Self::Text(number.as_str().into()), Self::Whole),
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(finite) if finite.is_finite() => Self::Number(finite),
                _ => Self::Text(number.as_str().into()),
            },
            DeValue::Boolean(truth) => Self::Truth(*truth),
            DeValue::Datetime(time) => Self::Text(time.to_string().into()),
            DeValue::Array(items) => {
                let shown = items.iter().take(CONFIG_ITEMS_SHOWN);
                let mut shown: Vec<_> = shown.map(|item| Self::value(value.beside(item))).collect();
                let more = items.len() - shown.len();
                shown.extend((more > 0).then(|| Self::Text(format!("and {more} more").into())));
                Self::List(shown)
            }
            DeValue::Table(entries) => Self::of(entries, value.report),
        }
    }
}

#[cfg(test)]
mod tests;
