//! References between tables: names of pools and checks to what they name, and whether what they name will do.

use super::check;
use super::codes;
use super::group;
use super::ladder;
use super::partner;
use super::pool;
use super::reader::{Field, list, nearest};
use super::report::Report;
use super::resolver;
use super::service::{self, CheckRef, Steering};
use super::site;
use super::source::{At, Span};
use super::transfer;
use super::view;
use super::zone;
use super::{Geoip, Health, Safety, Server};
use crate::federation::Shape;
use crate::limits;
use std::collections::HashMap;

/// All tables as they were written.
pub(super) struct Drafts {
    /// `[server]`.
    pub(super) server: Server,
    /// `[geoip]`.
    pub(super) geoip: Geoip,
    /// `[zone]`.
    pub(super) zones: Vec<zone::Draft>,
    /// `[pool]`.
    pub(super) pools: Vec<pool::Draft>,
    /// `[check]`.
    pub(super) checks: Vec<(At<String>, check::Draft)>,
    /// `[service]`.
    pub(super) services: Vec<service::Draft>,
    /// `[partner]`.
    pub(super) partners: Vec<partner::Draft>,
    /// `[view]`.
    pub(super) views: Vec<view::Draft>,
    /// `[resolver]`.
    pub(super) resolver: Field<resolver::Draft>,
    /// `[tsig]`.
    pub(super) tsig: Vec<transfer::KeyDraft>,
    /// `[health]`.
    pub(super) health: Health,
    /// `[safety]`.
    pub(super) safety: Safety,
    /// `[site]`.
    pub(super) sites: Vec<site::Draft>,
    /// `[token]`.
    pub(super) tokens: Vec<super::Token>,
    /// `[gate]`.
    pub(super) gates: Vec<super::gate::Draft>,
    /// `[notify]`.
    pub(super) notify: Vec<At<super::Notify>>,
}

/// What the names in the tables refer to; unknown ones are left out.
pub(super) struct References {
    /// For each service, its pools.
    pub(super) services: Vec<Vec<At<usize>>>,
    /// For each partner, its pools.
    pub(super) partners: Vec<Vec<At<usize>>>,
    /// For each service, the index of the named check that it uses.
    pub(super) checks: Vec<Option<usize>>,
    /// For each service, its views.
    pub(super) views: Vec<Vec<view::Reference>>,
    /// For each site, its pools.
    pub(super) sites: Vec<site::Reference>,
}

/// Resolves every reference and reports those that do not, or that do not fit.
pub(super) fn resolve(drafts: &Drafts, report: &Report) -> References {
    let names = drafts.pools.iter().enumerate().map(|(i, pool)| (pool.name.value.as_str(), i)).collect();
    let pools = |list: &Field<Vec<At<String>>>| self::pools(list.get().map(Vec::as_slice), &names, report);
    let services: Vec<_> = drafts.services.iter().map(|service| pools(&service.pools)).collect();
    let views = drafts.services.iter().zip(&services).map(|(service, inherited)| {
        let reference = |inside: &view::Inside| view::Reference {
            view: inside.find(drafts, report),
            pools: if inside.pools.is_absent() { inherited.clone() } else { pools(&inside.pools) },
        };
        service.views.iter().map(reference).collect()
    });
    let references = References {
        views: views.collect(),
        services,
        partners: drafts.partners.iter().map(|partner| pools(&partner.pools)).collect(),
        checks: drafts.services.iter().map(|service| named_check(service, drafts, report)).collect(),
        sites: drafts.sites.iter().map(|site| site.resolve(|list| self::pools(Some(list), &names, report))).collect(),
    };
    drafts.pools.iter().for_each(|pool| min_healthy(pool, report));
    for ((service, pools), check) in drafts.services.iter().zip(&references.services).zip(&references.checks) {
        service_pools(service, pools, drafts, report);
        service.steering.at().into_iter().zip(service.pools.get()).for_each(|(at, pools)| weights(at, pools, report));
        ladder::judge(service, report);
        service.judge_ttls(report);
        owner_keys(service, report);
        delegation_keys(service, report);
        check_keys(service, check.map(|i| &drafts.checks[i].1), report);
    }
    for (name, check) in &drafts.checks {
        // One that leaves its kind to the services is judged with each of them.
        if let Some(kind) = check.kind.get() {
            check.ask.judge(*kind, name.span, report);
        }
    }
    for (service, views) in drafts.services.iter().zip(&references.views) {
        for (inside, reference) in service.views.iter().zip(views) {
            inside.judge(service, &reference.pools, drafts, report);
        }
    }
    group::judge(&drafts.services, report);
    view::prefixes(&drafts.views, report);
    drafts.resolver.get().into_iter().for_each(|resolver| resolver.judge(&drafts.server, report));
    uniqueness(drafts, report);
    references
}

fn pools(list: Option<&[At<String>]>, names: &HashMap<&str, usize>, report: &Report) -> Vec<At<usize>> {
    let list = list.unwrap_or_default();
    report.unique(list.iter().map(At::as_ref), codes::DUPLICATE_POOL, "the pool");
    let mut found = Vec::with_capacity(list.len());
    for name in list {
        match names.get(name.value.as_str()) {
            Some(&index) => found.push(At { value: index, span: name.span }),
            None => unknown_pool(name, names, report),
        }
    }
    found
}

fn unknown_pool(name: &At<String>, names: &HashMap<&str, usize>, report: &Report) {
    let mut known: Vec<&str> = names.keys().copied().collect();
    known.sort_unstable_by_key(|name| names[name]);
    let help = match nearest(&name.value, known.iter().copied()) {
        Some(pool) => format!("did you mean \"{pool}\"?"),
        None if known.is_empty() => format!("add a table [pool.{}]", name.value),
        None => format!("the pools are {}", list(known.into_iter())),
    };
    report.add(name.span, codes::UNKNOWN_POOL, format!("there is no pool \"{}\"", name.value), "", help);
}

fn named_check(service: &service::Draft, drafts: &Drafts, report: &Report) -> Option<usize> {
    let at = service.check.at()?;
    let CheckRef::Named(name) = &at.value else { return None };
    let found = drafts.checks.iter().position(|(check, _)| check.value == *name);
    if found.is_none() {
        let known = || drafts.checks.iter().map(|(check, _)| check.value.as_str());
        let help = match nearest(name, known()) {
            Some(check) => format!("did you mean \"{check}\"?"),
            None if drafts.checks.is_empty() => {
                format!("add a table [check.{name}], or write the check here: {{ kind = \"sip\" }}")
            }
            None => format!("the named checks are {}", list(known())),
        };
        report.add(at.span, codes::UNKNOWN_CHECK, format!("there is no check \"{name}\""), "", help);
    }
    found
}

fn uniqueness(drafts: &Drafts, report: &Report) {
    report.unique(drafts.zones.iter().map(|zone| zone.apex.as_ref()), codes::DUPLICATE_ZONE, "the zone");
    site::judge(drafts, report);
    let prefixes = drafts.partners.iter().filter_map(|partner| partner.prefixes.get()).flatten();
    report.unique(prefixes.map(At::as_ref), codes::DUPLICATE_PREFIX, "the prefix");
    too_many("pools", limits::POOLS_MAX, drafts.pools.iter().map(|pool| pool.name.span), report);
    too_many("services", limits::SERVICES_MAX, view::faces(&drafts.services).into_iter(), report);
}

/// Reports the first of more than `max` things.
pub(super) fn too_many(what: &str, max: usize, mut spans: impl ExactSizeIterator<Item = Span>, report: &Report) {
    let title = format!("there are {} {what}", spans.len());
    if let Some(span) = spans.nth(max) {
        report.add(span, codes::TOO_MANY, title, "the first one too many", format!("at most {max} are allowed"));
    }
}

fn min_healthy(pool: &pool::Draft, report: &Report) {
    let (Some(min), Some(endpoints)) = (pool.min_healthy.at(), pool.endpoints.get()) else { return };
    let most = endpoints.iter().map(|at| pool.count(&at.value.role)).max().unwrap_or(0);
    if min.value > most {
        let title = format!("the pool {} can never have {} healthy endpoints", pool.name.value, min.value);
        let help = format!("write at most {most}, or give the pool more endpoints");
        report.add(min.span, codes::MIN_HEALTHY, title, format!("it has {most} in its largest role"), help);
    }
}

fn service_pools(service: &service::Draft, pools: &[At<usize>], drafts: &Drafts, report: &Report) {
    let name = &service.name;
    if service.pools.is_absent() {
        let title = format!("the service {} has no pool", name.value);
        report.add(
            name.span,
            codes::SERVICE_WITHOUT_POOLS,
            title,
            "",
            "add pools = [\"a\", \"b\"], the preferred one first",
        );
    }
    if service.domains.names.is_empty() && !service.domains.bad {
        let title = format!("the service {} has no domain", name.value);
        let help = "add domains = [\"contoso.com\"] or domains_file = \"domains.txt\" with one domain per line";
        report.add(name.span, codes::SERVICE_WITHOUT_DOMAINS, title, "", help);
    }
    let Some(kind) = service.kind.get() else { return };
    for at in pools {
        role(*at, kind.role, &name.value, drafts, report);
        fqdn(*at, service, drafts, report);
    }
}

/// A pool that a service uses has endpoints of its role, and as many as it demands.
pub(super) fn role(at: At<usize>, role: &str, service: &str, drafts: &Drafts, report: &Report) {
    let pool = &drafts.pools[at.value];
    let (name, count) = (&pool.name.value, pool.count(role));
    if pool.endpoints.at().is_some() && count == 0 {
        let title = format!("the pool {name} has no endpoint of the role \"{role}\"");
        let help = format!("add {role} = [..] to [pool.{name}.endpoints], or leave the pool out here");
        report.add(at.span, codes::POOL_WITHOUT_ROLE, title, format!("{service} needs it"), help);
    }
    if let Some(min) = pool.min_healthy.at().filter(|min| (1..min.value).contains(&count)) {
        let title = format!("the pool {name} can never be up for the service {service}");
        let help = format!("write at most {count}, or give the pool more endpoints of the role \"{role}\"");
        report.add(min.span, codes::MIN_HEALTHY, title, format!("it has {count} of that service's role"), help);
    }
}

/// A pool that an SRV may name has a name.
pub(super) fn fqdn(at: At<usize>, service: &service::Draft, drafts: &Drafts, report: &Report) {
    let pool = &drafts.pools[at.value];
    if service.shape_or_default() != Shape::Address && pool.fqdn.is_absent() {
        let title = format!("the pool {} has no \"fqdn\" for the SRV to name", pool.name.value);
        let help = format!("add fqdn to [pool.{}], or use shape = \"address\"", pool.name.value);
        report.add(at.span, codes::SHAPE_WITHOUT_FQDN, title, "", help);
    }
}

/// Weights are those of the pools, and not all 0.
pub(super) fn weights(steering: &At<Steering>, pools: &[At<String>], report: &Report) {
    let Steering::Weighted(weights) = &steering.value else { return };
    for pool in pools.iter().filter(|pool| weights.iter().all(|(name, _)| name.value != pool.value)) {
        let title = format!("the pool {} has no weight", pool.value);
        let help = format!("add {} = 1 to the weights, or 0 to use it only when the others are lost", pool.value);
        report.add(steering.span, codes::WEIGHT_MISSING, title, "", help);
    }
    let stranger = |name: &At<String>| pools.iter().all(|pool| pool.value != name.value);
    for (name, _) in weights.iter().filter(|(name, _)| stranger(name)) {
        let title = format!("the service does not use the pool \"{}\"", name.value);
        let pools = || pools.iter().map(|pool| pool.value.as_str());
        let help = nearest(&name.value, pools())
            .map_or_else(|| format!("its pools are {}", list(pools())), |pool| format!("did you mean \"{pool}\"?"));
        report.add(name.span, codes::WEIGHT_UNKNOWN, title, "", help);
    }
    if weights.iter().all(|(_, weight)| *weight == 0) {
        let help = "give at least one pool a weight above 0";
        report.add(steering.span, codes::WEIGHTS_ALL_ZERO, "no pool would ever be chosen", "", help);
    }
}

fn owner_keys(service: &service::Draft, report: &Report) {
    let Some(kind) = service.kind.get() else { return };
    if let Some(at) = service.direct_tls.at().filter(|_| kind.direct_tls.is_none()) {
        let title = format!("{} has no SRV name for direct TLS", kind.name);
        report.add(at.span, codes::OWNER_IS_FIXED, title, "", "remove this key: it is for kind = \"xmpp\"");
    }
    let (srv, address) = (service.srv.at().map(|at| at.span), service.address.at().map(|at| at.span));
    if !kind.names_from_config {
        for span in [srv, address].into_iter().flatten() {
            let title = format!("the owner names of {} are fixed", kind.name);
            let help = "remove this key, or use kind = \"generic\" for owner names of your own";
            report.add(span, codes::OWNER_IS_FIXED, title, "", help);
        }
        return;
    }
    if service.srv.is_absent() && service.address.is_absent() {
        let title = format!("the service {} has no owner name", service.name.value);
        let help = "add srv = { owner = \"_ldap._tcp.{domain}\", port = 636, target = \"dir.{domain}\" } or address = \"dir.{domain}\"";
        report.add(service.name.span, codes::GENERIC_WITHOUT_OWNER, title, "", help);
    }
    let shape = service.shape_or_default();
    let targetless = service.srv.at().filter(|at| at.value.target.is_absent() && service.address.is_absent());
    if let Some(srv) = targetless.filter(|_| shape == Shape::Address) {
        let help = "add target = \"dir.{domain}\" whose addresses follow the chosen pool, or use shape = \"target\"";
        report.add(srv.span, codes::SRV_WITHOUT_TARGET, "this SRV has nothing to point at", "no \"target\"", help);
    }
    if let Some(at) = service.shape.at().filter(|_| service.srv.is_absent() && shape != Shape::Address) {
        let help = "add srv, or leave the shape out";
        report.add(at.span, codes::SHAPE_WITHOUT_SRV, "this service has no SRV to be shaped", "", help);
    }
}

fn delegation_keys(service: &service::Draft, report: &Report) {
    if service.by_names() {
        if let Some(at) = service.delegation.at().filter(|_| service.ns.is_absent()) {
            let help = "add ns = [\"ns1.example.com\"]: the hosts that the domains' own zones delegate to";
            report.add(at.span, codes::NAMES_WITHOUT_NS, "names delegated one by one need their NS set", "", help);
        }
        if let Some(ns) = service.ns.get() {
            report.unique(ns.iter().map(At::as_ref), codes::DUPLICATE_NAME_SERVER, "the name server");
        }
        return;
    }
    let span = |at: Option<Span>, key| at.map(|span| (span, key));
    let strays = [
        span(service.ns.at().map(|at| at.span), "ns"),
        span(service.zone_ttl.at().map(|at| at.span), "zone_ttl"),
        span(service.negative_ttl.at().map(|at| at.span), "negative_ttl"),
    ];
    for (span, key) in strays.into_iter().flatten() {
        let title = format!("\"{key}\" belongs to delegation = \"names\"");
        let help = "add delegation = \"names\", or say it in the [zone] in which the names lie";
        report.add(span, codes::NS_WITHOUT_NAMES, title, "", help);
    }
}

fn check_keys(service: &service::Draft, named: Option<&check::Draft>, report: &Report) {
    let Some(kind) = service.kind.get() else { return };
    let (draft, span) = match (&service.check, named) {
        (Field::Given(At { value: CheckRef::Inline(draft), span }), _) => (&**draft, *span),
        (Field::Given(at), Some(draft)) => (draft, at.span),
        (Field::Absent, _) if kind.check.is_none() => {
            let title = format!("the service {} does not say how its endpoints are checked", service.name.value);
            let help = "add check = { kind = \"tls\", port = 636 }";
            return report.add(service.name.span, codes::GENERIC_WITHOUT_CHECK, title, "", help);
        }
        _ => return,
    };
    for key in draft.missing(kind.check.as_ref()) {
        let title = format!("the check lacks \"{key}\"");
        let help = format!("add {key}: a service of the kind \"{}\" has no default for it", kind.name);
        report.add(span, codes::MISSING_KEY, title, "", help);
    }
    let is_judged = named.is_some() && !draft.kind.is_absent();
    if let Some(check) = draft.kind_or(kind.check.as_ref()).filter(|_| !is_judged) {
        draft.ask.judge(check, span, report);
    }
}
