//! The published truth: one immutable `Snapshot` behind one `ArcSwap`, written by one task, read by everyone.
//!
//! Here: the answer table (`table`), a service's row (`row`), the publisher and its retire list (`publish`). Not here: when
//! to publish (`control`), what a question gets (`resolve`). Everything that one answer says comes from one generation.

use crate::ids::ServiceId;
use crate::topology::Topology;
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
}
