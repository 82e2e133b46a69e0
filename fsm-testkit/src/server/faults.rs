//! Faults for playing, and a mirror.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use bytes::Bytes;
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Map, Value, json};

use super::answer::{Problem, problem};
use super::world::World;

/// The longest that `/slow` waits, in milliseconds.
const SLOWEST: u64 = 60_000;

/// So many keys `/flaky` keeps apart; then it forgets them all.
const KEYS: usize = 10_000;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/status/{code}", get(status))
        .route("/flaky/{n}", get(flaky))
        .route("/slow/{ms}", any(slow))
        .route("/echo", any(echo))
        .route("/echo/{*rest}", any(echo))
}

/// How often each key failed. Never locked across an await.
#[derive(Debug, Default)]
pub(super) struct Flaky(Mutex<HashMap<(u32, String), u32>>);

impl Flaky {
    /// Counts a failure, unless there were `wanted` of them: then `None`.
    fn fail(&self, wanted: u32, key: &str) -> Option<u32> {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() == KEYS {
            failures.clear();
        }
        let count = failures.entry((wanted, key.to_owned())).or_default();
        (*count < wanted).then(|| {
            *count += 1;
            *count
        })
    }
}

/// Any final status. A redirect leads to `/echo`.
async fn status(Path(code): Path<String>) -> Result<Response, Problem> {
    let known = code.parse().ok().filter(|code| (200..=599).contains(code));
    let Some(status) = known.and_then(|code| StatusCode::from_u16(code).ok()) else {
        let why = format!("`{code}` is no status from 200 to 599");
        return Err(problem(StatusCode::BAD_REQUEST, why));
    };
    let reason = status.canonical_reason().unwrap_or("a status without a name");
    let body = Json(json!({ "status": status.as_u16(), "reason": reason }));
    Ok(match status.as_u16() {
        204 | 205 | 304 => status.into_response(),
        301 | 302 | 303 | 307 | 308 => (status, [(LOCATION, "/echo")], body).into_response(),
        _ => (status, body).into_response(),
    })
}

/// Fails `n` times, then answers. Who wants failures of their own asks with `?key=…`.
async fn flaky(
    State(world): State<Arc<World>>,
    Path(wanted): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Problem> {
    let Ok(count) = wanted.parse() else {
        let why = format!("`{wanted}` is no number of failures");
        return Err(problem(StatusCode::BAD_REQUEST, why));
    };
    let key = query.get("key").map_or("", String::as_str);
    Ok(match world.flaky.fail(count, key) {
        Some(failure) => {
            let why = format!("failure {failure} of {count}");
            let failed = problem(StatusCode::SERVICE_UNAVAILABLE, why);
            ([(RETRY_AFTER, "0")], failed).into_response()
        }
        None => Json(json!({ "ok": true, "failures": count })).into_response(),
    })
}

async fn slow(
    State(world): State<Arc<World>>,
    Path(ms): Path<String>,
) -> Result<Json<Value>, Problem> {
    let Some(millis) = ms.parse().ok().filter(|millis| *millis <= SLOWEST) else {
        let why = format!("`{ms}` is no number of milliseconds from 0 to {SLOWEST}");
        return Err(problem(StatusCode::BAD_REQUEST, why));
    };
    world.pause(Duration::from_millis(millis)).await;
    Ok(Json(json!({ "ok": true, "waited_ms": millis })))
}

/// The request as it arrived, in JSON.
async fn echo(
    method: Method,
    uri: Uri,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> Json<Value> {
    let headers = headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let body = match serde_json::from_slice(&body) {
        Ok(value) => value,
        Err(_) if body.is_empty() => Value::Null,
        Err(_) => Value::String(String::from_utf8_lossy(&body).into_owned()),
    };
    Json(json!({
        "method": method.as_str(),
        "path": uri.path(),
        "query": by_name(query),
        "headers": by_name(headers),
        "body": body,
    }))
}

/// An object in which a name that comes again has a list of values.
fn by_name(pairs: impl IntoIterator<Item = (String, String)>) -> Map<String, Value> {
    let mut members = Map::new();
    for (name, value) in pairs {
        match members.get_mut(&name) {
            None => drop(members.insert(name, value.into())),
            Some(Value::Array(values)) => values.push(value.into()),
            Some(single) => *single = json!([single.take(), value]),
        }
    }
    members
}
