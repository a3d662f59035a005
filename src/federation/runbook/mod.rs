//! Run-books: what people must do when an Edge or Front End pool is lost, since DNS cannot, with their own names filled in.
//!
//! Here: data in, Markdown out, a file for each run-book: the SIP route (`sip_route`, A), XMPP (`xmpp_route`, B), the Edge that
//! Front Ends use (`association`, C), a lost Front End pool (`front_end`, D), the way back (`failback`, E). Not here: where the
//! names come from (`topology`), and who asks. Nothing in a run-book is done by us unless it says so. Facts: federation.md 2.

mod association;
mod failback;
mod front_end;
mod organisation;
mod page;
mod sip_route;
mod xmpp_route;

pub use organisation::{Edge, Lost, NoSuchPool, Organisation, Site, Steered};

use super::Failback;
use page::{Page, called};
use std::time::{Duration, UNIX_EPOCH};

/// How DNS stands for the lost Edge pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dns {
    /// No running server was asked.
    Offline,
    /// A server runs and still names the pool.
    Waiting {
        /// Its generation.
        generation: u64,
    },
    /// A server no longer names the pool.
    Moved {
        /// When it left, seconds since 1970.
        at: u64,
        /// Since which generation.
        generation: u64,
    },
}

impl Dns {
    fn words(self) -> String {
        match self {
            Self::Offline => "edgesteer does this by itself.".to_owned(),
            Self::Waiting { generation } => {
                format!("edgesteer does this by itself; generation {generation} had no reason to yet.")
            }
            Self::Moved { at, generation } => {
                let time = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(at.min(LAST_SECOND)));
                format!("done by edgesteer at {time}, generation {generation}.")
            }
        }
    }
}

/// 9999-12-31: what the format of times can say.
const LAST_SECOND: u64 = 253_402_300_799;

/// What a run-book is written from.
#[derive(Clone, Copy, Debug)]
struct Case<'a> {
    organisation: &'a Organisation,
    lost: &'a Lost,
    dns: Dns,
}

impl Case<'_> {
    fn edge(&self, edge: usize) -> &Edge {
        &self.organisation.edges[edge]
    }

    fn called(&self, edge: Option<usize>) -> String {
        called(self.organisation, edge)
    }
}

/// Writes the run-books for what is lost: those that apply, with a sentence for each that does not.
pub fn write(organisation: &Organisation, lost: &Lost, dns: Dns) -> String {
    let case = Case { organisation, lost, dns };
    let mut page = Page::default();
    opening(&case, &mut page);
    preconditions(&mut page);
    for &edge in &lost.edges {
        sip_route::write(&case, edge, &mut page);
        xmpp_route::write(&case, edge, &mut page);
        association::write(&case, edge, &mut page);
    }
    front_end::write(&case, &mut page);
    failback::write(&case, &mut page);
    page.finish()
}

fn opening(case: &Case<'_>, page: &mut Page) {
    let Case { organisation, lost, dns } = case;
    let edges = lost.edges.iter().map(|&edge| format!("Edge pool {}", case.edge(edge).name));
    let names: Vec<String> = edges.chain(lost.front_ends.iter().map(|fqdn| format!("Front End pool {fqdn}"))).collect();
    page.heading(1, &format!("Lost: {}", names.join(", ")));
    if lost.edges.is_empty() {
        page.say("Inbound DNS stays as it is: the Edge pools are alive. Everything below is for people to do.");
        return;
    }
    page.say("Inbound DNS is moved by edgesteer. Outbound federation, the XMPP gateway and the Edge that Front Ends use are not DNS: these steps are for people. Tick each one off.");
    page.heading(2, "What DNS does");
    let concerned = |steered: &&Steered| lost.edges.iter().any(|edge| steered.edges.contains(edge));
    for steered in organisation.steered.iter().filter(concerned) {
        let more = match steered.domains {
            0 | 1 => String::new(),
            n => format!(", and those of {} more domain{}", n - 1, if n == 2 { "" } else { "s" }),
        };
        let owners: Vec<String> = steered.owners.iter().map(|owner| format!("`{owner}`")).collect();
        let left: Vec<&str> = steered
            .edges
            .iter()
            .filter(|edge| !lost.edges.contains(edge))
            .map(|&e| case.edge(e).name.as_str())
            .collect();
        if left.is_empty() {
            page.warn(&format!(
                "The service {} has no pool left: its names go on naming the one that was live last.",
                steered.service
            ));
            continue;
        }
        page.done(
            &format!("Service {}: {}{more} name {} alone.", steered.service, owners.join(", "), left.join(" or ")),
            &dns.words(),
        );
    }
    page.say("Partners that keep an answer beyond its TTL, or a connection, follow when they ask again.");
}

fn preconditions(page: &mut Page) {
    page.heading(2, "Before anything else");
    page.step("Work on an administration host at a site that lives, as a member of the administrators of Lync or Skype for Business.");
    page.step("The Central Management store must be up, because Topology Builder publishes through it. See where it is and whether replicas follow:");
    page.run("Get-CsManagementConnection\nGet-CsPoolBackupRelationship -PoolFqdn \"<its pool>\"\nGet-CsDatabaseMirrorState -DatabaseType Centralmgmt -PoolFqdn \"<its pool>\"\nGet-CsManagementStoreReplicationStatus -CentralManagementStoreStatus");
    page.step("Only if it was in what is lost, fail it over first; the second command is for a backup pool, and has `-MirrorSQLServerFqdn` and `-MirrorSQLInstanceName` where its database is mirrored instead:");
    page.run("Invoke-CsManagementServerFailover -WhatIf\nInvoke-CsManagementServerFailover -BackupSQLServerFqdn \"<FQDN of the backup pool's SQL Server>\" -BackupSQLInstanceName \"<its instance>\"\nGet-CsManagementStoreReplicationStatus   # until every replica says True");
    page.step("Front Ends of every site must reach the Edge pools that live, through every firewall: TCP 5061, 5062, 4443 and 8057.");
}

#[cfg(test)]
mod tests;
