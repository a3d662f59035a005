//! `[health]`.

use super::codes;
use super::form;
use super::key::Absent::{Is, Means};
use super::key::{Key, Section, Shown as _};
use super::reader::Value;
use super::report;
use super::source::At;
use crate::health::Damping;
use crate::limits;
use std::net::SocketAddr;

/// `[health]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Third parties that are asked whether our own uplink works. Default none.
    pub references: Vec<SocketAddr>,
    /// How pools that flap are damped; `None` not at all.
    pub damping: Option<Damping>,
}

impl Default for Health {
    fn default() -> Self {
        Self { references: Vec::new(), damping: Some(Damping::default()) }
    }
}

/// `[health]`.
pub(super) static SECTION: Section = Section {
    header: "[health]",
    about: "How careful the judge of probes is.",
    keys: &[&[
        Key::new(
            "references",
            Means("none"),
            "Servers of others that take TCP, asked once a second. While none answers and at least half of the \
             pools fail, our own uplink is at fault, and verdicts stay as they are.",
        )
        .most(limits::REFERENCES_MAX),
        Key::new(
            "damping",
            Means("as `[health.damping]` says"),
            "How pools that flap are damped, or `\"off\"` for not at all.",
        )
        .within(&DAMPING),
    ]],
};

static DAMPING: Section = Section {
    header: "[health.damping]",
    about: "Each loss of a pool adds 1 to a penalty, which halves in `half_life`. Above `suppress` the pool \
            serves only where no other does.",
    keys: &[&[
        Key::new(
            "half_life",
            Is(|| Damping::default().half_life.shown()),
            "In which time half of the penalty is forgotten.",
        ),
        Key::new("suppress", Is(|| Damping::default().suppress.shown()), "Above this penalty a pool is damped."),
        Key::new(
            "reuse",
            Is(|| Damping::default().reuse.shown()),
            "Below this penalty it is preferred again; no more than `suppress`.",
        ),
        Key::new(
            "longest",
            Is(|| Damping::default().longest.shown()),
            "So long after its last loss it is preferred again, whatever the penalty.",
        ),
    ]],
};

/// `[health]`.
pub(super) fn read(value: Value<'_>) -> Option<Health> {
    value.table(&SECTION, |t| Health {
        references: t.get("references", references).or_default(),
        damping: t.get("damping", damping).or(Some(Damping::default())),
    })
}

/// `["192.0.2.1:443"]`
fn references(value: Value<'_>) -> Option<Vec<SocketAddr>> {
    let references = value.list_or_empty(|v| v.form(&form::REFERENCE))?;
    let report: &report::Report = value.report;
    report.unique(references.iter().map(At::as_ref), codes::DUPLICATE_REFERENCE, "the reference");
    if references.len() > limits::REFERENCES_MAX {
        value.too_many(references.len(), limits::REFERENCES_MAX);
        return None;
    }
    Some(references.into_iter().map(|at| at.value).collect())
}

/// `{ half_life = "5m", suppress = 3, reuse = 1, longest = "30m" }` or "off".
fn damping(value: Value<'_>) -> Option<Option<Damping>> {
    if !value.is_table() {
        return value.word(&[("off", None)]);
    }
    let default = Damping::default();
    let damping = value.table(&DAMPING, |t| Damping {
        half_life: t.get("half_life", |v| v.duration(limits::DAMPING_TIME)).or(default.half_life),
        suppress: t.get("suppress", |v| v.integer(1..=limits::DAMPING_LOSSES_MAX)).or(default.suppress),
        reuse: t.get("reuse", |v| v.integer(1..=limits::DAMPING_LOSSES_MAX)).or(default.reuse),
        longest: t.get("longest", |v| v.duration(limits::DAMPING_TIME)).or(default.longest),
    })?;
    if damping.reuse > damping.suppress {
        let Damping { suppress, reuse, .. } = damping;
        let title = format!("reuse = {reuse} is above suppress = {suppress}");
        let help = "a pool is damped above suppress losses and preferred again below reuse: write reuse = 1";
        value.report.add(value.span, codes::BAD_DAMPING, title, "", help);
        return None;
    }
    Some(Some(damping))
}
