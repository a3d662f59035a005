//! Whom to send: one service's pools as they stand, and an order of preference, to a choice.
//!
//! Here: how endpoint states make a pool's state, and which pools an order yields. Not here: how an order came about
//! (`topology::order`), how the choice is said (`answer`). Pure.

use crate::config::Rung;
use crate::federation::Shape;
use crate::health::{Gate, Held, PoolHolds, State};
use crate::ids::{ServiceId, TargetId};
use crate::topology::{Endpoint, Service, ServicePool};
use std::time::Instant;

/// How one pool stands in one service.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Up while at least `min_healthy` endpoints are, Degraded while so many live; Down once that cannot be.
    pub state: State,
    /// Whether it is preferred.
    pub gate: Gate,
    /// Until when it serves only where no other does, because it flaps.
    pub damped: Option<Instant>,
    /// Whether it waits and is in its canary: some clients prefer it already.
    pub canary: bool,
    /// Whether one of its endpoints may soon be lost: probes that speak against it are being confirmed.
    pub suspect: bool,
    /// Each endpoint's state, in the order of the service's pool.
    pub endpoints: Box<[State]>,
    /// What an operator decided; `state` and `endpoints` are what it makes of them.
    pub holds: PoolHolds,
    /// The service of the same group in which the pool stands worse than by its endpoints here; `state` is what it is there.
    pub spoiler: Option<ServiceId>,
}

impl Standing {
    fn is_held_at(&self, held: Held) -> bool {
        self.holds.held() == Some(held)
    }

    /// The endpoints that are named of it: the well ones are enough where it is Up; those that may live are named where no pool is
    /// proven to.
    fn named(&self, proven: bool) -> Box<[usize]> {
        let is_named = |state: State| match self.state {
            State::Up => state == State::Up,
            _ => state.is_alive() || (!proven && state == State::Unknown),
        };
        self.endpoints.iter().enumerate().filter(|(_, state)| is_named(**state)).map(|(i, _)| i).collect()
    }

    /// Whether a choice that names it may soon be another.
    fn is_brief(&self) -> bool {
        self.suspect || self.is_held_at(Held::Drain)
    }
}

/// The pools that a service sends clients of one order to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Preferred first; one pool unless the shape is "ordered" or every pool is down, none by the rung "nodata".
    pub picks: Box<[Pick]>,
    /// What the choice rests on.
    pub basis: Basis,
    /// Whether it may soon be another, so that it is said with a shorter TTL: a pool that it names is suspect or drained.
    pub brief: bool,
}

/// One pool of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Index into the service's pools.
    pub pool: usize,
    /// Indices into the pool's endpoints, in the order of the configuration.
    pub endpoints: Box<[usize]>,
}

/// What a choice rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The pools are proven alive.
    Proven,
    /// No pool is proven alive; these are not known to be down.
    Unproven,
    /// Every pool is down; this rung of the ladder applied.
    AllDown(Rung),
}

impl Basis {
    /// Whether no pool was live.
    pub fn is_all_down(self) -> bool {
        matches!(self, Self::AllDown(_))
    }

    /// The words for people and programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven alive",
            Self::Unproven => "not known to be down",
            Self::AllDown(Rung::LastGood) => "every pool is down: last-good",
            Self::AllDown(Rung::All) => "every pool is down: all",
            Self::AllDown(Rung::Pool(_)) => "every pool is down: the pool that the ladder names",
            Self::AllDown(Rung::NoData) => "every pool is down: nodata",
        }
    }
}

/// How a pool and its endpoints stand, given the state of each target and what an operator holds.
///
/// | pool held | state | endpoints |
/// |---|---|---|
/// | no, or drain | by `min_healthy` | their own |
/// | up | Up | those that live; while none does, all that are not held themselves |
/// | down | Down | their own |
pub fn pool_state(
    pool: &ServicePool,
    holds: &PoolHolds,
    state_of: impl Fn(TargetId) -> State,
) -> (State, Box<[State]>) {
    let own_hold = |address| holds.endpoint(address).map(|hold| hold.held);
    let own = |endpoint: &Endpoint| match own_hold(endpoint.address) {
        Some(held) if held.keeps_away() => State::Down,
        Some(_) => State::Up,
        None => any_of(endpoint.proofs.iter().map(|proof| all_of(proof.iter().map(|&target| state_of(target))))),
    };
    let mut endpoints: Box<[State]> = pool.endpoints.iter().map(own).collect();
    let state = match holds.held() {
        Some(Held::Down) => State::Down,
        Some(Held::Up) => {
            let lives = endpoints.iter().any(|state| state.is_alive());
            let free = pool.endpoints.iter().zip(&mut endpoints).filter(|(e, _)| own_hold(e.address).is_none());
            free.filter(|(_, state)| !lives || state.is_alive()).for_each(|(_, state)| *state = State::Up);
            if endpoints.contains(&State::Up) { State::Up } else { State::Down }
        }
        Some(Held::Drain) | None => enough(&endpoints, pool.min_healthy),
    };
    (state, endpoints)
}

/// Up while at least `min_healthy` endpoints are, Degraded while so many live, Down once that cannot be.
fn enough(endpoints: &[State], min_healthy: usize) -> State {
    let count = |state| endpoints.iter().filter(|&&s| s == state).count();
    let (up, alive) = (count(State::Up), count(State::Up) + count(State::Degraded));
    match alive + count(State::Unknown) {
        _ if up >= min_healthy => State::Up,
        _ if alive >= min_healthy => State::Degraded,
        possible if possible >= min_healthy => State::Unknown,
        _ => State::Down,
    }
}

/// An endpoint that several proofs speak for is as well as the best of them says, and unknown where none says anything.
fn any_of(proofs: impl Iterator<Item = State>) -> State {
    proofs.min_by_key(|state| state.badness()).unwrap_or(State::Unknown)
}

/// Targets that prove something together prove what the worst of them does.
fn all_of(targets: impl Iterator<Item = State>) -> State {
    targets.max_by_key(|state| state.badness()).unwrap_or(State::Unknown)
}

/// How a pool stands in a service that is steered as one with others: as in that where it is worst, and which that is where it is not
/// the service's own.
pub fn worst_of(own: State, others: impl IntoIterator<Item = (ServiceId, State)>) -> (State, Option<ServiceId>) {
    others.into_iter().fold(
        (own, None),
        |worst, (other, there)| {
            if there.badness() > worst.0.badness() { (there, Some(other)) } else { worst }
        },
    )
}

/// Chooses for one order. Pools go by what is known of them, and by the order within that:
///
/// | rank | state | gate | because |
/// |---|---|---|---|
/// | 0 | Up | preferred; or waits in its canary, for `tries` | |
/// | 1 | Up | waits | waiting protects from being moved twice, not from service |
/// | 2 | Up | any, but damped | it flaps: whoever is sent there will be moved again |
/// | 3 | Degraded | any | it answers, and what is behind it does not: every other serves better |
/// | 4 | Unknown | preferred | a degraded pool is proven alive, this one may swallow packets |
/// | 5 | Unknown | waits, or lost | it was down when last heard of |
/// | none | Down | any | it is left to the `all_down` ladder |
///
/// A drained pool serves only where no other is live. Of a pool that is Up, endpoints that are merely degraded are not named: the
/// well ones are enough. `tries` says whether it is for the clients who try a pool in its canary.
pub fn choose(
    service: &Service,
    order: &[u16],
    standings: &[Standing],
    last_good: Option<usize>,
    tries: bool,
) -> Choice {
    let rank = |&pool: &usize| {
        let standing = &standings[pool];
        let rank = match (standing.state, standing.gate) {
            (State::Up, _) if standing.damped.is_some() => 2,
            (State::Up, Gate::In) => 0,
            (State::Up, _) if tries && standing.canary => 0,
            (State::Up, _) => 1,
            (State::Degraded, _) => 3,
            (State::Unknown, Gate::In) => 4,
            (State::Unknown, _) => 5,
            (State::Down, _) => return None,
        };
        Some((standing.is_held_at(Held::Drain), rank))
    };
    let mut live: Vec<usize> =
        order.iter().map(|&pool| usize::from(pool)).filter(|pool| rank(pool).is_some()).collect();
    live.sort_by_key(rank);
    let Some(first) = live.first() else {
        return all_down(service, order, standings, last_good);
    };
    let proven = standings[*first].state.is_alive();
    let drained = standings[*first].is_held_at(Held::Drain);
    let wanted = |state: State| state.is_alive() || (!proven && state == State::Unknown);
    live.retain(|&pool| wanted(standings[pool].state) && standings[pool].is_held_at(Held::Drain) == drained);
    if service.shape != Shape::Ordered {
        live.truncate(1);
    }
    let pick = |pool: usize| Pick { pool, endpoints: standings[pool].named(proven) };
    let brief = live.iter().any(|&pool| standings[pool].is_brief());
    let basis = if proven { Basis::Proven } else { Basis::Unproven };
    Choice { picks: live.into_iter().map(pick).collect(), basis, brief }
}

/// The same pools as an earlier choice, with the endpoints that are named of them now. Of a pool without any, those stay that were named, and
/// so does how long that is said.
pub fn renew(choice: &Choice, standings: &[Standing]) -> Choice {
    let pick = |was: &Pick| {
        let standing = &standings[was.pool];
        let named = standing.named(standing.state != State::Unknown);
        if named.is_empty() { was.clone() } else { Pick { pool: was.pool, endpoints: named } }
    };
    let stands = || choice.picks.iter().map(|pick| &standings[pick.pool]);
    let is_alive = |standing: &Standing| standing.state.is_alive();
    let brief = stands().any(Standing::is_brief) || (choice.brief && !stands().all(is_alive));
    Choice { picks: choice.picks.iter().map(pick).collect(), basis: choice.basis, brief }
}

/// The first rung that applies; "all" where none does, since only "nodata" says that nothing shall be told. While some endpoint
/// lives, though too few do for its pool, no rung names one that is down. A pool that is held down is named only
/// where every pool is. Picks are empty by "nodata" alone.
fn all_down(service: &Service, order: &[u16], standings: &[Standing], last_good: Option<usize>) -> Choice {
    let every = || order.iter().map(|&pool| usize::from(pool));
    let all_held = every().all(|pool| standings[pool].is_held_at(Held::Down));
    let is_free = |pool: &usize| all_held || !standings[*pool].is_held_at(Held::Down);
    let pools = || every().filter(is_free);
    let has_life = |pool: &usize| standings[*pool].endpoints.iter().any(|state| state.is_alive());
    let is_lifeless = !pools().any(|pool| has_life(&pool));
    let pick = |pool: usize| {
        let states = standings[pool].endpoints.iter().enumerate();
        Pick {
            pool,
            endpoints: states.filter(|&(_, &state)| is_lifeless || state.is_alive()).map(|(i, _)| i).collect(),
        }
    };
    let fits = |pool: &usize| is_free(pool) && (is_lifeless || has_life(pool));
    let of = |pool: Option<usize>| pool.filter(fits).map(pick).into_iter().collect::<Box<[Pick]>>();
    let climb = |&rung: &Rung| {
        let picks = match rung {
            Rung::LastGood => of(last_good),
            Rung::Pool(index) => of(service.pools.iter().position(|pool| pool.pool.index() == index)),
            Rung::All => pools().filter(fits).map(pick).collect(),
            Rung::NoData => return Some((rung, Box::default())),
        };
        (!picks.is_empty()).then_some((rung, picks))
    };
    let (rung, picks) = service.all_down.iter().chain(&[Rung::All]).find_map(climb).unwrap_or((Rung::All, [].into()));
    Choice { picks, basis: Basis::AllDown(rung), brief: false }
}

#[cfg(test)]
mod tests;
