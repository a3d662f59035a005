//! The only writer of the lake, and the list of snapshots that some reader may still hold.

use super::{Row, Snapshot, Table};
use crate::ids::ServiceId;
use crate::topology::Topology;
use arc_swap::{ArcSwap, Cache};
use std::sync::Arc;

/// Where the current snapshot is read. Cheap to clone; reading never locks or waits.
#[derive(Clone, Debug)]
pub struct Lake(Arc<ArcSwap<Snapshot>>);

impl Lake {
    /// The snapshot of now. What it says stays one generation for as long as it is held.
    pub fn load(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// A reader that keeps what it read last.
    pub fn reader(&self) -> Reader {
        Reader { lake: self.clone(), cache: Cache::new(self.0.clone()) }
    }
}

/// Reads the lake often, by one thread: where nothing was published, reading is one load of a shared address. What it keeps
/// stays in memory, so whoever pauses reads once in a while. It never frees a snapshot: the publisher retires them.
#[derive(Clone, Debug)]
pub struct Reader {
    lake: Lake,
    cache: Cache<Arc<ArcSwap<Snapshot>>, Arc<Snapshot>>,
}

impl Reader {
    /// The snapshot of now.
    pub fn load(&mut self) -> &Arc<Snapshot> {
        self.cache.load()
    }

    /// Reads anew, whatever was read: a thread's first reading makes its place among the readers, which takes memory.
    pub fn settle(&mut self) {
        self.cache = Cache::new(self.lake.0.clone());
    }
}

/// Publishes snapshots. There is one, and `control` owns it.
#[derive(Debug)]
pub struct Publisher {
    lake: Lake,
    retired: Vec<Arc<Snapshot>>,
}

/// What a publish cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The generation that is true now.
    pub generation: u64,
    /// Rows that were replaced.
    pub rows: usize,
    /// Pages of the answer table that were copied: at most three for each row.
    pub pages: usize,
}

impl Publisher {
    /// Publishes the first snapshot as generation 1.
    pub fn new(topology: Arc<Topology>, rows: impl IntoIterator<Item = Row>) -> Self {
        let table = Table::new(rows.into_iter().map(Arc::new));
        let first = Arc::new(Snapshot { topology, table, generation: 1 });
        Self { lake: Lake(Arc::new(ArcSwap::new(first))), retired: Vec::new() }
    }

    /// Where readers find the current snapshot.
    pub fn lake(&self) -> Lake {
        self.lake.clone()
    }

    /// Publishes another topology with all its rows.
    pub fn replace(&mut self, topology: Arc<Topology>, rows: impl IntoIterator<Item = Row>) -> Published {
        let table = Table::new(rows.into_iter().map(Arc::new));
        let rows = topology.services.len();
        self.store(topology, table, rows, 0)
    }

    /// Publishes changed rows of the current topology: costs the rows, whatever the number of services and domains.
    pub fn apply(&mut self, changes: impl IntoIterator<Item = (ServiceId, Arc<Row>)>) -> Published {
        let current = self.lake.load();
        let mut table = current.table.clone();
        let (mut rows, mut pages) = (0, 0);
        for (service, row) in changes {
            rows += 1;
            pages += table.set(service, row);
        }
        self.store(current.topology.clone(), table, rows, pages)
    }

    /// Takes out the retired snapshots that no reader holds any more. The caller frees them: a table of a million rows takes
    /// milliseconds to free, which must never fall to a reader.
    pub fn sweep(&mut self) -> Vec<Arc<Snapshot>> {
        self.retired.extract_if(.., |snapshot| Arc::strong_count(snapshot) == 1).collect()
    }

    /// How many snapshots wait for their last reader.
    pub fn retired(&self) -> usize {
        self.retired.len()
    }

    fn store(&mut self, topology: Arc<Topology>, table: Table, rows: usize, pages: usize) -> Published {
        let generation = self.lake.0.load().generation + 1;
        let next = Arc::new(Snapshot { topology, table, generation });
        self.retired.push(self.lake.0.swap(next));
        Published { generation, rows, pages }
    }
}
