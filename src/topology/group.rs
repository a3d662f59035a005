//! Services that are steered as one: `group`.
//!
//! What always holds, because the configuration was refused otherwise: members have the same pools in the same order, the same
//! steering, failback and ladder, so that the same standings give the same choice. What a view is to them is a group of its own.

use super::views::faces;
use super::{Service, ServiceId, Topology};
use crate::config::Config;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Services that choose the same pool.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// The name in the configuration.
    pub name: String,
    /// At least one, in the order of the configuration. What is remembered of pools, the first remembers for all.
    pub members: Box<[ServiceId]>,
}

impl Topology {
    /// The services that are steered as one with this one, itself among them.
    pub fn steered_as_one(&self, id: ServiceId) -> impl Iterator<Item = ServiceId> + '_ {
        let group = self.service(id).group.as_deref();
        let members = group.map_or(&[][..], |group| &group.members);
        members.iter().copied().chain(group.is_none().then_some(id))
    }

    /// The first of them.
    pub fn lead(&self, id: ServiceId) -> ServiceId {
        self.steered_as_one(id).next().unwrap_or(id)
    }
}

/// Ties services to their groups. `services` begins with the faces.
pub(super) fn tie(config: &Config, services: &mut [Service]) {
    let mut groups: BTreeMap<_, Vec<ServiceId>> = BTreeMap::new();
    for (i, face) in faces(config).enumerate() {
        face.service.group.iter().for_each(|name| groups.entry((name, face.view)).or_default().push(ServiceId::at(i)));
    }
    for ((name, _), members) in groups {
        let group = Arc::new(Group { name: name.clone(), members: members.into() });
        group.members.iter().for_each(|member| services[member.index()].group = Some(group.clone()));
    }
}
