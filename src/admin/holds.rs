//! `GET /api/v1/holds`: what is held. `PUT` and `DELETE /api/v1/holds/{pool}` and `/api/v1/holds/{pool}/{endpoint}`: orders to the control task.

use super::access::{LOCAL, Who};
use super::params::Named;
use super::status::{HoldShown, holds, named_until};
use super::{Problem, Shown};
use crate::control::{Done, Lingers, Order, Refusal, Release, Stopped, moment};
use crate::health::{Grounds, Held, Subject};
use crate::limits::HOLD_MAX;
use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};
use utoipa::ToSchema;

/// What an order says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    state: Option<String>,
    #[serde(rename = "for")]
    length: Option<String>,
    reason: Option<String>,
    author: Option<String>,
    #[serde(default)]
    force: bool,
}

/// What an order did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answer {
    subject: String,
    message: String,
    generation: u64,
    /// Whether some clients are still told of what is held away, since nothing else is live.
    named: bool,
    /// When the last answer that named what is held away expires, seconds since 1970; null where none is left.
    named_until: Option<u64>,
    survives_restart: bool,
}

/// Everything that is held, also what the configuration does not have.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Holds {
    generation: u64,
    holds: Vec<HoldShown>,
}

/// Everything that is held.
#[utoipa::path(
    get,
    path = "/api/v1/holds",
    responses((status = 200, description = "as asked", body = Holds))
)]
pub(super) async fn list(State(shown): State<Shown>) -> Result<Json<Holds>, Problem> {
    let report = shown.report().await?;
    let snapshot = shown.control.lake().load();
    Ok(Json(Holds { generation: snapshot.generation, holds: holds(&snapshot, &report, moment()) }))
}

type Replied = Result<Json<Answer>, Problem>;
type Put = Result<Json<Said>, axum::extract::rejection::JsonRejection>;

/// Holds a pool.
#[utoipa::path(
    put,
    path = "/api/v1/holds/{pool}",
    params(("pool" = String, Path, description = "The name of a pool")),
    request_body = Said,
    responses((status = 200, description = "as asked", body = Answer))
)]
pub(super) async fn put_pool(
    State(shown): State<Shown>,
    Named(pool): Named<String>,
    Extension(who): Extension<Who>,
    said: Put,
) -> Replied {
    hold(&shown, Subject { pool, endpoint: None }, &who, said).await
}

/// Holds one endpoint of a pool.
#[utoipa::path(
    put,
    path = "/api/v1/holds/{pool}/{endpoint}",
    params(("pool" = String, Path, description = "The name of a pool"), ("endpoint" = String, Path, description = "The address of one of its endpoints")),
    request_body = Said,
    responses((status = 200, description = "as asked", body = Answer))
)]
pub(super) async fn put_endpoint(
    State(shown): State<Shown>,
    Named((pool, endpoint)): Named<(String, IpAddr)>,
    Extension(who): Extension<Who>,
    said: Put,
) -> Replied {
    hold(&shown, Subject { pool, endpoint: Some(endpoint) }, &who, said).await
}

/// Ends a pool's hold, and its wait for failback.
#[utoipa::path(
    delete,
    path = "/api/v1/holds/{pool}",
    params(("pool" = String, Path, description = "The name of a pool")),
    request_body = Said,
    responses((status = 200, description = "as asked", body = Answer))
)]
pub(super) async fn delete_pool(
    State(shown): State<Shown>,
    Named(pool): Named<String>,
    Extension(who): Extension<Who>,
    said: Put,
) -> Replied {
    release(&shown, Subject { pool, endpoint: None }, &who, said).await
}

/// Ends an endpoint's hold.
#[utoipa::path(
    delete,
    path = "/api/v1/holds/{pool}/{endpoint}",
    params(("pool" = String, Path, description = "The name of a pool"), ("endpoint" = String, Path, description = "The address of one of its endpoints")),
    request_body = Said,
    responses((status = 200, description = "as asked", body = Answer))
)]
pub(super) async fn delete_endpoint(
    State(shown): State<Shown>,
    Named((pool, endpoint)): Named<(String, IpAddr)>,
    Extension(who): Extension<Who>,
    said: Put,
) -> Replied {
    release(&shown, Subject { pool, endpoint: Some(endpoint) }, &who, said).await
}

async fn hold(shown: &Shown, subject: Subject, who: &Who, said: Put) -> Replied {
    let said = body(said)?;
    let words = || Held::WORDS.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let held = said.state.as_deref().and_then(Held::parse);
    let held = held.ok_or_else(|| bad(format!("\"state\" must be one of {}", words())))?;
    let length = said.length.as_deref().map(length).transpose().map_err(bad)?;
    let order = Order { subject: subject.clone(), held, length, grounds: grounds(&said, who)?, force: said.force };
    let until = length
        .map_or("until it is released".to_owned(), |length| format!("for {}", humantime::format_duration(length)));
    let message = |done: &Done| format!("{subject} is held {} {until}; {}{}", held.word(), seen(done), left(done));
    answered(shown.control.hold(order).await, &subject, message)
}

async fn release(shown: &Shown, subject: Subject, who: &Who, said: Put) -> Replied {
    let said = body(said)?;
    if said.state.is_some() || said.length.is_some() {
        return Err(bad("a release has no \"state\" and no \"for\"".to_owned()));
    }
    let order = Release { subject: subject.clone(), grounds: grounds(&said, who)?, force: said.force };
    let message = |done: &Done| match (done.was_held, done.services) {
        (false, 0) => format!("{subject} is not held and waits for its failback in no service: nothing to release"),
        (false, services) => {
            format!("{subject} no longer waits for its failback in {}{}", count(services), forced(done))
        }
        (true, _) => format!("{subject} is held no longer; {}", seen(done)),
    };
    answered(shown.control.release(order).await, &subject, message)
}

fn seen(done: &Done) -> String {
    format!("decided anew for {}{}", count(done.services), forced(done))
}

fn forced(done: &Done) -> String {
    done.forced.as_ref().map_or(String::new(), |danger| format!(", by force: {danger}"))
}

/// How long partners may still come.
fn left(done: &Done) -> String {
    let now = moment();
    match done.lingers {
        None => String::new(),
        Some(Lingers::Named) => "; answers still name it, since nothing else is live".to_owned(),
        Some(lingers) => match named_until(lingers, now) {
            None => "; no answer that names it is left".to_owned(),
            Some(until) => format!(
                "; the last answer that named it expires in {}, at {}",
                humantime::format_duration(Duration::from_secs(until.saturating_sub(now.unix))),
                humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(until)),
            ),
        },
    }
}

fn count(services: usize) -> String {
    format!("{services} service{}", if services == 1 { "" } else { "s" })
}

fn answered(
    told: Result<Result<Done, Refusal>, Stopped>,
    subject: &Subject,
    message: impl Fn(&Done) -> String,
) -> Replied {
    let done = told.map_err(Problem::stopping)?.map_err(problem)?;
    let lost = match &done.kept {
        Err(why) if done.was_held || done.services > 0 => format!("; a restart forgets this: {why}"),
        _ => String::new(),
    };
    Ok(Json(Answer {
        subject: subject.to_string(),
        message: message(&done) + &lost,
        generation: done.generation,
        named: done.lingers == Some(Lingers::Named),
        named_until: done.lingers.and_then(|lingers| named_until(lingers, moment())),
        survives_restart: done.kept.is_ok(),
    }))
}

fn problem(refusal: Refusal) -> Problem {
    let why = refusal.to_string();
    match refusal {
        Refusal::Unknown(_) => Problem::unknown(why, "GET /api/v1/pools tells what there is"),
        Refusal::Unsafe(_) => Problem::new(StatusCode::CONFLICT, "unsafe", why, "look at GET /api/v1/pools first"),
        Refusal::TooMany => Problem::new(StatusCode::CONFLICT, "too-many-holds", why, "GET /api/v1/holds tells them"),
    }
}

fn body(said: Put) -> Result<Said, Problem> {
    let next = "send {\"state\": \"down\", \"reason\": \"...\"} as JSON, or {\"reason\": \"...\"} to release";
    said.map(|Json(said)| said).map_err(|why| {
        let status = why.status();
        if status == StatusCode::BAD_REQUEST || status == StatusCode::UNPROCESSABLE_ENTITY {
            bad(why.body_text())
        } else {
            Problem::new(status, "bad-body", why.body_text(), next)
        }
    })
}

/// Why and by whom. A token of the configuration says whose it is; that of this machine is anybody's who may read it.
fn grounds(said: &Said, who: &Who) -> Result<Grounds, Problem> {
    let reason = said.reason.as_deref().unwrap_or_default();
    let token = who.token.as_deref().filter(|token| *token != LOCAL);
    let author = match (said.author.as_deref(), token) {
        (Some(author), Some(token)) if author != token => format!("{author} (token {token})"),
        (_, Some(token)) => token.to_owned(),
        (author, None) => author.unwrap_or("unknown").to_owned(),
    };
    Grounds::new(reason, &author).map_err(|why| bad(why.to_string()))
}

fn length(text: &str) -> Result<Duration, String> {
    let length = humantime::parse_duration(text).map_err(|why| format!("\"for\": {why}; write it as \"2h\""))?;
    let allowed = Duration::from_secs(1)..=HOLD_MAX;
    if allowed.contains(&length) {
        return Ok(length);
    }
    Err(format!(
        "\"for\" is from 1s to {}; leave it out for a hold without an end",
        humantime::format_duration(HOLD_MAX)
    ))
}

fn bad(why: String) -> Problem {
    let next = "send {\"state\": \"down\", \"reason\": \"...\"} as JSON, or {\"reason\": \"...\"} to release";
    Problem::bad(why, next)
}
