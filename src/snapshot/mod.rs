//! The published truth: one immutable `Snapshot` behind one `ArcSwap`, written by one task, read by everyone.
//!
//! Here: the answer table (`table`), a service's row (`row`), the publisher and its retire list (`publish`). Not here: when
//! to publish (`control`), what a question gets (`resolve`). Everything that one answer says comes from one generation.

use crate::ids::{PoolId, ServiceId};
use crate::topology::{Face, Topology};
use std::net::IpAddr;
use std::sync::Arc;

mod publish;
mod row;
mod table;

pub use publish::{Lake, Published, Publisher, Reader};
pub use row::Row;
pub use table::Table;

/// Topology, answers and generation: what is true now.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What exists.
    pub topology: Arc<Topology>,
    /// What each service says.
    pub table: Table,
    /// Rises by one with each publish of this process.
    pub generation: u64,
}

impl Snapshot {
    /// The row of a service of this snapshot's topology.
    pub fn row(&self, service: ServiceId) -> &Row {
        self.table.get(service)
    }

    /// Whether some client of some service is told of a pool, or of one endpoint of it; clients who try a pool in its canary too.
    pub fn is_named(&self, pool: PoolId, endpoint: Option<IpAddr>) -> bool {
        let services = self.topology.services.iter().enumerate();
        services.filter(|(_, service)| service.face == Face::Configured).any(|(id, service)| {
            let row = self.row(ServiceId::at(id));
            let picks = row.choices().chain(row.trials()).flat_map(|choice| &choice.picks);
            let of_pool = |place: usize| service.pools[place].pool == pool;
            let mut addresses = picks.filter(|pick| of_pool(pick.pool)).flat_map(|pick| {
                pick.endpoints.iter().map(|&endpoint| service.pools[pick.pool].endpoints[endpoint].address)
            });
            addresses.any(|address| endpoint.is_none_or(|wanted| wanted == address))
        })
    }
}

#[cfg(test)]
mod tests;
