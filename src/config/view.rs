//! `[view.name]`, and what a service is to a view: `[service.name.view.name]`.
//!
//! What a view of a service does not say is as the service says it.

use super::codes;
use super::form;
use super::key::Absent::{Means, Needed};
use super::key::{Key, Section};
use super::reader::{Field, Value, list, nearest};
use super::refer::{self, Drafts};
use super::report::Report;
use super::service;
use super::source::{At, Span, values};
use crate::limits;
use ipnet::IpNet;
use std::time::Duration;

/// `[view.name]`: clients inside, told apart by the address that they ask from.
#[derive(Debug, PartialEq)]
pub struct View {
    /// The name in the configuration.
    pub name: String,
    /// Their addresses, or those of their own resolvers. Of two views the longer prefix counts.
    pub prefixes: Vec<IpNet>,
}

/// `[service.name.view.name]`: what a service is to the clients of a view.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceView {
    /// Index into `Config::views`.
    pub view: usize,
    /// Which of the pools' addresses. Default that of the kind.
    pub role: String,
    /// Indices into `Config::pools`, as those of the service. Default the service's.
    pub pools: Vec<usize>,
    /// How a pool is chosen. Default the service's.
    pub steering: super::Steering,
    /// TTL of steered records. Default the service's.
    pub ttl: Duration,
}

/// `[view.name]`.
pub(super) static SECTION: Section = Section {
    header: "[view.NAME]",
    about: "Clients inside, told apart by the address that asks, never by its client subnet option. Of two \
            views the longer prefix counts.",
    keys: &[&[Key::new(
        "prefixes",
        Needed("prefixes = [\"10.0.0.0/8\"]"),
        "Their addresses, or those of their own resolvers.",
    )]],
};

/// `[service.name.view.name]`.
pub(super) static OF_SERVICE: Section = Section {
    header: "[service.NAME.view.NAME]",
    about: "What a service is to the clients of a `[view.NAME]` instead. What stands here is all that can differ.",
    keys: &[&[
        Key::new("pools", Means("the service's"), "Pools, the preferred one first where distance does not decide."),
        Key::new("role", Means("that of the kind"), "Which of the pools' addresses, where a pool gives them by role."),
        Key::new("steering", Means("the service's"), "How a pool is chosen.")
            .written("`\"nearest\"`, `\"failover\"`, or a table")
            .within(&service::WEIGHTED),
        Key::new("ttl", Means("the service's"), "TTL of steered records."),
    ]],
};

/// A view as it was written.
pub(super) struct Draft {
    /// The name, at its key.
    pub(super) name: At<String>,
    /// Whose addresses.
    pub(super) prefixes: Field<Vec<At<IpNet>>>,
}

/// What a service is to a view, as it was written.
pub(super) struct Inside {
    /// The view's name, at its key.
    pub(super) name: At<String>,
    /// Names of pools, preferred first.
    pub(super) pools: Field<Vec<At<String>>>,
    /// Which of the pools' addresses.
    pub(super) role: Field<String>,
    /// How a pool is chosen.
    pub(super) steering: Field<service::Steering>,
    /// TTL of steered records.
    pub(super) ttl: Field<Duration>,
}

/// What the names in a service's view refer to.
pub(super) struct Reference {
    /// The view; `None` was reported.
    pub(super) view: Option<usize>,
    /// Its pools.
    pub(super) pools: Vec<At<usize>>,
}

/// `[view.name]`.
pub(super) fn read(key: At<&str>, value: Value<'_>) -> Option<Draft> {
    let name = value.entry_name(key);
    let draft = value.table(&SECTION, |t| Draft {
        name: At { value: key.value.to_owned(), span: key.span },
        prefixes: t.need("prefixes", |v| v.list(|v| v.form(&form::PREFIX))),
    });
    name.and(draft)
}

/// `[service.name.view.name]`.
pub(super) fn of_service(key: At<&str>, value: Value<'_>) -> Option<Inside> {
    value.table(&OF_SERVICE, |t| Inside {
        name: At { value: key.value.to_owned(), span: key.span },
        pools: t.get("pools", Value::pools),
        role: t.get("role", |v| {
            v.text("the role of endpoints", "write a role of the pools, as \"internal\"").map(str::to_owned)
        }),
        steering: t.get("steering", service::steering),
        ttl: t.get("ttl", Value::ttl),
    })
}

impl Draft {
    /// The view without places.
    pub(super) fn finish(self) -> View {
        View { name: self.name.value, prefixes: values(self.prefixes.or_default()) }
    }
}

impl Inside {
    /// The names of its pools, which are the service's where it has none of its own.
    pub(super) fn pools_of<'a>(&'a self, service: &'a service::Draft) -> &'a [At<String>] {
        self.pools.get().or(service.pools.get()).map_or(&[], |pools| pools)
    }

    /// The view of a service without places; `None` where something is missing, which was reported.
    pub(super) fn finish(&self, service: &service::Draft, reference: Reference) -> Option<ServiceView> {
        let steering = self.steering.get().or(service.steering.get());
        Some(ServiceView {
            view: reference.view?,
            role: self.role.get().map_or(service.kind.get()?.role, String::as_str).to_owned(),
            pools: values(reference.pools),
            steering: service::finish_steering(steering, self.pools_of(service)),
            ttl: *self.ttl.get().or(service.ttl.get()).unwrap_or(&service::TTL),
        })
    }

    /// The view that is meant.
    pub(super) fn find(&self, drafts: &Drafts, report: &Report) -> Option<usize> {
        let name = &self.name.value;
        let known = || drafts.views.iter().map(|view| view.name.value.as_str());
        let found = known().position(|view| view == name);
        if found.is_none() {
            let help = match nearest(name, known()) {
                Some(view) => format!("did you mean \"{view}\"?"),
                None if drafts.views.is_empty() => format!("add [view.{name}] with prefixes = [\"10.0.0.0/8\"]"),
                None => format!("the views are {}", list(known())),
            };
            report.add(self.name.span, codes::UNKNOWN_VIEW, format!("there is no view \"{name}\""), "", help);
        }
        found
    }

    /// Whether it says what can be, and anything at all.
    pub(super) fn judge(&self, service: &service::Draft, pools: &[At<usize>], drafts: &Drafts, report: &Report) {
        let whose = format!("{}@{}", service.name.value, self.name.value);
        if self.pools.is_absent() && self.role.is_absent() && self.steering.is_absent() && self.ttl.is_absent() {
            let title = format!("the view {whose} is what everybody sees");
            report.add(
                self.name.span,
                codes::EMPTY_VIEW,
                title,
                "",
                "give it pools or a role of its own, or remove it",
            );
        }
        let Some(kind) = service.kind.get() else { return };
        let role = self.role.get().map_or(kind.role, String::as_str);
        // With the service's own pools it is the role that may not fit.
        let at = |pool: &At<usize>| match (&self.pools, self.role.at()) {
            (Field::Absent, Some(role)) => At { value: pool.value, span: role.span },
            _ => *pool,
        };
        if self.pools.get().is_some() || self.role.get().is_some() {
            pools.iter().for_each(|pool| refer::role(at(pool), role, &whose, drafts, report));
        }
        if self.pools.get().is_some() {
            pools.iter().for_each(|pool| refer::fqdn(*pool, service, drafts, report));
        }
        self.weights(service, report);
    }

    fn weights(&self, service: &service::Draft, report: &Report) {
        if let Some(own) = self.steering.at() {
            return refer::weights(own, self.pools_of(service), report);
        }
        let (Some(service::Steering::Weighted(weights)), Some(pools)) = (service.steering.get(), self.pools.get())
        else {
            return;
        };
        for pool in pools.iter().filter(|pool| weights.iter().all(|(name, _)| name.value != pool.value)) {
            let title = format!("the pool {} has no weight in the service", pool.value);
            let help = "give the view a steering of its own, as \"failover\"";
            report.add(pool.span, codes::WEIGHT_MISSING, title, "", help);
        }
    }
}

/// No prefix stands twice; where prefixes of two views overlap the longer counts.
pub(super) fn prefixes(views: &[Draft], report: &Report) {
    let all = || views.iter().filter_map(|view| view.prefixes.get()).flatten();
    report.unique(all().map(At::as_ref), codes::DUPLICATE_PREFIX, "the prefix");
    for everybody in all().filter(|prefix| prefix.value.prefix_len() == 0) {
        let title = format!("{} is every client", everybody.value);
        let help = "name the networks inside alone: whoever is in a view is told what only they should reach";
        report.add(everybody.span, codes::VIEW_OF_EVERYBODY, title, "", help);
    }
    refer::too_many("views", limits::VIEWS_MAX, views.iter().map(|view| view.name.span), report);
}

/// Views that no service has.
pub(super) fn unused(drafts: &Drafts, report: &Report) {
    let used = |view: &Draft| drafts.services.iter().flat_map(|s| &s.views).any(|v| v.name.value == view.name.value);
    for view in drafts.views.iter().filter(|view| !used(view)) {
        let name = &view.name.value;
        let help = format!("add [service.NAME.view.{name}] with pools or a role, or remove it");
        report.add(view.name.span, codes::UNUSED_VIEW, format!("no service has the view {name}"), "", help);
    }
}

/// Every name of a service and of its views.
pub(super) fn faces(services: &[service::Draft]) -> Vec<Span> {
    let views = |service: &service::Draft| service.views.iter().map(|view| view.name.span).collect::<Vec<_>>();
    services.iter().flat_map(|service| [vec![service.name.span], views(service)].concat()).collect()
}
