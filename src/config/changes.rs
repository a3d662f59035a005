//! What a reload changes, one sentence each, for the log.
//!
//! Each section is a table of its parts with a test for "changed". Things are matched by name; order alone is a change
//! where order means something.

use super::{Config, Gate, Notify, Outline, Partner, Pem, Pool, Resolver, ServerTls, Service, Site, Token, View, Zone};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::net::SocketAddr;

/// A part of a thing, and whether it differs between the new and the old one.
type Part<T> = (&'static str, fn(In<'_, T>, In<'_, T>) -> bool);

/// A thing in its configuration, by which its references resolve.
struct In<'a, T>(&'a Config, &'a T);

impl<T> Clone for In<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for In<'_, T> {}

const SERVER: &[Part<Config>] = &[
    ("listen", |a, b| a.1.server.listen != b.1.server.listen),
    ("tls", |a, b| tls_listen(a.1) != tls_listen(b.1)),
    ("threads", |a, b| a.1.server.threads != b.1.server.threads),
    ("admin", |a, b| a.1.server.admin != b.1.server.admin),
    ("admin_tls", |a, b| a.1.server.admin_tls.is_some() != b.1.server.admin_tls.is_some()),
    ("well_known", |a, b| a.1.server.well_known != b.1.server.well_known),
    ("state_dir", |a, b| a.1.server.state_dir != b.1.server.state_dir),
    ("startup_grace", |a, b| a.1.server.startup_grace != b.1.server.startup_grace),
    ("user", |a, b| a.1.server.user != b.1.server.user),
    ("sandbox", |a, b| a.1.server.sandbox != b.1.server.sandbox),
];

/// The keys of `[server]` of which a change is taken over by a restart alone.
pub(super) fn settled() -> impl Iterator<Item = &'static str> {
    SERVER.iter().map(|(part, _)| *part)
}

/// What a reload takes over.
const DNS: &[Part<Config>] = &[
    ("admin_tls files", |a, b| {
        a.1.server.admin_tls.as_ref().zip(b.1.server.admin_tls.as_ref()).is_some_and(|(new, old)| new != old)
    }),
    ("admin_hosts", |a, b| a.1.server.admin_hosts != b.1.server.admin_hosts),
    ("watch", |a, b| a.1.server.watch != b.1.server.watch),
    ("nsid", |a, b| a.1.server.dns.nsid != b.1.server.dns.nsid),
    ("version", |a, b| a.1.server.dns.version != b.1.server.dns.version),
    ("id", |a, b| a.1.server.dns.id != b.1.server.dns.id),
    ("cookie secrets", |a, b| a.1.server.dns.cookie_secrets != b.1.server.dns.cookie_secrets),
    ("rate_limit", |a, b| a.1.server.dns.rate_limit != b.1.server.dns.rate_limit),
];

const TSIG: &[Part<Config>] = &[("keys", |a, b| a.1.server.dns.tsig != b.1.server.dns.tsig)];

const RESOLVER: &[Part<Config>] = &[
    ("section", |a, b| a.1.server.dns.resolver.is_some() != b.1.server.dns.resolver.is_some()),
    ("allow", |a, b| resolvers(a, b, |a, b| a.allow != b.allow)),
    ("upstreams", |a, b| resolvers(a, b, |a, b| (&a.upstreams, &a.ca) != (&b.upstreams, &b.ca))),
    ("cache", |a, b| resolvers(a, b, |a, b| a.cache != b.cache)),
    ("timeout", |a, b| resolvers(a, b, |a, b| a.timeout != b.timeout)),
];

const CERTIFICATE: &[Part<Config>] =
    &[("tls.cert", |a, b| both(a, b, |tls| &tls.cert)), ("tls.key", |a, b| both(a, b, |tls| &tls.key))];

const GEOIP: &[Part<Config>] =
    &[("database", |a, b| a.1.geoip.database != b.1.geoip.database), ("ecs", |a, b| a.1.geoip.ecs != b.1.geoip.ecs)];

const HEALTH: &[Part<Config>] = &[
    ("references", |a, b| a.1.health.references != b.1.health.references),
    ("damping", |a, b| a.1.health.damping != b.1.health.damping),
];

const SAFETY: &[Part<Config>] = &[
    ("min_active_pools", |a, b| a.1.safety.min_active_pools != b.1.safety.min_active_pools),
    ("max_changes_per_minute", |a, b| a.1.safety.max_changes_per_minute != b.1.safety.max_changes_per_minute),
];

const ZONE: &[Part<Zone>] = &[
    ("name servers", |a, b| a.1.ns != b.1.ns),
    ("ttl", |a, b| a.1.ttl != b.1.ttl),
    ("negative ttl", |a, b| a.1.negative_ttl != b.1.negative_ttl),
    ("SOA", |a, b| a.1.soa != b.1.soa),
    ("records", |a, b| a.1.records != b.1.records),
    ("transfer", |a, b| a.1.transfer != b.1.transfer),
];

const POOL: &[Part<Pool>] = &[
    ("location", |a, b| a.1.location != b.1.location),
    ("fqdn", |a, b| a.1.fqdn != b.1.fqdn),
    ("internal fqdn", |a, b| a.1.internal_fqdn != b.1.internal_fqdn),
    ("min_healthy", |a, b| a.1.min_healthy != b.1.min_healthy),
    ("endpoints", |a, b| a.1.endpoints != b.1.endpoints),
];

const SERVICE: &[Part<Service>] = &[
    ("kind", |a, b| a.1.kind != b.1.kind),
    ("owner names", |a, b| a.1.owners != b.1.owners),
    ("delegation", |a, b| a.1.delegation != b.1.delegation),
    ("pools", |a, b| pools(a.0, &a.1.pools).ne(pools(b.0, &b.1.pools))),
    ("steering", |a, b| a.1.steering != b.1.steering),
    ("shape", |a, b| a.1.shape != b.1.shape),
    ("ttl", |a, b| a.1.ttl != b.1.ttl),
    ("suspect_ttl", |a, b| a.1.suspect_ttl != b.1.suspect_ttl),
    ("failback", |a, b| a.1.failback != b.1.failback),
    ("all_down", |a, b| a.1.all_down != b.1.all_down),
    ("check", |a, b| a.1.check != b.1.check),
    ("group", |a, b| a.1.group != b.1.group),
    ("views", |a, b| views(a) != views(b)),
];

const PARTNER: &[Part<Partner>] = &[
    ("prefixes", |a, b| a.1.prefixes != b.1.prefixes),
    ("pools", |a, b| pools(a.0, &a.1.pools).ne(pools(b.0, &b.1.pools))),
];

const SITE: &[Part<Site>] = &[
    ("identity", |a, b| a.1.identity != b.1.identity),
    ("pools", |a, b| pools(a.0, &a.1.pools).ne(pools(b.0, &b.1.pools))),
    ("Front End pools", |a, b| a.1.front_ends != b.1.front_ends),
    ("edge", |a, b| pools(a.0, a.1.edge.as_slice()).ne(pools(b.0, b.1.edge.as_slice()))),
    ("outbound", |a, b| pools(a.0, a.1.outbound.as_slice()).ne(pools(b.0, b.1.outbound.as_slice()))),
    ("xmpp", |a, b| pools(a.0, a.1.xmpp.as_slice()).ne(pools(b.0, b.1.xmpp.as_slice()))),
];

const GATE: &[Part<Gate>] = &[
    ("command", |a, b| a.1.command != b.1.command),
    ("services", |a, b| a.1.services != b.1.services),
    ("timeout", |a, b| a.1.timeout != b.1.timeout),
    ("otherwise", |a, b| a.1.otherwise != b.1.otherwise),
];

const NOTIFY: &[Part<Notify>] = &[
    ("recipient", |a, b| a.1.to != b.1.to),
    ("on", |a, b| a.1.on != b.1.on),
    ("timeout", |a, b| a.1.timeout != b.1.timeout),
];

const TOKEN: &[Part<Token>] = &[("role", |a, b| a.1.role != b.1.role), ("secret", |a, b| a.1.sha256 != b.1.sha256)];

const VIEW: &[Part<View>] = &[("prefixes", |a, b| a.1.prefixes != b.1.prefixes)];

impl Outline {
    /// What is different from `old`, one sentence each, in the order of the sections; empty where nothing is.
    pub fn describe_changes(&self, old: &Self) -> Vec<String> {
        let mut said = Vec::new();
        let (now, then) = (&self.config, &old.config);
        let (new, before) = (In(now, now), In(then, then));
        said.extend(changed(SERVER, new, before).map(|part| format!("[server] {part} changed: needs a restart")));
        said.extend(changed(DNS, new, before).map(|part| format!("[server] {part} changed")));
        said.extend(changed(RESOLVER, new, before).map(|part| format!("[resolver] {part} changed")));
        said.extend(changed(TSIG, new, before).map(|part| format!("[tsig] {part} changed")));
        said.extend(changed(CERTIFICATE, new, before).map(|part| format!("[server] {part} changed")));
        said.extend(changed(GEOIP, new, before).map(|part| format!("[geoip] {part} changed")));
        said.extend(changed(HEALTH, new, before).map(|part| format!("[health] {part} changed")));
        said.extend(changed(SAFETY, new, before).map(|part| format!("[safety] {part} changed")));
        let overrides =
            |config: &Config| -> Vec<_> { config.geoip.overrides.iter().map(|o| (o.prefix, o.country)).collect() };
        said.extend(counted("[geoip]", "override", &overrides(now), &overrides(then)));
        named("zone", ZONE, now.each(&now.zones), then.each(&then.zones), |z| z.apex.to_string(), &mut said);
        named("pool", POOL, now.each(&now.pools), then.each(&then.pools), |p| p.name.clone(), &mut said);
        named("service", SERVICE, now.each(&now.services), then.each(&then.services), |s| s.name.clone(), &mut said);
        for (service, list) in now.services.iter().zip(&self.lists) {
            let before = then.services.iter().position(|s| s.name == service.name);
            if let Some((added, removed)) = before.and_then(|place| list.since(&old.lists[place])) {
                said.push(sentence(&format!("service {}:", service.name), "domain", added, removed));
            }
        }
        named("partner", PARTNER, now.each(&now.partners), then.each(&then.partners), |p| p.name.clone(), &mut said);
        named("view", VIEW, now.each(&now.views), then.each(&then.views), |v| v.name.clone(), &mut said);
        named("site", SITE, now.each(&now.sites), then.each(&then.sites), |s| s.name.clone(), &mut said);
        named("gate", GATE, now.each(&now.gates), then.each(&then.gates), |g| g.name.clone(), &mut said);
        named("notify", NOTIFY, now.each(&now.notify), then.each(&then.notify), |n| n.name.clone(), &mut said);
        named("token", TOKEN, now.each(&now.tokens), then.each(&then.tokens), |t| t.name.clone(), &mut said);
        said
    }
}

impl Outline {
    /// Zones whose records are others than in `old` under a serial that is not higher, one sentence each: their secondaries will
    /// keep what they have (RFC 1982 section 3.2).
    pub fn describe_stale_serials(&self, old: &Self) -> Vec<String> {
        let mut stale = Vec::new();
        for zone in &self.config.zones {
            let Some(before) = old.config.zones.iter().find(|before| before.apex == zone.apex) else { continue };
            let (Some(soa), Some(soa_before)) = (&zone.soa, &before.soa) else { continue };
            let content = |zone: &Zone, soa: &super::Soa| {
                (zone.records.clone(), zone.ns.clone(), zone.ttl, super::Soa { serial: 0, ..soa.clone() })
            };
            let rises = soa.serial.wrapping_sub(soa_before.serial).cast_signed() > 0;
            if !rises && content(zone, soa) != content(before, soa_before) {
                let (apex, now, was) = (&zone.apex, soa.serial, soa_before.serial);
                stale.push(format!("zone {apex}: the content changed and the serial did not rise ({was}, now {now}): secondaries keep what they have"));
            }
        }
        stale
    }
}

impl Config {
    fn each<'a, T>(&'a self, things: &'a [T]) -> Vec<In<'a, T>> {
        things.iter().map(|thing| In(self, thing)).collect()
    }
}

fn pools<'a>(config: &'a Config, indices: &'a [usize]) -> impl Iterator<Item = &'a str> {
    indices.iter().map(|&i| config.pools[i].name.as_str())
}

/// What a service is to views, in words that mean the same in every configuration.
fn views(In(config, service): In<'_, Service>) -> Vec<String> {
    let view = |view: &super::ServiceView| {
        let pools: Vec<_> = pools(config, &view.pools).collect();
        format!("{} {} {pools:?} {:?} {:?}", config.views[view.view].name, view.role, view.steering, view.ttl)
    };
    service.views.iter().map(view).collect()
}

/// Where TLS is answered, which is settled at the start.
fn tls_listen(config: &Config) -> Option<&[SocketAddr]> {
    config.server.tls.as_ref().map(|tls| tls.listen.as_slice())
}

/// Whether both have TLS, with other files.
fn both(new: In<'_, Config>, old: In<'_, Config>, file: fn(&ServerTls) -> &Pem) -> bool {
    new.1.server.tls.as_ref().zip(old.1.server.tls.as_ref()).is_some_and(|(new, old)| file(new) != file(old))
}

/// Whether both have a resolver, which differs in something.
fn resolvers(new: In<'_, Config>, old: In<'_, Config>, differs: fn(&Resolver, &Resolver) -> bool) -> bool {
    let [new, old] = [new, old].map(|config| config.1.server.dns.resolver.as_ref());
    new.zip(old).is_some_and(|(new, old)| differs(new, old))
}

fn changed<'a, T>(parts: &'static [Part<T>], new: In<'a, T>, old: In<'a, T>) -> impl Iterator<Item = &'static str> {
    parts.iter().filter(move |(_, differs)| differs(new, old)).map(|(part, _)| *part)
}

/// Things that came, went or changed.
fn named<T>(
    what: &str,
    parts: &'static [Part<T>],
    new: Vec<In<'_, T>>,
    old: Vec<In<'_, T>>,
    name: fn(&T) -> String,
    said: &mut Vec<String>,
) {
    let before: HashMap<String, In<'_, T>> = old.iter().map(|it| (name(it.1), *it)).collect();
    let now: HashSet<String> = new.iter().map(|it| name(it.1)).collect();
    for thing in new {
        let name = name(thing.1);
        match before.get(&name) {
            None => said.push(format!("{what} {name}: added")),
            Some(&old) => {
                let parts: Vec<_> = changed(parts, thing, old).collect();
                said.extend((!parts.is_empty()).then(|| format!("{what} {name}: {} changed", parts.join(", "))));
            }
        }
    }
    let gone = old.iter().map(|it| name(it.1)).filter(|name| !now.contains(name));
    said.extend(gone.map(|name| format!("{what} {name}: removed")));
}

/// How many items of a long list came and went.
fn counted<T: Eq + Hash>(whose: &str, item: &str, new: &[T], old: &[T]) -> Option<String> {
    if new == old {
        return None;
    }
    let (now, before): (HashSet<&T>, HashSet<&T>) = (new.iter().collect(), old.iter().collect());
    Some(sentence(whose, item, now.difference(&before).count(), before.difference(&now).count()))
}

fn sentence(whose: &str, item: &str, added: usize, removed: usize) -> String {
    let plural = |n: usize| if n == 1 { format!("1 {item}") } else { format!("{n} {item}s") };
    match (added, removed) {
        (0, 0) => format!("{whose} {item}s in another order"),
        (added, 0) => format!("{whose} {} added", plural(added)),
        (0, removed) => format!("{whose} {} removed", plural(removed)),
        (added, removed) => format!("{whose} {} added, {removed} removed", plural(added)),
    }
}

#[cfg(test)]
mod tests;
