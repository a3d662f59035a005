//! Who is inside: source addresses to views, and services to what they are to a view.
//!
//! What a service is to a view is a service of its own behind the configured ones: own pools, orders, row. It always holds
//! that the view is chosen by the address that a question came from, never by what its client subnet option says.

use super::{Service, ServiceId};
use crate::config::{self, Config, Steering};
use crate::geo::Prefixes;
use crate::ids::ViewId;
use std::net::IpAddr;
use std::time::Duration;

/// The views of a configuration.
#[derive(Debug)]
pub struct Views {
    names: Vec<String>,
    prefixes: Prefixes,
}

impl Views {
    pub(super) fn new(config: &Config) -> Self {
        let prefixes = config.views.iter().zip(0..).flat_map(|(view, i)| view.prefixes.iter().map(move |&p| (p, i)));
        let names = config.views.iter().map(|view| view.name.clone()).collect();
        Self { names, prefixes: Prefixes::new(prefixes) }
    }

    /// The view of a client that asks from this address; `None` is what everybody sees.
    pub fn of(&self, source: IpAddr) -> Option<ViewId> {
        // Where there is none, nothing is looked up.
        let view = if self.names.is_empty() { None } else { self.prefixes.find(source) };
        view.map(|view| ViewId(view.into()))
    }

    /// Source addresses to views, by the number that a `ViewId` has.
    pub(super) fn prefixes(&self) -> &Prefixes {
        &self.prefixes
    }

    /// The name of a view.
    pub fn name(&self, view: ViewId) -> &str {
        &self.names[view.index()]
    }
}

/// What a configured service is to everybody or to a view.
pub(super) struct Face<'c> {
    /// The service's place in the configuration.
    pub(super) own: usize,
    /// Whose names, kind and check it has.
    pub(super) service: &'c config::Service,
    pub(super) view: Option<ViewId>,
    pub(super) role: &'c str,
    pub(super) pools: &'c [usize],
    pub(super) steering: &'c Steering,
    pub(super) ttl: Duration,
}

/// Every service as everybody sees it, in the order of the configuration, then every view of each.
pub(super) fn faces(config: &Config) -> impl Iterator<Item = Face<'_>> {
    let everybody = config.services.iter().enumerate().map(|(own, service)| {
        let config::Service { kind, pools, steering, ttl, .. } = service;
        Face { own, service, view: None, role: kind.role, pools, steering, ttl: *ttl }
    });
    let services = config.services.iter().enumerate();
    let views = services.flat_map(|(own, service)| service.views.iter().map(move |view| (own, service, view)));
    everybody.chain(views.map(|(own, service, seen)| {
        let config::ServiceView { view, role, pools, steering, ttl } = seen;
        Face { own, service, view: Some(ViewId::at(*view)), role, pools, steering, ttl: *ttl }
    }))
}

impl Face<'_> {
    /// The service's name, with that of the view.
    pub(super) fn name(&self, config: &Config) -> String {
        let name = &self.service.name;
        self.view.map_or_else(|| name.clone(), |view| format!("{name}@{}", config.views[view.index()].name))
    }
}

impl Service {
    /// The service that stands for this one, whose id is `own`, before the clients of a view.
    pub fn seen_from(&self, view: Option<ViewId>, own: ServiceId) -> ServiceId {
        let seen = view.and_then(|view| self.views.iter().find(|(known, _)| *known == view));
        seen.map_or(own, |(_, service)| *service)
    }
}
