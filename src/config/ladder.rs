//! `all_down`: what is answered when no pool is live, rung by rung.
//!
//! Not here: what a rung means for answers (`steering`).

use super::codes;
use super::key::Absent::Needed;
use super::key::{Key, Section};
use super::reader::{Field, Value, list, nearest};
use super::report::Report;
use super::service;
use super::source::At;
use std::fmt;

/// One rung of the `all_down` ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// The pool that was live last.
    LastGood,
    /// Every pool with every endpoint.
    All,
    /// This pool: an index into `Config::pools`. A view that does not have it passes the rung over.
    Pool(usize),
    /// Nothing: the names exist without addresses.
    NoData,
}

impl Rung {
    /// The rungs that a word in the configuration means.
    pub(super) const WORDS: &'static [(&'static str, Self)] =
        &[("last-good", Self::LastGood), ("all", Self::All), ("nodata", Self::NoData)];

    /// The word for people, in the configuration too, but for a pool.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, rung)| *rung == self).map_or("pool", |(word, _)| word)
    }

    /// Whether it always applies, so that no rung after it is reached.
    pub fn is_last(self) -> bool {
        matches!(self, Self::All | Self::NoData)
    }
}

/// A rung as it was written.
#[derive(Clone, Debug)]
pub(super) enum Draft {
    /// One of `Rung::WORDS`.
    Word(&'static str),
    /// The name of a pool.
    Pool(At<String>),
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Pool(name) => write!(f, "{{ pool = \"{}\" }}", name.value),
        }
    }
}

/// The ladder where none is written.
const DEFAULT: [Rung; 2] = [Rung::LastGood, Rung::All];

/// The same in the words of the file.
pub(super) fn default_text() -> String {
    format!("[{}]", DEFAULT.map(|rung| format!("\"{}\"", rung.word())).join(", "))
}

/// A rung that is a table.
pub(super) static SECTION: Section = Section {
    header: "[[service.NAME.all_down]]",
    about: "A rung of the ladder that names a pool, as `all_down = [\"last-good\", { pool = \"dublin\" }, \
            \"nodata\"]`.",
    keys: &[&[Key::new("pool", Needed("pool = \"seoul\", with the name of a pool"), "A pool of the service.")]],
};

/// `["last-good", { pool = "seoul" }, "all"]`
pub(super) fn read(value: Value<'_>) -> Option<Vec<At<Draft>>> {
    value.list(|value| {
        if value.is_table() {
            let name = value.table(&SECTION, |t| {
                t.need("pool", |v| v.text("the name of a pool", "write it in quotes").map(str::to_owned))
            });
            return match name? {
                Field::Given(name) => Some(Draft::Pool(name)),
                Field::Absent | Field::Bad => None,
            };
        }
        if value.as_text().is_none() {
            let help = format!("write one of {}, or {{ pool = \"seoul\" }}", list(words()));
            return value.wrong("a word, or a table with a pool", &help);
        }
        let rungs: Vec<(&'static str, &'static str)> = words().map(|word| (word, word)).collect();
        value.word(&rungs).map(Draft::Word)
    })
}

fn words() -> impl Iterator<Item = &'static str> {
    Rung::WORDS.iter().map(|(word, _)| *word)
}

/// Each rung stands once, and names a pool of the service; one that is never reached is warned of.
pub(super) fn judge(service: &service::Draft, report: &Report) {
    let Some(rungs) = service.all_down.get() else { return };
    let said = |at: &At<Draft>| At { value: at.value.to_string(), span: at.span };
    report.unique(rungs.iter().map(said), codes::DUPLICATE_RUNG, "the rung");
    let pools = || service.pools.get().into_iter().flatten().map(|pool| pool.value.as_str());
    for rung in rungs {
        let Draft::Pool(name) = &rung.value else { continue };
        if service.pools.get().is_some() && !pools().any(|pool| pool == name.value) {
            let title = format!("the service does not use the pool \"{}\"", name.value);
            let help = nearest(&name.value, pools())
                .map_or_else(|| format!("its pools are {}", list(pools())), |pool| format!("did you mean \"{pool}\"?"));
            report.add(name.span, codes::RUNG_UNKNOWN, title, "", help);
        }
    }
    let last = rungs.iter().position(|at| word(&at.value).is_some_and(Rung::is_last));
    if let Some((last, beyond)) = last.and_then(|last| Some((&rungs[last], rungs.get(last + 1)?))) {
        let title = format!("the rung {} is never reached", beyond.value);
        let help = format!("leave it out, or move it before \"{}\", which always applies", last.value);
        report.add(beyond.span, codes::UNREACHABLE_RUNG, title, "", help);
    }
}

fn word(draft: &Draft) -> Option<Rung> {
    Rung::WORDS.iter().find(|(word, _)| matches!(draft, Draft::Word(known) if known == word)).map(|(_, rung)| *rung)
}

/// The ladder without places. `pools` are the service's as indices into `Config::pools`, in the order of `names`.
pub(super) fn finish(ladder: Field<Vec<At<Draft>>>, names: &[At<String>], pools: &[usize]) -> Vec<Rung> {
    let Some(rungs) = ladder.into_option() else { return DEFAULT.to_vec() };
    let rung = |at: At<Draft>| match at.value {
        Draft::Pool(name) => {
            let place = names.iter().position(|known| known.value == name.value)?;
            pools.get(place).map(|&pool| Rung::Pool(pool))
        }
        word => self::word(&word),
    };
    rungs.into_iter().filter_map(rung).collect()
}
