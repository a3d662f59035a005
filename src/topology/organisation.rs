//! What run-books need of a configuration, in their words.

use crate::config::{self, Config};
use crate::federation::runbook::{Edge, Organisation, Site, Steered};
use crate::name::{Name, Prefix};

pub(super) fn of(config: &Config) -> Organisation {
    Organisation {
        edges: config.pools.iter().map(edge).collect(),
        sites: config.sites.iter().map(site).collect(),
        steered: config.services.iter().filter_map(steered).collect(),
    }
}

fn edge(pool: &config::Pool) -> Edge {
    Edge { name: pool.name.clone(), fqdn: pool.fqdn.clone(), internal_fqdn: pool.internal_fqdn.clone() }
}

fn site(site: &config::Site) -> Site {
    Site {
        name: site.name.clone(),
        identity: site.identity.clone(),
        edges: site.pools.clone(),
        front_ends: site.front_ends.clone(),
        edge: site.edge,
        outbound: site.outbound,
        xmpp: site.xmpp,
    }
}

/// `None` where a service has no domain, which the configuration room refuses.
fn steered(service: &config::Service) -> Option<Steered> {
    let domain = Name::from_wire(service.domains.iter().next()?);
    let owner = |prefix: &Prefix| {
        let labels = [prefix.wire(), domain.wire()].concat();
        Name::from_wire(&labels).to_string()
    };
    let owners = service.owners.srv.iter().map(|(prefix, _)| prefix).chain(&service.owners.addresses);
    Some(Steered {
        service: service.name.clone(),
        kind: service.kind.name,
        owners: owners.map(owner).collect(),
        domains: service.domains.len(),
        domain,
        edges: service.pools.clone(),
        failback: service.failback,
    })
}
