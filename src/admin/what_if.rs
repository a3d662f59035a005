//! What would be otherwise, for people and as JSON: who is sent where in two worlds, and what speaks against the second.
//!
//! Here: the form, its table, and `/api/v1/what-if` for pools of the running server. Not here: the comparison (`whatif`).

use super::params::Params;
use super::{Problem, Shown};
use crate::ids::PoolId;
use crate::limits::STATUS_SERVICES_MAX;
use crate::topology::Topology;
use crate::whatif::{Clients, Comparison, Fate, Move, Objection, ServiceMoves, compare, without};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::{Arc, LazyLock};
use tokio::sync::Mutex;
use tokio::task::JoinError;
use utoipa::{IntoParams, ToSchema};

/// Countries in one line of the table; the rest is counted.
const COUNTRIES_SHOWN: usize = 6;

/// Two worlds beside each other.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhatIf {
    /// What the first world is, in words.
    from: String,
    /// What the second is.
    to: String,
    /// Whether nothing speaks against the second.
    ok: bool,
    /// What speaks against it, in words.
    objections: Vec<String>,
    services: Vec<ServiceMoved>,
    services_left_out: usize,
}

#[derive(Debug, Serialize, ToSchema)]
struct ServiceMoved {
    service: String,
    /// How much of the IPv4 space with a known place is sent elsewhere, 0 to 1.
    moved_ipv4: f64,
    /// How much of the IPv6 space with a known place is sent elsewhere, 0 to 1.
    moved_ipv6: f64,
    /// Who goes where, those who stay included.
    moves: Vec<MoveShown>,
    /// A question whose answer tells where a client is sent.
    ask: Option<AskShown>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AskShown {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct MoveShown {
    /// located, elsewhere (no place is known), partner or view.
    clients: &'static str,
    /// Of the partner or the view.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `None` where the first world has no such service.
    from: Option<FateShown>,
    /// `None` where the second world has no such service.
    to: Option<FateShown>,
    /// Whether the first pool is another.
    moved: bool,
    /// How much of the IPv4 space with a known place they are, 0 to 1; partners are counted among the located.
    #[serde(skip_serializing_if = "Option::is_none")]
    ipv4: Option<f64>,
    /// How much of the IPv6 space with a known place they are, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    ipv6: Option<f64>,
    /// ISO 3166 codes of the countries at whose point a client is one of them.
    countries: Vec<String>,
    /// Some of their prefixes.
    examples: Vec<String>,
}

/// What clients get.
#[derive(Debug, Serialize, ToSchema)]
struct FateShown {
    /// Preferred first.
    pools: Vec<String>,
    /// What that rests on; where every pool is down, the rung of `all_down` that applies.
    basis: &'static str,
    /// Whether a pool lives there, as far as is known.
    served: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Lost {
    /// Names of pools with commas between them.
    lost: String,
}

/// Worlds are compared one at a time: it takes a core for some tenths of a second.
static COMPARING: LazyLock<Arc<Mutex<()>>> = LazyLock::new(Arc::default);

/// Who would be sent where if pools died now.
#[utoipa::path(
    get,
    path = "/api/v1/what-if",
    params(Lost),
    responses((status = 200, description = "as asked", body = WhatIf))
)]
pub(super) async fn http(
    State(shown): State<Shown>,
    Params(Lost { lost }): Params<Lost>,
) -> Result<Json<WhatIf>, Problem> {
    let names: Vec<String> = lost.split(',').map(|name| name.trim().to_owned()).collect();
    let told = in_turn(move || {
        let snapshot = shown.control.lake().load();
        let pools = pools_named(&snapshot.topology, &names)?;
        let comparison = compare(&snapshot, &without(&snapshot, &pools));
        Ok(WhatIf::new(&comparison, "as it is", format!("the same without {}", names.join(", ")), None))
    });
    let unknown = |unknown: String| Problem::unknown(unknown, "GET /api/v1/pools tells every pool");
    told.await.map_err(Problem::stopping)?.map(Json).map_err(unknown)
}

/// Does work after what others have asked for. Its turn ends with the work, also where nobody waits for it any more.
async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    let turn = COMPARING.clone().lock_owned().await;
    let work = move || {
        let _turn = turn;
        work()
    };
    tokio::task::spawn_blocking(work).await
}

/// The pools of these names.
///
/// # Errors
/// The first that is not in the topology, with all that are.
pub fn pools_named(topology: &Topology, names: &[String]) -> Result<Vec<PoolId>, String> {
    let place = |name: &String| {
        let place = topology.pools.iter().position(|pool| pool.name == *name);
        place.map(PoolId::at).ok_or_else(|| {
            let pools: Vec<&str> = topology.pools.iter().map(|pool| pool.name.as_str()).collect();
            format!("there is no pool {name:?}; the pools are {}", pools.join(", "))
        })
    };
    names.iter().map(place).collect()
}

impl WhatIf {
    /// A comparison of two worlds, which are called `from` and `to`, with what speaks against the second. `max_moved` is how
    /// much of the address space may be sent elsewhere, 0 to 1.
    pub fn new(
        comparison: &Comparison,
        from: impl Into<String>,
        to: impl Into<String>,
        max_moved: Option<f64>,
    ) -> Self {
        let objections = comparison.objections(max_moved);
        let told = objections.iter().take(STATUS_SERVICES_MAX);
        Self {
            from: from.into(),
            to: to.into(),
            ok: objections.is_empty(),
            objections: told.map(|objection| words(objection, max_moved)).collect(),
            services: comparison.services.iter().take(STATUS_SERVICES_MAX).map(service).collect(),
            services_left_out: comparison.services.len().saturating_sub(STATUS_SERVICES_MAX),
        }
    }

    /// Whether nothing speaks against the second world.
    pub fn is_ok(&self) -> bool {
        self.ok
    }
}

fn words(objection: &Objection, max_moved: Option<f64>) -> String {
    match objection {
        Objection::Nothing { service, clients } => format!("{service}: no live pool for {}", whom(clients)),
        Objection::Moved { service, share } => {
            let max = max_moved.map_or(String::new(), |max| format!(", more than {}", percent(max)));
            format!("{service}: {} go elsewhere{max}", percent(*share))
        }
    }
}

fn whom(clients: &Clients) -> String {
    match clients {
        Clients::Located => "clients with a known place".to_owned(),
        Clients::Elsewhere => "clients without a known place".to_owned(),
        Clients::Partner(name) => format!("partner {name}"),
        Clients::View(name) => format!("view {name}"),
    }
}

fn service(moves: &ServiceMoves) -> ServiceMoved {
    let [moved_ipv4, moved_ipv6] = moves.moved();
    let ask = moves.ask.as_ref().map(|(name, kind)| AskShown { name: name.clone(), kind });
    let moved = moves.moves.iter().map(shown).collect();
    ServiceMoved { service: moves.service.clone(), moved_ipv4, moved_ipv6, moves: moved, ask }
}

fn shown(it: &Move) -> MoveShown {
    let fate =
        |fate: &Fate| FateShown { pools: fate.pools.clone(), basis: fate.basis.word(), served: fate.is_served() };
    let (clients, name) = match &it.clients {
        Clients::Located => ("located", None),
        Clients::Elsewhere => ("elsewhere", None),
        Clients::Partner(name) => ("partner", Some(name.clone())),
        Clients::View(name) => ("view", Some(name.clone())),
    };
    MoveShown {
        clients,
        name,
        from: it.from.as_ref().map(fate),
        to: it.to.as_ref().map(fate),
        moved: it.is_moved(),
        ipv4: it.share.map(|share| share[0]),
        ipv6: it.share.map(|share| share[1]),
        countries: it.countries.iter().map(|country| country.code().to_owned()).collect(),
        examples: it.examples.iter().map(ToString::to_string).collect(),
    }
}

/// A share for people.
fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        small if small < 0.05 => "<0.1 %".to_owned(),
        share => format!("{share:.1} %"),
    }
}

impl fmt::Display for WhatIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "from: {}\nto:   {}", self.from, self.to)?;
        for service in &self.services {
            write!(f, "\n{service}")?;
        }
        if self.services_left_out > 0 {
            writeln!(f, "\nand {} more services", self.services_left_out)?;
        }
        writeln!(f)?;
        for objection in &self.objections {
            writeln!(f, "! {objection}")?;
        }
        if self.ok { writeln!(f, "Everybody has a live pool.") } else { Ok(()) }
    }
}

impl fmt::Display for ServiceMoved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (v4, v6) = (percent(self.moved_ipv4), percent(self.moved_ipv6));
        writeln!(f, "service {}: {v4} of IPv4 and {v6} of IPv6 go elsewhere", self.service)?;
        for it in &self.moves {
            let size = |share: Option<f64>| share.map_or("-".to_owned(), percent);
            let who = match (it.clients, &it.name) {
                (kind, Some(name)) => format!("{kind} {name}"),
                ("elsewhere", None) => "no known place".to_owned(),
                _ => "known place".to_owned(),
            };
            write!(f, "  {who:<18} {:>8} {:>8}  {}", size(it.ipv4), size(it.ipv6), it.way())?;
            writeln!(f, "{}", it.such_as())?;
        }
        Ok(())
    }
}

impl MoveShown {
    /// From where to where.
    fn way(&self) -> String {
        let fate = |fate: &Option<FateShown>| match fate {
            None => "no such service".to_owned(),
            Some(FateShown { pools, basis, served: false }) if pools.is_empty() => format!("NOTHING ({basis})"),
            Some(FateShown { pools, basis, served: false }) => format!("NOTHING LIVE, {} ({basis})", pools.join(" ")),
            Some(FateShown { pools, .. }) => pools.join(" "),
        };
        let (from, to) = (fate(&self.from), fate(&self.to));
        if from == to { format!("{to}, as before") } else { format!("{from} -> {to}") }
    }

    /// Whom to think of.
    fn such_as(&self) -> String {
        let more = self.countries.len().saturating_sub(COUNTRIES_SHOWN);
        let mut countries = self.countries.iter().take(COUNTRIES_SHOWN).cloned().collect::<Vec<_>>().join(" ");
        if more > 0 {
            countries.push_str(&format!(" and {more} more countries"));
        }
        let told: Vec<String> =
            [countries, self.examples.join(" ")].into_iter().filter(|text| !text.is_empty()).collect();
        if told.is_empty() || !self.moved { String::new() } else { format!("  ({})", told.join("; ")) }
    }
}

#[cfg(test)]
mod tests;
