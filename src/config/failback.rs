//! `failback`: when a pool that was lost is preferred again.
//!
//! Not here: what that means for a pool (`health`) and for whom (`topology`).

use super::codes;
use super::reader::Value;
use crate::federation::Failback;
use crate::limits;
use std::time::Duration;

const WORDS: &[(&str, Failback)] = &[("auto", Failback::Auto), ("manual", Failback::Manual)];

/// `"auto"`, `"manual"`, `"10m"` or `{ after = "10m", canary = { share = "5%", for = "10m" } }`
pub(super) fn read(value: Value<'_>) -> Option<Failback> {
    if value.is_table() {
        return table(value);
    }
    let wanted = "\"auto\", \"manual\", a duration, or a table with a canary";
    match value.text(wanted, "write how long a pool must stay up first, as \"10m\"")? {
        "auto" | "manual" => value.word(WORDS),
        _ => wait(value).map(Failback::After),
    }
}

fn wait(value: Value<'_>) -> Option<Duration> {
    value.duration(Duration::from_millis(1)..=limits::FAILBACK_MAX)
}

fn table(value: Value<'_>) -> Option<Failback> {
    let fields = value.table(|t| {
        let after = t.need("after", "after = \"10m\"", after);
        let example = "canary = { share = \"5%\", for = \"10m\" }";
        (after, t.need("canary", example, canary))
    })?;
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
    let fields = value.table(|t| {
        let length = Duration::from_secs(1)..=limits::FAILBACK_MAX;
        (t.need("share", "share = \"5%\"", share), t.need("for", "for = \"10m\"", |v| v.duration(length)))
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
        None => Some(value.number()?),
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
