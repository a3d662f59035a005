//! `group` of services: those that are steered as one, and so say the same of everything that steers.
//!
//! What is compared is what a service says with its defaults, in the words of the file, so that a message can show both.

use super::codes;
use super::ladder;
use super::reader::{Field, Value};
use super::refer;
use super::report::Report;
use super::service::{Draft, Steering, finish_steering};
use super::source::{At, Span};
use crate::federation::Failback;
use crate::limits::GROUP_MAX;
use std::collections::BTreeMap;

/// What a service says of one thing, and where.
struct Said {
    text: String,
    at: Option<Span>,
}

/// A key, and what a service says of it.
type Alike = (&'static str, fn(&Draft) -> Said);

/// What members of a group have alike.
const ALIKE: &[Alike] = &[
    ("pools", |service| said(&service.pools, |pools| names(pools.map_or(&[], |pools| pools)))),
    ("steering", |service| said(&service.steering, |own| steering(own, service.pools.get().map_or(&[], |p| p)))),
    ("failback", |service| {
        let default = service.kind.get().map(|kind| kind.failback);
        said(&service.failback, |own| failback(own.copied().or(default).unwrap_or(Failback::Auto)))
    }),
    ("all_down", |service| said(&service.all_down, |own| own.map_or_else(ladder::default_text, |own| names(own)))),
];

/// Reads `group`.
pub(super) fn read(value: Value<'_>) -> Option<String> {
    let name = value.text("the name of a group", "write a name that its services share, as \"edge\"")?;
    value.entry_name(At { value: name, span: value.span })?;
    Some(name.to_owned())
}

/// Whether the members of each group can be steered as one.
pub(super) fn judge(services: &[Draft], report: &Report) {
    let mut groups: BTreeMap<&str, Vec<(&Draft, Span)>> = BTreeMap::new();
    for service in services {
        let at = service.group.at();
        at.into_iter().for_each(|at| groups.entry(&at.value).or_default().push((service, at.span)));
    }
    for (name, members) in groups {
        refer::too_many("services in this group", GROUP_MAX, members.iter().map(|(_, span)| *span), report);
        let [(first, span), others @ ..] = &members[..] else { continue };
        if others.is_empty() {
            let title = format!("no other service is in the group {name}");
            let help = format!("write group = \"{name}\" in those that shall choose the same pool, or leave it out");
            report.add(*span, codes::GROUP_OF_ONE, title, "", help);
        }
        for (other, span) in others {
            differ(name, first, other, *span, report);
            views_differ(name, first, other, *span, report);
        }
    }
}

fn differ(group: &str, first: &Draft, other: &Draft, span: Span, report: &Report) {
    // What could not be read differs from everything.
    let is_bad = |service: &Draft| {
        !matches!(service.pools, Field::Given(_))
            || matches!(service.steering, Field::Bad)
            || matches!(service.failback, Field::Bad)
            || matches!(service.all_down, Field::Bad)
            || service.kind.get().is_none()
    };
    if is_bad(first) || is_bad(other) {
        return;
    }
    for (key, said) in ALIKE {
        let (there, here) = (said(first), said(other));
        if there.text == here.text {
            continue;
        }
        let (one, two) = (&first.name.value, &other.name.value);
        let title = format!("{two} and {one} are both in the group {group} and differ in \"{key}\"");
        let label = format!("{} here, {} in {one}", here.text, there.text);
        let help =
            format!("write {key} = {} in both, or whatever both shall have: a group chooses one pool", there.text);
        report.add(here.at.unwrap_or(span), codes::GROUP_DIFFERS, title, label, help);
    }
}

/// A view is something of its own to all members or to none.
fn views_differ(group: &str, first: &Draft, other: &Draft, span: Span, report: &Report) {
    let view = |service: &Draft, name: &str| {
        let inside = service.views.iter().find(|view| view.name.value == name)?;
        let own = inside.steering.get().or(service.steering.get());
        let pools = inside.pools_of(service);
        Some((inside.name.span, format!("pools = {}, steering = {}", names(pools), steering(own, pools))))
    };
    let inside = |service: &Draft| service.views.iter().map(|view| view.name.value.clone()).collect::<Vec<_>>();
    let mut all = [inside(first), inside(other)].concat();
    all.sort();
    all.dedup();
    for name in all {
        let (there, here) = (view(first, &name), view(other, &name));
        if there.as_ref().map(|(_, text)| text) == here.as_ref().map(|(_, text)| text) {
            continue;
        }
        let (one, two) = (&first.name.value, &other.name.value);
        let title = format!("{two} and {one} are both in the group {group} and differ in the view {name}");
        let text = |said: &Option<(Span, String)>| said.as_ref().map_or("nothing".to_owned(), |(_, text)| text.clone());
        let label = format!("{} here, {} in {one}", text(&here), text(&there));
        let help = "give the view to both, with the same pools and the same steering, or to neither";
        report.add(here.map_or(span, |(span, _)| span), codes::GROUP_DIFFERS, title, label, help);
    }
}

fn said<T>(field: &Field<T>, text: impl Fn(Option<&T>) -> String) -> Said {
    Said { text: text(field.get()), at: field.at().map(|at| at.span) }
}

fn names<T: ToString>(items: &[At<T>]) -> String {
    let quoted = |item: &At<T>| match item.value.to_string() {
        table if table.starts_with('{') => table,
        word => format!("\"{word}\""),
    };
    format!("[{}]", items.iter().map(quoted).collect::<Vec<_>>().join(", "))
}

fn steering(own: Option<&Steering>, pools: &[At<String>]) -> String {
    match finish_steering(own, pools) {
        super::Steering::Nearest => "\"nearest\"".to_owned(),
        super::Steering::Failover => "\"failover\"".to_owned(),
        super::Steering::Weighted(weights) => {
            let each = pools.iter().zip(weights).map(|(pool, weight)| format!("{} = {weight}", pool.value));
            format!("{{ weighted = {{ {} }} }}", each.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A failback in the words of the file.
pub(super) fn failback(own: Failback) -> String {
    match own {
        Failback::Auto => "\"auto\"".to_owned(),
        Failback::Manual => "\"manual\"".to_owned(),
        Failback::After(wait) => format!("\"{}\"", humantime::format_duration(wait)),
        Failback::Canary { after, share, length } => {
            let (after, percent) = (humantime::format_duration(after), f64::from(share) / 100.0);
            let length = humantime::format_duration(length);
            format!("{{ after = \"{after}\", canary = {{ share = \"{percent}%\", for = \"{length}\" }} }}")
        }
    }
}
