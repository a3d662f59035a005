//! What is the same for every look at the world: findings without a place, work on many things at once, tables.

use crate::cli::progress::Progress;
use crate::config::{Diagnostic, codes::Code};
use crate::name::Name;
use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use tokio::task::JoinSet;

/// What was found in the world.
pub(super) struct Findings<'a> {
    file: &'a Path,
    /// In the order in which they were found.
    pub(super) all: Vec<Diagnostic>,
}

impl<'a> Findings<'a> {
    /// None yet, of the world that the configuration `file` describes.
    pub(super) fn of(file: &'a Path) -> Self {
        Self { file, all: Vec::new() }
    }

    /// One more: what is so, and what to do.
    pub(super) fn add(&mut self, code: Code, title: impl Into<String>, help: impl Into<String>) {
        self.all.push(Diagnostic::of_world(self.file, code, title.into(), help.into()));
    }
}

/// Does the work on every item, so many at once; what comes of it is in the order of the items.
pub(in crate::cli) async fn each<I, O, F>(
    items: Vec<I>,
    at_once: usize,
    progress: &Progress,
    work: impl Fn(I) -> F,
) -> Vec<O>
where
    O: Send + 'static,
    F: Future<Output = O> + Send + 'static,
{
    let (mut running, mut done) = (JoinSet::new(), Vec::with_capacity(items.len()));
    for (place, item) in items.into_iter().enumerate() {
        if running.len() >= at_once {
            done.extend(next(&mut running, progress).await);
        }
        let working = work(item);
        running.spawn(async move { (place, working.await) });
    }
    while !running.is_empty() {
        done.extend(next(&mut running, progress).await);
    }
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, made)| made).collect()
}

/// `None` where a piece of work panicked, which was reported where it happened.
async fn next<O: Send + 'static>(running: &mut JoinSet<(usize, O)>, progress: &Progress) -> Option<(usize, O)> {
    let ended = running.join_next().await;
    progress.step();
    ended?.ok()
}

/// The addresses that this host finds for a name, each once.
pub(in crate::cli) async fn own_resolver(name: &Name) -> io::Result<Vec<IpAddr>> {
    #[allow(clippy::disallowed_methods, reason = "somebody waits for this, and nothing that is answered depends on it")]
    let found = tokio::net::lookup_host((name.to_string(), 0)).await?;
    let addresses: BTreeSet<IpAddr> = found.map(|found| found.ip()).collect();
    Ok(addresses.into_iter().collect())
}

/// Rows as a table whose columns are as wide as they must be; the last is as it is.
pub(in crate::cli) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests;
