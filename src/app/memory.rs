//! How much memory this process may have, and how much the next reload will need at its peak.
//!
//! Here: limits of control groups (cgroups(7), both versions) and of the address space (setrlimit(2)), and what it cost to read a
//! configuration. That is measured and not computed: lists, zones and databases are too different for a formula, and a configuration that is
//! read again is mostly what it was. Not here: which files a configuration has (`Watch`), and what is refused (`reload`).
//!
//! It always holds that nothing is foretold where the system did not let us measure: then everything fits.

use crate::limits::MEMORY_SETTLES;
use prometheus::{IntGauge, IntGaugeVec, Opts, Registry};
use std::fmt;
use std::fs::read_to_string;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A version 1 group without a limit has this one, less a part of a page.
const UNLIMITED: u64 = i64::MAX as u64 & !0xffff;
/// Octets of memory, at the least, for each octet by which files grow: a list of domains takes four, a database more.
const GROWTH: i128 = 4;
/// One reload is not exactly like another (a million domains: within 3 %), and one that is ended half way is worse than one refused: so
/// many parts of what is needed are needed once more.
const MARGIN: u64 = 16;
/// Where control groups are, in every distribution and container.
const GROUPS: &str = "/sys/fs/cgroup";

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    /// Memory that is used: the kernel takes back what files have anyway before it ends a process.
    Held,
    /// Memory that is asked for, used or not.
    Address,
}

/// The most memory that somebody lets us have.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Limit {
    octets: u64,
    counts: Counts,
    /// Who says so, for people.
    by: String,
}

/// What this process has, octets (proc_pid_status(5)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Used {
    /// What could only be written to swap.
    held: u64,
    /// That, and what files have anyway, as the program itself.
    resident: u64,
    /// The most that was ever resident.
    peak: u64,
    address: u64,
}

impl Used {
    fn now() -> Option<Self> {
        Self::read(&read_to_string("/proc/self/status").ok()?)
    }

    fn read(status: &str) -> Option<Self> {
        let of = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            value.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
        };
        let held = of("RssAnon")?.saturating_add(of("RssShmem")?);
        Some(Self { held, resident: of("VmRSS")?, peak: of("VmHWM")?, address: of("VmSize")? })
    }

    fn of(self, counts: Counts) -> u64 {
        match counts {
            Counts::Held => self.held,
            Counts::Address => self.address,
        }
    }
}

/// While a configuration is read.
#[derive(Debug)]
pub(super) struct Weighing(Option<Used>);

impl Weighing {
    pub(super) fn begin() -> Self {
        Self(Used::now())
    }

    /// By how much more than it had at the beginning the process had at the peak, octets; `None` where an earlier peak hides this one.
    pub(super) fn end(self) -> Option<u64> {
        cost(self.0?, Used::now()?)
    }
}

fn cost(before: Used, after: Used) -> Option<u64> {
    (after.peak > before.peak).then(|| after.peak.saturating_sub(before.resident))
}

/// What it cost to read the configuration, and who is told of it.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    /// What reading cost, octets, and how many octets the files had then.
    cost: Option<(u64, u64)>,
    /// How many octets the files have that were read last.
    files: u64,
    /// Reloads that were begun.
    begun: Arc<AtomicU64>,
    limit: IntGaugeVec,
    reload: IntGauge,
}

impl Memory {
    /// The first configuration, whose files had so many octets, was read at that cost. Says what there is.
    pub(super) fn new(registry: &Registry, cost: Option<u64>, files: u64) -> Result<Self, prometheus::Error> {
        let limit = IntGaugeVec::new(
            Opts::new(
                "edgesteer_memory_limit_bytes",
                "The most memory that this process may have; absent without a limit.",
            ),
            &["by"],
        )?;
        let reload = IntGauge::new(
            "edgesteer_memory_reload_bytes",
            "What the next reload is expected to need at its peak, with all that the process has then.",
        )?;
        registry.register(Box::new(limit.clone()))?;
        registry.register(Box::new(reload.clone()))?;
        let memory = Self { cost: cost.map(|cost| (cost, files)), files, begun: Arc::default(), limit, reload };
        memory.tell_soon();
        Ok(memory)
    }

    /// Another configuration, whose files had so many octets, was read at that cost.
    pub(super) fn weighed(&mut self, cost: Option<u64>, files: u64) {
        self.files = files;
        self.cost = cost.map(|cost| (cost, files)).or(self.cost);
        self.tell_soon();
    }

    /// Tells of it when everything stands, and the configuration before is freed, which is when no lane holds it any more.
    fn tell_soon(&self) {
        let (memory, begun) = (self.clone(), self.begun.load(Ordering::Relaxed));
        tokio::spawn(async move {
            tokio::time::sleep(MEMORY_SETTLES).await;
            // In the middle of the next reload there is more than stays.
            if memory.begun.load(Ordering::Relaxed) == begun {
                memory.tell();
            }
        });
    }

    /// Says what there is, and warns where the configuration could not be read again.
    fn tell(&self) {
        let (Some(used), limits, need) = (Used::now(), limits(), self.need(self.files)) else { return };
        let reload = used.held.saturating_add(need);
        self.reload.set(i64::try_from(reload).unwrap_or(i64::MAX));
        self.limit.reset();
        for limit in &limits {
            let word = if limit.counts == Counts::Held { "cgroup" } else { "address-space" };
            self.limit.with_label_values(&[word]).set(i64::try_from(limit.octets).unwrap_or(i64::MAX));
        }
        let told: Vec<_> = limits.iter().map(ToString::to_string).collect();
        let limit = if told.is_empty() { "none".to_owned() } else { told.join(", ") };
        tracing::info!(has = %Size(used.held), reload = %Size(reload), limit, "memory");
        if let Some(excess) = excess(need, used, &limits) {
            tracing::warn!("no reload would be taken over: it {excess}");
        }
    }

    /// Whether a configuration whose files have so many octets now may be read, which begins then, while the running one is kept.
    ///
    /// # Errors
    /// Why not, and what to do, for people.
    pub(super) fn fits(&self, files: u64) -> Result<(), String> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let excess = Used::now().and_then(|used| excess(self.need(files), used, &limits()));
        let Some(excess) = excess else { return Ok(()) };
        self.tell_soon();
        Err(format!("it {excess}. Raise the limit, or restart: a new process has no running configuration beside it"))
    }

    /// Octets that are needed beside what the process has, at the least.
    fn need(&self, files: u64) -> u64 {
        let Some((cost, then)) = self.cost else { return 0 };
        let grown = (i128::from(files) - i128::from(then)) * GROWTH;
        let need = u64::try_from((i128::from(cost) + grown).max(0)).unwrap_or(u64::MAX);
        need.saturating_add(need / MARGIN)
    }
}

/// What would happen if so much more were needed, where a limit does not allow it.
fn excess(need: u64, used: Used, limits: &[Limit]) -> Option<String> {
    let peak = |limit: &Limit| used.of(limit.counts).saturating_add(need);
    let limit = limits.iter().find(|limit| peak(limit) > limit.octets)?;
    let what = if limit.counts == Counts::Held { "memory" } else { "address space" };
    Some(format!("needs about {} of {what} at its peak, and the limit is {limit}", Size(peak(limit))))
}

/// Every limit of this process, as it is now.
fn limits() -> Vec<Limit> {
    let group = read_to_string("/proc/self/cgroup").ok().and_then(|groups| of_groups(&groups, Path::new(GROUPS)));
    let space = rlimit::getrlimit(rlimit::Resource::AS).ok().map(|(soft, _)| soft).filter(|&soft| soft < UNLIMITED);
    let space = space.map(|octets| Limit { octets, counts: Counts::Address, by: "ulimit -v".to_owned() });
    group.into_iter().chain(space).collect()
}

/// The smallest limit of the groups of a process (`/proc/self/cgroup`) and of all groups around them. In a container, whose root may be
/// a group of the host, the paths may lead nowhere but in their beginnings.
fn of_groups(groups: &str, root: &Path) -> Option<Limit> {
    let files = groups.lines().flat_map(|line| {
        let (controllers, path) = line.split_once(':').and_then(|(_, rest)| rest.split_once(':')).unwrap_or_default();
        let (mounts, file) = match controllers {
            "" => (&["", "unified"][..], "memory.max"),
            _ if controllers.split(',').any(|controller| controller == "memory") => {
                (&["memory"][..], "memory.limit_in_bytes")
            }
            _ => (&[][..], ""),
        };
        // What is above the root of a name space is told as `..` (cgroup_namespaces(7)).
        let inner = Path::new(path).components().filter(|part| matches!(part, Component::Normal(_)));
        let inner: PathBuf = inner.collect();
        let around = |mount: &&str| {
            let mount = root.join(mount);
            inner.ancestors().map(|group| mount.join(group).join(file)).collect::<Vec<_>>()
        };
        mounts.iter().flat_map(around).collect::<Vec<_>>()
    });
    let limit = |file: PathBuf| {
        let octets = read_to_string(&file).ok()?.trim().parse().ok().filter(|&octets| octets < UNLIMITED)?;
        Some(Limit { octets, counts: Counts::Held, by: file.display().to_string() })
    };
    files.filter_map(limit).min_by_key(|limit| limit.octets)
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", Size(self.octets), self.by)
    }
}

/// Octets for people.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB", self.0.div_ceil(1 << 20))
    }
}

#[cfg(test)]
mod tests;
