//! What the control task tells the world, as log lines and to whoever listens.

use super::certificates::days;
use super::{Asked, Flap, Step, Trial, Unsafe};
use crate::config::Way;
use crate::health::{Grounds, Held, Hold, State, Subject, Suspicion, Verdict};
use crate::ids::{ServiceId, TargetId};
use crate::snapshot::{Row, Snapshot};
use crate::steering::{Basis, Choice, Pick};
use crate::topology::{Face, TargetSpec, Topology};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tracing::{debug, info, warn};

/// A change of mind.
#[derive(Clone, Debug)]
pub enum Event {
    /// A target is believed otherwise.
    Verdict {
        /// Whose verdict.
        target: Arc<TargetSpec>,
        /// The pools that list it.
        pools: Vec<String>,
        /// What is believed now.
        verdict: Verdict,
        /// From the first sign to the verdict.
        took: Duration,
        /// The generation that is true now.
        generation: u64,
    },
    /// Answers changed.
    Published {
        /// The generation that is true now.
        generation: u64,
        /// The services that say something else than before.
        services: Vec<String>,
        /// Generations since the last told publish that changed nothing but TTLs.
        untold: u64,
    },
    /// A service sends some clients elsewhere.
    Moved(Move),
    /// A certificate ends soon.
    Certificate {
        /// Who shows it.
        target: Arc<TargetSpec>,
        /// The pools that list the target.
        pools: Vec<String>,
        /// Seconds until then; less than none where it has ended.
        left: i64,
        /// The generation that is true now.
        generation: u64,
    },
    /// A gate was asked, or has said something.
    Gate {
        /// What.
        said: Asked,
        /// The generation that is true meanwhile.
        generation: u64,
    },
    /// We begin to doubt ourselves, or end.
    Doubt {
        /// Why; `None` where it ends.
        why: Option<Suspicion>,
        /// The generation that stays, or is left.
        generation: u64,
    },
    /// A pool flaps, or no longer does.
    Flap(Flap),
    /// A pool's canary began or ended.
    Trial(Trial),
    /// Another topology is true.
    Replaced {
        /// Its first generation.
        generation: u64,
    },
    /// An operator holds something.
    Held {
        /// What.
        subject: Subject,
        /// How, why, and until when.
        hold: Arc<Hold>,
        /// What `[safety]` had against it.
        forced: Option<Unsafe>,
        /// The generation that says so.
        generation: u64,
    },
    /// An operator lets something go.
    Released {
        /// What.
        subject: Subject,
        /// The hold that it had; without one, it merely waited for its failback.
        hold: Option<Arc<Hold>>,
        /// Why, and who says so.
        grounds: Grounds,
        /// What `[safety]` had against it.
        forced: Option<Unsafe>,
        /// The generation that says so.
        generation: u64,
    },
    /// A hold has reached its end.
    HoldEnded {
        /// On what.
        subject: Subject,
        /// The hold that was.
        hold: Arc<Hold>,
    },
    /// The last answer that named what is held away has expired.
    Drained {
        /// What.
        subject: Subject,
        /// The generation that is true now.
        generation: u64,
    },
    /// An operator's order was not obeyed.
    Refused {
        /// What was ordered.
        action: String,
        /// Why it was not done.
        why: String,
        /// Why it was wanted, and who says so.
        grounds: Grounds,
    },
}

/// Stands for the clients whose order is drawn by weight.
const BY_WEIGHT: &str = "by weight";

/// Clients of a service that are sent elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// The service.
    pub service: String,
    /// The clients that move, by the order in which they prefer the pools.
    pub regions: Vec<String>,
    /// Where they went, preferred pool first.
    pub from: Vec<String>,
    /// Where they go, preferred pool first.
    pub to: Vec<String>,
    /// Those of `from` that were left because of how they stand: there are run-books for them.
    pub lost: Vec<Lost>,
    /// What the choice before rested on.
    pub was: Basis,
    /// What that rests on.
    pub basis: Basis,
    /// The generation that says so.
    pub generation: u64,
    /// From the first sign of the change to the decision; zero where time or a command decided.
    pub decided: Duration,
    /// From the decision to the publish.
    pub published: Duration,
}

/// A pool that clients leave because of how it stands, and not because another is preferred again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Its name.
    pub pool: String,
    /// What is wrong with it, for people: "is lost", "is drained".
    pub how: &'static str,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pool, self.how)
    }
}

/// The names of the pools that list a target.
pub(super) fn pools_of(topology: &Topology, target: TargetId) -> Vec<String> {
    let services = topology.affected(target).iter().map(|&service| topology.service(service));
    let pools = services.flat_map(|service| &service.pools);
    let listing =
        pools.filter(|pool| pool.endpoints.iter().any(|endpoint| endpoint.targets().any(|its| its == target)));
    let names: BTreeSet<&str> = listing.map(|pool| topology.pool(pool.pool).name.as_str()).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// The same by what the target is.
pub(super) fn pools_at(topology: &Topology, target: &Arc<TargetSpec>) -> Vec<String> {
    let place = topology.targets.iter().position(|spec| spec == target);
    place.map_or_else(Vec::new, |place| pools_of(topology, TargetId::at(place)))
}

/// Whether clients of whom one was chosen are sent to other pools by the other choice, or to the same in another order.
pub(super) fn goes_elsewhere(old: &Choice, new: &Choice) -> bool {
    !old.picks.iter().map(|pick| pick.pool).eq(new.picks.iter().map(|pick| pick.pool))
}

/// The moves that a new row of a service makes, one for each pair of choices. Pools' own names never move.
pub(super) fn moves(before: &Snapshot, id: ServiceId, row: &Row) -> Vec<Move> {
    moves_among(before, id, row, before.row(id).choices().zip(row.choices()).enumerate())
}

/// The same of clients who try a pool in its canary, where they are told something else than the others, or were.
pub(super) fn trial_moves(before: &Snapshot, id: ServiceId, row: &Row) -> Vec<Move> {
    let old = before.row(id);
    let each = old.trials().zip(row.trials()).enumerate();
    moves_among(before, id, row, each.filter(|(order, _)| old.is_tried(*order) || row.is_tried(*order)))
}

fn moves_among<'a>(
    before: &Snapshot,
    id: ServiceId,
    row: &Row,
    choices: impl Iterator<Item = (usize, (&'a Choice, &'a Choice))>,
) -> Vec<Move> {
    let topology = &before.topology;
    let service = topology.service(id);
    if service.face == Face::PoolName {
        return Vec::new();
    }
    let pools = |choice: &Choice| -> Vec<String> {
        choice.picks.iter().map(|pick| topology.pool(service.pools[pick.pool].pool).name.clone()).collect()
    };
    let own = service.orders.of_regions();
    let mut moves: Vec<Move> = Vec::new();
    for (order, (old, new)) in choices {
        let (from, to) = (pools(old), pools(new));
        if from == to && old.basis == new.basis {
            continue;
        }
        let name = |place: usize| topology.pool(service.pools[place].pool).name.clone();
        let lost = lost(&service.orders.list()[order], row, old, new);
        let lost: Vec<Lost> = lost.map(|(place, how)| Lost { pool: name(place), how }).collect();
        let by_region = own.contains(&order).then(|| topology.order_label(service, order));
        let regions: Vec<String> = by_region.or_else(|| Some(BY_WEIGHT.to_owned())).into_iter().collect();
        let is_same = |m: &Move| (m.was, m.basis) == (old.basis, new.basis) && m.lost == lost;
        match moves.iter_mut().find(|m| m.from == from && m.to == to && is_same(m)) {
            Some(same) => {
                same.regions.extend(regions.into_iter().filter(|r| !same.regions.contains(r)).collect::<Vec<_>>())
            }
            None => moves.push(Move {
                service: service.name.clone(),
                regions,
                from,
                to,
                lost,
                was: old.basis,
                basis: new.basis,
                generation: 0,
                decided: Duration::ZERO,
                published: Duration::ZERO,
            }),
        }
    }
    moves
}

impl Event {
    /// Writes the log line.
    pub(super) fn log(&self) {
        match self {
            Self::Verdict { target, pools, verdict, took, .. } => {
                let pool = pools.join(",");
                let (address, check, state) = (target.address, target.kind().word(), verdict.state.word());
                match (&verdict.state, &verdict.why) {
                    (State::Degraded | State::Down | State::Unknown, Some(why)) => {
                        warn!(pool, %address, check, ?took, "endpoint is {state}: {why}");
                    }
                    _ => info!(pool, %address, check, ?took, "endpoint is {state}"),
                }
            }
            Self::Published { generation, services, .. } => debug!(generation, services = services.len(), "published"),
            Self::Moved(moved) => moved.log(),
            Self::Certificate { target, pools, left, .. } => {
                let (pool, address, check) = (pools.join(","), target.address, target.kind().word());
                warn!(pool, %address, check, "certificate ends in {}", days(*left));
            }
            Self::Gate { said: Asked { gate, services, way, why }, generation } => {
                let (services, way) = (services.join(","), way.map(Way::word));
                match way {
                    Some(way) => warn!(gate, services, way, generation, "the gate has said: {why}"),
                    None => info!(gate, services, generation, "the gate is asked: {why}"),
                }
            }
            Self::Doubt { why: Some(why), .. } => {
                tracing::error!("self-doubt: {}; verdicts stay as they are", why.words())
            }
            Self::Doubt { why: None, .. } => warn!("self-doubt is over: everything is judged anew"),
            Self::Flap(Flap { service, pool, damped: Some(damped) }) => {
                let for_s = damped.as_secs();
                warn!(service, pool, for_s, "the pool flaps: it serves only where no other does");
            }
            Self::Flap(Flap { service, pool, damped: None }) => info!(service, pool, "the pool flaps no longer"),
            Self::Trial(trial @ Trial { service, pool, step: Step::Aborted, .. }) => {
                warn!(service, pool, "canary aborted: {}", trial.words());
            }
            Self::Trial(trial @ Trial { service, pool, .. }) => info!(service, pool, "canary: {}", trial.words()),
            Self::Replaced { generation } => info!(generation, "configuration is published"),
            Self::Held { subject, hold, forced, generation } => {
                let Grounds { reason, author } = &hold.grounds;
                let state = hold.held.word();
                match forced {
                    Some(danger) => {
                        warn!(%subject, state, author, reason, generation, "held by force: {danger}");
                    }
                    None => info!(%subject, state, author, reason, generation, "held"),
                }
            }
            Self::Released { subject, hold, grounds: Grounds { reason, author }, forced, generation } => {
                let was = hold.as_ref().map(|hold| hold.held.word());
                match forced {
                    Some(danger) => warn!(%subject, was, author, reason, generation, "released by force: {danger}"),
                    None => info!(%subject, was, author, reason, generation, "released"),
                }
            }
            Self::HoldEnded { subject, hold } => {
                let (state, reason) = (hold.held.word(), &hold.grounds.reason);
                info!(%subject, state, reason, "the time of the hold is over");
            }
            Self::Drained { subject, generation } => {
                info!(%subject, generation, "the last answer that named it has expired");
            }
            Self::Refused { action, why, grounds: Grounds { reason, author } } => {
                warn!(action, author, reason, "refused: {why}");
            }
        }
    }
}

/// The places of pools that a choice left, or put behind others, because of how they stand, and how that is. One that merely serves badly was
/// left for that only where the order prefers it to the pool that clients are sent to now; else they go back to that one.
fn lost<'a>(
    order: &'a [u16],
    row: &'a Row,
    old: &'a Choice,
    new: &'a Choice,
) -> impl Iterator<Item = (usize, &'static str)> + 'a {
    let rank = |place: usize| order.iter().position(|&pool| usize::from(pool) == place);
    let now = new.picks.first().and_then(|pick| rank(pick.pool));
    let is_behind = move |old_at: usize, place: usize| {
        new.picks.iter().position(|pick| pick.pool == place).is_none_or(|new_at| new_at > old_at)
    };
    let left = old.picks.iter().enumerate().filter(move |(at, pick)| is_behind(*at, pick.pool));
    left.filter_map(move |(_, Pick { pool, .. })| {
        let standing = &row.standings[*pool];
        let is_preferred = || now.is_none_or(|now| rank(*pool).is_some_and(|rank| rank < now));
        let how = match (standing.holds.held(), standing.state) {
            (Some(Held::Down), _) => "is held down",
            (Some(Held::Drain), _) => "is drained",
            (_, State::Down) => "is lost",
            (_, State::Degraded) if is_preferred() => "is degraded",
            (_, State::Unknown) if is_preferred() => "is not known to be alive",
            _ => return None,
        };
        Some((*pool, how))
    })
}

impl Move {
    /// Where the admin listener has the run-books for the pools that are lost.
    pub fn runbooks(&self) -> Vec<String> {
        self.lost.iter().map(|lost| format!("/api/v1/runbooks/{}", lost.pool)).collect()
    }

    fn log(&self) {
        let Self { service, generation, decided, published, .. } = self;
        let (from, to, regions) = (self.from.join(","), self.to.join(","), self.regions.join(" "));
        let runbook = self.runbooks().join(" ");
        let runbook = (!runbook.is_empty()).then_some(runbook);
        match self.basis {
            Basis::AllDown(rung) => {
                let rung = rung.word();
                warn!(
                    service,
                    from,
                    to,
                    regions,
                    generation,
                    ?decided,
                    ?published,
                    rung,
                    runbook,
                    "every pool is down"
                );
            }
            basis if from == to => info!(service, to, regions, generation, "the pool is {}", basis.word()),
            _ => info!(
                service,
                from,
                to,
                regions,
                generation,
                ?decided,
                ?published,
                runbook,
                "partners are sent elsewhere"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
