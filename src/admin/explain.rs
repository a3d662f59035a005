//! Why a client gets what it gets: the decision path of one question on one snapshot, for people and as JSON.

use super::params::Params as Query;
use super::status::basis;
use super::{Problem, Shown};
use crate::answer::records;
use crate::geo::{Located, Point, Who};
use crate::health::{Gate, Grounds, Held, Hold, State};
use crate::name::Name;
use crate::resolve::{Asked, Body, Client, Decision, Question, Resolution, Stored, reply, resolve, stored};
use crate::snapshot::Snapshot;
use crate::steering::{Basis, Choice, Standing};
use crate::topology::{Face, Service, Topology};
use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use hickory_proto::rr::Record;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use utoipa::{IntoParams, ToSchema};

/// The decision path of one question.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explanation {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    /// Where it asks from.
    #[schema(value_type = String)]
    client: IpAddr,
    /// The address that steers, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    subnet: Option<IpAddr>,
    generation: u64,
    rcode: &'static str,
    answer: Vec<String>,
    authority: Vec<String>,
    additional: Vec<String>,
    /// The widest client prefix in which everybody gets this answer, as a length.
    ecs_scope: u8,
    zone: Option<String>,
    /// What becomes of a name that is not ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    beyond: Option<&'static str>,
    /// The view that the client is in, by the address that it asks from.
    #[serde(skip_serializing_if = "Option::is_none")]
    view: Option<String>,
    /// How a zone's file comes to this answer.
    file: Option<String>,
    decision: Option<Path>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Path {
    service: String,
    region: String,
    country: Option<String>,
    place_from: &'static str,
    basis: &'static str,
    /// The services that choose the same pool, itself among them; empty without a group.
    group: Vec<String>,
    /// Why the TTL is shorter than the service's, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    shortened: Option<String>,
    pools: Vec<Candidate>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Candidate {
    pool: String,
    distance_km: Option<u32>,
    state: &'static str,
    waits_for_failback: bool,
    /// Whether a share of clients tries it before it is preferred by all.
    canary: bool,
    /// Whether probes that speak against it are being confirmed.
    suspect: bool,
    chosen: bool,
    held: Option<HeldAs>,
    #[schema(value_type = String)]
    why: Cow<'static, str>,
    endpoints: Vec<EndpointState>,
}

#[derive(Debug, Serialize, ToSchema)]
struct EndpointState {
    #[schema(value_type = String)]
    address: IpAddr,
    state: &'static str,
    held: Option<HeldAs>,
}

/// A hold, and who made it why.
#[derive(Debug, Serialize, ToSchema)]
struct HeldAs {
    state: &'static str,
    author: String,
    reason: String,
}

impl HeldAs {
    fn new(hold: &Hold) -> Self {
        let Grounds { reason, author } = hold.grounds.clone();
        Self { state: hold.held.word(), author, reason }
    }
}

impl fmt::Display for HeldAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "held {} by {}: {}", self.state, self.author, self.reason)
    }
}

/// Explains what `client` gets for a name and type from a snapshot.
pub fn explain(snapshot: &Snapshot, name: &Name, kind: Asked, client: Client) -> Explanation {
    let resolution = resolve(snapshot, Question { name: name.wire(), kind }, client);
    let owner = crate::answer::records::dns_name(name.wire());
    let reply = reply::say(snapshot, &resolution, &owner, name.wire());
    let allowed = snapshot.topology.resolves_for.as_ref().map(|allowed| allowed.find(client.source).is_some());
    let forwarded = resolution.zone.is_none() && allowed == Some(true);
    let text = |records: &[Record]| records.iter().map(records::text).collect();
    Explanation {
        name: name.to_string(),
        kind: kind.word().into_owned(),
        client: client.source,
        subnet: (client.steers != client.source).then_some(client.steers),
        generation: snapshot.generation,
        rcode: if forwarded { "FORWARDED" } else { reply::code_word(reply.code) },
        answer: text(&reply.answers),
        authority: text(&reply.authorities),
        additional: text(&reply.additionals),
        ecs_scope: resolution.scope,
        view: resolution.view.map(|view| snapshot.topology.views.name(view).to_owned()),
        beyond: resolution.zone.is_none().then(|| beyond(allowed)),
        zone: resolution.zone.map(|(_, at)| Name::from_wire(&name.wire()[at..]).to_string()),
        file: file(&resolution, name),
        decision: resolution.decision.map(|decision| path(snapshot, decision, client.steers)),
    }
}

/// What becomes of a name that is not ours, whose answer nobody here knows.
fn beyond(allowed: Option<bool>) -> &'static str {
    match allowed {
        None => "it is refused",
        Some(false) => "it is refused, since this client is not in allow of [resolver]",
        Some(true) => "forwarded to upstreams for clients in allow, as this one, that ask for recursion; else refused",
    }
}

/// A sentence on what the zone's file has to do with an answer.
fn file(resolution: &Resolution<'_>, name: &Name) -> Option<String> {
    let by = |stored: Stored<'_>| match stored.wildcard {
        Some(encloser) => format!("the wildcard {}", stored::wildcard_name(name.wire(), encloser)),
        None => format!("the name {name}"),
    };
    match resolution.body {
        Body::Set(stored) => Some(format!("The zone's file answers: {} has it.", by(stored))),
        Body::Alias { stored, .. } => {
            let target = stored.set.targets().next().map(Name::from_wire);
            let target = target.map_or_else(String::new, |target| target.to_string());
            Some(format!(
                "The zone's file answers: {} is an alias of {target}; what follows is about that.",
                by(stored)
            ))
        }
        Body::Referral { cut_at, .. } => {
            let cut = Name::from_wire(&name.wire()[cut_at..]);
            Some(format!("The zone's file delegates {cut}: its servers answer, and clients are sent to them."))
        }
        _ => None,
    }
}

fn path(snapshot: &Snapshot, decision: Decision, client: IpAddr) -> Path {
    let topology = &snapshot.topology;
    let service = topology.service(decision.service);
    let row = snapshot.row(decision.service);
    let choice = row.choice_of(decision.order, decision.tries);
    let located: Located = topology.places.locate(client);
    let candidate = |&place: &u16| {
        let place = usize::from(place);
        let pool = topology.pool(service.pools[place].pool);
        let standing = &row.standings[place];
        let chosen = choice.picks.iter().any(|pick| pick.pool == place);
        let distance = point_of(&located).zip(pool.point).map(|(a, b)| a.distance_km(b).round() as u32);
        let endpoints = service.pools[place].endpoints.iter().zip(&standing.endpoints);
        Candidate {
            pool: pool.name.clone(),
            distance_km: distance,
            state: standing.state.word(),
            waits_for_failback: matches!(standing.gate, Gate::Waiting { .. }),
            canary: standing.canary,
            suspect: standing.suspect,
            chosen,
            held: standing.holds.pool.as_deref().map(HeldAs::new),
            why: if chosen && row.is_kept(decision.order, decision.tries) {
                "named until a gate lets its clients go elsewhere".into()
            } else if standing.canary && row.is_kept(decision.order, true) {
                "up again, and a gate lets nobody try it yet".into()
            } else {
                spoiled(topology, service, standing, chosen)
                    .map_or_else(|| why(standing, chosen, choice.basis, decision.tries).into(), Cow::from)
            },
            endpoints: endpoints
                .map(|(e, s)| EndpointState {
                    address: e.address,
                    state: s.word(),
                    held: standing.holds.endpoint(e.address).map(|hold| HeldAs::new(hold)),
                })
                .collect(),
        }
    };
    Path {
        service: if service.face == Face::PoolName {
            format!("{} (own name)", service.name)
        } else {
            service.name.clone()
        },
        region: topology
            .region(decision.region)
            .partner
            .as_ref()
            .map_or_else(|| topology.order_label(service, decision.order), |partner| format!("partner {partner}")),
        country: located.country.map(|country| country.code().to_owned()),
        place_from: located.source.word(),
        basis: basis(row, decision.order, decision.tries),
        group: tied(topology, service),
        shortened: shortened(service, choice, &row.standings, |place| &topology.pool(service.pools[place].pool).name),
        pools: service.orders.list()[decision.order].iter().map(candidate).collect(),
    }
}

/// The names of the services that choose the same pool; none without a group.
pub(super) fn tied(topology: &Topology, service: &Service) -> Vec<String> {
    let members = service.group.iter().flat_map(|group| &group.members);
    members.map(|&member| topology.service(member).name.clone()).collect()
}

/// Why an answer is to be kept for a shorter time, where it is.
fn shortened<'t>(
    service: &Service,
    choice: &Choice,
    standings: &[Standing],
    name: impl Fn(usize) -> &'t String,
) -> Option<String> {
    let doubted = choice.picks.iter().map(|pick| pick.pool).find(|&pool| standings[pool].suspect);
    let is_dead = || choice.picks.iter().any(|pick| standings[pick.pool].state == State::Down);
    let why = match doubted {
        None if is_dead() => "its pool was suspect when it was lost".to_owned(),
        Some(pool) => format!("{} is suspect: probes that speak against it are being confirmed", name(pool)),
        None => "a pool that is drained serves for want of another".to_owned(),
    };
    let is_shorter = choice.brief && service.suspect_ttl < service.ttl;
    is_shorter.then(|| format!("{} s and not {} s, since {why}", service.suspect_ttl, service.ttl))
}

fn point_of(located: &Located) -> Option<Point> {
    match located.who {
        Who::At(point, _) => Some(point),
        Who::Partner(_) | Who::Nowhere => None,
    }
}

/// Why a pool that would do is not chosen, where another service of the group is the reason.
fn spoiled(topology: &Topology, service: &Service, standing: &Standing, chosen: bool) -> Option<String> {
    let (spoiler, group) = standing.spoiler.zip(service.group.as_ref())?;
    if chosen || standing.holds.held().is_some() {
        return None;
    }
    let verdict = if standing.state == State::Down { "not eligible" } else { "comes after others" };
    let (there, state) = (&topology.service(spoiler).name, standing.state.word());
    Some(format!("{verdict}: service {there} of group {} is {state} there", group.name))
}

fn why(standing: &Standing, chosen: bool, basis: Basis, tries: bool) -> &'static str {
    if let Some(held) = standing.holds.held() {
        return match (held, chosen) {
            (Held::Up, true) => "held up by an operator",
            (Held::Up, false) => "held up by an operator, behind the chosen pool",
            (Held::Drain, true) => "drained, but no other pool is live",
            (Held::Drain, false) => "drained: no new peers",
            (Held::Down, true) => "held down as every other, and named by the all_down ladder",
            (Held::Down, false) => "held down by an operator",
        };
    }
    match (chosen, basis, standing.state, standing.gate) {
        (true, Basis::AllDown(_), ..) => "down as every other, and named by the all_down ladder",
        (true, _, _, Gate::Waiting { .. }) if tries && standing.canary => {
            "up again, in its canary: this client is among those who try it"
        }
        (true, _, _, Gate::Waiting { .. }) => "waits for its failback, but no preferred pool is up",
        (true, _, State::Degraded, _) => "degraded, but no other pool serves better",
        (true, _, State::Up, _) if standing.damped.is_some() => "flaps, but no other pool is up",
        (true, ..) => "live, first in order of preference",
        (false, _, State::Down, _) => "too few endpoints are up",
        (false, _, State::Unknown, _) => "not yet proven alive, and another pool is",
        (false, _, State::Degraded, _) => "degraded: it lives, but too few endpoints serve",
        (false, _, State::Up, _) if standing.damped.is_some() => "up, but it flaps: it serves only where no other does",
        (false, _, State::Up, Gate::Waiting { .. }) if standing.canary => {
            "up again, in its canary: this client is not among those who try it"
        }
        (false, _, State::Up, Gate::Waiting { .. }) => "up again, waits for its failback",
        (false, _, State::Up, _) => "up, behind the chosen pool",
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subnet = self.subnet.map_or_else(String::new, |subnet| format!(" for {subnet}"));
        writeln!(
            f,
            "{} {} asked by {}{subnet}: {} (generation {})",
            self.name, self.kind, self.client, self.rcode, self.generation
        )?;
        let sections = [("answer", &self.answer), ("authority", &self.authority), ("additional", &self.additional)];
        for (section, records) in sections {
            for record in records {
                writeln!(f, "  {section:<10}  {record}")?;
            }
        }
        let Some(zone) = &self.zone else {
            let beyond = self.beyond.unwrap_or_default();
            return writeln!(f, "The name lies in none of our zones: {beyond}.");
        };
        if let Some(view) = &self.view {
            writeln!(f, "View {view}, by the address that it asks from; what follows holds within it.")?;
        }
        match self.ecs_scope {
            0 => writeln!(f, "Zone {zone}; every client gets the same.")?,
            scope => writeln!(f, "Zone {zone}; every client in the /{scope} around this one gets the same.")?,
        }
        if let Some(file) = &self.file {
            writeln!(f, "{file}")?;
        }
        let Some(path) = &self.decision else {
            return writeln!(f, "No service decides this answer.");
        };
        let country = path.country.as_deref().unwrap_or("unknown");
        writeln!(
            f,
            "Service {}: client country {country} ({}), region {}.",
            path.service, path.place_from, path.region
        )?;
        if !path.group.is_empty() {
            writeln!(f, "These choose the same pool: {}.", path.group.join(", "))?;
        }
        writeln!(f, "Pools in order of preference; the choice rests on: {}.", path.basis)?;
        if let Some(why) = &path.shortened {
            writeln!(f, "TTL {why}.")?;
        }
        for pool in &path.pools {
            let mark = if pool.chosen { "->" } else { "  " };
            let distance = pool.distance_km.map_or_else(|| "-".to_owned(), |km| format!("{km} km"));
            let suspect = if pool.suspect { "; suspect: failing probes are being confirmed" } else { "" };
            writeln!(f, "  {mark} {:<16} {:<8} {distance:>9}  {}{suspect}", pool.pool, pool.state, pool.why)?;
            if let Some(held) = &pool.held {
                writeln!(f, "       {held}")?;
            }
            for endpoint in &pool.endpoints {
                let held = endpoint.held.as_ref().map_or(String::new(), |held| format!("  {held}"));
                writeln!(f, "       {:<40} {}{held}", endpoint.address.to_string(), endpoint.state)?;
            }
        }
        Ok(())
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// The name that is asked for.
    name: String,
    /// The type that is asked for, as A or SRV.
    #[serde(rename = "type")]
    kind: String,
    /// The address that asks.
    #[param(value_type = Option<String>)]
    client: Option<IpAddr>,
    /// The address on whose behalf it asks, as a believed client subnet says.
    #[param(value_type = Option<String>)]
    subnet: Option<IpAddr>,
}

/// What a client would be answered, and why.
#[utoipa::path(
    get,
    path = "/api/v1/explain",
    params(Params),
    responses((
        status = 200,
        description = "as asked; in words for people where only text/plain is accepted",
        content((Explanation = "application/json"), (String = "text/plain"))
    ))
)]
pub(super) async fn http(
    axum::extract::State(shown): axum::extract::State<Shown>,
    Query(params): Query<Params>,
    fields: HeaderMap,
) -> Result<Response, Problem> {
    let name = Name::parse(&params.name);
    let name = name.map_err(|error| Problem::bad(format!("name: {error}"), "ask as ?name=sip.example.com&type=A"))?;
    let kind = Asked::parse(&params.kind);
    let kind = kind.ok_or_else(|| {
        Problem::bad(format!("type: {:?} is not {}", params.kind, Asked::LIST), "ask as ?name=sip.example.com&type=A")
    })?;
    let source = params.client.unwrap_or(IpAddr::from([127, 0, 0, 1]));
    let client = Client { source, steers: params.subnet.unwrap_or(source) };
    let explanation = explain(&shown.control.lake().load(), &name, kind, client);
    let for_people = fields.get(header::ACCEPT).is_some_and(|accepted| accepted == "text/plain");
    Ok(if for_people { explanation.to_string().into_response() } else { Json(explanation).into_response() })
}
