//! `failback`: when a pool that was lost is preferred again.
//!
//! Not here: what that means for a pool (`health`) and for whom (`topology`).

use super::codes;
use super::key::Absent::Needed;
use super::key::{Key, Section};
use super::reader::Value;
use crate::federation::Failback;
use crate::limits;
use std::time::Duration;

/// `failback` with a canary.
pub(super) static SECTION: Section = Section {
    header: "[service.NAME.failback]",
    about: "A failback that is tried by some first ([policy](policy.md)), as `failback = { after = \"10m\", \
            canary = { share = \"5%\", for = \"10m\" } }`.",
    keys: &[&[
        Key::new(
            "after",
            Needed("after = \"10m\""),
            "How long a pool that was lost must be up without a break before some try it; `\"auto\"` is at once.",
        ),
        Key::new("canary", Needed("canary = { share = \"5%\", for = \"10m\" }"), "Who tries it, and for how long.")
            .within(&CANARY),
    ]],
};

static CANARY: Section = Section {
    header: "[service.NAME.failback.canary]",
    about: "A share of client networks (/24, /56) tries the pool first. It is drawn by a hash: the same \
            networks each time, on every node.",
    keys: &[&[
        Key::new("share", Needed("share = \"5%\""), "Which share."),
        Key::new("for", Needed("for = \"10m\""), "For how long, before all others follow."),
    ]],
};

const WORDS: &[(&str, Failback)] = &[("auto", Failback::Auto), ("manual", Failback::Manual)];

/// `"auto"`, `"manual"`, `"10m"` or `{ after = "10m", canary = { share = "5%", for = "10m" } }`
pub(super) fn read(value: Value<'_>) -> Option<Failback> {
    if value.is_table() {
        return table(value);
    }
    let wanted = "\"auto\", \"manual\", a duration, or a table";
    match value.text(wanted, "write how long a pool must stay up first, as \"10m\"")? {
        "auto" | "manual" => value.word(WORDS),
        _ => wait(value).map(Failback::After),
    }
}

fn wait(value: Value<'_>) -> Option<Duration> {
    value.duration(Duration::from_millis(1)..=limits::FAILBACK_MAX)
}

fn table(value: Value<'_>) -> Option<Failback> {
    let fields = value.table(&SECTION, |t| (t.need("after", after), t.need("canary", canary)))?;
    let (after, (share, length)) = (fields.0.into_option()?, fields.1.into_option()?);
    Some(Failback::Canary { after, share, length })
}

fn after(value: Value<'_>) -> Option<Duration> {
    if value.as_text() == Some("manual") {
        let help = "write a duration or \"auto\": after a release by an operator everybody comes back at once";
        value.report.add(value.span, codes::OUT_OF_RANGE, "a canary begins by itself", "", help);
        return None;
    }
    if value.as_text() == Some("auto") { Some(Duration::ZERO) } else { wait(value) }
}

fn canary(value: Value<'_>) -> Option<(u16, Duration)> {
    let fields = value.table(&CANARY, |t| {
        let length = Duration::from_secs(1)..=limits::FAILBACK_MAX;
        (t.need("share", share), t.need("for", |v| v.duration(length)))
    })?;
    Some((fields.0.into_option()?, fields.1.into_option()?))
}

/// `"5%"` or `0.05`, in ten thousandths.
fn share(value: Value<'_>) -> Option<u16> {
    let help = "write a share of client networks from \"0.01%\" to \"50%\", or as a number to 0.5";
    let said = match value.as_text() {
        Some(text) => {
            text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok()).map(|x| x / 100.0)
        }
        None if value.is_number() => Some(value.number()?),
        None => return value.wrong("a share of clients", help),
    };
    let share = said.map(|share| (share * 10_000.0).round()).filter(|share| {
        (f64::from(*limits::CANARY_SHARE.start())..=f64::from(*limits::CANARY_SHARE.end())).contains(share)
    });
    if share.is_none() {
        value.report.add(value.span, codes::OUT_OF_RANGE, "this is no share of clients for a canary", "", help);
    }
    // Within the bounds, which fit.
    share.map(|share| share as u16)
}
