//! What run-books know of an organisation: Edge pools, sites, and which services edgesteer moves by itself.

use crate::federation::Failback;
use crate::name::Name;

/// What was configured, in the words of run-books; indices are into `edges`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Organisation {
    /// Edge pools in the order of the configuration.
    pub edges: Vec<Edge>,
    /// Sites in the order of the configuration; may be none.
    pub sites: Vec<Site>,
    /// Services in the order of the configuration.
    pub steered: Vec<Steered>,
}

/// An Edge pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// The pool's name in the configuration.
    pub name: String,
    /// Its external FQDN.
    pub fqdn: Option<Name>,
    /// Its internal FQDN.
    pub internal_fqdn: Option<Name>,
}

/// A site.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// The name in the configuration.
    pub name: String,
    /// What Topology Builder calls it.
    pub identity: String,
    /// Edge pools there.
    pub edges: Vec<usize>,
    /// FQDNs of Front End pools there.
    pub front_ends: Vec<Name>,
    /// The Edge pool that those are associated with.
    pub edge: Option<usize>,
    /// The Edge pool of its outbound SIP federation.
    pub outbound: Option<usize>,
    /// The Edge pool of its XMPP gateway.
    pub xmpp: Option<usize>,
}

/// A service that edgesteer moves by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Steered {
    /// The name in the configuration.
    pub service: String,
    /// The word of its kind.
    pub kind: &'static str,
    /// Its first domain.
    pub domain: Name,
    /// How many domains it has.
    pub domains: usize,
    /// Owner names of the first domain, SRV names first.
    pub owners: Vec<String>,
    /// Its pools, preferred first.
    pub edges: Vec<usize>,
    /// When a lost pool is preferred again.
    pub failback: Failback,
}

/// What is lost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lost {
    /// Edge pools.
    pub edges: Vec<usize>,
    /// Front End pools.
    pub front_ends: Vec<Name>,
}

/// Nothing has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no pool \"{name}\"; {known}")]
pub struct NoSuchPool {
    /// What was asked for.
    pub name: String,
    /// What could have been.
    pub known: String,
}

impl Organisation {
    /// What these names mean: Edge pools by their names, Front End pools by their FQDNs.
    ///
    /// # Errors
    /// The first that means nothing.
    pub fn find(&self, names: &[String]) -> Result<Lost, NoSuchPool> {
        let mut lost = Lost::default();
        for name in names {
            let edge = self.edges.iter().position(|edge| edge.name == *name);
            let front_end =
                || self.front_ends().find(|fqdn| fqdn.to_string() == name.trim_end_matches('.').to_lowercase());
            match (edge, front_end()) {
                (Some(edge), _) if !lost.edges.contains(&edge) => lost.edges.push(edge),
                (None, Some(fqdn)) if !lost.front_ends.contains(fqdn) => lost.front_ends.push(fqdn.clone()),
                (None, None) => return Err(NoSuchPool { name: name.clone(), known: self.known() }),
                _ => {}
            }
        }
        Ok(lost)
    }

    fn known(&self) -> String {
        let edges: Vec<&str> = self.edges.iter().map(|edge| edge.name.as_str()).collect();
        let front_ends: Vec<String> = self.front_ends().map(ToString::to_string).collect();
        match front_ends.is_empty() {
            true => format!("the Edge pools are {}", edges.join(", ")),
            false => format!("the Edge pools are {}, the Front End pools {}", edges.join(", "), front_ends.join(", ")),
        }
    }

    fn front_ends(&self) -> impl Iterator<Item = &Name> {
        self.sites.iter().flat_map(|site| &site.front_ends)
    }

    /// The service of a kind, the first one if there are more.
    pub(super) fn service(&self, kind: &str) -> Option<&Steered> {
        self.steered.iter().find(|steered| steered.kind == kind)
    }

    /// The Edge pool that stands in for those that are lost, for a kind of service: the first that it prefers.
    pub(super) fn survivor(&self, lost: &Lost, kind: &str) -> Option<usize> {
        let preferred = self.service(kind).into_iter().flat_map(|steered| steered.edges.iter().copied());
        preferred.chain(0..self.edges.len()).find(|edge| !lost.edges.contains(edge))
    }

    /// The site at which an Edge pool stands.
    pub(super) fn site_of(&self, edge: usize) -> Option<&Site> {
        self.sites.iter().find(|site| site.edges.contains(&edge))
    }

    /// Whether the configuration knows any Front End pool.
    pub(super) fn knows_front_ends(&self) -> bool {
        self.front_ends().next().is_some()
    }

    /// Sites with a Front End pool that is not lost and relies on a lost Edge pool for media.
    pub(super) fn left_without_edge<'a>(&'a self, lost: &'a Lost) -> impl Iterator<Item = (&'a Site, &'a Name)> {
        let without = |site: &&Site| site.edge.is_some_and(|edge| lost.edges.contains(&edge));
        let alive = |fqdn: &&Name| !lost.front_ends.contains(fqdn);
        let each = move |site: &'a Site| site.front_ends.iter().filter(alive).map(move |fqdn| (site, fqdn));
        self.sites.iter().filter(without).flat_map(each)
    }
}
